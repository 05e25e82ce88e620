"""How do runs of one experiment differ? In their settings, in their agreement with theory, and in one figure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, agreement
from solv.tracking.figures import STYLE, Panel, draw_panel, dress, series_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_THEORY = ("panel", "series", "x_name", "y_name", "x")


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
    claims: Sequence[Claim]


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


def agreements(runs: Sequence[Labelled]) -> pd.DataFrame:
    """Return the agreement of the runs side by side, a row per (panel, series, y_name, source).

    Returns:
        Columns `panel, series, y_name, source` and, for each label L, `points L`, `median_error L`, `within_2_se L`
        (NaN where the run has no such points).
    """
    keys = ["panel", "series", "y_name", "source"]
    joined: pd.DataFrame | None = None
    for run in runs:
        part = agreement(run.curves)[[*keys, "points", "median_error", "within_2_se"]]
        part = part.rename(columns={name: f"{name} {run.label}" for name in part.columns if name not in keys})
        joined = part if joined is None else joined.merge(part, on=keys, how="outer", sort=False)
    assert joined is not None
    rows = pd.concat([run.curves for run in runs]).drop_duplicates(keys)
    order = {tuple(row): place for place, row in enumerate(rows[keys].to_numpy().tolist())}
    places = [order[tuple(row)] for row in joined[keys].to_numpy().tolist()]
    by_panel = {panel: place for place, panel in reversed(list(enumerate(rows["panel"])))}
    joined = joined.assign(_panel=joined["panel"].map(by_panel), _place=places).sort_values(["_panel", "_place"])
    return joined.drop(columns=["_panel", "_place"]).reset_index(drop=True)


def verdicts(runs: Sequence[Labelled]) -> list[Difference]:
    """Return the verdict of every claim in each run."""
    found = [{claim.id: claim.verdict.value for claim in run.claims} for run in runs]
    return [
        Difference(name, tuple(each.get(name) for each in found)) for name in dict.fromkeys(n for e in found for n in e)
    ]


def overlay(runs: Sequence[Labelled], panels: Sequence[Panel], title: str) -> "Figure":
    """Return a figure of all panels: a series keeps its colour, a run its marker and its line.

    Theory that is the same in all runs is drawn once. A heat map is drawn once per run, side by side.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    jobs: list[tuple[Panel, Sequence[Labelled]]] = []
    for panel in panels:
        having = [run for run in runs if (run.curves["panel"] == panel.name).any()]
        jobs += [(panel, [run]) for run in having] if panel.heat else [(panel, having)] if having else []
    columns = min(3, max(1, len(jobs)))
    rows = max(1, math.ceil(len(jobs) / columns))
    with rc_context(STYLE):
        figure = Figure(figsize=(5.4 * columns, 4.2 * rows + 0.4), layout="constrained")
        figure.suptitle(title, fontsize=13)
        for index, (panel, shown) in enumerate(jobs):
            axes = figure.add_subplot(rows, columns, index + 1)
            if panel.heat:
                draw_panel(axes, shown[0].curves[shown[0].curves["panel"] == panel.name], panel)
                axes.set_title(f"{panel.title} · {shown[0].label}")
            else:
                _draw_overlay(axes, shown, panel, [run.label for run in runs])
    return figure


def _draw_overlay(axes: "Axes", runs: Sequence[Labelled], panel: Panel, order: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    parts = {run.label: run.curves[run.curves["panel"] == panel.name] for run in runs}
    names = list(dict.fromkeys(name for part in parts.values() for name in part["series"]))
    colours = dict(zip(names, series_colours(len(names), panel), strict=True))
    whole = pd.concat(parts.values(), ignore_index=True)
    for name, colour in colours.items():
        rows = {label: part[(part["series"] == name) & np.isfinite(part["y"])] for label, part in parts.items()}
        for label, theory in _distinct_theory(rows).items():
            style = _LINES[order.index(label) % len(_LINES)] if label else "-"
            axes.plot(theory["x"], theory["y"], color=colour, ls=style, marker="_" if len(theory) == 1 else None)
        for label, part in rows.items():
            for source, points in part[part["source"] != "theory"].groupby("source"):
                axes.errorbar(
                    points["x"], points["y"], yerr=points["y_err"].fillna(0.0), ls="none", color=colour, elinewidth=1,
                    capsize=2, marker=_MARKERS[order.index(label) % len(_MARKERS)],
                    mfc=colour if source == "simulation" else "white",
                )  # fmt: skip
    dress(axes, whole, panel)
    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    handles += [
        Line2D([], [], color="0.35", marker=_MARKERS[order.index(label) % len(_MARKERS)],
               ls=_LINES[order.index(label) % len(_LINES)], label=label)
        for label in parts
    ]  # fmt: skip
    axes.legend(handles=handles, ncols=1 + (len(handles) > 7))


def _distinct_theory(rows: Mapping[str, Curves]) -> dict[str, Curves]:
    """Return the theory of each run by label, or one of them under the empty label if all are the same."""
    theory = {label: part[part["source"] == "theory"].sort_values("x", kind="stable") for label, part in rows.items()}
    theory = {label: part for label, part in theory.items() if len(part)}
    first = next(iter(theory.values()), None)
    if first is None:
        return {}
    columns = [*_THEORY, "y"]
    plain = first[columns].reset_index(drop=True)
    if all(part[columns].reset_index(drop=True).equals(plain) for part in theory.values()):
        return {"": first}
    return theory
