"""Part `stable-decay`: does warmup-stable-decay, without an average, have the rate of an averaged constant rate?

Theorem 2: constant to a part of the horizon, then linear to 0, for a in (1, 2). The exponents are read off the exact
recursion for every source b; SGD itself is run at the ends of a few horizons.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from solv.experiments.anytime.regression import LAST, TAIL
from solv.experiments.anytime.settings import AnytimeConfig, StableDecay
from solv.experiments.anytime.sgd import judge_ratios
from solv.experiments.anytime.work import descent, nodes, recursion
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.anytime.rates import stable_decay_exponent
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum, power_law_targets
from solv.theory.anytime.weight_averaging import tail
from solv.theory.schedules import warmup_stable_decay
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "stable-decay")
LAW, DECAY, AVERAGE = "theorem 2", "WSD", "constant"  # the exponent, and the two schedules that have it
TOLERANCE = 0.06  # of a slope, at a finite horizon
TOGETHER = 0.08  # between two of them: a decay over the last tenth looks back less far than half of the run
LEAST_HORIZON = 32_000  # steps at which slopes have come that close to the law
LINE = 12  # horizons of the recursion's lines beside the simulation


class Panels(StrEnum):
    """The panels of this part."""

    EXPONENT = "wsd-exponent"
    RISK = "wsd-risk"
    RATIO = "wsd-simulated-ratio"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the exponent against the source, the risk at the end of each horizon, and SGD over theory."""
    size = config.stable_decay
    return [
        Panel(
            Panels.EXPONENT,
            "Theorem 2: WSD without an average, a = {a}",
            "source b",
            "exponent of T",
            facets=("a",),
            series=_name,
            verticals=dict.fromkeys(size.a, "b = a") if len(size.a) == 1 else {},
            note=f"between T = {size.horizon // 4} and {size.horizon} steps",
            figure="Theorem 2",
        ),
        Panel(
            Panels.RISK,
            "WSD and an averaged constant rate: a = {a}, b = {b}, d = {dimension}",
            "horizon T (steps)",
            "excess risk at T",
            x_scale="log",
            y_scale="log",
            facets=("a", "b", "dimension"),
            series=_name,
        ),
        Panel(
            Panels.RATIO,
            "SGD over the exact risk, mean over horizons: a = {a}, b = {b}",
            "longest horizon (steps)",
            "ratio",
            facets=("a", "b"),
            series=_name,
            drawn=False,
        ),
    ]


