"""What do the parts on the paper's toy model share? Its teachers, the training of a grid of students, and their theory.

The teacher W* is drawn as `nn.Linear` draws weights, so that logits at temperature T have the scale b* = 0.577 / T. A
student that is aligned with it follows the flow of `theory/softmax_law/loss.py` in the time tau = sum of the learning
rates, exactly so for gradient descent; Adam's tau is another time, and its theory is read against the loss.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.theory import schedules
from solv.theory.softmax_law.loss import LogitSample, aligned_flow, centre
from solv.theory.softmax_law.random_energies import critical_scale, low_temperature
from solv.tracking.claims import Verdict, known, within
from solv.tracking.curves import Curves

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

UNIFORM = 1 / math.sqrt(3)  # standard deviation of the teacher's logits at temperature 1
TAU = "τ = sum of learning rates"
WARM_UP, FINAL = 0.01, 0.1  # of the steps, and of the peak rate: the schedule of Pythia, which the paper takes
SAVE_EVERY, TELL_EVERY = 500, 20  # steps
ROUNDING = 1e-9  # relative, of a time at the edge of a window
TINY = 1e-300  # so that a loss that is gone has a logarithm
ALARM = 0.02  # chance that the worst of what is judged lies so many errors off; its tolerance comes on top
READINGS = 26  # of a training, logarithmic in the step

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Cell:
    """One student of a grid: its temperature, peak learning rate, size of W(0) in units of W*, and weight decay."""

    temperature: float
    rate: float
    start: float = 0.0
    decay: float = 0.0


def target_scale(temperature: float) -> float:
    """Return b* = 0.577 / T, the standard deviation of the target's logits."""
    return UNIFORM / temperature


def peakedness(config: SoftmaxLawConfig, temperature: float) -> float:
    """Return b* / c0: a target is peaked where it is above 1."""
    return target_scale(temperature) / critical_scale(config.toy.classes)


def reading_steps(steps: int, *, first: int = 2, readings: int = READINGS) -> list[int]:
    """Return the numbers of steps after which a grid is read, logarithmic in the step."""
    return sorted({round(step) for step in np.geomspace(first, steps, readings)})


def schedule_factors(steps: int) -> Float[np.ndarray, "steps"]:
    """Return the factor of the learning rate at each step: warm-up over a hundredth, then a cosine down to a tenth."""
    warm_up = max(round(WARM_UP * steps), 1)
    return np.asarray(schedules.cosine(np.arange(1, steps + 1), steps, FINAL, warm_up))


# -- teachers and theory -----------------------------------------------------------------------------------------------


def toy_teacher(config: SoftmaxLawConfig, repeat: int) -> Float[np.ndarray, "classes inputs"]:
    """Return W* of a repeat at temperature 1."""
    return _drawn(config.seed, "teacher", repeat, config.toy.classes, config.toy.inputs)


def toy_start(config: SoftmaxLawConfig, repeat: int) -> Float[np.ndarray, "classes inputs"]:
    """Return the draw, independent of the teacher, that W(0) is a multiple of."""
    return _drawn(config.seed, "start", repeat, config.toy.classes, config.toy.inputs)


def toy_inputs(samples: int, inputs: int, rng: np.random.Generator) -> Float[np.ndarray, "samples inputs"]:
    """Return Gaussian inputs scaled to |x|^2 = inputs."""
    drawn = rng.standard_normal((samples, inputs))
    return np.asarray(drawn * (math.sqrt(inputs) / np.linalg.norm(drawn, axis=1, keepdims=True)))


def toy_sample(config: SoftmaxLawConfig, repeat: int) -> tuple[LogitSample, float]:
    """Return the quadrature of a teacher's direction W* / |W*|, and |W*| at temperature 1."""
    toy = config.toy
    return _sample(config.seed, repeat, toy.classes, toy.inputs, config.theory_points)


