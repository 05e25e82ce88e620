"""Which law do points of a person's own follow? The fits of `theory/fits`, as objects to look at.

Every exponent is a rate of decay, positive where y falls: y = offset + A x^-exponent.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.harness.pictures import picture
from solv.theory.fits.power_law import PowerLawFit, fit_decay_to_offset, fit_power_law
from solv.tracking.curves import Recorder, join_curves, standard_error
from solv.tracking.figures import draw
from solv.tracking.labels import lay_out
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POWER_LAW = Recorder("fit", "power-law")


class Panels(StrEnum):
    """What is drawn."""

    POINTS = "points"
    GAP = "gap"


@dataclass(frozen=True)
class PowerLaw(PowerLawFit):
    """A fitted power law, y = offset + A x^-exponent, with the points that it was fitted to.

    It is a function: `fit(x)` is the law at x.

    Attributes:
        x: abscissae of all points, inside the window or not, shape (points,).
        y, y_err: ordinates and their standard errors (NaN: unknown), mean over the repeats.
        window: smallest and largest x used.
        confidence: coverage of the interval.
    """

    x: Float[np.ndarray, "points"]
    y: Float[np.ndarray, "points"]
    y_err: Float[np.ndarray, "points"]
    window: tuple[float, float]
    confidence: float

    def frame(self) -> pd.DataFrame:
        """Return a row a point: measured, fitted, and whether the fit used it."""
        inside = (self.x >= self.window[0]) & (self.x <= self.window[1]) & (self.x > 0)
        columns = {"x": self.x, "y": self.y, "y_err": self.y_err, "fit": self._at_points(), "used": inside}
        return pd.DataFrame(columns)

    def plot(self, *, x: str = "x", y: str = "y") -> "Figure":
        """Return a matplotlib figure of points and law in log-log; of a law with a limit, of what is above it.

        Args:
            x, y: names of the axes.
        """
        above = self.y - self.offset
        kept = (above > 0) & (self.x > 0)
        points, law = {"shown": "measured"}, {"shown": "law"}
        ends = self.x[kept] if kept.any() else np.array([1.0, 2.0])
        line = np.geomspace(ends[0], ends[-1], 100)
        parts = [
            POWER_LAW.trained(
                Panels.POINTS, points, x=(x, self.x[kept]), y=(y, above[kept]), y_err=self.y_err[kept], n=1
            ),
            POWER_LAW.theory(Panels.POINTS, law, x=(x, line), y=(y, self(line) - self.offset)),
        ]
        named = y if self.offset == 0 else f"{y} - {self.offset:.4g}"
        title = f"exponent {self.exponent:.3g}{self._said_interval()}"
        note = f"{np.sum(~kept)} points at or below the limit are not shown" if not kept.all() else ""
        panel = Panel(Panels.POINTS, title, x, named, x_scale="log", y_scale="log", series="{shown}", note=note)
        return draw(lay_out(join_curves(parts), [panel]), "A power law")

    def _at_points(self) -> Float[np.ndarray, "points"]:
        return np.where(self.x > 0, self(np.where(self.x > 0, self.x, 1.0)), np.nan)

    def _said_interval(self) -> str:
        if np.isnan(self.low):
            return ""
        return f" ({100 * self.confidence:g} %: {self.low:.3g} to {self.high:.3g})"

    def _repr_html_(self) -> str:
        law = f"y = {self.offset:.5g} + {self.amplitude:.5g} x^-{self.exponent:.5g}"
        return f"<p>{law}{self._said_interval()}, {self.points} points</p>{picture(self.plot())}"


def power_law(
    x: ArrayLike,
    y: ArrayLike,
    window: tuple[float, float] = (0.0, np.inf),
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> PowerLaw:
    """Fit y = A x^-exponent by least squares in log-log, as `solv.theory.fits.power_law.fit_power_law` does.

    Args:
        x: abscissae, shape (points,), > 0.
        y: ordinates, shape (points,) or (repeats, points), > 0 inside the window; repeats give an interval.
        window: smallest and largest x used.
        confidence: coverage of the interval, in (0, 1).
        resamples, seed: of the bootstrap over more than 20 repeats.

    Raises:
        ValueError: shapes that differ, a value out of range, or fewer than 5 points inside the window.
    """
    found = fit_power_law(x, y, window, confidence=confidence, resamples=resamples, seed=seed)
    mean, error, _ = standard_error(np.atleast_2d(np.asarray(y, dtype=float)))
    return _with_points(found, x, mean, error, window, confidence)


def decay_to_offset(
    x: ArrayLike,
    y: ArrayLike,
    window: tuple[float, float] = (0.0, np.inf),
    *,
    y_err: ArrayLike | None = None,
    confidence: float = 0.95,
    exponents: tuple[float, float] = (0.01, 5.0),
) -> PowerLaw:
    """Fit y = offset + A x^-exponent, as `solv.theory.fits.power_law.fit_decay_to_offset` does.

    Args:
        x: abscissae, shape (points,), > 0.
        y: ordinates, shape (points,).
        window: smallest and largest x used.
        y_err: standard errors of independent points, > 0, shape (points,); None if they are equal and unknown.
        confidence: coverage of the interval, in (0, 1).
        exponents: smallest and largest exponent considered, > 0.

    Raises:
        ValueError: shapes that differ, a value out of range, or fewer than 5 points inside the window.
    """
    found = fit_decay_to_offset(x, y, window, y_err=y_err, confidence=confidence, exponents=exponents)
    ordinates = np.asarray(y, dtype=float)
    errors = np.full(len(ordinates), np.nan) if y_err is None else np.asarray(y_err, dtype=float)
    return _with_points(found, x, ordinates, errors, window, confidence)


def _with_points(
    found: PowerLawFit,
    x: ArrayLike,
    y: Float[np.ndarray, "points"],
    y_err: Float[np.ndarray, "points"],
    window: tuple[float, float],
    confidence: float,
) -> PowerLaw:
    abscissae = np.asarray(x, dtype=float)
    order = np.argsort(abscissae)
    errors = np.broadcast_to(np.asarray(y_err, dtype=float), abscissae.shape)
    law = {field.name: getattr(found, field.name) for field in fields(found)}
    return PowerLaw(**law, x=abscissae[order], y=y[order], y_err=errors[order], window=window, confidence=confidence)
