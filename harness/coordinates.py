"""How does a model of a person's own behave as its size grows? The coordinate check, as an object to look at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from solv.harness.pictures import picture
from solv.tracking.curves import Recorder, geometric_mean, join_curves
from solv.tracking.figures import draw
from solv.tracking.labels import lay_out
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from solv.models.coordinate_check import BestRates, Coordinates, CoordinateSlope, NotMeasured

RECORD = Recorder("coordinate-check", "size")


class Panels(StrEnum):
    """What is drawn."""

    LEARNED = "learned"
    LOSS = "loss"


@dataclass(frozen=True)
class CoordinateCheck(Sequence["CoordinateSlope"]):
    """How large the learned part of every module is at several sizes.

    Attributes:
        sizes: ascending.
        found: what was measured: the modules, and what is not known of the rest.
        size: what a size is called where it is drawn.
    """

    sizes: tuple[int, ...]
    found: "Coordinates"
    size: str = "size"

    @property
    def modules(self) -> "tuple[CoordinateSlope, ...]":
        """One result each, in the model's order."""
        return self.found.modules

    @property
    def not_measured(self) -> "tuple[NotMeasured, ...]":
        """The parameters of which nothing is known."""
        return self.found.not_measured

    def __len__(self) -> int:
        return len(self.modules)

    @overload
    def __getitem__(self, which: int) -> "CoordinateSlope": ...
    @overload
    def __getitem__(self, which: slice) -> "Sequence[CoordinateSlope]": ...
    def __getitem__(self, which: int | slice) -> "CoordinateSlope | Sequence[CoordinateSlope]":
        return self.modules[which]

    def __iter__(self) -> "Iterator[CoordinateSlope]":
        return iter(self.modules)

    @property
    def drifting(self) -> "tuple[CoordinateSlope, ...]":
        """The modules that learn the faster, or the slower, the larger the model is, or diverge."""
        return tuple(each for each in self.modules if each.verdict in ("grows", "shrinks", "diverges"))

    @property
    def undecided(self) -> "tuple[CoordinateSlope, ...]":
        """The modules of which it is not known whether they drift."""
        return tuple(each for each in self.modules if each.verdict in ("undecided", "not measured"))

    def frame(self) -> pd.DataFrame:
        """Return a row a module: its verdict, slopes with their error, and the learned part at each size."""
        rows = []
        for each in self.modules:
            learned = dict(zip((f"learned at {size}" for size in self.sizes), each.learned.mean(axis=0), strict=True))
            about = {"module": each.module, "verdict": each.verdict, "slope": each.slope, "error": each.error}
            rows.append({**about, "change_slope": each.change_slope, "note": each.note, **learned})
        return pd.DataFrame(rows)

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the learned parts against size, where all seeds have one that is not 0."""
        parts, left_out = [], []
        for each in self.modules:
            shown = np.isfinite(each.learned).all(axis=0) & (each.learned > 0).all(axis=0)
            if shown.any():
                y, y_err, n = geometric_mean(each.learned[:, shown])
                x, name = (self.size, np.array(self.sizes)[shown]), {"module": each.module}
                parts.append(RECORD.trained(Panels.LEARNED, name, x=x, y=("learned", y), y_err=y_err, n=n))
            if not shown.all():
                left_out.append(f"{each.module} {each.verdict}")
        drawn = "root mean square of the learned part"
        title = "Flat: the learning rate transfers"
        note = f"not shown at every size: {', '.join(left_out)}" if left_out else ""
        panel = Panel(
            Panels.LEARNED, title, self.size, drawn, x_scale="log", y_scale="log", series="{module}", note=note
        )
        return draw(lay_out(join_curves(parts), [panel]), "Coordinate check")

    def _repr_html_(self) -> str:
        return picture(self.plot()) + str(self.frame().to_html(index=False, float_format="{:.3g}".format))


@dataclass(frozen=True)
class RateScan:
    """Where the best learning rate is at several sizes.

    Attributes:
        found: what was measured.
        size: what a size is called where it is drawn.
    """

    found: "BestRates"
    size: str = "size"

    def frame(self) -> pd.DataFrame:
        """Return a row a size: its best rate, and the loss there and at the smallest model's best rate."""
        found = self.found
        finite = np.isfinite(found.best).all(axis=0)
        best = np.where(finite, 2 ** np.log2(found.best).mean(axis=0), np.nan)
        return pd.DataFrame(
            {self.size: found.sizes, "best_rate": best, "loss": found.tuned, "loss_of_smallest_rate": found.untuned}
        )

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the loss against the rate at every size; losses that overflow are left out."""
        parts = []
        for column, size in enumerate(self.found.sizes):
            scores = self.found.scores[:, column]
            shown = np.isfinite(scores).all(axis=0)
            if shown.any():
                mean, n = scores[:, shown].mean(axis=0), len(scores)
                y_err = scores[:, shown].std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.nan
                x = ("rate", self.found.rates[shown])
                parts.append(RECORD.trained(Panels.LOSS, {self.size: size}, x=x, y=("loss", mean), y_err=y_err, n=n))
        title = "Where is the best rate?"
        panel = Panel(
            Panels.LOSS,
            title,
            "learning rate",
            "loss",
            x_scale="log",
            y_scale="log",
            series=f"{self.size} {{{self.size}}}",
        )
        return draw(lay_out(join_curves(parts), [panel]), "Rates")

    def _repr_html_(self) -> str:
        return picture(self.plot()) + str(self.frame().to_html(index=False, float_format="{:.3g}".format))


def coordinate_check(
    factory: "Callable[..., Any]", sizes: Sequence[int], steps: int = 6, seeds: int = 3, *, size: str = "size"
) -> CoordinateCheck:
    """Train a model at every size for a few steps, and return how the learned part of each module goes with size.

    Args:
        factory: makes a fresh `solv.models.coordinate_check.Subject` of a size, or says the same in other words.
        sizes: at least two different ones, >= 1: widths, or depths, numbers of experts, ...
        steps: training steps, >= 1.
        seeds: initialisations of each size, >= 1; three or more give an error worth having.
        size: what a size is called in the figure; the factory's parameter of that name takes it, else its first.

    Raises:
        ValueError: sizes, steps or seeds out of range; sizes whose models have no module in common.
        TypeError: the factory returns something else than a subject.
        FactoryError: its code, or that of the model or the loss, raises an error.
    """
    from solv.models.coordinate_check import check_coordinates

    found = check_coordinates(factory, sizes, steps, seeds, size)
    return CoordinateCheck(tuple(sorted(set(sizes))), found, size)


def rate_scan(
    factory: "Callable[..., Any]",
    sizes: Sequence[int],
    rates: Sequence[float],
    steps: int = 20,
    seeds: int = 3,
    *,
    size: str = "size",
) -> RateScan:
    """Train a model at every size and learning rate for a few steps, and return where the best rate is.

    Args and raises: as in `coordinate_check`; rates: at least three, increasing, > 0.
    """
    from solv.models.coordinate_check import scan_rates

    return RateScan(scan_rates(factory, sizes, rates, steps, seeds, size), size)
