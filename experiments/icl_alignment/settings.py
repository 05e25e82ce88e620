"""What can be set in icl-alignment, and which task covariances do its names stand for?

A covariance is a name, resolved at a dimension d: its eigenvalues have mean one, in an order that pretraining and test
share, so that both are diagonal together (rotations of the scatter aside).
"""

import math
from dataclasses import dataclass

import numpy as np

from solv.harness.seeds import Seeds
from solv.harness.settings import (
    ConfigurationError,
    RunSettings,
    flag,
    group,
    integer,
    integers,
    real,
    reals,
    texts,
)
from solv.theory.icl_alignment.covariances import (
    exponential_spectrum,
    power_law_spectrum,
    projector_spectrum,
    random_rotation,
    rotated_covariance,
    spiked_spectrum,
)

NAME = "icl-alignment"
FAMILIES = ("half", "power-law", "exponential", "spikes", "isotropic")
CORE_TESTS = ("same", "isotropic", "reversed")
EXPONENTIAL_RATE = 3.0  # condition number e^3
SPIKED = 10, 0.5  # one direction in ten carries half of the variance


@dataclass(frozen=True)
class Simulation:
    """Size of the simulated linear attention; d itself is `dimension`."""

    repeats: int = integer(6, "independent pretraining sets, with tasks of their own", least=2)


@dataclass(frozen=True)
class Descent:
    """Error against the number of pretraining contexts and against their length (E2)."""

    tau: tuple[float, ...] = reals(
        [0.2, 0.4, 0.6, 0.8, 1.2, 1.5, 2, 4], "tau of the simulated points, none at the peak tau = 1", above=0
    )
    alpha: tuple[float, ...] = reals(
        [0.5, 1, 2, 4, 8], "alpha of the simulated points, at pretraining and test", above=0
    )
    kappa: float = real(2, "task diversity of the three panels of E2", above=0)


@dataclass(frozen=True)
class FiniteSize:
    """How simulation approaches theory as d grows."""

    dimension: tuple[int, ...] = integers([20, 40, 80], "dimensions d; repeats grow as 1/d below the largest", least=4)
    tau: tuple[float, ...] = reals([0.5, 2], "pretraining contexts per squared dimension", above=0)
    alpha: float = real(2, "context length per dimension", above=0)
    kappa: float = real(2, "task diversity", above=0)
    rho: float = real(0.05, "label-noise variance", least=0)
    p: float = real(0.8, "exponent of the pretraining spectrum c_i ~ i^-p")
    repeats: int = integer(6, "independent pretraining sets at the largest d", least=2)


@dataclass(frozen=True)
class Scatter:
    """Errors of many pairs of pretraining and test covariance against what should predict them (E3)."""

    dimension: int = integer(40, "token dimension d", least=10)
    train: tuple[str, ...] = texts(
        ["power-law", "exponential", "spikes"], "pretraining covariances", choices=FAMILIES[:-1]
    )
    kappa: tuple[float, ...] = reals([0.2, 0.5, 2, 10], "task diversities", above=0)
    tau: tuple[float, ...] = reals([4, 0.5], "pretraining; the first is drawn and judged, the others reported", above=0)
    p: tuple[float, ...] = reals([0.4, 0.65, 0.9, 1.15, 1.4], "exponents of the power laws tested")
    rate: tuple[float, ...] = reals([1, 2, 4], "rates of the exponential spectra tested", above=0)
    share: tuple[float, ...] = reals([0.3, 0.7], "shares of variance on the spiked directions tested", above=0, below=1)
    angle: tuple[float, ...] = reals(
        [0.5, 1.5, math.inf], "rotations of the pretraining covariance tested: largest angle", above=0, infinite=True
    )


