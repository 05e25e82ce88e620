"""How do runs of one experiment differ? In their settings, in their agreement with theory, and in one figure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from solv.tracking.claims import Finding
from solv.tracking.colours import colours_of
from solv.tracking.curves import CURVE, Curves
from solv.tracking.figures import (
    SIZES,
    Room,
    Size,
    clear_legends,
    draw_panel,
    dress,
    letters_in,
    settle,
    style,
    wrapped,
)
from solv.tracking.labels import Facet, lay_out, name_curves, scaled_agreement
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_THEORY = ("params", "x_name", "y_name", "x")


@dataclass(frozen=True)
class Labelled:
    """One of the runs that are compared.

    Attributes:
        label: how it is called in figure and tables, e.g. `A`.
        config: its settings by full key, `group.key`.
        curves, claims: what it found.
    """

    label: str
    config: Mapping[str, Any]
    curves: Curves
    claims: Sequence[Finding]


@dataclass(frozen=True)
class Difference:
    """A key whose value is not the same in all runs; None where a run does not have the key."""

    key: str
    values: tuple[Any, ...]


def labels(count: int) -> list[str]:
    """Return short labels A, B, ..., Z, R27, R28, ..."""
    return [chr(ord("A") + index) if index < 26 else f"R{index + 1}" for index in range(count)]


def differences(runs: Sequence[Labelled]) -> list[Difference]:
    """Return the settings that are not the same in all runs, in the order of the first run's configuration."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    found = [Difference(key, tuple(run.config.get(key) for run in runs)) for key in keys]
    return [item for item in found if any(value != item.values[0] for value in item.values)]


def agreements(runs: Sequence[Labelled], panels: Sequence[Panel]) -> pd.DataFrame:
    """Return the agreement of the runs side by side, a row per curve of one source.

    Args:
        runs: the runs.
        panels: how their curves are named.

    Returns:
        Columns `facet, series, y_name, source` and, for each label L, `points L`, `median_error L`, `within_2_se L`
        (NaN where the run has no such points), in the order in which the curves are drawn.
    """
    keys = [*CURVE, "source"]
    values = ["points", "median_error", "within_2_se"]
    named = name_curves(_together(runs), panels).drop_duplicates(keys)[[*keys, "facet", "series"]]
    for run in runs:
        part = scaled_agreement(run.curves, panels)[[*keys, *values]]
        part = part.rename(columns={name: f"{name} {run.label}" for name in values})
        named = named.merge(part, on=keys, how="left", sort=False)
    measured = named[[f"points {run.label}" for run in runs]].notna().any(axis=1)
    shown = ["facet", "series", "y_name", "source", *(f"{name} {run.label}" for run in runs for name in values)]
    return named[measured][shown].reset_index(drop=True)


def verdicts(runs: Sequence[Labelled]) -> list[Difference]:
    """Return the verdict of every claim in each run."""
    found = [{claim.id: claim.verdict.value for claim in run.claims} for run in runs]
    return [
        Difference(name, tuple(each.get(name) for each in found)) for name in dict.fromkeys(n for e in found for n in e)
    ]


def overlay(
    runs: Sequence[Labelled],
    panels: Sequence[Panel],
    title: str,
    size: Size = SIZES["screen"],
    only: Collection[str] = (),
) -> "Figure":
    """Return a figure of all pictures: a curve keeps its colour, a run its marker and its line.

    Theory that is the same in several runs is drawn once. A heat map is drawn once per run, side by side.

    Args:
        runs: what is laid over each other.
        panels: how they are drawn.
        title: of the figure.
        size: of the figure and its text.
        only: keys of the pictures that are drawn; none means all.
    """
    from matplotlib import rc_context

    from solv.tracking.notebook_figure import NotebookFigure

    facets = lay_out(_together(runs), panels)
    jobs: list[tuple[Facet, Mapping[str, str], Sequence[Labelled]]] = []
    for facet, own in zip(facets, colours_of(facets), strict=True):
        if only and facet.key not in only:
            continue
        shown = {run.label: _rows_of(facet, run) for run in runs}
        having: Sequence[Labelled] = [run for run in runs if len(shown[run.label])]
        if facet.panel.heat or facet.panel.ridge:
            jobs += [(replace(facet, curves=shown[run.label]), own, [run]) for run in having]
        else:
            jobs.append((facet, own, having))
    rows, columns = size.grid(len(jobs))
    width, height = size.inches(rows, columns)
    room = Room.of(width / columns, height / rows, size.font)
    with rc_context(style(size)):
        figure = NotebookFigure(figsize=(width, height), layout="constrained")
        figure.suptitle(wrapped(title, letters_in(0.9 * width, 1.3 * size.font)), fontsize=1.3 * size.font)
        for index, (facet, colours, having) in enumerate(jobs):
            axes = figure.add_subplot(rows, columns, index + 1)
            if facet.panel.heat or facet.panel.ridge:
                draw_panel(axes, facet.curves, facet.panel, colours, room)
                axes.set_title(wrapped(f"{facet.panel.title} · {having[0].label}", room.title), loc="left")
            else:
                _draw_overlay(axes, facet, colours, having, [run.label for run in runs], room)
        settle(figure)
        clear_legends(figure)
    return figure


