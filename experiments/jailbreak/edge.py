"""Part `edge`: does the upper edge of the safe chance alone say how attack success grows with samples?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from scipy.special import betaln

from solv.experiments.jailbreak.clusters import GAP, SAMPLES
from solv.experiments.jailbreak.counted_work import BETA, POWER, edge_fits
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.theory.jailbreak.clusters import edge_gap
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "edge")
EDGE_LABEL = "ν={nu} μ={mu}"
BINS = np.linspace(0.5, 1, 26)
MIDDLES = (BINS[1:] + BINS[:-1]) / 2
NORMAL = 1.96  # half the width of a 95 % interval in standard errors
SIGMAS = 2
PRECISION = 0.25  # of the log of the gap: an error by which a prediction is still told from a wrong one, off by decades


class Panels(StrEnum):
    """The panels of this part; the last but one is a table."""

    EDGE = "edge"
    SHAPE = "edge-shape"
    HELD_OUT = "edge-held-out"
    FIT = "edge-fit"
    PUBLISHED = "edge-published"


def panels(config: JailbreakConfig) -> list[Panel]:
    """Return the gap, the density of the safe chance, the prediction of other prompts, fits, and published edges."""
    return [
        Panel(
            Panels.EDGE,
            "The upper edge decides",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            series=EDGE_LABEL,
        ),
        Panel(
            Panels.SHAPE,
            "Safe chance near its edge",
            "e^μ P",
            "density over prompts",
            y_scale="log",
            series=EDGE_LABEL,
        ),
        Panel(
            Panels.HELD_OUT,
            "Other prompts, as predicted from the edge",
            SAMPLES,
            "log(measured / predicted gap)",
            x_scale="log",
            series=EDGE_LABEL,
        ),
        Panel(
            Panels.FIT,
            "Edge fitted to one half of the prompts",
            "prompts",
            "ν, μ, exponential (1) or not (0)",
            series=EDGE_LABEL,
            drawn=False,
        ),
        Panel(
            Panels.PUBLISHED,
            "The authors' upper edges",
            "attack",
            "largest safe chance of a prompt, e^-μ",
            category=("attack",),
            series="{model}",
            note="read off histograms",
            figure="Fig. 1b, 1c",
        ),
    ]


def _edges(config: JailbreakConfig) -> Iterator[tuple[float, float, Params]]:
    """Yield (nu, mu) of every upper edge, and the params of its curves."""
    for nu in config.edge.nu:
        for mu in config.edge.mu:
            yield nu, mu, {"a": config.edge.a, "nu": nu, "mu": mu}


def _counts(config: JailbreakConfig) -> np.ndarray:
    """Return the k of the curves, up to half the answers."""
    return np.unique(np.geomspace(1, config.edge.answers // 2, 14).round().astype(int))


def predict(config: JailbreakConfig) -> Iterator[Curves]:
    """Yield the exact gap of each edge, its density, and that a prediction of other prompts is right."""
    a, k = config.edge.a, _counts(config)
    for nu, mu, at in _edges(config):
        yield RECORD.theory(Panels.EDGE, at, x=("k", k), y=("gap", edge_gap(a, nu, mu, k)))
        density = np.exp((a - 1) * np.log(MIDDLES) + (nu - 1) * np.log1p(-MIDDLES) - betaln(a, nu))
        yield RECORD.theory(Panels.SHAPE, at, x=("safe", MIDDLES), y=("density", density))
        yield RECORD.theory(Panels.HELD_OUT, at, x=("k", k), y=("log_ratio", np.zeros(len(k))))


def measure(config: JailbreakConfig, context: Context) -> Iterator[Curves]:
    """Yield the authors' edges, the estimates from sampled verdicts, the edge fitted to one half of the prompts and how
    it predicts the other half.
    """
    from solv.theory.fits.attack_success import fit_beta_edge
    from solv.theory.fits.success_estimates import safe_draw_chances

    yield from published_curves(
        RECORD, Panels.PUBLISHED, package="solv.experiments.jailbreak", x="case", y="largest_safe_chance"
    )
    edge, k = config.edge, _counts(config)
    half = edge.prompts // 2
    with context.progress.task("sample verdicts", len(edge.nu) * len(edge.mu)) as step:
        for nu, mu, at in _edges(config):
            rng = context.seeds.numpy("edge", nu, mu)
            safe = np.exp(-mu) * rng.beta(edge.a, nu, edge.prompts)
            unsafe = rng.binomial(edge.answers, 1 - safe)
            answers = np.full(edge.prompts, edge.answers)
            chances = safe_draw_chances(answers, unsafe, k)
            y, y_err, n = standard_error(chances)
            shown = y > 0
            yield RECORD.simulation(Panels.EDGE, at, x=("k", k[shown]), y=("gap", y[shown]), y_err=y_err[shown], n=n)
            found, _ = np.histogram(np.exp(mu) * (1 - unsafe / edge.answers), BINS)
            width, shown = BINS[1] - BINS[0], found > 0
            density, error = found / edge.prompts / width, np.sqrt(found) / edge.prompts / width
            yield RECORD.simulation(
                Panels.SHAPE, at, x=("safe", MIDDLES[shown]), y=("density", density[shown]), y_err=error[shown], n=n
            )
            regime = fit_beta_edge(answers[:half], unsafe[:half])
            fitted = regime.chosen
            y, y_err, n = standard_error(chances[half:])
            low, high = fitted.gap_interval(k)
            shown = y > SIGMAS * y_err
            error = np.hypot(y_err[shown] / y[shown], np.log(high[shown] / low[shown]) / (2 * NORMAL))
            ratio = np.log(y[shown] / fitted.gap(k[shown]))
            yield RECORD.simulation(Panels.HELD_OUT, at, x=("k", k[shown]), y=("log_ratio", ratio), y_err=error, n=n)
            for name, value in (("nu", fitted.nu), ("mu", fitted.mu), ("exponential", float(regime.is_exponential))):
                yield RECORD.simulation(Panels.FIT, at, x=("prompts", half), y=(name, value), y_err=np.nan, n=1)
            step.advance(note=f"nu={nu:g} mu={mu:g}")


def _judge_edge_law(curves: Curves) -> Judgement:
    """The points of a curve share their prompts: a curve is outside where its median deviation is beyond 2 s.e."""
    outside, precise = [], []
    for _, rows in each_curve(select(curves, panel=Panels.HELD_OUT, source="simulation")):
        outside.append(bool((rows["y"].abs() / rows["y_err"].where(rows["y_err"] > 0)).median() > SIGMAS))
        precise.append(bool(0 < rows["y_err"].median() <= PRECISION))
    fits = select(curves, panel=Panels.FIT, y_name="exponential")
    right = [bool(rows["y"].iloc[0]) == (params["mu"] > 0) for params, rows in each_curve(fits)]
    cases = len(right)
    sure = all(precise) and len(precise) == cases and not any(outside) and all(right)
    return Judgement(
        Verdict.FAILS if sum(outside) > 1 else Verdict.HOLDS if sure else Verdict.UNDECIDED,
        predicted="log ratio 0",
        measured=(
            f"{sum(outside)} of {len(outside)} curves off by over 2 s.e.; regime right in {sum(right)} of {cases}"
        ),
        tolerance=(
            f"median deviation of a curve 2 s.e., of at most {PRECISION:g} (median); one in twenty is beyond by chance"
        ),
    )


def work(config: JailbreakConfig) -> Work:
    """Return the work of the verdicts of every edge, and of the fit to one half of its prompts."""
    edge, edges = config.edge, len(config.edge.nu) * len(config.edge.mu)
    chances = edge.prompts * len(_counts(config)) * 5 * POWER  # five special functions each
    return edges * (Work(chances + 2 * BETA * edge.prompts) + edge_fits(edge.prompts // 2, edge.answers, fits=6))


EDGE = Part(
    name="edge",
    question="Does the upper edge of the safe chance, fitted to some prompts, predict attack success on others?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "edge-law-predicts-asr",
            "The upper edge fitted to some prompts predicts attack success on others.",
            reads=(Panels.HELD_OUT, Panels.FIT),
            judge=_judge_edge_law,
            figure="equation (1)",
            needs={"edge.prompts": 1000, "edge.answers": 400},
        ),
    ),
    figure="equations (1), (2)",
)
