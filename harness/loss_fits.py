"""Which law do loss curves of a person's own follow? The fits of `theory/fits`, as objects to look at, and their logs.

An exponent is a rate of decay, positive where y falls: y = limit + A x^-exponent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.data.loss_logs import LossCurve as Logged
from solv.data.loss_logs import LossLogError, clean, read_loss_log
from solv.harness.pictures import picture
from solv.theory.fits.law_choice import NO_SUPPORT, TOLD_APART
from solv.theory.fits.loss_curve import LEAST_POINTS, LossCurveFit, fit_loss_curve
from solv.tracking.curves import Curves, Recorder, decode_params, join_curves, upgrade
from solv.tracking.figures import draw
from solv.tracking.labels import lay_out
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS = Recorder("fit", "power")
CURVES, TRAINER_STATE = "curves.parquet", "trainer_state.json"
MEASURED = ("trained", "simulation", "published")
FACTORS = (2.0, 10.0, 100.0)  # how far beyond the last point the law is continued
MOST_SHOWN = 120  # points of a curve in a figure
LONG_NOISE, MANY = 0.1, 30  # share of many points over which noise may go together before the law is in doubt


class Panels(StrEnum):
    """What is drawn."""

    LOSS = "loss"
    EXCESS = "excess"


@dataclass(frozen=True)
class LossCurve(LossCurveFit):
    """A fitted law of one curve, y = limit + amplitude x^-exponent, with its points; `fit(x)` is the law at x.

    Attributes:
        name: of the run.
        x, y: all points, inside the window or not, shape (points,).
        x_name, y_name: what they are.
        notes: what was left out of the log, a sentence each.
    """

    name: str
    x: Float[np.ndarray, "points"]
    y: Float[np.ndarray, "points"]
    x_name: str
    y_name: str
    notes: tuple[str, ...]

    @property
    def beyond(self) -> list[float]:
        """Where the law is continued: 2, 10 and 100 times the last x."""
        return [factor * float(self.x[-1]) for factor in FACTORS]

    @property
    def answer(self) -> str:
        """Whether it is a power law at all, in a sentence."""
        if not self.decays:
            return "no: within its noise the curve is flat, every exponent fits"
        power = min((self.law("power law to a limit"), self.law("power law")), key=lambda law: law.criterion)
        others = [law for law in self.laws if law.name not in ("power law to a limit", "power law")]
        best = others[0]
        if power.criterion == 0:
            gap = best.criterion
            if gap > NO_SUPPORT:
                return f"yes: {_a(power.name)} describes it best, {_a(best.name)} is worse by {gap:.0f}"
            if gap > TOLD_APART:
                return f"probably: {_a(power.name)} describes it best, {_a(best.name)} is worse by {gap:.1f}"
            return f"cannot be told: {_a(best.name)} describes it as well (worse by {gap:.1f})"
        gap = power.criterion
        if gap > NO_SUPPORT:
            return f"no: {_a(best.name)} describes it better, the best power law is worse by {gap:.0f}"
        if gap > TOLD_APART:
            return f"probably not: {_a(best.name)} describes it better, the best power law is worse by {gap:.1f}"
        return f"cannot be told: {_a(best.name)} and a power law describe it about as well (apart by {gap:.1f})"

    @property
    def warnings(self) -> list[str]:
        """What makes the numbers doubtful, a sentence each."""
        said = []
        low, high = self.exponent_interval
        if self.decays and (low == 0 or high == np.inf):
            which = "a logarithm" if low == 0 else "a sudden end of the decay"
            said.append(
                f"the interval of the exponent is open: {which} is not ruled out; more decades of {self.x_name}"
            )
        if self.decays and self.points >= MANY and self.correlation_length > LONG_NOISE * self.points:
            said.append(
                f"deviations from the law go together over about {self.correlation_length:.0f} points: smoothed data, "
                "or no law of these; repeats of the run would tell"
            )
        span = self.window[1] / self.window[0]
        if self.decays and span < 10:
            said.append(f"the window spans a factor {span:.2g} in {self.x_name}: less than a decade fixes no exponent")
        outside = [each for each in self.later if self.decays and not each.low <= self.exponent <= each.high]
        if outside:
            moved = ", ".join(f"{each.exponent:.3g} from {each.start:g}" for each in self.later)
            said.append(f"the exponent moves with the start of the window: {moved}")
        return said

    def frame(self) -> pd.DataFrame:
        """Return a row a point: measured, fitted, and whether the fit used it."""
        inside = (self.x >= self.window[0]) & (self.x <= self.window[1])
        return pd.DataFrame({"x": self.x, "y": self.y, "fit": self(self.x), "used": inside})

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the curve with its law, and in log-log of what is above the limit."""
        return draw_loss_curves([self])

    def _repr_html_(self) -> str:
        low, high = self.exponent_interval
        law = f"{self.y_name} = {self.limit:.5g} + {self.amplitude:.5g} {self.x_name}^-{self.exponent:.4g}"
        said = f"{100 * self.confidence:g} %: {low:.3g} to {high:.3g}"
        return f"<p>{law} ({said}), {self.points} points; power law? {self.answer}</p>{picture(self.plot())}"