@dataclass(frozen=True)
class ToyFlow:
    """The aligned students of all repeats at some times; scale: standard deviation of the logits."""

    loss: Float[np.ndarray, "repeats times"]
    norm: Float[np.ndarray, "repeats times"]
    gradient: Float[np.ndarray, "repeats times"]
    scale: Float[np.ndarray, "repeats times"]


def toy_flow(config: SoftmaxLawConfig, temperature: float, tau: Float[np.ndarray, "times"]) -> ToyFlow:
    """Return the aligned students along gradient flow, at the times tau."""
    rows = []
    for repeat in range(config.toy.repeats):
        sample, norm = toy_sample(config, repeat)
        flow = aligned_flow(tau, norm / temperature, sample)
        unit = float(sample.weight @ sample.logits.std(axis=1))
        rows.append((np.maximum(flow.loss, TINY), flow.scale, flow.gradient, unit * flow.scale))
    return ToyFlow(*(np.stack(each) for each in zip(*rows, strict=True)))


@lru_cache(maxsize=64)
def _drawn(seed: int, use: str, repeat: int, classes: int, inputs: int) -> Float[np.ndarray, "classes inputs"]:
    uniform = Seeds(seed).numpy("toy", use, classes, inputs, repeat).uniform(-1, 1, (classes, inputs))
    return np.asarray(uniform / math.sqrt(inputs))


@lru_cache(maxsize=16)
def _sample(seed: int, repeat: int, classes: int, inputs: int, points: int) -> tuple[LogitSample, float]:
    weights = centre(_drawn(seed, "teacher", repeat, classes, inputs))
    norm = float(np.linalg.norm(weights))
    x = toy_inputs(points, inputs, Seeds(seed).numpy("toy", "theory", classes, inputs, repeat))
    logits = x @ weights.T / norm
    peak = low_temperature(classes)[1] / float(logits.std())  # as if energies were independent
    return LogitSample(logits, np.full(points, 1 / points), peak), norm


# -- slopes ------------------------------------------------------------------------------------------------------------


def slopes_over(
    x: Float[np.ndarray, "times"], y: Float[np.ndarray, "repeats times"], factor: float
) -> tuple[Float[np.ndarray, "places"], Float[np.ndarray, "repeats places"]]:
    """Return log-log slopes of y between x and factor x, and the x at which they begin.

    A difference over a fixed factor is no derivative: it is smooth where readings are noisy; theory is read alike.
    """
    starts = x[x <= x[-1] / factor * (1 + ROUNDING)]
    return starts, _slopes_from(starts, x, y, factor)


def slopes_until(
    x: Float[np.ndarray, "times"], y: Float[np.ndarray, "repeats times"], factor: float
) -> tuple[Float[np.ndarray, "places"], Float[np.ndarray, "repeats places"]]:
    """Return log-log slopes of y between x / factor and x, and the x at which they end: the last x is one of them."""
    ends = x[x >= x[0] * factor * (1 - ROUNDING)]
    return ends, _slopes_from(ends / factor, x, y, factor)


def _slopes_from(
    starts: Float[np.ndarray, "places"],
    x: Float[np.ndarray, "times"],
    y: Float[np.ndarray, "repeats times"],
    factor: float,
) -> Float[np.ndarray, "repeats places"]:
    log_x, begins = np.log(x), np.log(starts)
    ends = begins + math.log(factor)
    found = [
        (np.interp(ends, log_x, row) - np.interp(begins, log_x, row)) / math.log(factor)
        for row in np.log(np.maximum(y, TINY))
    ]
    return np.stack(found)


# -- training ----------------------------------------------------------------------------------------------------------


