"""How does a model of a person's own behave as its size grows? The coordinate check, as an object to look at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, overload

import pandas as pd

from solv.harness.pictures import picture
from solv.tracking.curves import Recorder, geometric_mean, join_curves
from solv.tracking.figures import draw
from solv.tracking.labels import lay_out
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from solv.models.coordinate_check import CoordinateSlope, Subject

RECORD = Recorder("coordinate-check", "size")


class Panels(StrEnum):
    """What is drawn."""

    LEARNED = "learned"


@dataclass(frozen=True)
class CoordinateCheck(Sequence["CoordinateSlope"]):
    """How large the learned part of every module is at several sizes.

    Attributes:
        sizes: ascending.
        modules: one result each, in the model's order.
        size: what a size is called where it is drawn.
    """

    sizes: tuple[int, ...]
    modules: "tuple[CoordinateSlope, ...]"
    size: str = "size"

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
        """The modules that learn the faster, or the slower, the larger the model is."""
        return tuple(each for each in self.modules if each.verdict in ("grows", "shrinks"))

    def frame(self) -> pd.DataFrame:
        """Return a row a module: its verdict, slopes with their error, and the learned part at each size."""
        rows = []
        for each in self.modules:
            learned = dict(zip((f"learned at {size}" for size in self.sizes), each.learned.mean(axis=0), strict=True))
            about = {"module": each.module, "verdict": each.verdict, "slope": each.slope, "error": each.error}
            rows.append({**about, "change_slope": each.change_slope, **learned})
        return pd.DataFrame(rows)

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the learned parts against size; a module that does not learn is left out."""
        parts = []
        for each in self.modules:
            if (each.learned > 0).all():
                y, y_err, n = geometric_mean(each.learned)
                x, name = (self.size, self.sizes), {"module": each.module}
                parts.append(RECORD.trained(Panels.LEARNED, name, x=x, y=("learned", y), y_err=y_err, n=n))
        drawn = "root mean square of the learned part"
        title = "Flat: the learning rate transfers"
        idle = [each.module for each in self.modules if not (each.learned > 0).all()]
        note = f"not shown, does not learn: {', '.join(idle)}" if idle else ""
        panel = Panel(
            Panels.LEARNED, title, self.size, drawn, x_scale="log", y_scale="log", series="{module}", note=note
        )
        return draw(lay_out(join_curves(parts), [panel]), "Coordinate check")

    def _repr_html_(self) -> str:
        return picture(self.plot()) + str(self.frame().to_html(index=False, float_format="{:.3g}".format))


def coordinate_check(
    factory: "Callable[[int], Subject]", sizes: Sequence[int], steps: int = 6, seeds: int = 3, *, size: str = "size"
) -> CoordinateCheck:
    """Train a model at every size for a few steps, and return how the learned part of each module goes with size.

    Args:
        factory: makes a fresh `solv.models.coordinate_check.Subject` of a size.
        sizes: at least two different ones, >= 1: widths, or depths, numbers of experts, ...
        steps: training steps, >= 1.
        seeds: initialisations of each size, >= 1; three or more give an error worth having.
        size: what a size is called in the figure.

    Raises:
        ValueError: sizes, steps or seeds out of range; sizes whose models have no module in common.
        TypeError: the factory returns something else than a `Subject`.
    """
    from solv.models.coordinate_check import check_coordinates

    found = check_coordinates(factory, sizes, steps, seeds)
    return CoordinateCheck(tuple(sorted(set(sizes))), tuple(found), size)
