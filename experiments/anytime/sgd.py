"""Part `sgd`: does SGD itself follow the exact risk, at every schedule and through every average?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from solv.experiments.anytime.regression import COMMON_LABEL, LAST, TAIL, UNIFORM, average_name, ema_of
from solv.experiments.anytime.settings import AnytimeConfig, Simulation
from solv.experiments.anytime.work import descent
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum
from solv.theory.anytime.weight_averaging import Average, ema, tail, uniform
from solv.theory.schedules import constant, cosine, inverse_sqrt, warmup_stable_decay
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, known, within
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel
from solv.tracking.progress import Step

RECORD = Recorder("anytime", "sgd")
PEAKS = {"constant": 0.5, "offset": 1.0, "cosine": 0.8, "stable": 0.5}  # of the schedules, times 1/tr H
OFFSET = 0.2  # of the steps
AVERAGES: tuple[dict[str, object], ...] = (
    {"average": LAST},
    {"average": UNIFORM},
    ema_of(COMMON_LABEL),
    {"average": TAIL},
)
TOLERANCE = 0.1  # of the ratio to theory: averages of one schedule differ by more, and 1000 runs know it to 1.4 %
LEVEL = 0.005  # chance that one of all curves is called wrong that is right
LEAST_REPLICAS = 100  # below, the mean of a skewed risk is not normal yet
LINE = 40  # steps at which theory is drawn


class Panels(StrEnum):
    """The panels of this part."""

    SGD = "sgd"
    RATIO = "sgd-ratio"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the risk of each schedule and batch."""
    return [
        Panel(
            Panels.SGD,
            "SGD: {schedule} schedule, B = {batch}, d = {dimension}",
            "steps t",
            "excess risk",
            x_scale="log",
            y_scale="log",
            facets=("batch", "schedule", "dimension"),
            series=average_name,
        ),
        Panel(
            Panels.RATIO,
            "SGD over the exact risk, mean over steps: {schedule} schedule, B = {batch}, d = {dimension}",
            "steps t",
            "ratio",
            facets=("batch", "schedule", "dimension"),
            series=average_name,
            drawn=False,
        ),
    ]


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the exact risks."""
    size = config.simulation
    line = np.unique(np.geomspace(_readings(size)[0], size.steps, LINE).round().astype(int)).tolist()
    line = sorted({*line, size.steps // 2, *_readings(size)})  # the tail begins at a half
    for batch in size.batch:
        for at, values in _each(size, batch, _exact(size, batch, line)):
            yield RECORD.theory(Panels.SGD, at, x=("steps", line), y=("risk", values))


def _exact(size: Simulation, batch: int, read_at: list[int]) -> Float[np.ndarray, "averages times schedules"]:
    """Return the exact risks, in the order of `AVERAGES` and `PEAKS`."""
    averages: list[Average] = [uniform(), ema(COMMON_LABEL), tail(size.steps // 2)]
    risks = excess_risk(_spectrum(size), size.sigma2, _rates(size), read_at, averages, batch)
    return np.concatenate([risks.last[None], risks.averaged])


def _spectrum(size: Simulation) -> Spectrum:
    """Return the spectrum of the regression, every eigenvalue for itself."""
    return power_law_spectrum(size.a, size.b, size.dimension, exact=size.dimension)


def _rates(size: Simulation) -> Float[np.ndarray, "steps schedules"]:
    """Return the learning rates of the schedules, in the order of `PEAKS`."""
    t = np.arange(1, size.steps + 1)
    factors = {
        "constant": constant(t),
        "offset": inverse_sqrt(t, OFFSET * size.steps),
        "cosine": cosine(t, size.steps),
        "stable": warmup_stable_decay(t, size.steps),
    }
    rates = np.stack([peak * factors[name] for name, peak in PEAKS.items()], axis=1)
    return np.asarray(rates / _spectrum(size).trace)


def _readings(size: Simulation) -> list[int]:
    return [int(step) for step in np.unique(np.geomspace(size.steps / 50, size.steps, 9).round())]


def _each(
    size: Simulation, batch: int, values: Float[np.ndarray, "averages times schedules"]
) -> Iterator[tuple[Params, Float[np.ndarray, "times"]]]:
    """Yield the params and the values of every curve of one batch."""
    fixed = {name: getattr(size, name) for name in ("a", "b", "sigma2", "dimension", "steps")}
    for column, schedule in enumerate(PEAKS):
        for row, average in enumerate(AVERAGES):
            yield {**fixed, "batch": batch, "schedule": schedule, **average}, values[row, :, column]


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield the mean risks of many runs of SGD, and of each curve one ratio to theory: the mean over its readings.

    Readings of one run are correlated; the error of their mean, taken over runs, knows it.
    """
    size, read_at = config.simulation, _readings(config.simulation)
    with context.progress.task("run SGD", size.replicas * len(size.batch)) as step:
        for batch in size.batch:
            risks = _risks(size, batch, context, step)
            mean, error, n = standard_error(risks, axis=3)
            for (at, y), (_, y_err) in zip(_each(size, batch, mean), _each(size, batch, error), strict=True):
                yield RECORD.simulation(Panels.SGD, at, x=("steps", read_at), y=("risk", y), y_err=y_err, n=n)
            ratios = (risks / _exact(size, batch, read_at)[..., None]).mean(axis=1, keepdims=True)
            ratio, spread, n = standard_error(ratios, axis=3)
            last = ("steps", size.steps)
            for (at, y), (_, y_err) in zip(_each(size, batch, ratio), _each(size, batch, spread), strict=True):
                yield RECORD.simulation(Panels.RATIO, at, x=last, y=("ratio", y), y_err=y_err, n=n)