def _name(params: Params) -> str:
    curve = str(params["curve"])
    if curve == LAW:
        return "theorem 2"
    return f"WSD, decay from {params['stable']:g} T" if curve == DECAY else "constant, last half averaged"


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield theorem 2, the slopes of the recursion, and the risks beside the simulation."""
    size = config.stable_decay
    for a in size.a:
        sources = np.linspace(min(size.b), max(size.b), 61)
        law = [stable_decay_exponent(a, b) for b in sources]
        yield RECORD.theory(Panels.EXPONENT, {"a": a, "curve": LAW}, x=("b", sources), y=("exponent", law))
        targets = power_law_targets(a, size.b, size.dimension, exact=config.nodes.exact, ratio=config.nodes.ratio)
        low, high = _risks(targets, size.sigma2, size.multiplier, [size.horizon // 4, size.horizon], size.stable, 1)
        slopes = np.log(high / low) / np.log(4)
        for kind, row in zip(_kinds(size.stable), slopes, strict=True):
            at = {"a": a, **kind, "horizon": size.horizon, "sigma2": size.sigma2, "dimension": size.dimension}
            yield RECORD.theory(Panels.EXPONENT, at, x=("b", size.b), y=("exponent", row))
    line = np.geomspace(size.horizons[0], size.horizons[-1], LINE).round().astype(int).tolist()
    horizons = sorted({*line, *size.horizons})
    risks = _risks(_spectrum(size), size.sigma2, size.multiplier, horizons, size.stable, size.batch)[:, :, 0]
    for kind, row in zip(_kinds(size.stable), risks.T, strict=True):
        yield RECORD.theory(Panels.RISK, {**_at(size), **kind}, x=("horizon", horizons), y=("risk", row))


def _kinds(stable: tuple[float, ...]) -> list[dict[str, object]]:
    """Return what tells the schedules apart: WSD at every part of the horizon, then the averaged constant rate."""
    return [
        *({"curve": DECAY, "stable": part, "average": LAST} for part in stable),
        {"curve": AVERAGE, "average": TAIL},
    ]


def _risks(
    spectrum: Spectrum, sigma2: float, multiplier: float, horizons: list[int], stable: tuple[float, ...], batch: int
) -> Float[np.ndarray, "horizons kinds targets"]:
    """Return the risk of every schedule at the end of its horizon, for each target of the spectrum."""
    signals = np.atleast_2d(spectrum.signal)
    eta, steps = multiplier / spectrum.trace, horizons[-1]
    decays = _decays(horizons, stable) * eta
    runs = np.repeat(decays.reshape(steps, -1), len(signals), axis=1)
    several = Spectrum(spectrum.eigenvalue, spectrum.multiplicity, np.tile(signals, (decays[0].size, 1)))
    last = excess_risk(several, sigma2, runs, horizons, batch=batch).last.reshape(len(horizons), *decays.shape[1:], -1)
    own = np.arange(len(horizons))
    alone = Spectrum(spectrum.eigenvalue, spectrum.multiplicity, signals)
    averages = [tail(horizon // 2) for horizon in horizons]
    constant = excess_risk(alone, sigma2, np.full((steps, len(signals)), eta), horizons, averages, batch).averaged
    return np.concatenate([last[own, own], constant[own, own][:, None]], axis=1)


def _decays(horizons: list[int], stable: tuple[float, ...]) -> Float[np.ndarray, "steps horizons stable"]:
    """Return the factors of WSD for every horizon and part, 0 after its end."""
    t = np.arange(1, horizons[-1] + 1)
    factors = np.zeros((len(t), len(horizons), len(stable)))
    for row, horizon in enumerate(horizons):
        for column, part in enumerate(stable):
            factors[:horizon, row, column] = warmup_stable_decay(t[:horizon], horizon, part)
    return factors


def _simulated(size: StableDecay) -> tuple[float, float]:
    """Return the capacity and the source of the regression that is simulated: the first ones."""
    return size.a[0], size.simulated_b


def _spectrum(size: StableDecay) -> Spectrum:
    """Return the spectrum of the simulated regression, every eigenvalue for itself."""
    return power_law_spectrum(*_simulated(size), size.simulated_dimension, exact=size.simulated_dimension)


def _at(size: StableDecay) -> dict[str, object]:
    a, b = _simulated(size)
    return {"a": a, "b": b, "dimension": size.simulated_dimension, "sigma2": size.sigma2, "batch": size.batch}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield the mean risk of many runs of SGD at the end of each horizon, and over all of them its ratio to theory."""
    size = config.stable_decay
    with context.progress.task("run SGD with WSD", size.replicas) as step:
        risks = context.unit("wsd", lambda: {"risks": _simulate(size, context)})["risks"]
        step.advance(size.replicas)
    exact = _risks(_spectrum(size), size.sigma2, size.multiplier, list(size.horizons), size.stable, size.batch)[:, :, 0]
    for column, kind in enumerate(_kinds(size.stable)):
        at = {**_at(size), **kind}
        mean, error, n = standard_error(risks[:, column], axis=1)
        yield RECORD.simulation(Panels.RISK, at, x=("horizon", size.horizons), y=("risk", mean), y_err=error, n=n)
        ratio, spread, n = standard_error((risks[:, column] / exact[:, column, None]).mean(axis=0))
        yield RECORD.simulation(
            Panels.RATIO, at, x=("horizon", size.horizons[-1]), y=("ratio", ratio), y_err=spread, n=n
        )


