"""Part `crossover`: when does the power law of a finite target end? At a time that grows as the cube of beta."""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.exponents import LEAST, near
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import PEAKED, aligned_students, shown, target_label, times
from solv.experiments.softmax_law.teachers import teacher_norms, teacher_peaks
from solv.harness.contract import Context, Part
from solv.theory.softmax_law.loss import crossover_time
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "crossover")
CUBE = 0.3  # a tenth: the least beta is near the start of the power law
HALF = -math.log(2)

Losses = Mapping[float, Float[np.ndarray, "repeats times"]]


class Panels(StrEnum):
    """The panels of this part; `crossover-exponent` holds the numbers that the claim reads."""

    COLLAPSE = "collapse"
    CROSSOVER = "crossover"
    EXPONENT = "crossover-exponent"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return the losses in units of the crossover, the time of the crossover, and how this grows with beta."""
    log = partial(Panel, x_scale="log", y_scale="log")
    return [
        log(
            Panels.COLLAPSE,
            "Collapse at the crossover: V = {classes}, d = {dimension}",
            "s / s*",
            "L a* / C",
            y_limits=(1e-3, None),
            facets=("classes", "dimension"),
            series=target_label,
            ordered=True,
        ),
        log(
            Panels.CROSSOVER,
            "Time at which the loss is half the one-hot one: d = {dimension}",
            "β",
            "time s",
            facets=("dimension",),
            series="V={classes}",
            slopes=(Slope(3.0, 1.0, PEAKED, 32, "β³"),),
        ),
        Panel(Panels.EXPONENT, "Exponent of the crossover in β", "classes V", "exponent", drawn=False),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield collapse and crossover of the aligned students."""
    for classes in config.classes:
        losses = {beta: flow["loss"] for beta, flow in aligned_students(config, classes)}
        yield from _crossover("theory", losses, classes, config)


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield collapse and crossover of the trained students."""
    from solv.experiments.softmax_law.descent import shown_students

    trained = shown_students(config, context)
    for classes in config.classes:
        losses = {beta: np.maximum(trained[shown(config, classes, beta), beta]["loss"], LEAST) for beta in config.beta}
        yield from _crossover("trained", losses, classes, config)


def _crossover(source: str, losses: Losses, classes: int, config: SoftmaxLawConfig) -> Iterator[Curves]:
    yield from _half_times(source, losses, classes, config)
    if classes == config.classes[0]:
        yield from _collapse(source, losses, config)


def _collapse(source: str, losses: Losses, config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield the loss of the first V in units of the crossover."""
    classes = config.classes[0]
    peaks = teacher_peaks(config, classes)
    for beta, loss in losses.items():
        if PEAKED <= beta < math.inf:
            scale = beta * teacher_norms(config, classes)
            crossover = np.exp(np.mean([np.log(crossover_time(a, c)) for a, c in zip(scale, peaks, strict=True)]))
            y, y_err, n = geometric_mean(loss * (scale / peaks)[:, None])
            x, exact = ("s/s*", times(beta, config) / crossover), source == "theory"
            at = {"beta": beta, "classes": classes, "dimension": config.dimension[0]}
            yield RECORD.curve(
                source,
                Panels.COLLAPSE,
                at,
                x=x,
                y=("L a*/C", y),
                y_err=0.0 if exact else y_err,
                n=1 if exact else n,
            )


def _half_times(source: str, losses: Losses, classes: int, config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield the time at which the loss of one V is half the one-hot target's, and its exponent in beta.

    The exponent is fitted by teacher, since teachers differ in it less than in the time itself. Of trained students
    the number of targets that came that far is told in any case.
    """
    reached = _reached(losses, classes, config)
    exact, d = source == "theory", config.dimension[0]
    place, at = ("classes", classes), {"dimension": d}
    if not exact:
        yield RECORD.trained(Panels.EXPONENT, at, x=place, y=("targets", len(reached)), y_err=math.nan, n=1)
    if not reached:
        return
    half = np.array(list(reached.values()))
    y, y_err, n = geometric_mean(half, axis=1)
    yield RECORD.curve(
        source,
        Panels.CROSSOVER,
        {"classes": classes, "dimension": d},
        x=("beta", list(reached)),
        y=("time", y),
        y_err=0.0 if exact else y_err,
        n=1 if exact else n,
    )
    if len(reached) > 1:
        mean, error, n = standard_error(np.polyfit(np.log(list(reached)), np.log(half), 1)[0])
        y_err, n = (np.zeros(()), 1) if exact else (error, n)
        yield RECORD.curve(source, Panels.EXPONENT, at, x=place, y=("exponent", mean), y_err=y_err, n=n)


def _reached(losses: Losses, classes: int, config: SoftmaxLawConfig) -> dict[float, list[float]]:
    """Return each teacher's time of half the one-hot loss, of the targets at which all teachers come that far."""
    if math.inf not in losses:
        return {}
    log_time = np.log(times(math.inf, config, classes))
    reached: dict[float, list[float]] = {}
    for beta, loss in losses.items():
        if PEAKED <= beta < math.inf:
            at = np.log(times(beta, config, classes))
            one_hot = np.stack([np.interp(at, log_time, np.log(row)) for row in losses[math.inf]])
            ratio = np.log(loss) - one_hot
            if np.all(ratio.min(axis=1) < HALF):
                reached[beta] = [float(np.exp(_first_below(at, row, HALF))) for row in ratio]
    return reached


def _first_below(x: np.ndarray, y: np.ndarray, level: float) -> float:
    """Return where y first falls below the level, between two points."""
    index = int(np.argmax(y < level))
    if index == 0:
        return float(x[0])
    return float(np.interp(level, y[[index, index - 1]], x[[index, index - 1]]))


def _judge_cube(curves: Curves) -> Judgement:
    rows = select(curves, source="trained", y_name="exponent")
    if rows.empty:
        return missing("beta includes two finite values >= 8, and inf; horizon reaches their crossover")
    return Judgement(
        all_of(near(row, 3, CUBE) for _, row in rows.iterrows()),
        predicted=3.0,
        measured=", ".join(f"V={row['x']:g}: {row['y']:.3f} ± {row['y_err']:.3f}" for _, row in rows.iterrows()),
        tolerance="10 % each: the least beta is near the start of the power law; fitted by teacher",
    )


CROSSOVER = Part(
    name="crossover",
    question="When does the power law of a finite target end?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "crossover-scales-as-beta-cubed",
            "The power law ends at a time that grows as beta^3.",
            reads=(Panels.EXPONENT,),
            judge=_judge_cube,
            needs={"repeats": 8},
        ),
    ),
)
