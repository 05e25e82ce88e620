"""How are curves drawn? Theory a line, simulation filled markers, trained open markers - from the table alone."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from solv.tracking.claims import Verdict
from solv.tracking.colours import ON_WHITE, VERDICTS, colours_of
from solv.tracking.curves import Curves, parameter
from solv.tracking.files import write_bytes
from solv.tracking.labels import Facet
from solv.tracking.panels import Map, Panel, Ridge

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

_MARKERS = {"simulation": "o", "trained": "s", "published": "x"}
_EQUALS = "\u00a0=\u00a0"  # no line ends before or behind it
_STYLES = ("-", "--", ":")  # of curves of one picture that share a colour
_TICKS = 6  # intervals of a linear abscissa, at most: more labels would touch in a small picture
_WIDEST = 0.6  # share of a picture that a legend beside it may take
_SHORTEST = 8  # letters of a title's line, however little room a verdict leaves
_TALLEST = 0.38  # share of a picture that a legend may take from its points
_OUTSIDE = ON_WHITE.palette[1]  # beyond the edge of a bulk
SMALL = "small"  # of the texts inside a picture
BOX = (5, 25, 50, 75, 95)  # percentiles of a box plot
_MAP_MARKERS = {"published": "s"}  # a mark on a map is filled with its colour


@dataclass(frozen=True)
class Size:
    """How large is a figure, and its text?

    Attributes:
        picture: width and height in inches of one picture, of which a figure has as many as it needs; or
        whole: width and height of the figure, whatever is in it.
        font: size of the text in points.
        columns: how many pictures stand side by side at most.
        most: how many pictures it holds at most.
    """

    font: float
    columns: int
    picture: tuple[float, float] = (0.0, 0.0)
    whole: tuple[float, float] | None = None
    most: int | None = None

    def grid(self, count: int) -> tuple[int, int]:
        """Return the rows and columns of `count` pictures; four stand two by two."""
        columns = 2 if count == 4 and self.columns == 3 else min(self.columns, max(1, count))
        return max(1, math.ceil(count / columns)), columns

    def inches(self, rows: int, columns: int) -> tuple[float, float]:
        """Return width and height of a figure of rows and columns of pictures."""
        if self.whole is not None:
            return self.whole
        return self.picture[0] * columns, self.picture[1] * rows + 0.04 * self.font


SIZES = {
    "slide": Size(font=12.5, columns=3, whole=(40 / 3, 7.5), most=6),
    "page": Size(font=8.5, columns=2, picture=(3.5, 2.7)),
    "column": Size(font=8, columns=1, picture=(3.4, 2.6)),
    "screen": Size(font=10, columns=3, picture=(5.4, 4.2)),
}


def style(size: Size) -> dict[Any, Any]:
    """Return matplotlib's settings for a size: all that is drawn grows with the text."""
    font = size.font
    return {
        "font.size": font,
        "axes.titlesize": 1.05 * font,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "0.92",
        "axes.axisbelow": True,
        "legend.frameon": False,
        "legend.fontsize": 0.8 * font,
        "lines.linewidth": 0.16 * font,
        "lines.markersize": 0.45 * font,
        "svg.hashsalt": "solv",
        "svg.fonttype": "path",
    }


def draw(
    facets: Sequence[Facet],
    title: str,
    size: Size = SIZES["screen"],
    verdicts: Sequence[Verdict | None] = (),
    colours: Sequence[Mapping[str, str]] = (),
) -> "Figure":
    """Return a matplotlib figure of pictures that `lay_out` made.

    Args:
        facets: the pictures.
        title: of the figure; it is broken where it is too long.
        size: of the figure and its text.
        verdicts: of the claims that the pictures show; drawn in their corners.
        colours: of the curves of each picture, if they stand beside others: as `colours_of` returned them for all.
    """
    from matplotlib import rc_context

    from solv.tracking.notebook_figure import NotebookFigure

    rows, columns = size.grid(len(facets))
    width, height = size.inches(rows, columns)
    with rc_context(style(size)):
        figure = NotebookFigure(figsize=(width, height), layout="constrained")
        figure.suptitle(wrapped(title, letters_in(0.9 * width, 1.3 * size.font)), fontsize=1.3 * size.font)
        pictures: list[Axes] = []
        shown: dict[Axes, tuple[str, Verdict]] = {}
        for index, (facet, own) in enumerate(zip(facets, colours or colours_of(facets), strict=True)):
            axes = figure.add_subplot(rows, columns, index + 1)
            draw_panel(axes, facet.curves, facet.panel, own, Room.of(width / columns, height / rows, size.font))
            pictures.append(axes)
            if verdicts and (verdict := verdicts[index]) is not None:
                shown[axes] = facet.panel.title, verdict
        settle(figure)
        if _shorten_titles(figure, shown):
            settle(figure)
        places = clear_legends(figure)
        for axes, (_, verdict) in shown.items():
            _badge(figure, places[axes], verdict)
    return figure