def _simulate(size: StableDecay, context: Context) -> Float[np.ndarray, "horizons kinds replicas"]:
    import torch

    from solv.models.anytime.simulation import simulate_descent
    from solv.models.language.weight_average import Averaging

    spectrum, horizons = _spectrum(size), list(size.horizons)
    eta = size.multiplier / spectrum.trace
    decays = _decays(horizons, size.stable).reshape(horizons[-1], -1)
    rates = np.concatenate([decays, np.ones((len(decays), 1))], axis=1) * eta
    risks = simulate_descent(
        torch.as_tensor(spectrum.eigenvalue, device=context.device),
        torch.as_tensor(np.sqrt(spectrum.signal / spectrum.eigenvalue), device=context.device),
        size.sigma2,
        torch.as_tensor(rates, device=context.device),
        [Averaging("tail", horizon // 2) for horizon in horizons],
        horizons,
        replicas=size.replicas,
        batch=size.batch,
        generator=context.seeds.torch("stable-decay", device=context.device),
    )
    found: np.ndarray = risks.cpu().numpy()
    own = np.arange(len(horizons))
    last = found[0, :, :-1].reshape(len(horizons), len(horizons), len(size.stable), -1)[own, own]
    return np.concatenate([last, found[1 + own, own, -1][:, None]], axis=1)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_rate(curves: Curves) -> Judgement:
    """Every slope of WSD is that of theorem 2, and that of the averaged constant rate."""
    rows = select(curves, panel=Panels.EXPONENT)
    average = select(rows, curve=AVERAGE)
    if average.empty:
        return missing("stable_decay.b has values")
    off_law, off_average = [], []
    for params, line in each_curve(select(rows, curve=DECAY)):
        a = float(params["a"])
        off_law += [float(y) - stable_decay_exponent(a, float(b)) for b, y in zip(line["x"], line["y"], strict=True)]
        beside = select(average, a=params["a"]).set_index("x")["y"]
        off_average += (line["y"].to_numpy() - beside.loc[line["x"]].to_numpy()).tolist()
    worst, apart = max(off_law, key=abs), max(off_average, key=abs)
    verdict = all_of([within(worst, 0, TOLERANCE), within(apart, 0, TOGETHER)])
    return Judgement(
        verdict if parameter(average, "horizon").min() >= LEAST_HORIZON else Verdict.UNDECIDED,
        predicted="the exponent of theorem 2, and that of a constant rate with its last half averaged",
        measured=f"at most {worst:+.3f} and {apart:+.3f} off, of {len(off_law)} slopes",
        tolerance=f"{TOLERANCE} and {TOGETHER}: a finite horizon; exact recursion",
    )


def _judge_simulation(curves: Curves) -> Judgement:
    return judge_ratios(select(curves, panel=Panels.RATIO))


def work(config: AnytimeConfig) -> Work:
    """Return the work of the recursions of every source and part of the horizon, and of SGD.

    The regression that is simulated has one target: its own recursions take no time beside its runs.
    """
    size, runs = config.stable_decay, len(config.stable_decay.b)
    many = nodes(config, size.dimension)
    decays = recursion(many, size.horizon, 2 * len(size.stable) * runs, going=5 / 8)  # horizons of a quarter and all
    simulated = descent(
        size.simulated_dimension,
        max(size.horizons),
        len(size.horizons) * len(size.stable) + 1,
        len(size.horizons),
        replicas=size.replicas,
        batch=size.batch,
    )
    return len(size.a) * (decays + recursion(many, size.horizon, runs, 2)) + simulated


STABLE_DECAY = Part(
    name="stable-decay",
    question="Does warmup-stable-decay, without an average, fall with the exponent of an averaged constant rate?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Theorem 2",
    claims=(
        Claim(
            "stable-decay-has-the-averaged-rate",
            "The last iterate of warmup-stable-decay falls with the exponent max(-(b - 1)/a, -(1 - 1/a)), as a "
            "constant rate does whose last half is averaged.",
            reads=(Panels.EXPONENT,),
            judge=_judge_rate,
            figure="Theorem 2",
            needs={"stable_decay.horizon": LEAST_HORIZON},
        ),
        Claim(
            "stable-decay-sgd-follows-theory",
            "SGD with warmup-stable-decay, and with an average, follows the exact risk at every horizon.",
            reads=(Panels.RATIO,),
            judge=_judge_simulation,
            needs={"stable_decay.replicas": 1000},
        ),
    ),
)
