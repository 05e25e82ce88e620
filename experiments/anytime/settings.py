"""What can be set in anytime? The regression, its horizon and the sizes of each part; the defaults are `quick`."""

from dataclasses import dataclass

from solv.experiments.anytime.language import LanguageSettings
from solv.harness.settings import ConfigurationError, RunSettings, flag, group, integer, integers, real, reals


@dataclass(frozen=True)
class Nodes:
    """How finely the spectrum is resolved (`theory/anytime/spectrum.py`)."""

    exact: int = integer(30, "eigenvalues that are nodes of their own", least=0)
    ratio: float = real(1.08, "of the ends of a bin beyond", above=1)


@dataclass(frozen=True)
class Regret:
    """Anytime curves against a cosine that is tuned for each stopping time (S3)."""

    labels: tuple[float, ...] = reals(
        [3.125, 6.25, 12.5, 25], "EMA labels f: the half-life is t/f steps", above=0, most=500
    )
    offsets: tuple[float, ...] = reals(
        [0.05], "offsets alpha of (1 + t/alpha)^-gamma, as parts of the horizon", above=0
    )


@dataclass(frozen=True)
class Figure3:
    """The paper's synthetic figure: uniform averages at the multiplier of least mean risk (S1)."""

    multipliers: tuple[float, ...] = reals(
        [
            *(1e-4, 2e-4, 5e-4, 7e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.03, 0.05),
            *(0.075, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2, 3, 5, 10),
        ],
        "peaks that are tried, times 1/tr H",
        above=0,
    )


@dataclass(frozen=True)
class Rates:
    """Exponents of the averaged risk, between a quarter of the horizon and the horizon (section 3)."""

    gamma: tuple[float, ...] = reals([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], "exponents of t^-gamma", least=0, below=1)
    horizon: int = integer(32_000, "steps", least=40)
    dimension: int = integer(10**7, "dimension", least=1)
    sigma2: float = real(1, "variance of the label noise", least=0)
    multiplier: float = real(0.5, "peak, times 1/tr H", above=0, most=0.6)


@dataclass(frozen=True)
class Simulation:
    """SGD that is really run (S2)."""

    a: float = real(1.5, "capacity", above=1)
    b: float = real(2.5, "source", above=1)
    sigma2: float = real(0.25, "variance of the label noise", least=0)
    dimension: int = integer(100, "dimension", least=1)
    steps: int = integer(500, "steps", least=40)
    replicas: int = integer(1000, "independent runs", least=2)
    batch: tuple[int, ...] = integers([1, 4], "samples a step", least=1)


@dataclass(frozen=True)
class AnytimeConfig(RunSettings):
    """Settings of anytime; the defaults are the quick preset."""

    a: tuple[float, ...] = reals([1.5], "capacity: eigenvalues i^-a", above=1)
    b: tuple[float, ...] = reals([1.5, 3], "source: eigenvalue times squared target i^-b", above=0)
    b_in_units_of_a: bool = flag(False, "whether b counts in units of each a")
    horizon: int = integer(20_000, "longest training, in steps", least=100)
    sigma2: float = real(0.01, "variance of the label noise", least=0)
    batch: int = integer(1, "samples a step", least=1)
    dimension: int = integer(500_000, "dimension", least=1)
    normalize: bool = flag(False, "whether the target is scaled to norm 1")
    nodes: Nodes = group(Nodes, "resolution of the spectrum")
    regret: Regret = group(Regret, "anytime curves against the tuned cosine")
    figure3: Figure3 = group(Figure3, "the paper's synthetic figure")
    rates: Rates = group(Rates, "exponents of the risk")
    simulation: Simulation = group(Simulation, "SGD that is really run")
    language: LanguageSettings = group(LanguageSettings, "language models that are trained")


def cases(config: AnytimeConfig) -> list[tuple[float, float]]:
    """Return every (a, b).

    Raises:
        ConfigurationError: a b that is at most 1, where the risk has no limit.
    """
    found = [(a, b * a if config.b_in_units_of_a else b) for a in config.a for b in config.b]
    for a, b in found:
        if b <= 1:
            raise ConfigurationError(f"b = {b:g} at a = {a:g} is out of range; valid: > 1")
    return found
