"""What can be set in softmax-law, and what follows from the settings alone: variants, rates, times, teachers."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.language import LanguageSettings
from solv.harness.seeds import Seeds
from solv.harness.settings import RunSettings, group, integer, integers, real, reals
from solv.theory.softmax_law.loss import LogitSample, centre, crossover_time, sample_logits, two_classes

NAME = "softmax-law"
PEAKED = 8.0  # least beta that has a power law, is trained to the horizon, and enters the crossover
CONTROLS = ("growing", "normalised", "normalised, long", "adam", "adam, short", "squared")
FITTED_CONTROLS = CONTROLS[:-1]  # the squared loss has no power law to be fitted to
NORMALISED = ("normalised", "normalised, long")
STATED = 8  # V for which rate and horizons are stated; those of others are in proportion, since the curvature is ~ 1/V
QUANTITIES = {"loss": -1 / 3, "norm": 1 / 3, "gradient": -2 / 3}  # exponents of equation (3)
ROUNDING = 1e-6  # divergences below it are not fitted
NETWORKS = ("normalised MLP", "MLP", "bigram")


@dataclass(frozen=True)
class Controls:
    """What breaks the law (E3): other rules, on a fixed training set."""

    steps: int = integer(600, "training steps", least=20)
    samples: int = integer(8192, "inputs of the training set", least=100)
    growth: float = real(0.5, "p of the learning rate (1 + t/10)^p", above=0)
    normalised_rate: float = real(0.1, "step of normalised descent, short enough for the curvature", above=0)
    long_rate: float = real(0.3, "step of normalised descent, too long for the curvature at the end", above=0)
    adam_rate: float = real(0.04, "learning rate of Adam, beta2 = 0.999: fewer steps than it remembers", above=0)
    short_rate: float = real(0.02, "learning rate of Adam with a short memory", above=0)
    short_memory: float = real(0.9, "beta2 of Adam with a short memory", least=0, below=1)
    squared_rate: float = real(0.1, "learning rate for the squared loss of the logits, beta = 1", above=0)


@dataclass(frozen=True)
class Networks:
    """Networks in place of the linear student (E4)."""

    hidden: int = integer(32, "hidden units of the MLP", least=1)
    batch: int = integer(1024, "fresh inputs per step of the MLP", least=1)
    first_rate: float = real(0.4, "learning rate of the first layer of the normalised MLP, constant", above=0)
    plain_rate: float = real(0.6, "learning rate of both layers of the MLP, constant", above=0)
    plain_horizon: float = real(600.0, "largest time s of the MLP", above=0)
    tokens: int = integer(64, "vocabulary of the bigram language", least=2)
    width: int = integer(64, "embedding width of the bigram model", least=1)
    zipf: float = real(1.0, "exponent of its unigrams", least=0)
    bigram_beta: float = real(8.0, "peakedness of its conditionals; a one-hot language is always learned too", above=0)
    bigram_rate: float = real(0.5, "learning rate of the bigram model, constant", above=0)
    bigram_horizon: float = real(1000.0, "largest time s of the bigram model", above=0)


@dataclass(frozen=True)
class SoftmaxLawConfig(RunSettings):
    """Settings of softmax-law; the defaults are the quick preset.

    Students see fresh batches. The one-hot target of the first V is also learned on a fixed training set: its gradient
    falls below the noise of a batch long before its loss does.
    """

    beta: tuple[float, ...] = reals(
        [1, 2, 4, 8, 16, 32, math.inf], "inverse temperature of the target, inf: one-hot", above=0, infinite=True
    )
    classes: tuple[int, ...] = integers([8, 2, 32], "classes V; the first serves most panels", least=2)
    dimension: tuple[int, ...] = integers([8, 16], "input dimensions d; the first for all but one panel", least=1)
    rate: float = real(2.0, "learning rate for V = 8, others ~ V; times (1 + 8 s/10V)^(1/3) to the crossover", above=0)
    horizon: float = real(1e4, "largest time s for beta >= 8 and V = 8, others ~ V", least=1e3)
    short_horizon: float = real(600.0, "largest time s for beta < 8 and V = 8, others ~ V", least=200)
    window: float = real(100.0, "least time s of the fits", above=0)
    late: float = real(8.0, "least time of the fits to other V and d, in units of C^2", above=0)
    span: float = real(70.0, "ratio of the latest to that time, at least", above=1)
    batch: int = integer(2048, "fresh inputs per step", least=1)
    small_batch: int = integer(512, "fresh inputs per step, in the panel on universality", least=1)
    samples: int = integer(16384, "inputs on which students are measured, and of the fixed training set", least=100)
    repeats: int = integer(4, "teachers", least=2)
    theory_points: int = integer(3000, "Monte-Carlo points of the theory, per teacher", least=1000)
    population_points: int = integer(
        400_000, "points that give the mean over all inputs to the sampled loss of the one-hot target", least=1000
    )
    controls: Controls = group(Controls, "other rules")
    networks: Networks = group(Networks, "networks with a hidden layer")
    language: LanguageSettings = group(LanguageSettings, "a language model")


@dataclass(frozen=True)
class Variant:
    """What a linear student is, but for its target; batch 0 is the fixed training set."""

    classes: int
    dimension: int
    batch: int


def variants(config: SoftmaxLawConfig) -> dict[str, Variant]:
    """Return the linear students of the panel on universality, by category; all have the one-hot target."""
    (first, *more), (d, *wider), batch = config.classes, config.dimension, config.batch
    return {
        f"V={first}": Variant(first, d, 0),
        **{f"V={classes}": Variant(classes, d, batch) for classes in more},
        **{f"d={dimension}": Variant(first, dimension, batch) for dimension in wider},
        **{f"batch {size}": Variant(first, d, size) for size in (batch, config.small_batch)},
    }


def shown(config: SoftmaxLawConfig, classes: int, beta: float) -> Variant:
    """Return the student that the panels against time show for one V and target."""
    fixed = math.isinf(beta) and classes == config.classes[0]
    return Variant(classes, config.dimension[0], 0 if fixed else config.batch)


def categories(config: SoftmaxLawConfig) -> tuple[str, ...]:
    """Return all categories of that panel: linear students, then networks."""
    return (*variants(config), *NETWORKS)


def window(config: SoftmaxLawConfig, variant: Variant) -> tuple[float, float]:
    """Return the times of the fit: L = (C / a) F(a / C) is near its limit once a^3 = 3 C s is many C^3."""
    horizon = config.horizon * variant.classes / STATED
    if not variant.batch:
        return config.window, horizon
    peaks = [sample.peak for sample in teacher_samples(config, variant.classes, variant.dimension)]
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


def control_steps(config: SoftmaxLawConfig) -> list[int]:
    """Return the numbers of steps after which a control is measured."""
    return sorted({round(t) for t in np.geomspace(2, config.controls.steps, 24)})


def growing_rates(config: SoftmaxLawConfig) -> Float[np.ndarray, "steps"]:
    """Return the learning rates of the control that is called growing."""
    start = config.rate * config.classes[0] / STATED
    return np.asarray(start * (1 + np.arange(config.controls.steps) / 10) ** config.controls.growth)


def teacher_weights(
    config: SoftmaxLawConfig, classes: int, dimension: int | None = None
) -> Float[np.ndarray, "repeats classes d"]:
    """Return centred W* of each repeat, entries N(0, 1/d) before centring; d: the first dimension by default."""
    return _weights(config.seed, classes, dimension or config.dimension[0], config.repeats)


def teacher_norms(config: SoftmaxLawConfig, classes: int) -> Float[np.ndarray, "repeats"]:
    """Return the norm of each W*."""
    return np.asarray(np.linalg.norm(teacher_weights(config, classes), axis=(1, 2)))


def teacher_samples(config: SoftmaxLawConfig, classes: int, dimension: int | None = None) -> list[LogitSample]:
    """Return the quadrature of each teacher's direction; exact for two classes, where all directions are alike."""
    return list(_samples(config.seed, classes, dimension or config.dimension[0], config.repeats, config.theory_points))


def _weights(seed: int, classes: int, dimension: int, repeats: int) -> Float[np.ndarray, "repeats classes d"]:
    streams = [Seeds(seed).numpy("teacher", classes, dimension, r) for r in range(repeats)]
    return np.stack([centre(stream.standard_normal((classes, dimension)) / math.sqrt(dimension)) for stream in streams])


@lru_cache(maxsize=16)  # theory and measurement ask for the same ones
def _samples(seed: int, classes: int, dimension: int, repeats: int, points: int) -> tuple[LogitSample, ...]:
    if classes == 2:
        return (two_classes(1000),) * repeats
    weights = _weights(seed, classes, dimension, repeats)
    return tuple(sample_logits(each, points, place) for place, each in enumerate(weights))