def settle(figure: "Figure") -> None:
    """Lay the pictures out, with all but their legends, as drawing would, but draw nothing."""
    for axes in figure.axes:
        if (legend := axes.get_legend()) is not None:
            legend.set_in_layout(False)
    figure.get_layout_engine().execute(figure)  # type: ignore[union-attr]  # every figure here has one


def _shorten_titles(figure: "Figure", shown: "Mapping[Axes, tuple[str, Verdict]]") -> bool:
    """Break the titles of pictures, given with their verdicts, so that each ends before the verdict begins.

    Returns:
        Whether one was broken.
    """
    broken = False
    for axes, (title, verdict) in shown.items():
        badge = _badge(figure, axes.get_position(), verdict)
        room = badge.get_window_extent().x0 - badge.get_fontsize() - axes.get_window_extent().x0
        badge.remove()
        while True:
            text = axes.get_title(loc="left")
            longest = max(len(line) for line in text.splitlines())
            drawn = axes._left_title.get_window_extent().width  # type: ignore[attr-defined]  # no public name
            if drawn <= room or longest <= _SHORTEST:
                break
            axes.set_title(wrapped(title, max(_SHORTEST, int(min(longest - 1, longest * room / drawn)))), loc="left")
            broken = True
    return broken


@dataclass(frozen=True)
class Room:
    """How many letters stand in a line of a picture's title, of its vertical label, and of its note?"""

    title: int
    label: int
    note: int

    @classmethod
    def of(cls, width: float, height: float, font: float) -> "Room":
        """Return the room in a cell of a width and height in inches."""
        return cls(
            letters_in(0.8 * width, 1.05 * font), letters_in(0.75 * height, font), letters_in(0.8 * width, 0.7 * font)
        )


def wrapped(text: str, letters: int) -> str:
    """Return a text in lines of at most `letters` letters, none much shorter than others; its own line breaks stay."""
    return "\n".join(_balanced(line.replace(" = ", _EQUALS), letters) for line in text.splitlines())


def _balanced(line: str, letters: int) -> str:
    broken = wrap(line, letters)
    while len(broken) > 1 and len(narrower := wrap(line, letters - 1)) == len(broken):
        broken, letters = narrower, letters - 1
    return "\n".join(broken)


def letters_in(inches: float, font: float) -> int:
    """Return how many letters of a size in points stand in a line."""
    return max(12, int(inches * 72 / (0.52 * font)))


def _badge(figure: "Figure", place: "Bbox", verdict: Verdict) -> "Text":
    """Write a verdict above the upper right corner of a place in the figure."""
    return figure.text(
        place.x1,
        place.y1 + 0.01,
        verdict.value,
        ha="right",
        va="bottom",
        fontsize=SMALL,
        fontweight="bold",
        color="white",
        bbox={"boxstyle": "round,pad=0.25", "facecolor": VERDICTS[verdict], "edgecolor": "none"},
    )


def clear_legends(figure: "Figure") -> "dict[Axes, Bbox]":
    """Make room for each legend that covers points of its picture, once laid out: above them, or beside it.

    The legend of a map, which has no empty place, stands below it.

    Returns:
        Where each picture stands with the legend beside it, in units of the figure.
    """
    legends = [(axes, legend) for axes in figure.axes if (legend := axes.get_legend()) is not None]
    figure.set_layout_engine("none")
    places = {axes: axes.get_position() for axes in figure.axes}
    for axes, legend in legends:
        if _bars(axes):
            _legend_below(axes)
            continue
        box, frame = legend.get_window_extent(), axes.get_window_extent()
        narrow, height = box.width < 0.97 * frame.width, box.height / frame.height
        if narrow and not _covered(axes, box):
            continue
        if narrow and height < _TALLEST and _room_above(axes, height + 0.04):
            legend.set_loc("upper left" if _covered(axes, box, half="right") else "upper right")
            continue
        _legend_beside(axes)
    for axes in figure.axes:
        _fit_texts(axes)
    return places


