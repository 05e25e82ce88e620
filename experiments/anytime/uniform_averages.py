"""Part `uniform-averages`: how does a uniform average fall at a constant rate and at 1/sqrt(t), beside WSD? (Figure 4)

The averaged runs have the multiplier of least mean risk over the paper's readings; WSD is the last iterate, a run of
its own for each horizon, peak and part of the decay tuned. The recursion is diagonal and exact; half a million
eigenvalues are some dozens of nodes (`theory/anytime/spectrum.py`).
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.anytime.regression import LAST, TUNED, UNIFORM, case, problem
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.experiments.anytime.work import nodes, recursion, tuned
from solv.harness.contract import Context, Part
from solv.harness.published import read_published
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.theory.anytime.horizon_free import PowerSchedule, least_mean_risk, stable_decay_envelope
from solv.theory.anytime.weight_averaging import uniform
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, pair, select
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "uniform-averages")
READINGS = (1000, 2000, 3000, 5000, 8000, 10_000, 20_000, 50_000)  # the paper's steps
PARTS = (0.02, 0.04, 0.06, 0.1, 0.16, 0.2, 0.4, 1.0)  # of a horizon that is shorter than most of them
LINE = 30  # steps at which averages are drawn
STABLE = "WSD"
GAMMAS = (0.0, 0.5)  # exponents of the schedules that are averaged
TOLERANCE = 0.03  # of the slope, at a finite horizon
DIGITS = 1e-3  # of the authors' curves: what the nodes of the spectrum leave out
LEAST_HORIZON = 20_000  # steps at which the slope has come that close to the law


class Panels(StrEnum):
    """The panels of this part."""

    UNIFORM = "uniform-averages"
    PEAKS = "uniform-averages-peaks"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the risk of the averages, and the peaks at which it is drawn."""
    return [
        Panel(
            Panels.UNIFORM,
            "Averages at the paper's rule, and WSD: a = {a}, b = {b}",
            "steps t",
            "excess risk",
            x_scale="log",
            y_scale="log",
            facets=("a", "b"),
            series=_name,
            note="averages: one peak, of least mean risk; WSD: a run for each t",
            figure="Fig. 4",
        ),
        Panel(
            Panels.PEAKS,
            "Peaks of least mean risk: a = {a}, b = {b}",
            "steps t",
            "peak, times 1/tr H",
            facets=("a", "b"),
            series=_name,
            drawn=False,
        ),
    ]


def _name(params: Params) -> str:
    if "schedule" in params:
        return "WSD, tuned for each t"
    return f"{PowerSchedule(float(str(params['gamma']))).name}, averaged"


def _settings(config: AnytimeConfig) -> AnytimeConfig:
    """Return the settings with the figure's own normalisation of the target."""
    return replace(config, normalize=config.figure4.normalize)


def readings(horizon: int) -> list[int]:
    """Return the steps whose risks choose the peak: the paper's up to the horizon, or parts of a short one."""
    own = [step for step in READINGS if step < horizon]
    return [*own, horizon] if len(own) >= len(READINGS) // 2 else [max(1, round(part * horizon)) for part in PARTS]


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the risk of all three methods at every (a, b), and their peaks."""
    config, judged = _settings(config), readings(config.horizon)
    line = np.geomspace(judged[0], judged[-1], LINE).round().astype(int).tolist()
    read_at = sorted({*line, *judged, round(judged[-1] / 5)})
    for a, b in cases(config):
        regression, at = problem(config, a, b), {**case(config, a, b), "horizon": config.horizon}
        chosen = least_mean_risk(
            regression,
            [PowerSchedule(gamma) for gamma in GAMMAS],
            uniform(),
            read_at,
            sorted(config.figure4.multipliers),
            judged,
        )
        for gamma, (multiplier, risks) in zip(GAMMAS, chosen, strict=True):
            kind = {**at, "gamma": gamma, "average": UNIFORM}
            yield RECORD.theory(Panels.UNIFORM, kind, x=("steps", read_at), y=("risk", risks))
            yield RECORD.theory(Panels.PEAKS, kind, x=("steps", read_at[-1]), y=("multiplier", multiplier))
        tuned = stable_decay_envelope(
            regression, judged, sorted(config.figure4.stable_multipliers), config.figure4.stable
        )
        kind = {**at, "schedule": STABLE, "tuned": TUNED, "average": LAST}
        yield RECORD.theory(Panels.UNIFORM, kind, x=("steps", judged), y=("risk", tuned.risk))
        yield RECORD.theory(Panels.PEAKS, kind, x=("steps", judged), y=("multiplier", tuned.multiplier))
        yield RECORD.theory(Panels.PEAKS, kind, x=("steps", judged), y=("stable", tuned.shape))


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield the authors' stored curves, where they are of the regression and the horizon of this run."""
    config = _settings(config)
    own = [{**case(config, a, b), "horizon": config.horizon} for a, b in cases(config)]
    for curve in read_published(__package__, Panels.UNIFORM):
        if any(all(curve.params.get(key) == value for key, value in at.items()) for at in own):
            yield RECORD.published(Panels.UNIFORM, curve.params, x=("steps", curve.x), y=("risk", curve.y))


