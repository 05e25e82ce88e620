"""Which power law do measured points follow, and how sure is its exponent?

Two models of y at positive x:

    y = A x^-nu                 straight in log-log: least squares, interval over repeats
    y = offset + A x^-nu        loss with an irreducible part: least squares, interval by the profile of nu

An exponent is a rate of decay everywhere: positive where y falls. The standard statistics apply to points inside a
window where the law is meant to hold: the caller names it from theory, never from the fit.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize, stats

from solv.theory.validation import require_integer, require_real

LEAST_POINTS = 5


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted power law, y = offset + A x^-nu.

    Attributes:
        exponent: nu, the rate of decay: positive where y falls (of a decay to an offset: always).
        amplitude: A, > 0 (of a decay to an offset: any sign).
        offset: limit of y; 0 for the pure power law.
        low, high: confidence interval of the exponent; NaN where a single repeat says nothing about it.
        points: number of points inside the window.
    """

    exponent: float
    amplitude: float
    offset: float
    low: float
    high: float
    points: int

    @property
    def interval(self) -> tuple[float, float]:
        """Confidence interval of the exponent."""
        return self.low, self.high

    def __call__(self, x: ArrayLike) -> Float[np.ndarray, "points"]:
        """Return the law at x > 0, also outside the window."""
        return np.asarray(self.offset + self.amplitude * np.asarray(x, dtype=float) ** -self.exponent)


