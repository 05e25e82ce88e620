"""What did the authors of a paper measure? Their numbers, from the table `published.csv` of the experiment's package.

One line a point:

| column      | meaning                                                                                     |
| ----------- | ------------------------------------------------------------------------------------------- |
| panel       | the panel that the point is drawn in: a member of a part's enumeration of panels            |
| params      | JSON object of what tells the curve from the others of the panel, as our own curve has it   |
| x, y        | finite numbers                                                                              |
| y_err       | standard error of y over n independent repeats; empty where it is not known                 |
| n           | number of independent repeats; empty where it is not known (counts as one)                  |
| source      | where the number stands: arXiv id and figure or table, or a repository and its file         |
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from solv.tracking.curves import Curves, CurvesError, Params, Recorder, decode_params, encode_params

FILE = "published.csv"
COLUMNS = ("panel", "params", "x", "y", "y_err", "n", "source")


class PublishedError(ValueError):
    """A table of published numbers is absent or wrong; the message names the file, the line and the column."""


@dataclass(frozen=True)
class Point:
    """One number of the authors.

    Attributes:
        x, y: abscissa and ordinate.
        y_err: standard error of y, NaN where it is not known.
        n: number of independent repeats.
        source: where the number stands.
    """

    x: float
    y: float
    y_err: float
    n: int
    source: str


@dataclass(frozen=True)
class PublishedCurve:
    """The authors' points of one curve, in the order of the file.

    Attributes:
        panel: name of the panel that it is drawn in.
        params: what tells it from the others of the panel.
        points: at least one.
    """

    panel: str
    params: Params
    points: tuple[Point, ...]

    @property
    def x(self) -> list[float]:
        """Abscissae."""
        return [point.x for point in self.points]

    @property
    def y(self) -> list[float]:
        """Ordinates."""
        return [point.y for point in self.points]

    @property
    def y_err(self) -> list[float]:
        """Standard errors, NaN where not known."""
        return [point.y_err for point in self.points]

    @property
    def n(self) -> list[int]:
        """Numbers of independent repeats."""
        return [point.n for point in self.points]


def published_curves(
    record: Recorder,
    panel: StrEnum,
    *,
    package: str,
    x: str,
    y: str,
    keep: Callable[[Params], bool] = lambda params: True,
) -> Iterator[Curves]:
    """Yield the authors' curves of one panel, with the source `published`.

    Args:
        record: of the part.
        panel: the panel that the points are drawn in.
        package: that of the experiment, e.g. `solv.experiments.cot_depth`: its `published.csv` is read.
        x, y: names of abscissa and ordinate, as the part's own curves have them.
        keep: whether a curve with these params is wanted; by default all are.

    Raises:
        PublishedError: the table is wrong, or has no line for the panel.
        CurvesError: a param is called as a column of curves is.
    """
    for curve in read_published(package, panel):
        if keep(curve.params):
            points = {"x": (x, curve.x), "y": (y, curve.y)}
            yield record.published(panel, curve.params, **points, y_err=curve.y_err, n=curve.n)


def read_published(package: str, panel: StrEnum) -> list[PublishedCurve]:
    """Return the authors' curves of one panel in the order of the table; `published_curves` says what is raised."""
    found = [curve for curve in _read(package) if curve.panel == panel.value]
    if not found:
        raise PublishedError(f"{package}/{FILE} has no line for the panel {panel.value!r}")
    return found


@cache
def _read(package: str) -> tuple[PublishedCurve, ...]:
    try:
        text = resources.files(package).joinpath(FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PublishedError(f"{package} has no {FILE}") from None
    lines = csv.DictReader(text.splitlines(), strict=True)
    if tuple(lines.fieldnames or ()) != COLUMNS:
        raise PublishedError(f"{package}/{FILE}: columns {lines.fieldnames}; valid: {', '.join(COLUMNS)}")
    points: dict[tuple[str, str], list[Point]] = {}
    try:
        for line in lines:
            key, point = _point(line)
            curve = points.setdefault(key, [])
            if any(other.x == point.x for other in curve):
                raise ValueError(f"x = {line['x']!r} appears twice in one curve")
            curve.append(point)
    except (csv.Error, ValueError) as error:
        raise PublishedError(f"{package}/{FILE}: line {lines.line_num}: {error}") from None
    return tuple(PublishedCurve(panel, decode_params(params), tuple(each)) for (panel, params), each in points.items())


def _point(line: Mapping[str | None, str | None]) -> tuple[tuple[str, str], Point]:
    """Return the curve that a line belongs to, its params spelled as curves spell them, and its point.

    Raises:
        ValueError: a value is none of what the column holds.
    """
    if None in line or None in line.values():
        raise ValueError(f"it has not {len(COLUMNS)} values")
    value = {name: str(text).strip() for name, text in line.items()}
    for name in ("panel", "source"):
        if not value[name]:
            raise ValueError(f"{name} is empty")
    n = _number("n", value["n"] or "1")
    if n < 1 or not n.is_integer():
        raise ValueError(f"n = {value['n']!r} is no number of repeats: 1, 2, ...")
    y_err = _number("y_err", value["y_err"]) if value["y_err"] else math.nan
    if y_err < 0:
        raise ValueError(f"y_err = {value['y_err']!r} is negative")
    if math.isnan(y_err) and n > 1:
        raise ValueError(f"y_err is empty for n = {n:g}; of a spread that is not known give no n")
    point = Point(_number("x", value["x"]), _number("y", value["y"]), y_err, int(n), value["source"])
    return (value["panel"], _params(value["params"])), point


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} = {text!r} is no finite number")
    return number


def _params(text: str) -> str:
    try:
        params = json.loads(text)
        if isinstance(params, dict):
            return encode_params(params)
    except (ValueError, CurvesError):
        pass
    raise ValueError(f"params = {text!r} is no JSON object of numbers, texts and flags")