def _judge_square_root(curves: Curves) -> Judgement:
    """From the paper's own curve, a uniform average at its multiplier of least mean risk, over a factor 5 in time."""
    verdicts, slopes, last = [], [], 0.0
    for params, line in each_curve(select(curves, gamma=0.5, source="theory")):
        a, b, end = float(params["a"]), float(params["b"]), float(line["x"].max())
        if not np.isclose(b, 2 * a):
            continue
        late = line[line["x"].isin([end, round(end / 5)])].sort_values("x")
        slope = float(np.diff(np.log(late["y"]))[0] / np.diff(np.log(late["x"]))[0])
        predicted = -(1 - 1 / (2 * a))
        verdicts.append(within(slope, predicted, TOLERANCE))
        slopes.append(f"{slope:.3f} for {predicted:.3f} (a = {a:g}, b = {b:g})")
        last = max(last, end)
    if not verdicts:
        return missing("b includes 2 a")
    return Judgement(
        all_of(verdicts) if last >= LEAST_HORIZON else Verdict.UNDECIDED,
        predicted="-(1 - 1/(2a))",
        measured=", ".join(slopes),
        tolerance=f"{TOLERANCE}: a finite horizon",
    )


def _judge_published(curves: Curves) -> Judgement:
    paired = pair(curves)
    if paired.empty:
        return missing(
            "horizon = 50000, a of 1.1, 1.5, 1.9 with b = a or 2a, and the other settings of the regression as they are"
        )
    off = (paired["y"] / paired["theory"] - 1).abs()
    worst = float(off.max())
    return Judgement(
        within(worst, 0, DIGITS),
        predicted=0.0,
        measured=f"{worst:.1e}, the largest of {len(paired)} points of {paired['params'].nunique()} curves",
        tolerance=f"{DIGITS:g}: what the nodes of the spectrum leave out",
    )


def work(config: AnytimeConfig) -> Work:
    """Return the work of the averages and of WSD at every peak."""
    size, figure, judged = nodes(config, config.dimension), config.figure4, readings(config.horizon)
    averages = recursion(size, judged[-1], len(GAMMAS) * len(figure.multipliers), 1)
    return len(cases(config)) * (averages + tuned(size, judged, len(figure.stable), len(figure.stable_multipliers)))


UNIFORM_AVERAGES = Part(
    name="uniform-averages",
    question="How does the risk of a uniform average fall at a constant rate and at 1/sqrt(t), beside WSD?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 4",
    claims=(
        Claim(
            "square-root-is-minimax",
            "At b = 2a the averaged 1/sqrt(t) schedule reaches the minimax rate -(1 - 1/(2a)).",
            reads=(Panels.UNIFORM,),
            judge=_judge_square_root,
            needs={"horizon": LEAST_HORIZON},
        ),
        Claim(
            "authors-synthetic-curves",
            "The exact risk of both averages, peaks chosen by the paper's rule, is that of the authors' stored curves.",
            reads=(Panels.UNIFORM,),
            judge=_judge_published,
            figure="Fig. 4",
        ),
    ),
)