def fit_power_law(
    x: ArrayLike,
    y: ArrayLike,
    window: tuple[float, float] = (0.0, np.inf),
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> PowerLawFit:
    """Fit y = A x^-nu by least squares of log y on log x within a window.

    With several repeats log y is averaged over them, and the interval is Student's t over the repeats' own exponents
    for up to 20 repeats (resampling so few covers too little), and the percentile bootstrap over repeats beyond.

    Args:
        x: abscissae, shape (points,), > 0.
        y: ordinates, shape (points,) or (repeats, points), > 0 inside the window.
        window: smallest and largest x used.
        confidence: coverage of the interval, in (0, 1).
        resamples: bootstrap resamples, >= 100.
        seed: of the bootstrap.

    Raises:
        ValueError: shapes that differ, a value out of range, or fewer than 5 points inside the window.
    """
    confidence = require_real("confidence", confidence, above=0, below=1)
    resamples = require_integer("resamples", resamples, least=100)
    abscissae, ordinates = _inside(x, y, window)
    if np.any(ordinates <= 0):
        raise ValueError(f"y = {ordinates.min():g} inside the window is not > 0")
    log_x, log_y = np.log(abscissae), np.log(ordinates)
    centred = log_x - log_x.mean()
    rates = -log_y @ centred / (centred @ centred)  # one per repeat: linear, so their mean is the rate of the mean
    rate = float(rates.mean())
    low = high = np.nan
    if len(rates) > 20:
        rng = np.random.default_rng(seed)
        drawn = rates[rng.integers(len(rates), size=(resamples, len(rates)))].mean(axis=1)
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    elif len(rates) > 1:
        half = stats.t.ppf((1 + confidence) / 2, len(rates) - 1) * rates.std(ddof=1) / np.sqrt(len(rates))
        low, high = rate - half, rate + half
    amplitude = float(np.exp(log_y.mean() + rate * log_x.mean()))
    return PowerLawFit(rate, amplitude, 0.0, float(low), float(high), len(log_x))


def fit_decay_to_offset(
    x: ArrayLike,
    y: ArrayLike,
    window: tuple[float, float] = (0.0, np.inf),
    *,
    y_err: ArrayLike | None = None,
    confidence: float = 0.95,
    exponents: tuple[float, float] = (0.01, 5.0),
) -> PowerLawFit:
    """Fit y = offset + A x^-nu by least squares; the interval of nu is that of its profile.

    For each nu the offset and A follow linearly; the sum of squares is then minimised over nu alone. The interval holds
    the nu whose profile lies below the F (errors unknown and equal) or chi-square (errors known) threshold.

    Args:
        x: abscissae, shape (points,), > 0.
        y: ordinates, shape (points,).
        window: smallest and largest x used.
        y_err: standard errors of independent points, > 0, shape (points,); None if they are equal and unknown.
        confidence: coverage of the interval, in (0, 1).
        exponents: smallest and largest nu considered, > 0. An interval that ends at one of them is open there.

    Raises:
        ValueError: shapes that differ, a value out of range, or fewer than 5 points inside the window.
    """
    confidence = require_real("confidence", confidence, above=0, below=1)
    smallest = require_real("exponents[0]", exponents[0], above=0)
    largest = require_real("exponents[1]", exponents[1], above=smallest)
    abscissae, ordinates = _inside(x, y, window)
    if len(ordinates) != 1:
        raise ValueError(f"y holds {len(ordinates)} repeats; valid: one row, their mean")
    errors = np.ones_like(abscissae)
    if y_err is not None:
        errors = _inside(x, y_err, window)[1][0]
        if np.any(errors <= 0):
            raise ValueError(f"y_err = {errors.min():g} inside the window is not > 0")
    scale = np.exp(np.log(abscissae).mean())

    weights = errors**-2 / np.sum(errors**-2)
    middle = weights @ ordinates[0]

    def project(nu: float) -> tuple[float, tuple[float, float]]:
        decay = (abscissae / scale) ** -nu
        centred = decay - weights @ decay
        amplitude = float(weights @ (centred * ordinates[0]) / (weights @ centred**2))
        left = ordinates[0] - middle - amplitude * centred
        return float(np.sum((left / errors) ** 2)), (float(middle - amplitude * (weights @ decay)), amplitude)

    grid = np.geomspace(smallest, largest, 60)
    sums = [project(nu)[0] for nu in grid]
    best = int(np.argmin(sums))
    bracket = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(
        lambda nu: project(nu)[0], bounds=bracket, method="bounded", options={"xatol": 1e-9}
    )
    least, (offset, amplitude) = project(float(found.x))
    freedom = len(abscissae) - 3
    if y_err is None:
        threshold = least * (1 + stats.f.ppf(confidence, 1, freedom) / freedom)
    else:
        threshold = least + stats.chi2.ppf(confidence, 1)
    inside = [nu for nu, total in zip(grid, sums, strict=True) if total <= threshold]

    def edge(start: float, end: float) -> float:
        excess = project(end)[0] - threshold
        if excess <= 0:
            return end
        return float(optimize.brentq(lambda nu: project(nu)[0] - threshold, start, end))

    low_start, high_start = min([found.x, *inside]), max([found.x, *inside])
    low = edge(low_start, max(smallest, float(max((nu for nu in grid if nu < low_start), default=smallest))))
    high = edge(high_start, min(largest, float(min((nu for nu in grid if nu > high_start), default=largest))))
    return PowerLawFit(float(found.x), float(amplitude * scale**found.x), float(offset), low, high, len(abscissae))


def residual_error(x: ArrayLike, y: ArrayLike, window: tuple[float, float] = (0.0, np.inf)) -> float:
    """Return the standard error of the exponent of a single curve, as `fit_power_law` fits it.

    It comes from what the line leaves over: it is true if the deviations of log y from the line are independent and of
    one size. Those of a training curve are not: a bend in it makes the error too small. With repeats, use the interval
    over them.

    Args:
        x, y, window: as `fit_power_law` takes them, y of shape (points,).

    Raises:
        ValueError: as `fit_power_law`, and more than one repeat.
    """
    fit = fit_power_law(x, y, window)
    abscissae, ordinates = _inside(x, y, window)
    if len(ordinates) != 1:
        raise ValueError(f"y holds {len(ordinates)} repeats; valid: one row")
    log_x = np.log(abscissae)
    left = np.log(ordinates[0]) - np.log(fit.amplitude) + fit.exponent * log_x
    return float(np.sqrt(left @ left / (len(left) - 2) / np.sum((log_x - log_x.mean()) ** 2)))


def local_exponent(x: ArrayLike, y: ArrayLike) -> Float[np.ndarray, "points"]:
    """Return -d log y / d log x at each point by central differences (one-sided at the ends).

    Args:
        x, y: shape (points,), > 0, at least 2 points.

    Raises:
        ValueError: shapes that differ or values that are not > 0.
    """
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if abscissae.shape != ordinates.shape or abscissae.ndim != 1 or len(abscissae) < 2:
        raise ValueError(f"x and y have shapes {abscissae.shape} and {ordinates.shape}; valid: equal, (points >= 2,)")
    if np.any(abscissae <= 0) or np.any(ordinates <= 0):
        raise ValueError("x and y hold values that are not > 0")
    return np.asarray(-np.gradient(np.log(ordinates), np.log(abscissae)))


def _inside(
    x: ArrayLike, y: ArrayLike, window: tuple[float, float]
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "repeats points"]]:
    """Return the points inside the window, y with a leading repeats axis."""
    abscissae, ordinates = np.asarray(x, dtype=float), np.atleast_2d(np.asarray(y, dtype=float))
    if abscissae.ndim != 1 or ordinates.ndim != 2 or ordinates.shape[1] != len(abscissae):
        raise ValueError(
            f"x and y have shapes {abscissae.shape} and {np.shape(y)}; valid: (points,) and (points,), or "
            "(repeats, points)"
        )
    chosen = (abscissae >= window[0]) & (abscissae <= window[1]) & (abscissae > 0)
    if chosen.sum() < LEAST_POINTS:
        raise ValueError(
            f"window = [{window[0]:g}, {window[1]:g}] holds {chosen.sum()} points; valid: at least {LEAST_POINTS}"
        )
    if not np.all(np.isfinite(ordinates[:, chosen])):
        raise ValueError("y holds values inside the window that are not finite")
    return abscissae[chosen], ordinates[:, chosen]