def _fit_texts(axes: "Axes") -> None:
    """Shrink upright marks to the height of their picture, and pull back inside what new limits pushed out at left."""
    height = 0.94 * axes.get_window_extent().height
    for mark in axes.texts:
        while mark.get_rotation() == 90 and (long := mark.get_window_extent().height) > height:
            mark.set_fontsize(float(mark.get_fontsize()) * min(0.99, height / long))  # letters have whole pixels
    box, place = axes.get_tightbbox(), axes.get_position()
    if box is not None and box.x0 < 0:
        out = -float(box.x0) / axes.figure.bbox.width
        axes.set_position((place.x0 + out, place.y0, place.width - out, place.height))


def _bars(axes: "Axes") -> "list[Axes]":
    """Return the colour bars of a map; none of another picture."""
    return [drawn.colorbar.ax for drawn in axes.collections if drawn.colorbar is not None]


def _legend_below(axes: "Axes") -> None:
    """Move the legend of a map below the texts under its picture, which shrinks by as much."""
    entries = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    place, width, figure = axes.get_position(), axes.get_window_extent().width, axes.figure
    level = [axes.xaxis.label, *(text for text in axes.texts if text.get_rotation() == 0)]
    numbers = axes.get_xticklabels()
    foot = min(text.get_window_extent().y0 for text in (*numbers, *level) if text.get_text()) / figure.bbox.height
    for columns in range(len(entries), 0, -1):
        moved = axes.legend(
            entries.values(), entries.keys(), ncols=columns, loc="lower left", bbox_to_anchor=(place.x0, foot),
            bbox_transform=figure.transFigure, borderaxespad=0, borderpad=0,
        )  # fmt: skip
        if (long := moved.get_window_extent().width / width) <= 1:
            break
    else:
        for text in moved.get_texts():
            text.set_fontsize(float(text.get_fontsize()) / long)
    share = (moved.get_window_extent().height + 6) / figure.bbox.height
    for shrunk in (axes, *_bars(axes)):
        own = shrunk.get_position()
        shrunk.set_position((own.x0, own.y0 + share, own.width, own.height - share))


def _legend_beside(axes: "Axes") -> None:
    """Write the legend to the right of its picture, which shrinks by what the next picture leaves no room for."""
    from matplotlib.ticker import MaxNLocator

    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    legend = axes.legend(
        unique.values(), unique.keys(), ncols=1 + (len(unique) > 12), loc="upper left", bbox_to_anchor=(1.0, 1.0),
        frameon=False,
    )  # fmt: skip
    frame, place = axes.get_window_extent(), axes.get_position()
    share = (legend.get_window_extent().width + 8 - _free_beside(axes)) / frame.width
    if share > _WIDEST:
        for text in legend.get_texts():
            text.set_fontsize(float(text.get_fontsize()) * _WIDEST / share)
        share = _WIDEST
    share = max(share, 0.0)
    axes.set_position((place.x0, place.y0, place.width * (1 - share), place.height))
    locator = axes.xaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):  # as many labels as have room
        locator.set_params(nbins=max(2, int(_TICKS * (1 - share))))


def _free_beside(axes: "Axes") -> float:
    """Return how many pixels to the right of a picture are empty: up to the next picture, or the figure's edge."""
    frame = axes.get_window_extent()
    starts = [axes.figure.bbox.width]
    for other in axes.figure.axes:
        box = other.get_tightbbox()
        if other is not axes and box is not None and box.y0 < frame.y1 and box.y1 > frame.y0 and box.x1 > frame.x1:
            starts.append(box.x0)
    return max(0.0, float(min(starts) - frame.x1) - 8)


def _covered(axes: "Axes", box: "Bbox", half: str = "") -> bool:
    """Return whether points, lines or marks of a picture lie under a box; points of one half of it if that is named."""
    from matplotlib.path import Path as Drawn

    middle = axes.get_window_extent().x0 + axes.get_window_extent().width / 2
    if not half and any(text.get_window_extent().overlaps(box) for text in axes.texts if text.get_rotation() == 90):
        return True
    for line in axes.lines:
        if not line.get_transform().contains_branch(axes.transData):
            continue
        points = axes.transData.transform(np.asarray(line.get_xydata(), dtype=float))
        points = points[np.isfinite(points).all(axis=1)]
        if half:
            points = points[(points[:, 0] > middle) & (points[:, 1] > box.y0)]
            if len(points):
                return True
            continue
        joined = len(points) > 0 and line.get_linestyle() != "None"
        if box.padded(1).count_contains(points) or (joined and Drawn(points).intersects_bbox(box, filled=False)):
            return True
    return False