def _risks(size: Simulation, batch: int, context: Context, step: Step) -> np.ndarray:
    """Return risks, shape (averages, times, schedules, replicas)."""
    import torch

    from solv.models.anytime.simulation import simulate_descent
    from solv.models.language.weight_average import Averaging

    def simulate() -> dict[str, np.ndarray]:
        spectrum = _spectrum(size)
        eigenvalues, target, rates = (
            torch.as_tensor(values, device=context.device)
            for values in (spectrum.eigenvalue, np.sqrt(spectrum.signal / spectrum.eigenvalue), _rates(size))
        )
        risks = simulate_descent(
            eigenvalues,
            target,
            size.sigma2,
            rates,
            [Averaging("uniform"), Averaging("ema", COMMON_LABEL), Averaging("tail", size.steps // 2)],
            _readings(size),
            replicas=size.replicas,
            batch=batch,
            generator=context.seeds.torch("sgd", batch, device=context.device),
        )
        return {"risks": risks.cpu().numpy()}

    risks = context.unit(f"sgd B={batch}", simulate)["risks"]
    step.advance(size.replicas, note=f"B = {batch}")
    return risks


# -- claims --------------------------------------------------------------------------------------------------------


def judge_ratios(rows: Curves) -> Judgement:
    """Judge whether every curve of SGD is the exact risk: the mean over its readings of their ratio is 1.

    With k curves, each is known to the t-quantile at `LEVEL` / (2 k), so that one of them all is called wrong by
    chance in less than 1 of 200 runs, whatever their correlation (Bonferroni).
    """
    if rows["n"].min() < LEAST_REPLICAS:
        return Judgement(
            Verdict.UNDECIDED, 1.0, f"{rows['n'].min()} replicas", tolerance=f">= {LEAST_REPLICAS} replicas"
        )
    sigmas = float(stdtrit(rows["n"].min() - 1, 1 - LEVEL / (2 * len(rows))))
    verdicts = [
        Verdict.FAILS if np.isinf(y) else within(y, 1, TOLERANCE, known(error, n), sigmas=sigmas)
        for y, error, n in zip(rows["y"], rows["y_err"], rows["n"], strict=True)
    ]
    worst = rows.iloc[int((rows["y"] - 1).abs().argmax())]
    return Judgement(
        all_of(verdicts),
        predicted=1.0,
        measured=(
            f"{worst['y']:.3f} ± {worst['y_err']:.3f}, the farthest of {len(rows)} curves; the largest error is "
            f"{100 * rows['y_err'].max():.1f} %"
        ),
        tolerance=f"{TOLERANCE:g}, known to {sigmas:.1f} standard errors: by chance one curve is off in 200 runs",
    )


def _judge_sgd(curves: Curves) -> Judgement:
    return judge_ratios(select(curves, panel=Panels.RATIO))


def work(config: AnytimeConfig) -> Work:
    """Return the work of the runs of every batch; the exact risks take no time beside them."""
    size, averages = config.simulation, len(AVERAGES) - 1
    sizes = (size.dimension, size.steps, len(PEAKS), averages)
    return sum((descent(*sizes, replicas=size.replicas, batch=batch) for batch in size.batch), Work())


SGD = Part(
    name="sgd",
    question="Does SGD itself follow the exact risk, at every schedule and through every average?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "sgd-follows-theory",
            "SGD follows the exact risk, for every schedule, average and batch.",
            reads=(Panels.RATIO,),
            judge=_judge_sgd,
            needs={"simulation.replicas": 1000},
        ),
    ),
)