def _together(runs: Sequence[Labelled]) -> pd.DataFrame:
    return pd.concat([run.curves for run in runs], ignore_index=True)


def _rows_of(facet: Facet, run: Labelled) -> pd.DataFrame:
    """Return the rows of one run in a picture of several, with their names."""
    names = facet.curves.drop_duplicates("params").set_index("params")["series"]
    rows = run.curves[(run.curves["panel"] == str(facet.panel.name)) & run.curves["params"].isin(names.index)]
    named = rows.assign(series=rows["params"].map(names))
    if facet.panel.categories:
        places = facet.curves.drop_duplicates("params").set_index("params")["x"]
        named = named.assign(x=named["params"].map(places))
    return named


def _draw_overlay(
    axes: "Axes",
    facet: Facet,
    colours: Mapping[str, str],
    runs: Sequence[Labelled],
    order: Sequence[str],
    room: Room,
) -> None:
    from matplotlib.lines import Line2D

    panel, parts = facet.panel, {run.label: _rows_of(facet, run) for run in runs}
    names = list(dict.fromkeys(name for part in parts.values() for name in part["series"]))
    for name in names:
        colour = colours[name]
        rows = {label: part[(part["series"] == name) & np.isfinite(part["y"])] for label, part in parts.items()}
        for label, theory in _distinct_theory(rows).items():
            dashes = _LINES[order.index(label) % len(_LINES)] if label else "-"
            alone = len(theory) == 1 or bool(panel.categories)
            line = {"ls": "none", "marker": "_", "ms": 12} if alone else {"ls": dashes}
            axes.plot(theory["x"], theory["y"], color=colour, **line)
        for label, part in rows.items():
            for source, points in part[part["source"] != "theory"].groupby("source"):
                if source == "anchored":
                    axes.plot(points["x"], points["y"], color=colour, ls=(0, (4, 2)), lw=1.2)
                    continue
                axes.errorbar(
                    points["x"], points["y"], yerr=points["y_err"].fillna(0.0), ls="none", color=colour, elinewidth=1,
                    capsize=2, marker=_MARKERS[order.index(label) % len(_MARKERS)],
                    mfc=colour if source == "simulation" else "white",
                )  # fmt: skip
    dress(axes, facet.curves, panel, room)
    handles = [Line2D([], [], color=colours[name], label=name) for name in names]
    handles += [
        Line2D([], [], color="0.35", marker=_MARKERS[order.index(label) % len(_MARKERS)],
               ls=_LINES[order.index(label) % len(_LINES)], label=label)
        for label in parts
    ]  # fmt: skip
    axes.legend(handles=handles, ncols=1 + (len(handles) > 7))


def _distinct_theory(rows: Mapping[str, Curves]) -> dict[str, Curves]:
    """Return the theories of the runs that differ, each once, by the label of the first run that has it.

    One that all of them share stands under the empty label.
    """
    columns = [*_THEORY, "y"]
    having = {label: part[part["source"] == "theory"].sort_values("x", kind="stable") for label, part in rows.items()}
    distinct: dict[str, Curves] = {}
    for label, part in having.items():
        plain = part[columns].reset_index(drop=True)
        if len(part) and not any(plain.equals(other[columns].reset_index(drop=True)) for other in distinct.values()):
            distinct[label] = part
    return {"": next(iter(distinct.values()))} if len(distinct) == 1 else distinct