@dataclass(frozen=True)
class Diversity:
    """Where diversity helps and hurts (E5): halves C_tr = (2f, 2(1-f)), C_te = (2s, 2(1-s))."""

    columns: int = integer(41, "values of 1 - f in the maps, from 0.001 to 0.5", least=2)
    rows: int = integer(41, "values of s in the maps, from 0 to 1", least=2)
    kappas: int = integer(241, "values of kappa, from 0.1 to 100, among which the best is sought", least=10)
    few: float = real(0.5, "kappa of little diversity in the map of the gain", above=0)
    many: float = real(10, "kappa of much diversity in the map of the gain", above=0)
    unseen: tuple[float, ...] = reals([0.001, 0.02, 0.2], "1 - f of the simulated points", above=0, most=0.5)
    s: tuple[float, ...] = reals([0.1, 0.3, 0.5, 0.7, 0.9], "s of the simulated points", least=0, most=1)


@dataclass(frozen=True)
class Pretraining:
    """Which power law is best to pretrain on, for a power law at test; at the first rho."""

    test_p: float = real(0.9, "exponent of the test spectrum")
    p: tuple[float, ...] = reals([0.3, 0.6, 0.9, 1.3, 1.7], "exponents of the simulated pretraining spectra")
    tau: float = real(4, "pretraining contexts per squared dimension", above=0)
    alpha: tuple[float, ...] = reals([10, 2], "context lengths per dimension, one case each", above=0)
    kappa: tuple[float, ...] = reals([2, 0.5], "task diversities of the same cases", above=0)


@dataclass(frozen=True)
class Transformer:
    """The nonlinear transformer (E4), pretrained on the power law of exponent `p` at the first alpha and rho."""

    enabled: bool = flag(True, "whether it is trained at all")
    dimension: int = integer(10, "token dimension d", least=4)
    kappa: tuple[float, ...] = reals([0.2, 0.5, 1, 2, 10], "task diversities", above=0)
    link: tuple[str, ...] = texts(
        ["linear"], "label as a function of w.x", choices=("linear", "tanh", "square", "cube")
    )
    p: float = real(0.9, "exponent of the pretraining spectrum")
    test_p: tuple[float, ...] = reals([-0.9, 0, 0.4, 0.65, 0.9, 1.15, 1.4, 2], "exponents of the test spectra")
    seeds: int = integer(3, "independent trainings per task diversity and link", least=2)
    width: int = integer(32, "dimension of the residual stream", least=1)
    hidden: int = integer(64, "hidden units of each MLP", least=1)
    layers: int = integer(2, "layers", least=1)
    steps: int = integer(400, "training steps", least=1)
    batch: int = integer(64, "fresh contexts per step", least=1)
    learning_rate: float = real(3e-3, "of Adam; rises over a tenth of the steps, then decays along a cosine", above=0)
    contexts: int = integer(1024, "test contexts per training and test spectrum", least=1)


@dataclass(frozen=True)
class IclAlignmentConfig(RunSettings):
    """Settings of icl-alignment; the defaults are the quick preset."""

    dimension: int = integer(40, "token dimension d of spectra and simulations; theory at any d is quick", least=4)
    train: tuple[str, ...] = texts(
        ["half", "power-law"], "pretraining covariances: half of the directions (2, 0), i^-p, ...", choices=FAMILIES
    )
    test: tuple[str, ...] = texts(
        ["same", "isotropic", "reversed", "power-law", "spikes"],
        "test covariances; reversed: pretraining's eigenvalues in reverse order (of half: its complement)",
        choices=("same", "reversed", *FAMILIES),
    )
    p: float = real(0.9, "exponent of the spectrum called power-law, c_i ~ i^-p")
    alpha: tuple[float, ...] = reals([2], "context length per dimension, l/d", above=0)
    tau: tuple[float, ...] = reals(
        [4], "pretraining contexts per squared dimension, n/d^2; 1 (the peak) and inf in theory alone", above=0,
        infinite=True,
    )  # fmt: skip
    kappa: tuple[float, ...] = reals(
        [0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5, 20, 50], "distinct pretraining tasks per dimension, k/d", above=0
    )
    rho: tuple[float, ...] = reals([0.01], "label-noise variance", least=0)
    test_alpha: tuple[float, ...] = reals([0.5, 1, 2, 4, 8, 32], "context length per dimension at test (E2)", above=0)
    simulation: Simulation = group(Simulation, "size of the simulated model")
    descent: Descent = group(Descent, "error against pretraining and context")
    finite_size: FiniteSize = group(FiniteSize, "the finite-size panel")
    scatter: Scatter = group(Scatter, "alignment against its rivals")
    diversity: Diversity = group(Diversity, "the maps of best diversity")
    pretraining: Pretraining = group(Pretraining, "the best pretraining covariance")
    transformer: Transformer = group(Transformer, "the nonlinear transformer")


