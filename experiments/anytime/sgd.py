"""Part `sgd`: does SGD itself follow the exact risk, at every schedule and through every average?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from solv.experiments.anytime.regression import COMMON_LABEL, LAST, TAIL, UNIFORM, average_name, ema_of
from solv.experiments.anytime.settings import AnytimeConfig, Simulation
from solv.harness.contract import Context, Part
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum
from solv.theory.anytime.weight_averaging import Average, ema, tail, uniform
from solv.theory.schedules import constant, cosine, inverse_sqrt, warmup_stable_decay
from solv.tracking.claims import Claim, Judgement, Verdict, within
from solv.tracking.curves import Curves, Params, Recorder, pair, standard_error
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
ERRORS = 4.0  # standard errors between SGD and theory, over many points
PRECISION = 0.03  # median relative error that tells curves of one schedule apart: averages differ by some per cent


class Panels(StrEnum):
    """The panel of this part."""

    SGD = "sgd"


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
        )
    ]


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the exact risks."""
    size = config.simulation
    spectrum, rates, read_at = _spectrum(size), _rates(size), _readings(size)
    averages: list[Average] = [uniform(), ema(COMMON_LABEL), tail(size.steps // 2)]
    for batch in size.batch:
        risks = excess_risk(spectrum, size.sigma2, rates, read_at, averages, batch)
        for at, values in _each(size, batch, np.concatenate([risks.last[None], risks.averaged])):
            yield RECORD.theory(Panels.SGD, at, x=("steps", read_at), y=("risk", values))


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
    """Yield the mean risks of many runs of SGD."""
    size, read_at = config.simulation, _readings(config.simulation)
    with context.progress.task("run SGD", size.replicas * len(size.batch)) as step:
        for batch in size.batch:
            mean, error, n = standard_error(_risks(size, batch, context, step), axis=3)
            for (at, y), (_, y_err) in zip(_each(size, batch, mean), _each(size, batch, error), strict=True):
                yield RECORD.simulation(Panels.SGD, at, x=("steps", read_at), y=("risk", y), y_err=y_err, n=n)


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


def _judge_sgd(curves: Curves) -> Judgement:
    """A point is off at 4 standard errors with chance 6e-5: none of a hundred is, unless theory is wrong."""
    paired = pair(curves)
    worst = float("inf") if np.isinf(paired["y"]).any() else float(paired["deviation"].abs().max())
    relative = float((paired["y_err"] / paired["theory"]).median())
    verdict = within(worst, 0, ERRORS)
    if paired["n"].min() < 100 or (verdict is Verdict.HOLDS and not 0 < relative <= PRECISION):
        verdict = Verdict.UNDECIDED
    return Judgement(
        verdict,
        predicted="0 standard errors",
        measured=(
            f"at most {worst:.1f} standard errors off, over {len(paired)} points; the median error is "
            f"{100 * relative:.1f} %"
        ),
        tolerance=f"{ERRORS:g} standard errors, of a median of at most {100 * PRECISION:g} %",
    )


SGD = Part(
    name="sgd",
    question="Does SGD itself follow the exact risk, at every schedule and through every average?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "sgd-follows-theory",
            "SGD follows the exact risk, for every schedule, average and batch.",
            reads=(Panels.SGD,),
            judge=_judge_sgd,
            needs={"simulation.replicas": 1000},
        ),
    ),
)