def _room_above(axes: "Axes", share: float) -> bool:
    """Raise the upper limit so that all points stand below the highest `share` of a picture; False if it is fixed."""
    low, high = axes.get_ylim()
    if not axes.get_autoscaley_on() or axes.get_yscale() not in ("linear", "log"):
        return False
    if axes.get_yscale() == "log":
        axes.set_ylim(low, low * (high / low) ** (1 / (1 - share)))
    else:
        axes.set_ylim(low, low + (high - low) / (1 - share))
    return True


def draw_panel(axes: "Axes", curves: pd.DataFrame, panel: Panel, colours: Mapping[str, str], room: Room) -> None:
    """Draw the rows of one picture, with their names in the column `series`, into `axes`.

    Args:
        axes: an empty one.
        curves: its rows.
        panel: how they are drawn.
        colours: of the curves by name.
        room: for its texts.
    """
    lines = curves
    if panel.heat is not None:
        coloured = curves["y_name"] == panel.heat.value
        _draw_map(axes, curves[coloured], panel.heat, room)
        lines = curves[~coloured]
    if panel.ridge is not None:
        _draw_ridge(axes, curves, panel.ridge)
        lines = curves.iloc[:0]
    if panel.box:
        _draw_boxes(axes, curves, panel.box)
        lines = curves.iloc[:0]
    drawn: list[str] = []
    for name in dict.fromkeys(lines["series"]):
        colour = "black" if panel.heat is not None else colours[name]
        line = "none" if panel.categories else _STYLES[drawn.count(colour) % len(_STYLES)]
        drawn.append(colour)
        _draw_series(
            axes, lines[lines["series"] == name], name, colour, line, joined=panel.joined and not panel.categories
        )
    dress(axes, curves, panel, room)
    _legend(axes, columns=2 if panel.ridge else None, alone=1 if panel.categories else 0)


def dress(axes: "Axes", curves: Curves, panel: Panel, room: Room) -> None:
    """Add what a panel has besides its curves, which are drawn already: references, texts, scales and limits."""
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    for slope in panel.slopes:
        x = np.array([slope.start, slope.stop], dtype=float)
        axes.plot(x, slope.amplitude * x**slope.exponent, color="0.4", lw=1, ls=(0, (5, 2)), label=slope.label)
    for place, label in panel.verticals.items():
        axes.axvline(place, color="0.6", lw=0.8, ls=":")
        mark = axes.annotate(
            label,
            (place, 0.98),
            xycoords=("data", "axes fraction"),
            fontsize=SMALL,
            color="0.4",
            rotation=90,
            va="top",
            ha="right",
            path_effects=[withStroke(linewidth=2, foreground="white")],  # readable over cells and points
        )
        mark.set_in_layout(False)
    axes.tick_params(labelsize=axes.yaxis.label.get_fontsize())  # saved, it asks again how many numbers have room
    axes.set_title(wrapped(panel.title, room.title), loc="left")
    axes.set(xlabel=wrapped(panel.x_label, room.title), ylabel=wrapped(panel.y_label, room.label))
    axes.set_xscale(panel.x_scale)
    axes.set_yscale(panel.y_scale)
    if panel.categories:
        axes.set_xticks(range(len(panel.categories)), panel.categories, rotation=30, ha="right", fontsize=SMALL)
    elif panel.x_scale == "linear":
        whole = bool(np.all(curves["x"] == np.round(curves["x"])))
        axes.xaxis.set_major_locator(MaxNLocator(_TICKS, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axes.set_xlim(*panel.x_limits)
    axes.set_ylim(*panel.y_limits, auto=panel.y_limits == (None, None))
    for axis, scale in ((axes.xaxis, panel.x_scale), (axes.yaxis, panel.y_scale)):
        if scale == "log":
            _label_decades(axis)
    if panel.note:
        axes.annotate(
            wrapped(panel.note, room.note),
            (0.5, 0),
            xycoords=axes.xaxis.label,
            xytext=(0, -2),
            textcoords="offset points",
            fontsize="x-small",
            color="0.4",
            ha="center",
            va="top",
        )


def save(figure: "Figure", folder: Path, stem: str = "figure") -> Path:
    """Write `<stem>.png` and `<stem>.svg` into `folder`, each atomically and free of dates; return the PNG's path.

    Raises:
        OSError: the folder cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with rc_context({"svg.hashsalt": "solv", "svg.fonttype": "path"}):
        figure.dpi = 120
        png, svg = io.BytesIO(), io.BytesIO()
        # not by `savefig`, which draws everything once more beforehand, for nothing but the layout
        FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")  # the panels stay where the first drawing has laid them out
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})  # type: ignore[no-untyped-call]
    for kind, buffer in (("png", png), ("svg", svg)):
        write_bytes(folder / f"{stem}.{kind}", buffer.getvalue())
    return folder / f"{stem}.png"


def _label_decades(axis: "Axis") -> None:
    """Label decades as 0.1, 1, 10, 10⁴; below two decades also 2 and 5 times them; beyond four no minor ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    low, high = sorted(axis.get_view_interval())
    decades = math.inf if low <= 0 else math.log10(high / low)
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
    if decades > 2:
        axis.set_minor_formatter(NullFormatter())
        if decades > 4:  # a grey smear, and most of the time of drawing
            axis.set_minor_locator(NullLocator())
    else:
        axis.set_minor_locator(LogLocator(subs=(2.0, 5.0) if decades < 1.3 else (3.0,)))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))