def train_cells(
    name: str,
    cells: Sequence[Cell],
    read_at: Sequence[int],
    config: SoftmaxLawConfig,
    context: Context,
    repeat: int,
    *,
    batch: int,
    rule: str = "adam",
    factors: Float[np.ndarray, "steps"] | None = None,
    teachers: Sequence[Float[np.ndarray, "classes inputs"]] | None = None,
    also: "Callable[[Tensor, Tensor], Mapping[str, Tensor]] | None" = None,
) -> Arrays:
    """Return what is read of a grid of students of one repeat's teacher, each (cells, times); a unit of work.

    Args:
        name: of the unit; the repeat is added.
        cells: what is trained.
        read_at: numbers of steps after which the students are read.
        config, context: of the run.
        repeat: which teacher.
        batch: fresh inputs a step.
        rule: "adam" or "sgd".
        factors: of the learning rate at each step; None: 1.
        teachers: W* of each cell at temperature 1; None: the repeat's for all.
        also: further numbers of (weights of all, inputs shown).
    """

    def compute() -> Mapping[str, np.ndarray]:
        import torch

        from solv.models.softmax_law.student_grid import GridStudent, train_grid

        def tensor(values: np.ndarray) -> torch.Tensor:
            return torch.as_tensor(values, dtype=torch.float32, device=context.device)

        by_teacher: dict[int, torch.Tensor] = {}
        drawn = teachers or [toy_teacher(config, repeat)] * len(cells)
        for each in drawn:
            by_teacher.setdefault(id(each), tensor(each))
        students = [
            GridStudent(
                by_teacher[id(teacher)],
                cell.temperature,
                cell.rate,
                tensor(toy_start(config, repeat) * cell.start / cell.temperature) if cell.start else None,
                cell.decay,
            )
            for cell, teacher in zip(cells, drawn, strict=True)
        ]
        shown = tensor(toy_inputs(config.toy.shown, config.toy.inputs, context.seeds.numpy(name, "shown", repeat)))
        place = context.checkpoint(f"{name} {repeat}")
        saved = place.load()
        start = 0 if saved is None else int(saved["ensemble"]["step"])
        with context.progress.task(f"{name}: {len(cells)} students", read_at[-1] - start) as step:

            def tell(taken: int) -> None:
                if taken % TELL_EVERY == 0:
                    step.advance(TELL_EVERY)

            found = train_grid(
                students,
                shown,
                read_at,
                context.seeds.torch(name, "batches", repeat, device=context.device),
                batch=batch,
                rule="adam" if rule == "adam" else "sgd",
                schedule=(lambda taken: 1.0) if factors is None else (lambda taken: float(factors[taken])),
                told=tell,
                also=None if also is None else (lambda weights: also(weights, shown)),
                saved=saved,
                save=place.save,
                save_every=SAVE_EVERY,
            )
        place.path.unlink(missing_ok=True)
        return {key: value.cpu().numpy() for key, value in found.items()}

    return context.unit(f"{name} {repeat}", compute)


def all_near(rows: Curves, laws: Sequence[float], tolerance: float) -> list[Verdict]:
    """Judge whether measured rows are near their laws, each within the tolerance and its error.

    Rows of one kind have errors of one size: few teachers tell it badly for each, and well for all together. It is the
    root mean square of theirs, and counts as often as Student's t has it for the worst of so many.
    """
    if rows.empty:
        return []
    error = known(math.sqrt(float((rows["y_err"] ** 2).mean())), float(rows["n"].min()))
    sigmas = float(stdtrit(max(int((rows["n"] - 1).sum()), 1), 1 - ALARM / len(rows)))
    return [within(y, law, tolerance, error, sigmas=sigmas) for y, law in zip(rows["y"], laws, strict=True)]


def few(n: float) -> float:
    """Return how many standard errors count for one mean over n teachers."""
    return float(stdtrit(max(int(n) - 1, 1), 1 - ALARM))


def over_repeats(found: Sequence[Mapping[str, Any]]) -> dict[str, Float[np.ndarray, "cells repeats times"]]:
    """Return readings of several repeats, each (cells, times), as (cells, repeats, times)."""
    return {key: np.stack([each[key] for each in found], axis=1) for key in found[0]}
