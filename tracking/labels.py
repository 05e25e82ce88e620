"""What are curves called where a person reads them? Panels are split and curves named from params, as late as possible.

A panel of an experiment may be drawn as several: one for each value of the params that it names as `facets`. Within
each, a curve is named by the template `series` of its panel, or by those params in which it differs from the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from solv.tracking.curves import BEFORE, CURVE, Curves, agreement, decode_params
from solv.tracking.panels import Panel

ABSENT = "–"
_LEAST_DIGITS, _ALL_DIGITS = 4, 17


@dataclass(frozen=True)
class Facet:
    """One picture: a panel at fixed values of its facets, and the curves in it with their names.

    Attributes:
        part: name of the part that the curves belong to.
        key: what tells the picture from every other of the experiment, e.g. `depth alpha=0.7 rho=0`.
        at: the values of its facets.
        panel: how it is drawn, its title complete.
        curves: its rows, with the added column `series`: the name of each curve.
    """

    part: str
    key: str
    at: Mapping[str, Any]
    panel: Panel
    curves: pd.DataFrame


def lay_out(curves: Curves, panels: Sequence[Panel]) -> list[Facet]:
    """Return the pictures that show `curves`: in the order of the panels, then of the values as they appear.

    Args:
        curves: of one experiment, or of several runs of it together.
        panels: how they are drawn; a curve of a panel that is not among them gets a plain one, and a panel that is not
            `drawn` none.
    """
    facets: list[Facet] = []
    known = curves["panel"].isin([str(panel.name) for panel in panels]) & (curves["part"] != BEFORE)
    for panel in panels:
        rows = curves[known & (curves["panel"] == str(panel.name))]
        if panel.drawn and len(rows):
            facets += _facets(rows, panel)
    for (_, name), rows in curves[~known].groupby(["part", "panel"], sort=False):
        first = rows.iloc[0]
        facets += _facets(rows, Panel(str(name), str(name), first["x_name"], first["y_name"]))
    return facets


def name_curves(curves: Curves, panels: Sequence[Panel]) -> pd.DataFrame:
    """Return the rows with two columns more, `facet` and `series`: how each is called in tables; order as drawn."""
    shown = [replace(panel, drawn=True) for panel in panels]
    parts = [_in_a_table(facet) for facet in lay_out(curves, shown)]
    return pd.concat(parts) if parts else curves.assign(facet="", series="")


def _in_a_table(facet: Facet) -> pd.DataFrame:
    """Return the rows of a picture with its key; a category, there the abscissa, is part of a curve's name here."""
    rows = facet.curves.assign(facet=facet.key)
    if not facet.panel.category:
        return rows
    places = [facet.panel.categories[int(place)] for place in rows["x"]]
    return rows.assign(series=[", ".join(filter(None, pair)) for pair in zip(rows["series"], places, strict=True)])


def named_agreement(curves: Curves, panels: Sequence[Panel]) -> pd.DataFrame:
    """Return `agreement` on the panels' scales, with the columns `facet` and `series` more, in the order as drawn."""
    named = name_curves(curves, panels)
    names = named.drop_duplicates(CURVE)[[*CURVE, "facet", "series"]].reset_index(drop=True)
    table = scaled_agreement(curves, panels).merge(names.assign(_place=range(len(names))), on=CURVE, how="left")
    return table.sort_values("_place", kind="stable").drop(columns="_place").reset_index(drop=True)


def scaled_agreement(curves: Curves, panels: Sequence[Panel]) -> pd.DataFrame:
    """Return `agreement`, by factors on logarithmic panels."""
    return agreement(curves, [str(panel.name) for panel in panels if panel.y_scale == "log"])


