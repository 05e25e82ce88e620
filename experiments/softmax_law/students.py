"""Which linear students does softmax-law train, at which rates and for how long? It follows from the settings alone."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.teachers import teacher_norms, teacher_peaks, teacher_samples
from solv.theory.softmax_law.loss import Flow, aligned_flow, crossover_time

PEAKED = 8.0  # least beta that has a power law, is trained to the horizon, and enters the crossover
STATED = 8  # V for which rate and horizons are stated; those of others are in proportion, since the curvature is ~ 1/V
QUANTITIES = {"loss": -1 / 3, "norm": 1 / 3, "gradient": -2 / 3}  # exponents of equation (3)
TIME = "time s = learning rate x steps"
FIXED_SET = "fixed set"


@dataclass(frozen=True)
class Variant:
    """What a linear student is, but for its target; batch 0 is the fixed training set."""

    classes: int
    dimension: int
    batch: int

    def params(self) -> dict[str, object]:
        """Return what tells its curves from those of other variants."""
        return {**asdict(self), "batch": self.batch or FIXED_SET}


def variants(config: SoftmaxLawConfig) -> list[Variant]:
    """Return the linear students that learn the one-hot target in other shapes and from other batches."""
    (first, *more), (d, *wider), batch = config.classes, config.dimension, config.batch
    found = [
        Variant(first, d, 0),
        *(Variant(classes, d, batch) for classes in more),
        *(Variant(first, dimension, batch) for dimension in wider),
        *(Variant(first, d, size) for size in (batch, config.small_batch)),
    ]
    return list(dict.fromkeys(found))


def shown(config: SoftmaxLawConfig, classes: int, beta: float) -> Variant:
    """Return the student that the panels against time show for one V and target."""
    fixed = math.isinf(beta) and classes == config.classes[0]
    return Variant(classes, config.dimension[0], 0 if fixed else config.batch)


def batches(config: SoftmaxLawConfig) -> dict[tuple[int, int], list[tuple[Variant, float]]]:
    """Return all students, as (variant, beta), by the inputs that they see: (dimension, batch).

    Every V and beta sees the same fresh inputs; the other variants learn the one-hot target alone.
    """
    d, targets = config.dimension[0], sorted({*config.beta, math.inf})
    students = [(Variant(classes, d, config.batch), beta) for classes in config.classes for beta in targets]
    students += [(variant, math.inf) for variant in variants(config)]
    grouped: dict[tuple[int, int], list[tuple[Variant, float]]] = {}
    for variant, beta in dict.fromkeys(students):
        grouped.setdefault((variant.dimension, variant.batch), []).append((variant, beta))
    return grouped


def target_label(params: Mapping[str, Any]) -> str:
    """Return how the target of a curve is called in a legend."""
    return "one-hot" if math.isinf(params["beta"]) else f"β={params['beta']:g}"


# -- rates and times ---------------------------------------------------------------------------------------------------


def window(config: SoftmaxLawConfig, variant: Variant) -> tuple[float, float]:
    """Return the times of the fit: L = (C / a) F(a / C) is near its limit once a^3 = 3 C s is many C^3."""
    horizon = config.horizon * variant.classes / STATED
    if not variant.batch:
        return config.window, horizon
    peaks = teacher_peaks(config, variant.classes, variant.dimension)
    start = max(config.window, config.late * float(np.mean(peaks)) ** 2)
    return start, max(horizon, config.span * start)


def rates(
    beta: float, config: SoftmaxLawConfig, classes: int, horizon: float | None = None
) -> Float[np.ndarray, "steps"]:
    """Return the learning rate of each step: growing as s^(1/3) while the curvature falls so, up to the crossover.

    A finite target is reached there, and steps that went on growing would be too long for its curvature. The first
    teacher to get there decides, since all of a V share their steps.
    """
    unit = classes / STATED
    grows_until = math.inf
    if math.isfinite(beta):
        norms, samples = teacher_norms(config, classes), teacher_samples(config, classes)
        grows_until = min(crossover_time(beta * a, z.peak) for a, z in zip(norms, samples, strict=True))
    end = horizon or (config.short_horizon if beta < PEAKED else config.horizon) * unit
    found, s = [], 0.0
    while s < end:
        found.append(config.rate * unit * (1 + min(s, grows_until) / (10 * unit)) ** (1 / 3))
        s += found[-1]
    return np.array(found)


def reading_steps(schedule: Float[np.ndarray, "steps"]) -> list[int]:
    """Return the numbers of steps after which a student is measured: logarithmic in s."""
    elapsed = np.cumsum(schedule)
    wanted = np.geomspace(elapsed[1], elapsed[-1], 26)
    return sorted({int(step) + 1 for step in np.abs(elapsed[:, None] - wanted).argmin(axis=0)})


def reading_times(schedule: Float[np.ndarray, "steps"]) -> Float[np.ndarray, "times"]:
    """Return s at those steps."""
    return np.asarray(np.cumsum(schedule)[np.array(reading_steps(schedule)) - 1])


def student_rates(variant: Variant, beta: float, config: SoftmaxLawConfig) -> Float[np.ndarray, "steps"]:
    """Return the learning rates of one student; with a one-hot target it is trained to the end of its window."""
    return rates(beta, config, variant.classes, window(config, variant)[1] if math.isinf(beta) else None)


def times(beta: float, config: SoftmaxLawConfig, classes: int | None = None) -> Float[np.ndarray, "times"]:
    """Return s at which the shown student of one beta is measured; classes: the first V by default."""
    return reading_times(student_rates(shown(config, classes or config.classes[0], beta), beta, config))


# -- theory ------------------------------------------------------------------------------------------------------------


def aligned_students(
    config: SoftmaxLawConfig, classes: int
) -> Iterator[tuple[float, dict[str, Float[np.ndarray, "repeats times"]]]]:
    """Yield every beta with loss, norm and gradient of the aligned students of one V, at the times of the shown."""
    norms, samples = teacher_norms(config, classes), teacher_samples(config, classes)
    for beta in config.beta:
        s = times(beta, config, classes)
        yield beta, stacked([aligned_flow(s, beta * norm, z) for norm, z in zip(norms, samples, strict=True)])


def stacked(flows: list[Flow]) -> dict[str, Float[np.ndarray, "repeats times"]]:
    """Return loss, norm and gradient of one flow for each teacher."""
    return {
        "loss": np.stack([flow.loss for flow in flows]),
        "norm": np.stack([flow.scale for flow in flows]),
        "gradient": np.stack([flow.gradient for flow in flows]),
    }