def power_of_ten(value: float) -> str:
    """Return a tick as plain text: from 0.01 to 1000 as it is, others as a multiple of 10 with a superscript."""
    if value <= 0:
        return ""
    exponent = math.floor(math.log10(value) + 1e-9)
    if -2 <= exponent <= 3:
        return f"{value:g}"
    mantissa = f"{value / 10.0**exponent:.3g}"
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if mantissa == "1" else f"{mantissa}·{power}"


def _draw_series(axes: "Axes", rows: Curves, name: str, colour: str, line: str, *, joined: bool) -> None:
    rows = rows[np.isfinite(rows["y"])].sort_values("x", kind="stable")
    theory = rows[rows["source"] == "theory"]
    if len(theory) == 1 or (line == "none" and len(theory)):
        axes.plot(theory["x"], theory["y"], color=colour, label=name, ls="none", marker="_", ms=12)
    elif len(theory):
        axes.plot(theory["x"], theory["y"], color=colour, label=name, ls=line)
    anchored = rows[rows["source"] == "anchored"]
    if len(anchored):
        axes.plot(
            anchored["x"], anchored["y"], color=colour, ls=(0, (4, 2)), lw=1.2, label=name if theory.empty else None
        )
        theory = pd.concat([theory, anchored])  # one entry in the legend
    for source, marker in _MARKERS.items():
        points = rows[rows["source"] == source]
        if len(points):
            axes.errorbar(
                points["x"],
                points["y"],
                yerr=points["y_err"].fillna(0.0),
                ls="-" if joined and theory.empty else "none",
                lw=0.8,
                marker=marker,
                color=colour,
                mfc=colour if source == "simulation" else "white",
                elinewidth=1,
                capsize=2,
                label=name if theory.empty else None,
            )


def _draw_map(axes: "Axes", rows: Curves, heat: Map, room: Room) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import CenteredNorm, LogNorm, Normalize

    cells = map_source(rows)
    shown = rows[rows["source"] == cells]
    grid = shown.assign(row=parameter(shown, heat.row)).pivot(index="row", columns="x", values="y")
    values = np.ma.masked_invalid(grid.to_numpy())
    if heat.scale == "log":
        values = np.ma.masked_less_equal(values, 0)
    low, high = float(values.min()), float(values.max())
    low = low if heat.floor is None else heat.floor
    high = high if heat.ceiling is None else heat.ceiling
    norm: Normalize
    if heat.center is not None:
        norm = CenteredNorm(heat.center, max(heat.center - low, min(high, 2 * heat.center - low) - heat.center))
    else:
        norm = LogNorm(low, high) if heat.scale == "log" else Normalize(low, high)
    colours = colormaps["viridis" if heat.center is None else "RdBu_r"].with_extremes(bad="0.8")
    mesh = axes.pcolormesh(
        grid.columns, grid.index, values, norm=norm, cmap=colours, shading="nearest", rasterized=True
    )
    bar = axes.figure.colorbar(mesh, ax=axes, label=wrapped(heat.label, room.label))
    bar.ax.tick_params(labelsize=axes.yaxis.label.get_fontsize())
    if heat.scale == "log" and heat.center is None:
        _label_decades(bar.ax.yaxis)
    axes.grid(False)
    for source, marker in _MARKERS.items():
        points = rows[rows["source"] == source]
        if len(points) and source != cells:
            axes.scatter(
                points["x"], parameter(points, heat.row).astype(float), c=points["y"], norm=norm, cmap=colours,
                marker=_MAP_MARKERS.get(source, marker), s=44, edgecolors="white", linewidths=1.2, zorder=3,
                label=f"{source} (same colours)",
            )  # fmt: skip