def loss_curve(
    x: ArrayLike,
    y: ArrayLike,
    window: tuple[float, float] | None = None,
    *,
    confidence: float = 0.95,
    name: str = "loss",
) -> LossCurve:
    """Fit y = limit + A x^-exponent to one training's curve, as `solv fit power` does.

    Points whose y is not finite or whose x is not > 0 are left out and said in `notes`; an x that is repeated, as after
    a restart, counts once. Noise of neighbouring points may go together: the intervals know.

    Args:
        x: steps, tokens or sizes, shape (points,).
        y: loss, shape (points,).
        window: smallest and largest x used; None: chosen as `solv.theory.fits.loss_curve.fit_loss_curve` says.
        confidence: coverage of the intervals, in (0, 1).
        name: of the run.

    Raises:
        ValueError: shapes that differ, or fewer than 5 points inside the window.
    """
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if abscissae.ndim != 1 or abscissae.shape != ordinates.shape:
        raise ValueError(f"x and y have shapes {abscissae.shape} and {ordinates.shape}; valid: (points,) both")
    return fit_logged(clean(name, list(abscissae), list(ordinates), "x", "y"), window, confidence=confidence)


def fit_logged(logged: Logged, window: tuple[float, float] | None = None, *, confidence: float = 0.95) -> LossCurve:
    """Fit a curve of a log; arguments and errors as of `loss_curve`."""
    if len(logged.x) < LEAST_POINTS:
        raise ValueError(f"{len(logged.x)} points at {logged.x_name} > 0; a fit takes at least {LEAST_POINTS}")
    found = fit_loss_curve(logged.x, logged.y, window, confidence=confidence)
    law = {field.name: getattr(found, field.name) for field in fields(found)}
    about: dict[str, Any] = {field.name: getattr(logged, field.name) for field in fields(logged)}
    return LossCurve(**law, **about)


def read_losses(
    path: Path | str,
    *,
    x: str | None = None,
    y: str | None = None,
    run_column: str | None = None,
    encoding: str | None = None,
) -> list[Logged]:
    """Return the curves of a log, of a run directory of ours, or of a folder with a `trainer_state.json`.

    Of a run directory: every measured curve of at least 5 points; `x` and `y` choose by the names of their axes.

    Raises:
        LossLogError: nothing there that can be read.
    """
    place = Path(path).expanduser()
    if place.is_dir() and (place / TRAINER_STATE).is_file():
        place = place / TRAINER_STATE
    if place.is_dir() or place.name == CURVES:
        return _of_run(place if place.name == CURVES else place / CURVES, x, y)
    return read_loss_log(place, x=x, y=y, run_column=run_column, encoding=encoding)


def _of_run(file: Path, x: str | None, y: str | None) -> list[Logged]:
    """Return the measured curves of a run of an experiment."""
    try:
        table = upgrade(pd.read_parquet(file))
    except FileNotFoundError:
        raise LossLogError(f"{file.parent}: a folder without {CURVES} or {TRAINER_STATE}") from None
    except (OSError, ValueError) as error:
        raise LossLogError(f"{file}: {' '.join(str(error).split())[:120]}") from None
    rows = table[table["source"].isin(MEASURED)]
    rows = rows[(rows["x_name"] == x) | (x is None)]
    rows = rows[(rows["y_name"] == y) | (y is None)]
    found = []
    for _, curve in rows.groupby(["part", "panel", "params", "source", "x_name", "y_name"], sort=False):
        first = curve.iloc[0]
        if curve.loc[curve["x"] > 0, "x"].nunique() < LEAST_POINTS:
            continue
        params = " ".join(f"{key}={value}" for key, value in decode_params(first["params"]).items())
        name = f"{first['panel']} {params} ({first['source']})".replace("  ", " ")
        found.append(clean(name, list(curve["x"]), list(curve["y"]), first["x_name"], first["y_name"]))
    if not found:
        axes = sorted({f"{a} against {b}" for a, b in zip(table["y_name"], table["x_name"], strict=True)})
        raise LossLogError(f"{file.parent}: no measured curve with {LEAST_POINTS} points; curves: {', '.join(axes)}")
    return found


def draw_loss_curves(fits: Sequence[LossCurve]) -> "Figure":
    """Return a figure of curves with their laws, and in log-log of what is above each limit."""
    parts: list[Curves] = []
    for fit in fits:
        kept = _thinned(len(fit.x))
        x, y = fit.x[kept], fit.y[kept]
        line = np.geomspace(fit.window[0], fit.beyond[1], 120)
        at = {"run": fit.name}
        parts.append(LOSS.trained(Panels.LOSS, at, x=(fit.x_name, x), y=("loss", y), y_err=np.nan, n=1))
        parts.append(LOSS.theory(Panels.LOSS, at, x=(fit.x_name, line), y=("loss", fit(line))))
        if not fit.decays:
            continue
        sign = np.sign(fit.amplitude)
        above = sign * (y - fit.limit)
        shown = above > 0
        if shown.any():
            points, excess = ("excess", above[shown]), ("excess", sign * (fit(line) - fit.limit))
            parts.append(LOSS.trained(Panels.EXCESS, at, x=(fit.x_name, x[shown]), y=points, y_err=np.nan, n=1))
            parts.append(LOSS.theory(Panels.EXCESS, at, x=(fit.x_name, line), y=excess))
    label, far = fits[0].x_name, "distance from the limit"
    note = "points at or below the limit are not shown"
    panels = [
        Panel(Panels.LOSS, "Curve and law, continued tenfold", label, "loss", x_scale="log", series="{run}"),
        Panel(Panels.EXCESS, "Above the limit", label, far, x_scale="log", y_scale="log", series="{run}", note=note),
    ]
    title = f"exponent {fits[0].exponent:.3g}" if len(fits) == 1 and fits[0].decays else "Power laws"
    return draw(lay_out(join_curves(parts), panels), title)


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _thinned(points: int) -> np.ndarray:
    """Return the places of the points that a figure shows: dense where they are early, as on a log axis."""
    if points <= MOST_SHOWN:
        return np.arange(points)
    return np.unique(np.geomspace(1, points, MOST_SHOWN).astype(int)) - 1