def spell(value: object, among: Sequence[object] = ()) -> str:
    """Return a value as a person reads it: with four significant digits, or as many as tell it from the others."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return {True: "yes", False: "no", None: ABSENT}.get(value, str(value)) if not isinstance(value, str) else value
    if isinstance(value, list | tuple):
        return ", ".join(spell(item) for item in value)
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int) and abs(value) < 10**6:
        return str(value)
    others = {item for item in among if isinstance(item, int | float) and np.isfinite(item) and item != value}
    for digits in range(_LEAST_DIGITS, _ALL_DIGITS):
        text = f"{value:.{digits}g}"
        if all(f"{other:.{digits}g}" != text for other in others):
            return text
    return repr(value)


def _facets(rows: Curves, panel: Panel) -> list[Facet]:
    texts = list(rows["params"].unique())
    params = {text: decode_params(text) for text in texts}
    places = {text: tuple(_hashable(params[text].get(name)) for name in panel.facets) for text in texts}
    facets = []
    for place in dict.fromkeys(places.values()):
        own = [text for text in texts if places[text] == place]
        here = {name: params[own[0]].get(name) for name in panel.facets}
        spelled = {name: spell(here[name], _values(params.values(), name)) for name in panel.facets}
        key = " ".join([str(panel.name), *(f"{name}={text}" for name, text in spelled.items())])
        title = panel.title.format_map(spelled) if panel.facets else panel.title
        if untold := [f"{name}={text}" for name, text in spelled.items() if f"{{{name}}}" not in panel.title]:
            title += f" [{', '.join(untold)}]"
        part = rows[rows["params"].isin(own)]
        names = curve_names({text: params[text] for text in own}, panel)
        shown = part.assign(series=part["params"].map(names))
        if panel.category:
            shown, categories = _categorised(shown, {text: params[text] for text in own}, panel)
            own_panel = replace(panel, title=title, categories=categories)
        else:
            own_panel = replace(panel, title=title)
        facets.append(Facet(str(rows["part"].iloc[0]), key, here, own_panel, shown))
    return facets


def curve_names(params: Mapping[str, Mapping[str, Any]], panel: Panel) -> dict[str, str]:
    """Return the name of every curve of one picture; names that come out equal are told apart by what differs.

    Args:
        params: the params of each curve, by the text that encodes them.
        panel: its `series` is a template over params, a function of them, or empty.
    """
    keys = list(dict.fromkeys(key for each in params.values() for key in each))
    left = [key for key in keys if key not in panel.facets and key not in panel.category]
    varying = [key for key in left if len({_hashable(each.get(key)) for each in params.values()}) > 1]
    values = {key: _values(params.values(), key) for key in keys}
    names = {}
    for text, each in params.items():
        spelled = _Spelled({key: spell(value, values[key]) for key, value in each.items()})
        if callable(panel.series):
            names[text] = panel.series(each)
        elif panel.series:
            names[text] = panel.series.format_map(spelled)
        else:
            names[text] = ", ".join(f"{key}={spelled[key]}" for key in varying)
    if panel.category:  # curves that differ in their category alone are points of one line
        groups = {text: str([_hashable(each.get(key)) for key in left]) for text, each in params.items()}
    else:
        groups = {text: text for text in params}
    for name in {name for name in names.values() if len({groups[t] for t, n in names.items() if n == name}) > 1}:
        same = {text: params[text] for text, other in names.items() if other == name}
        telling = [key for key in left if len({_hashable(each.get(key)) for each in same.values()}) > 1]
        for text, each in same.items():
            added = ", ".join(f"{key}={spell(each.get(key), values[key])}" for key in telling)
            names[text] = f"{name} [{added}]" if name else added
    return names


class _Spelled(dict[str, str]):
    """Values of a template; what a curve does not have is shown as absent."""

    def __missing__(self, key: str) -> str:
        return ABSENT


def _categorised(
    rows: pd.DataFrame, params: Mapping[str, Mapping[str, Any]], panel: Panel
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows with the place of their category as abscissa, and the categories in order of appearance."""
    values = {key: _values(params.values(), key) for key in panel.category}
    labels = {
        text: ", ".join(spell(each.get(key), values[key]) for key in panel.category) for text, each in params.items()
    }
    categories = tuple(dict.fromkeys(labels.values()))
    places = {text: float(categories.index(label)) for text, label in labels.items()}
    return rows.assign(x=rows["params"].map(places)), categories


def _values(params: Any, key: str) -> list[object]:
    return [each.get(key) for each in params]


def _hashable(value: object) -> object:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
