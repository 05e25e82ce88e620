"""How are curves drawn? Theory a line, simulation filled markers, trained open markers - from the table alone."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from solv.tracking.curves import Curves, parameter
from solv.tracking.files import write_bytes
from solv.tracking.labels import Facet
from solv.tracking.panels import Map, Panel, Ridge

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito's colour-blind-safe palette, without its yellow (too light for a line on white).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = {"simulation": "o", "trained": "s", "published": "x"}


def draw(facets: Sequence[Facet], title: str) -> "Figure":
    """Return a matplotlib figure of pictures that `lay_out` made, on a grid of at most three columns."""
    from matplotlib import rc_context

    from solv.tracking.notebook_figure import NotebookFigure

    columns = min(3, max(1, len(facets)))
    rows = max(1, math.ceil(len(facets) / columns))
    with rc_context(STYLE):
        figure = NotebookFigure(figsize=(5.4 * columns, 4.2 * rows + 0.4), layout="constrained")
        figure.suptitle(title, fontsize=13)
        for index, facet in enumerate(facets):
            draw_panel(figure.add_subplot(rows, columns, index + 1), facet.curves, facet.panel)
    return figure


def draw_panel(axes: "Axes", curves: pd.DataFrame, panel: Panel) -> None:
    """Draw the rows of one picture, with their names in the column `series`, into `axes`."""
    lines = curves
    if panel.heat is not None:
        coloured = curves["y_name"] == panel.heat.value
        _draw_map(axes, curves[coloured], panel.heat)
        lines = curves[~coloured]
    if panel.ridge is not None:
        _draw_ridge(axes, curves, panel.ridge)
        lines = curves.iloc[:0]
    names = list(dict.fromkeys(lines["series"]))
    for index, (name, colour) in enumerate(zip(names, series_colours(len(names), panel), strict=True)):
        on_map = panel.heat is not None
        style = ("-", "--", ":")[index % 3] if on_map else "-"
        line = "none" if panel.categories else style
        _draw_series(axes, lines[lines["series"] == name], name, "black" if on_map else colour, line)
    dress(axes, curves, panel)
    _legend(axes, framed=panel.heat is not None, columns=2 if panel.ridge is not None else None)


def dress(axes: "Axes", curves: Curves, panel: Panel) -> None:
    """Add what a panel has besides its curves, which are drawn already: references, texts, scales and limits."""
    from matplotlib.ticker import MaxNLocator

    for slope in panel.slopes:
        x = np.array([slope.start, slope.stop], dtype=float)
        axes.plot(x, slope.amplitude * x**slope.exponent, color="0.4", lw=1, ls=(0, (5, 2)), label=slope.label)
    for place, label in panel.verticals.items():
        axes.axvline(place, color="0.6", lw=0.8, ls=":")
        axes.annotate(
            label,
            (place, 0.98),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            color="0.4",
            rotation=90,
            va="top",
            ha="right",
        )
    axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label)
    axes.set_xscale(panel.x_scale)
    axes.set_yscale(panel.y_scale)
    if panel.categories:
        axes.set_xticks(range(len(panel.categories)), panel.categories, rotation=30, ha="right", fontsize=8)
    elif panel.x_scale == "linear" and np.all(curves["x"] == np.round(curves["x"])):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(*panel.x_limits)
    axes.set_ylim(*panel.y_limits)
    for axis, scale in ((axes.xaxis, panel.x_scale), (axes.yaxis, panel.y_scale)):
        if scale == "log":
            _label_decades(axis)
    if panel.note:
        axes.annotate(panel.note, (0.01, 0.01), xycoords="axes fraction", fontsize=7, color="0.4", va="bottom")


def save(figure: "Figure", folder: Path, stem: str = "figure") -> Path:
    """Write `<stem>.png` and `<stem>.svg` into `folder`, each atomically and free of dates; return the PNG's path.

    Raises:
        OSError: the folder cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with rc_context({**STYLE, "svg.hashsalt": "solv", "svg.fonttype": "path"}):
        figure.dpi = 120
        png, svg = io.BytesIO(), io.BytesIO()
        # not by `savefig`, which draws everything once more beforehand, for nothing but the layout
        FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")  # the panels stay where the first drawing has laid them out
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})  # type: ignore[no-untyped-call]
    for kind, buffer in (("png", png), ("svg", svg)):
        write_bytes(folder / f"{stem}.{kind}", buffer.getvalue())
    return folder / f"{stem}.png"


STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.92",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
}


def _label_decades(axis: "Axis") -> None:
    """Label decades as 0.1, 1, 10, 10⁴; below two decades also 2 and 5 times them; beyond four no minor ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    low, high = sorted(axis.get_view_interval())
    wide = low <= 0 or high / low > 100
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
    if wide:
        axis.set_minor_formatter(NullFormatter())
        if low <= 0 or high / low > 1e4:  # a grey smear, and most of the time of drawing
            axis.set_minor_locator(NullLocator())
    else:
        axis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def power_of_ten(value: float) -> str:
    """Return a decade as plain text: 0.01 to 1000 as they are, others as 10 with a superscript."""
    if value <= 0:
        return ""
    exponent = round(math.log10(value))
    if -2 <= exponent <= 3 or not math.isclose(value, 10.0**exponent, rel_tol=1e-9):
        return f"{value:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def series_colours(count: int, panel: Panel) -> list[str]:
    """Return a colour for each of `count` series: steps of a sequential map if they are ordered, else the palette."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if panel.ordered and count > 1:
        return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0.0, 0.88, count))]
    return [PALETTE[index % len(PALETTE)] for index in range(count)]


def _draw_series(axes: "Axes", rows: Curves, name: str, colour: str, line: str) -> None:
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
                ls="none",
                marker=marker,
                color=colour,
                mfc=colour if source == "simulation" else "white",
                elinewidth=1,
                capsize=2,
                label=name if theory.empty else None,
            )


def _draw_map(axes: "Axes", rows: Curves, heat: Map) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import CenteredNorm, LogNorm, Normalize

    theory = rows[rows["source"] == "theory"]
    grid = theory.assign(row=parameter(theory, heat.row)).pivot(index="row", columns="x", values="y")
    values = np.ma.masked_invalid(grid.to_numpy())
    if heat.scale == "log":
        values = np.ma.masked_less_equal(values, 0)
    low, high = float(values.min()), float(values.max())
    low = low if heat.floor is None else heat.floor
    norm: Normalize
    if heat.center is not None:
        norm = CenteredNorm(heat.center, max(heat.center - low, min(high, 2 * heat.center - low) - heat.center))
    else:
        norm = LogNorm(low, high) if heat.scale == "log" else Normalize(low, high)
    colours = colormaps["viridis" if heat.center is None else "RdBu_r"].with_extremes(bad="0.8")
    mesh = axes.pcolormesh(
        grid.columns, grid.index, values, norm=norm, cmap=colours, shading="nearest", rasterized=True
    )
    axes.figure.colorbar(mesh, ax=axes, label=heat.label)
    axes.grid(False)
    for source, marker in _MARKERS.items():
        points = rows[rows["source"] == source]
        if len(points):
            axes.scatter(
                points["x"], parameter(points, heat.row).astype(float), c=points["y"], norm=norm, cmap=colours,
                marker=marker, s=44, edgecolors="white", linewidths=1.2, zorder=3, label=f"{source} (same colours)",
            )  # fmt: skip


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
                    (~inside, PALETTE[1], "beyond the edge"),
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
            marks["x"], np.full(len(marks), base - 0.07 * gap), ls="none", marker="^", color=PALETTE[1], mec="black",
            mew=0.6, ms=6, zorder=depth + 3, label="theory: outlier",
        )  # fmt: skip
        axes.annotate(
            ridge.label.format(f"{value:g}"), (0.99, base + 0.12 * gap), xycoords=("axes fraction", "data"), fontsize=8,
            color="0.3", ha="right", zorder=60,
        )  # fmt: skip
    axes.axvline(edge, color="0.6", lw=0.8, ls=":")
    axes.set_yticks([])
    axes.grid(False)
    axes.set_ylim(-0.45 * gap, gap * (len(values) + 2.2))


def _legend(axes: "Axes", *, framed: bool, columns: int | None = None) -> None:
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if unique:
        legend = axes.legend(unique.values(), unique.keys(), ncols=columns or 1 + (len(unique) > 7), frameon=framed)
        legend.get_frame().set(facecolor="0.9", alpha=0.9, edgecolor="none")
