"""How far do more samples and a judge carry? The best-of-k experiment: settings, predicted curves and panels.

Halder and Pehlevan, arXiv:2512.19905. E1 error against samples; E2 against temperature; E3 the judge's direction; E4
the inverse-square law and what difficulty does to it; E5 data against samples; E6 anisotropic inputs; E7 a language
model (`experiments/best_of_k/language.py`). What is measured is in `experiments/best_of_k/measurements.py`, the claims
in `experiments/best_of_k/claims.py`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solv.experiments.best_of_k.language import LanguageSettings, language_panels, require_language
from solv.harness import catalog
from solv.harness.contract import Context
from solv.harness.settings import RunSettings, group, integer, integers, real, reals
from solv.theory.best_of_k.selection import (
    Equivalents,
    WeightMoments,
    data_versus_samples,
    decay_exponent,
    equivalents_from_moments,
    inverse_square_coefficient,
    optimal_samples,
    selection_error,
)
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, curve, join_curves
from solv.tracking.figures import Map, Panel, Slope

NAME = "best-of-k"
EXPONENT_WINDOW = (64, 256)  # samples between which the exponent of the decay is read, in theory and simulation


@dataclass(frozen=True)
class Simulation:
    """Size of the simulated regression."""

    dimension: int = integer(200, "input dimension d", least=4)
    repeats: int = integer(40, "independent training sets", least=2)
    points: int = integer(1500, "test points per training set", least=1)


@dataclass(frozen=True)
class Temperature:
    """Error against the selection temperature at fixed k (E2)."""

    k: int = integer(16, "number of samples", least=2)
    simulated: tuple[float, ...] = reals([0, 0.02, 0.1, 0.3, 1.3, 5], "simulated temperatures", least=0)
    best_at: tuple[int, ...] = integers([4, 16, 64], "numbers of samples whose best temperature is drawn", least=2)


@dataclass(frozen=True)
class Direction:
    """Judges along the teacher, w_R = (1 + c) w_T (E3)."""

    alpha: float = real(0.8, "training samples per dimension", above=0)
    temperature: float = real(0.3, "selection temperature", least=0)
    k: int = integer(16, "number of samples", least=2)
    c: tuple[float, ...] = reals([-0.1, 0, 0.05, 0.1, 0.2, 0.3, 0.4], "simulated scales of the judge", least=-1)


@dataclass(frozen=True)
class BestOf:
    """Best of k by the teacher itself, T = 0 (E4)."""

    alpha: tuple[float, ...] = reals([0.5, 1, 2, 8], "training samples per dimension", above=0)
    most: int = integer(10**5, "largest k of theory", least=1000)
    repeats: int = integer(40, "independent training sets", least=2)
    points: int = integer(3000, "test points per training set: rare hard ones decide", least=1)


@dataclass(frozen=True)
class DataAgainstSamples:
    """What to double, data or samples (E5)."""

    mis: float = real(0.3, "misspecification of the judge", least=0)
    temperature: float = real(0.1, "selection temperature", least=0)
    columns: int = integer(24, "values of alpha in the map, from 0.25 to 16", least=2)
    rows: int = integer(25, "values of k in the map, from 1 to 256", least=2)
    alpha: tuple[float, ...] = reals([0.5, 2, 8], "alpha of the simulated points", above=0)
    k: tuple[int, ...] = integers([2, 16, 64], "k of the simulated points", least=1)


@dataclass(frozen=True)
class Anisotropic:
    """Inputs with a power-law spectrum, lam_i = i^-a (E6)."""

    a: float = real(1, "decay of the spectrum", least=0)
    temperature: float = real(0.05, "selection temperature", least=0)


@dataclass(frozen=True)
class BestOfKConfig(RunSettings):
    """Settings of best-of-k; the defaults are the quick preset."""

    alpha: tuple[float, ...] = reals([2], "training samples per dimension, n/d", above=0)
    sigma0: float = real(0.5, "label noise", least=0)
    sigma: float = real(0.5, "noise that the model believes in", above=0)
    gamma: float = real(1, "prior deviation of the weights", above=0)
    mis: tuple[float, ...] = reals([0, 0.1, 0.3, 0.6, 1], "misspecification of the judge, w_R = w_T + mis R", least=0)
    temperature: tuple[float, ...] = reals(
        [0, 0.1, 0.5], "selection temperature T; 0: best of k, inf: none", least=0, infinite=True
    )
    k: tuple[int, ...] = integers([1, 2, 4, 8, 16, 32, 64, 128, 256], "numbers of samples", least=1, most=10**9)
    simulation: Simulation = group(Simulation, "size of the simulated regression")
    against_temperature: Temperature = group(Temperature, "error against temperature")
    direction: Direction = group(Direction, "judges along the teacher")
    best_of: BestOf = group(BestOf, "the inverse-square law")
    data: DataAgainstSamples = group(DataAgainstSamples, "data against samples")
    anisotropic: Anisotropic = group(Anisotropic, "power-law inputs")
    language: LanguageSettings = group(LanguageSettings, "the language model")


class BestOfK:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = BestOfKConfig

    def panels(self, config: BestOfKConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        error, samples = "error ε", "samples k"
        heat = config.against_temperature
        line, best = config.direction, config.best_of
        return [
            *(
                Panel(
                    samples_panel(alpha, temperature),
                    f"Error against samples: α = {alpha:g}, T = {temperature:g}",
                    samples,
                    error,
                    x_scale="log",
                    y_scale="log",
                    ordered=True,
                    main=True,
                )
                for alpha in config.alpha
                for temperature in config.temperature
            ),
            Panel(
                "optimal-samples",
                f"Optimal number of samples: α = {config.alpha[0]:g}",
                "misspecification of the judge",
                "optimal k",
                y_scale="log",
                ordered=True,
            ),
            Panel(
                "temperature",
                f"Error against temperature: α = {config.alpha[0]:g}, k = {heat.k}",
                "selection temperature T",
                error,
                x_scale="log",
                y_scale="log",
                ordered=True,
                note="T = 0 is drawn at the left end",
            ),
            Panel(
                "optimal-temperature",
                f"Optimal temperature: α = {config.alpha[0]:g}",
                "misspecification of the judge",
                "optimal T",
                y_scale="log",
                ordered=True,
                note="where no curve is, T = 0 is best",
            ),
            Panel(
                "direction",
                f"The best judge is not the teacher: α = {line.alpha:g}, T = {line.temperature:g}",
                "scale c of the judge (1 + c) w_T",
                error,
                verticals={0.0: "teacher"},
            ),
            Panel(
                "direction-gain",
                f"Gain over the teacher as judge: k = {line.k}",
                "scale c of the judge (1 + c) w_T",
                "ε(c) / ε(0)",
                verticals={0.0: "teacher"},
                note="paired over training sets",
            ),
            Panel(
                "best-of",
                "Best of k by the teacher, T = 0",
                samples,
                error,
                x_scale="log",
                y_scale="log",
                ordered=True,
                slopes=(Slope(-2, 3.0, 30, best.most, "slope -2"),),
            ),
            Panel(
                "coefficient",
                "Approach to the inverse-square law (7)",
                samples,
                "k² ε / coefficient",
                x_scale="log",
                y_limits=(0.0, 1.3),
                ordered=True,
            ),
            Panel(
                "difficulty",
                "Difficulty slows the decay (T = 0)",
                "difficulty D₂/s₂",
                "exponent -d log ε / d log k",
                verticals={0.5: "2 D₂ = s₂"},
            ),
            Panel(
                "data",
                f"Double samples or data? mis = {config.data.mis:g}, T = {config.data.temperature:g}",
                "training samples α = n/d",
                samples,
                x_scale="log",
                y_scale="log",
                heat=Map("k", "log_ratio", "log ε(2α, k) - log ε(α, 2k)   (> 0: double samples)", center=0.0),
            ),
            Panel(
                "anisotropic",
                f"Power-law inputs i^-{config.anisotropic.a:g}: T = {config.anisotropic.temperature:g}",
                samples,
                error,
                x_scale="log",
                y_scale="log",
                ordered=True,
            ),
            *language_panels(config.language),
        ]

    def predict(self, config: BestOfKConfig) -> Curves:
        """Return the theory curves of every panel."""
        return join_curves(
            [*_samples(config), *_temperature(config), *_direction(config), *_best_of(config), *_data(config)]
        )

    def require(self, config: BestOfKConfig) -> None:
        """Refuse questions and models of the user that cannot be read, before anything is computed."""
        require_language(config.language)

    def measure(self, config: BestOfKConfig, context: Context) -> Curves:
        """Return the simulated curves and those of the language model."""
        from solv.experiments.best_of_k.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        from solv.experiments.best_of_k.claims import check_claims

        return check_claims(curves)


EXPERIMENT = BestOfK()


# -- names and values shared with the measurements ------------------------------------------------------------------


def samples_panel(alpha: float, temperature: float) -> str:
    """Return the name of the panel of one (alpha, temperature)."""
    return f"samples α={alpha:g} T={temperature:g}"


def mis_series(mis: float) -> str:
    """Return the name of the series of one judge."""
    return "teacher as judge" if mis == 0 else f"mis={mis:g}"


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def spectrum(config: BestOfKConfig) -> np.ndarray:
    """Return the eigenvalues of the anisotropic inputs, at the dimension of the simulation."""
    eigenvalues: np.ndarray = np.arange(1, config.simulation.dimension + 1.0) ** -config.anisotropic.a
    return eigenvalues


def equivalents(
    config: BestOfKConfig, alpha: float, mis: float = 0.0, scale: float = 0.0, eigenvalues: np.ndarray | None = None
) -> Equivalents:
    """Return the deterministic equivalents of one judge; isotropic inputs unless eigenvalues are given."""
    values = np.ones(1) if eigenvalues is None else eigenvalues
    moments = WeightMoments.of_random_judge(len(values), mis, scale)
    return equivalents_from_moments(alpha, config.sigma0, config.sigma, config.gamma, values, moments)


def drawn_temperature(temperature: float, config: BestOfKConfig) -> float:
    """Return where a temperature is drawn on the logarithmic axis: T = 0 at its left end."""
    return temperature if temperature > 0 else _least_temperature(config)


def exponent(errors: np.ndarray) -> np.ndarray:
    """Return -d log eps / d log k from the errors at the two ends of the window, along the last axis."""
    low, high = EXPONENT_WINDOW
    slope: np.ndarray = -(np.log(errors[..., -1]) - np.log(errors[..., 0])) / math.log(high / low)
    return slope


# -- theory of each panel -------------------------------------------------------------------------------------------


def _samples(config: BestOfKConfig) -> Iterator[Curves]:
    for alpha in config.alpha:
        for temperature in config.temperature:
            for mis in config.mis:
                place = samples_panel(alpha, temperature), mis_series(mis), "theory"
                errors = selection_error(equivalents(config, alpha, mis), np.array(config.k), temperature)
                parameters = {"alpha": alpha, "temperature": temperature, "mis": mis}
                yield points(*place, "k", config.k, "error", errors, params=parameters)
    grid = np.linspace(0.3, 1.5, 9)
    for temperature in [each for each in config.temperature if math.isfinite(each)]:
        best = np.array(
            [optimal_samples(equivalents(config, config.alpha[0], mis), temperature).argument for mis in grid]
        )
        finite = np.isfinite(best)
        place = "optimal-samples", f"T={temperature:g}", "theory"
        parameters = {"alpha": config.alpha[0], "temperature": temperature}
        if finite.any():
            yield points(*place, "mis", grid[finite], "optimal_k", best[finite], params=parameters)
    eigenvalues, temperature = spectrum(config), config.anisotropic.temperature
    for mis in config.mis:
        errors = selection_error(
            equivalents(config, config.alpha[0], mis, eigenvalues=eigenvalues), np.array(config.k), temperature
        )
        parameters = {"alpha": config.alpha[0], "temperature": temperature, "mis": mis, "a": config.anisotropic.a}
        yield points("anisotropic", mis_series(mis), "theory", "k", config.k, "error", errors, params=parameters)


def _least_temperature(config: BestOfKConfig) -> float:
    positive = [each for each in config.against_temperature.simulated if each > 0]
    return min([0.02, *positive]) / 2


def _temperature(config: BestOfKConfig) -> Iterator[Curves]:
    heat, alpha = config.against_temperature, config.alpha[0]
    least = _least_temperature(config)
    grid = np.unique([0.0, *np.geomspace(2 * least, 30, 9), *heat.simulated])
    drawn = np.array([drawn_temperature(each, config) for each in grid])
    for mis in config.mis:
        errors = [selection_error(equivalents(config, alpha, mis), heat.k, each)[0] for each in grid]
        place = "temperature", mis_series(mis), "theory"
        parameters = {"alpha": alpha, "k": heat.k, "mis": mis}
        yield points(*place, "temperature", drawn, "error", errors, params=parameters)
    misses = np.linspace(0.5, 1.5, 6)
    temperatures = np.geomspace(0.03, 20, 10)
    every = [equivalents(config, alpha, mis) for mis in misses]
    surface = np.array([[selection_error(of, heat.best_at, each) for each in temperatures] for of in every])
    for column, k in enumerate(heat.best_at):
        best = np.array([_minimum(temperatures, line) for line in surface[:, :, column]])
        shown = best > temperatures[0]
        if shown.any():
            place = "optimal-temperature", f"k={k}", "theory"
            yield points(*place, "mis", misses[shown], "optimal_T", best[shown], params={"alpha": alpha, "k": k})


def _minimum(temperatures: np.ndarray, errors: np.ndarray) -> float:
    """Return where the error is least: the vertex of the parabola in log T through the least point of the grid."""
    least = int(np.argmin(errors))
    if least in (0, len(errors) - 1):
        return float(temperatures[least])
    left, middle, right = errors[least - 1 : least + 2]
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return float(temperatures[least] * (temperatures[least + 1] / temperatures[least]) ** shift)


def _direction(config: BestOfKConfig) -> Iterator[Curves]:
    line = config.direction
    grid = np.unique([*np.linspace(-0.15, 0.5, 27).round(6), *line.c, 0.0])
    errors = np.array(
        [selection_error(equivalents(config, line.alpha, scale=c), line.k, line.temperature)[0] for c in grid]
    )
    parameters = {"alpha": line.alpha, "temperature": line.temperature, "k": line.k}
    yield points("direction", f"k={line.k}", "theory", "c", grid, "error", errors, params=parameters)
    ratio = errors / errors[np.argmin(np.abs(grid))]
    yield points("direction-gain", f"k={line.k}", "theory", "c", grid, "ratio", ratio, params=parameters)


def _best_of(config: BestOfKConfig) -> Iterator[Curves]:
    counts = np.unique([*np.geomspace(1, config.best_of.most, 40).round().astype(int), *config.k, *EXPONENT_WINDOW])
    for alpha in config.best_of.alpha:
        of = equivalents(config, alpha)
        difficulty = of.bias_variance / of.predictive_variance
        errors = selection_error(of, counts, 0.0)
        parameters = {"alpha": alpha, "difficulty": difficulty}
        series = f"α={alpha:g}"
        yield points("best-of", series, "theory", "k", counts, "error", errors, params=parameters)
        if difficulty < 0.5:
            scaled = counts**2.0 * errors / inverse_square_coefficient(of)
            yield points("coefficient", series, "theory", "k", counts, "ratio", scaled, params=parameters)
    alphas = np.unique([*np.geomspace(0.3, 16, 24), *config.best_of.alpha])[::-1]
    every = [equivalents(config, alpha) for alpha in alphas]
    hardness = np.array([of.bias_variance / of.predictive_variance for of in every])
    window = np.stack([selection_error(of, np.array(EXPONENT_WINDOW), 0.0) for of in every])
    series = f"k = {EXPONENT_WINDOW[0]} to {EXPONENT_WINDOW[1]}"
    yield points("difficulty", series, "theory", "difficulty", hardness, "exponent", exponent(window))
    limit = [decay_exponent(of) for of in every]
    yield points("difficulty", "k → ∞ (up to logarithms)", "theory", "difficulty", hardness, "exponent", limit)


@lru_cache(maxsize=4)
def _surface(config: BestOfKConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return alphas, counts and log eps(2 alpha, k) - log eps(alpha, 2 k), shape (alphas, counts)."""
    data = config.data
    alphas = np.unique([*np.geomspace(0.25, 16, data.columns), *data.alpha])
    counts = np.unique([*np.geomspace(1, 256, data.rows).round().astype(int), *data.k])
    moments = WeightMoments.of_random_judge(1, data.mis)
    found = data_versus_samples(
        alphas, counts, data.temperature, config.sigma0, config.sigma, config.gamma, np.ones(1), moments
    )
    gain: np.ndarray = np.log(found.doubled_data) - np.log(found.doubled_samples)
    return alphas, counts, gain


def _data(config: BestOfKConfig) -> Iterator[Curves]:
    alphas, counts, ratio = _surface(config)
    for column, k in enumerate(counts):
        yield points("data", f"k={k}", "theory", "alpha", alphas, "log_ratio", ratio[:, column], params={"k": int(k)})
    edge = [_crossing(counts, row) for row in ratio]
    there = np.isfinite(edge)
    if there.any():
        yield points("data", "equal cost, equal gain", "theory", "alpha", alphas[there], "k", np.array(edge)[there])


def _crossing(counts: np.ndarray, ratio: np.ndarray) -> float:
    """Return the k at which doubling the samples stops paying more, by interpolation in log k; NaN if nowhere."""
    change = np.flatnonzero((ratio[:-1] > 0) & (ratio[1:] <= 0))
    if not len(change):
        return math.nan
    first = change[0]
    part = ratio[first] / (ratio[first] - ratio[first + 1])
    low, high = np.log(counts[first : first + 2])
    return float(np.exp(low + part * (high - low)))