def map_source(rows: Curves) -> str:
    """Return the source whose values are the cells of a map: theory or, without it, what was measured."""
    there = set(rows["source"])
    return next((source for source in ("theory", "trained", "simulation", "published") if source in there), "theory")


def _draw_ridge(axes: "Axes", rows: Curves, ridge: Ridge) -> None:
    """Draw the rows from the top down, so that each stands in front of the one above it."""
    from matplotlib import colormaps

    order = parameter(rows, ridge.row)
    values = sorted(order.unique())
    densities = rows[rows["y_name"] == ridge.value]
    gap = 0.62 * float(densities.loc[densities["source"] == "theory", "y"].max())
    colours = colormaps["viridis"](np.linspace(0.15, 0.85, max(2, len(values))))
    for level, value in reversed(list(enumerate(values))):
        row, base = rows[order == value], gap * level
        depth = 3 * (len(values) - level)
        edge = float(row.loc[row["y_name"] == ridge.edge, "x"].iloc[0])
        for source in ("simulation", "trained", "theory"):
            density = row[(row["source"] == source) & (row["y_name"] == ridge.value)].sort_values("x")
            x, y = density["x"].to_numpy(), density["y"].to_numpy()
            if source == "theory":
                axes.plot(x, base + y, color="black", lw=1.1, zorder=depth + 2, label="theory: bulk")
            elif len(x):
                enlarged, inside = base + y * np.where(x > edge, ridge.magnify, 1.0), x <= edge
                axes.fill_between(x, base, enlarged, step="mid", color="white", lw=0, zorder=depth)
                for where, colour, label in (
                    (inside, colours[level], source),
                    (~inside, _OUTSIDE, "beyond the edge"),
                ):
                    axes.fill_between(
                        x,
                        base,
                        enlarged,
                        where=where,
                        step="mid",
                        color=colour,
                        alpha=0.75,
                        lw=0,
                        zorder=depth,
                        label=label,
                    )
        marks = row[row["y_name"] == ridge.mark]
        axes.plot(
            marks["x"], np.full(len(marks), base - 0.07 * gap), ls="none", marker="^", color=_OUTSIDE, mec="black",
            mew=0.6, ms=6, zorder=depth + 3, label="theory: outlier",
        )  # fmt: skip
        axes.annotate(
            ridge.label.format(f"{value:g}"), (0.99, base + 0.12 * gap), xycoords=("axes fraction", "data"),
            fontsize=SMALL, color="0.3", ha="right", zorder=60,
        )  # fmt: skip
    axes.axvline(edge, color="0.6", lw=0.8, ls=":")
    axes.set_yticks([])
    axes.grid(False)
    axes.set_ylim(-0.45 * gap, gap * (len(values) + 2.2))


def _draw_boxes(axes: "Axes", rows: Curves, percentile: str) -> None:
    """Draw a box for every abscissa: from the lower to the upper quartile, with the median and whiskers 5 to 95 %."""
    boxes = []
    for place, of_one in rows.groupby("x"):
        values = dict(zip(parameter(of_one, percentile).astype(float), of_one["y"], strict=True))
        ends = {name: values[part] for name, part in zip(("whislo", "q1", "med", "q3", "whishi"), BOX, strict=True)}
        boxes.append({**ends, "label": place})
    colour = ON_WHITE.palette[0]
    axes.bxp(
        boxes, positions=[float(each["label"]) for each in boxes], showfliers=False, patch_artist=True, widths=0.5,
        manage_ticks=False, boxprops={"facecolor": "white", "edgecolor": colour}, whiskerprops={"color": colour},
        medianprops={"color": colour, "lw": 2}, capprops={"color": colour},
    )  # fmt: skip


def _legend(axes: "Axes", *, columns: int | None = None, alone: int = 0) -> None:
    """Name the curves, if they are more than `alone`."""
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if len(unique) > alone:
        axes.legend(unique.values(), unique.keys(), ncols=columns or 1 + (len(unique) > 7))
