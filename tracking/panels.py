"""How is a panel drawn? Its axes, scales, references and the way its curves are told apart: data, without a library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Scale = Literal["linear", "log", "symlog"]


@dataclass(frozen=True)
class Slope:
    """A reference power law y = amplitude * x**exponent, drawn between two abscissae."""

    exponent: float
    amplitude: float
    start: float
    stop: float
    label: str


@dataclass(frozen=True)
class Map:
    """A panel drawn as a heat map: one series per row, y as colour.

    The cells are those of theory or, where nothing is predicted, what was trained or simulated; other sources are marks
    in the same colours.

    Attributes:
        row: key of `params` that holds the row's ordinate.
        value: the `y_name` that is coloured; series with another `y_name` are drawn as curves over the map.
        label: what the colour means.
        scale: colour scale; on a log scale values <= 0 are grey.
        center: a value that parts two colours, for a quantity whose side of it matters.
        floor: values between 0 and this one share its colour.
        ceiling: values above this one share its colour.
    """

    row: str
    value: str
    label: str
    scale: Literal["linear", "log"] = "linear"
    center: float | None = None
    floor: float | None = None
    ceiling: float | None = None


@dataclass(frozen=True)
class Ridge:
    """A panel drawn as a ridgeline: densities stacked upwards, one row per value of a parameter.

    Theory is a line, the simulated histogram filled; both end in colour where they leave the bulk.

    Attributes:
        row: key of `params` that orders and labels the rows.
        label: text of a row, with `{}` for its value.
        value: the `y_name` that is a density.
        mark: the `y_name` whose abscissae are marked by a triangle: where theory expects a value outside the bulk.
        edge: the `y_name` whose abscissa is the edge of the bulk.
        magnify: factor by which the histogram is enlarged beyond the edge, where single values count.
    """

    row: str
    label: str
    value: str
    mark: str
    edge: str
    magnify: float = 1.0


@dataclass(frozen=True)
class Highlight:
    """A picture of an experiment's headline: what a talk about the paper would show.

    Attributes:
        panel: name of the panel.
        claim: id of the claim that the picture shows; its verdict stands in the corner.
        where: values of the panel's facets; the first picture that has them is taken.
    """

    panel: str
    claim: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """How one panel of an experiment's figure is drawn.

    Attributes:
        name: the `panel` of the curves table: a member of the part's enumeration of panels.
        title: with the values of the facets as `{key}`.
        x_label, y_label: texts, with units.
        x_scale, y_scale: axis scales.
        y_limits, x_limits: fixed limits; None lets the data decide.
        facets: params of which every value has a picture of its own.
        series: name of a curve: a template with params as `{key}`, or a function of the params; empty: what differs.
        ordered: whether the series are steps of one quantity (colours from a sequential map) or separate things.
        slopes: reference power laws.
        verticals: abscissa -> label of marked places.
        heat: draw as a heat map.
        ridge: draw as a ridgeline.
        box: key of `params` that holds percentiles, 5, 25, 50, 75 and 95, of the y of every category: a box plot.
        category: params that name the abscissa instead of `x`; theory is then drawn as dashes, without a line.
        categories: names of the abscissae 0, 1, ..., made from `category` when the panel is laid out.
        joined: whether the points of a measured curve without theory are joined by a thin line; not so in a scatter.
        note: a line of small print inside the panel, e.g. what the error bars are.
        main: whether the panel answers the experiment's question for the parameters that the user gave.
        figure: the paper's figure or table that it redoes; empty if it is ours.
        drawn: whether it is a picture; if not it is a table of numbers that claims read.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    x_limits: tuple[float | None, float | None] = (None, None)
    y_limits: tuple[float | None, float | None] = (None, None)
    facets: tuple[str, ...] = ()
    series: str | Callable[[Mapping[str, Any]], str] = ""
    ordered: bool = False
    slopes: tuple[Slope, ...] = ()
    verticals: Mapping[float, str] = field(default_factory=dict)
    heat: Map | None = None
    ridge: Ridge | None = None
    box: str = ""
    category: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    joined: bool = True
    note: str = ""
    main: bool = False
    figure: str = ""
    drawn: bool = True