def train_spectrum(name: str, d: int, p: float) -> np.ndarray:
    """Return the eigenvalues of the family called `name`."""
    if name == "half":
        return projector_spectrum(d, 0.5)
    if name == "power-law":
        return power_law_spectrum(d, p)
    if name == "exponential":
        return exponential_spectrum(d, EXPONENTIAL_RATE)
    if name == "spikes":
        fraction, share = SPIKED
        return spiked_spectrum(d, max(1, round(d / fraction)), share)
    return np.ones(d)


def tested_spectrum(name: str, train: str, d: int, p: float) -> np.ndarray:
    """Return the test eigenvalues called `name` beside pretraining on `train`."""
    if name in ("same", "reversed"):
        return train_spectrum(train, d, p)[:: -1 if name == "reversed" else 1].copy()
    return train_spectrum(name, d, p)


def tested_beside(config: IclAlignmentConfig, train: str) -> list[str]:
    """Return the test covariances beside one pretraining covariance, each once."""
    return [name for name in config.test if not (name == train and "same" in config.test)]


def scatter_tests(config: IclAlignmentConfig, train: str) -> dict[str, np.ndarray]:
    """Return the test covariances of the scatter beside one pretraining covariance: diagonals, or matrices if rotated.

    Rotations are drawn from the run's seed, the same for every pretraining covariance.
    """
    d, scatter = config.scatter.dimension, config.scatter
    spikes = max(1, round(d / SPIKED[0]))
    own = train_spectrum(train, d, config.p)
    found = {f"power law {p:g}": power_law_spectrum(d, p) for p in scatter.p}
    found |= {f"exponential {rate:g}": exponential_spectrum(d, rate) for rate in scatter.rate}
    found |= {f"spikes {share:g}": spiked_spectrum(d, spikes, share) for share in scatter.share}
    for angle in scatter.angle:
        turn = random_rotation(d, angle, Seeds(config.seed).numpy("rotation", angle))
        found[f"rotated {angle:g}"] = rotated_covariance(own, turn)
    return {**found, "reversed": own[::-1].copy()}


def halves(fraction: float, d: int) -> np.ndarray:
    """Return the spectrum (2f, 2(1-f)), each on half of the directions."""
    return fraction * projector_spectrum(d, 0.5) + (1 - fraction) * projector_spectrum(d, 0.5, complement=True)


def require_tasks(config: IclAlignmentConfig) -> None:
    """Refuse task diversities of less than one task and cases of the best pretraining that do not pair up.

    Raises:
        ConfigurationError: names the key.
    """
    axes = [
        ("kappa", config.kappa, config.dimension),
        ("descent.kappa", (config.descent.kappa,), config.dimension),
        ("finite_size.kappa", (config.finite_size.kappa,), min(config.finite_size.dimension)),
        ("scatter.kappa", config.scatter.kappa, config.scatter.dimension),
        ("diversity.few", (config.diversity.few,), config.dimension),
        ("diversity.many", (config.diversity.many,), config.dimension),
        ("pretraining.kappa", config.pretraining.kappa, config.dimension),
        ("transformer.kappa", config.transformer.kappa, config.transformer.dimension),
    ]
    for key, kappas, d in axes:
        if min(kappas) * d < 1:
            raise ConfigurationError(f"{key} = {min(kappas):g} is less than one task at d = {d}; valid: >= {1 / d:g}")
    if len(config.pretraining.alpha) != len(config.pretraining.kappa):
        raise ConfigurationError("pretraining.alpha and pretraining.kappa are cases in pairs; give equally many values")
