"""How is a panel drawn in a browser? As a plotly figure in plain data: the same lines and markers as on paper.

A trace carries in `meta` what the page needs to redraw it: its colour on light and on dark ground, its
series and its source. The text of every point is its `customdata`.
"""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from solv.tracking.curves import Curves, parameter
from solv.tracking.figures import map_source, power_of_ten
from solv.tracking.panels import Map, Panel

_SYMBOLS = {"simulation": "circle", "trained": "square-open", "published": "x-thin-open"}
_ON_MAP = "#000000"
_LINEAR_PART = 2.0  # |value| up to which a symlog axis is linear, as on paper

Figure = dict[str, Any]


def plotly_figure(curves: pd.DataFrame, panel: Panel, light: Mapping[str, str], dark: Mapping[str, str]) -> Figure:
    """Return the plotly figure of one panel as a JSON-ready dictionary with the keys `data` and `layout`.

    Args:
        curves: the rows of one picture, named in the column `series`; points that are not finite are left out.
        panel: how it is drawn.
        light, dark: colours of the curves by name, on a white and on a black ground.
    """
    lines, data, layout = curves, [], _layout(curves, panel)
    if panel.heat is not None:
        coloured = curves["y_name"] == panel.heat.value
        data += _map(curves[coloured], panel, panel.heat)
        layout["coloraxis"] = _colour_axis(curves[coloured], panel.heat)
        lines = curves[~coloured]
    for index, name in enumerate(dict.fromkeys(lines["series"])):
        on_map = panel.heat is not None
        dash = ("solid", "dash", "dot")[index % 3] if on_map else "solid"
        pair = (_ON_MAP, _ON_MAP) if on_map else (light.get(name, _ON_MAP), dark.get(name, _ON_MAP))
        data += _series(lines[lines["series"] == name], name, pair, dash, panel)
    for slope in panel.slopes:
        x = np.array([slope.start, slope.stop], dtype=float)
        y = slope.amplitude * x**slope.exponent
        meta = _meta(slope.label, "reference", ("#767676", "#9a9a9a"))
        data.append(
            {
                "type": "scatter", "mode": "lines", "x": x.tolist(), "y": _on_axis(y, panel.y_scale),
                "line": {"width": 1.3, "dash": "dash", "color": "#767676"}, "hoverinfo": "skip", "meta": meta,
                "name": html.escape(slope.label),
            }
        )  # fmt: skip
    return {"data": data, "layout": layout}


def _series(rows: Curves, name: str, colours: tuple[str, str], dash: str, panel: Panel) -> list[Figure]:
    rows = rows[np.isfinite(rows["y"])].sort_values("x", kind="stable")
    traces = []
    for source, points in rows.groupby("source", sort=False):
        texts = [_text(row, str(source)) for row in points.to_dict(orient="records")]
        trace: Figure = {
            "type": "scatter",
            "x": _on_axis(points["x"].to_numpy(), panel.x_scale),
            "y": _on_axis(points["y"].to_numpy(), panel.y_scale),
            "name": html.escape(name),
            "customdata": texts,
            "hovertemplate": f"<b>{html.escape(name)}</b><br>%{{customdata}}<extra></extra>",
            "meta": _meta(name, str(source), colours),
        }
        if source == "theory" and len(points) > 1:
            trace |= {"mode": "lines", "line": {"color": colours[0], "width": 2, "dash": dash, "simplify": False}}
        elif source == "anchored":
            trace |= {"mode": "lines", "line": {"color": colours[0], "width": 1.5, "dash": "dash"}}
        elif source == "theory":
            marker = {"symbol": "line-ew-open", "size": 16, "color": colours[0], "line": {"width": 2.5}}
            trace |= {"mode": "markers", "marker": marker}
        else:
            filled = source == "simulation"
            marker = {"symbol": _SYMBOLS[str(source)], "size": 7 if filled else 9, "color": colours[0]}
            marker["line"] = {"width": 0 if filled else 1.8}
            alone = panel.joined and not panel.categories and not rows["source"].isin(("theory", "anchored")).any()
            trace |= {"mode": "lines+markers" if alone else "markers", "line": {"width": 1, "color": colours[0]}}
            trace |= {"marker": marker, "error_y": _errors(points, colours[0], panel)}
        traces.append(trace)
    return sorted(traces, key=lambda trace: trace["meta"]["source"] != "theory")


def _errors(points: Curves, colour: str, panel: Panel) -> Figure:
    y, error = points["y"].to_numpy(), points["y_err"].fillna(0.0).to_numpy()
    bars: Figure = {"type": "data", "color": colour, "thickness": 1.2, "width": 3, "visible": bool((error > 0).any())}
    if panel.y_scale != "symlog":
        return bars | {"array": error.tolist()}
    upper = np.array(_on_axis(y + error, "symlog")) - np.array(_on_axis(y, "symlog"))
    lower = np.array(_on_axis(y, "symlog")) - np.array(_on_axis(y - error, "symlog"))
    return bars | {"symmetric": False, "array": upper.tolist(), "arrayminus": lower.tolist()}


def _map(rows: Curves, panel: Panel, heat: Map) -> list[Figure]:
    source = map_source(rows)
    cells = rows[rows["source"] == source]
    grid = cells.assign(row=parameter(cells, heat.row)).pivot(index="row", columns="x", values="y")
    values = grid.to_numpy()
    shown = _coloured(values, heat)
    texts = [[f"{_number(value)}" for value in row] for row in values]
    label = html.escape(heat.label)
    traces: list[Figure] = [
        {
            "type": "heatmap", "x": grid.columns.to_list(), "y": grid.index.to_list(), "z": _nullable(shown),
            "coloraxis": "coloraxis", "customdata": texts, "hoverongaps": False, "name": source,
            "hovertemplate": f"{html.escape(panel.x_label)}: %{{x:.4~g}}<br>{html.escape(panel.y_label)}: %{{y:.4~g}}"
            f"<br>{label}: <b>%{{customdata}}</b><extra></extra>",
            "meta": _meta(f"{source} (map)", "map", (_ON_MAP, _ON_MAP)),
        }
    ]  # fmt: skip
    for other, symbol in (("simulation", "circle"), ("trained", "square"), ("published", "square")):
        points = rows[rows["source"] == other]
        if points.empty or other == source:
            continue
        texts_of_points = [_text(row, other) for row in points.to_dict(orient="records")]
        traces.append(
            {
                "type": "scatter", "mode": "markers", "x": points["x"].tolist(),
                "y": [float(value) for value in parameter(points, heat.row)],
                "marker": {
                    "symbol": symbol, "size": 12, "coloraxis": "coloraxis", "line": {"color": "#ffffff", "width": 1.8},
                    "color": _nullable(_coloured(points["y"].to_numpy(), heat)),
                },
                "customdata": texts_of_points, "name": f"{other} (same colours)",
                "hovertemplate": "%{customdata}<extra></extra>",
                "meta": _meta(f"{other} (same colours)", other, ("", "")),
            }
        )  # fmt: skip
    return traces


def _coloured(values: np.ndarray, heat: Map) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = np.log10(values) if heat.scale == "log" else np.array(values, dtype=np.float64)
    shown[~np.isfinite(shown)] = np.nan
    return shown


def _colour_axis(rows: Curves, heat: Map) -> Figure:
    shown = _coloured(rows[rows["source"] == map_source(rows)]["y"].to_numpy(), heat)
    finite = shown[np.isfinite(shown)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    low = low if heat.floor is None else float(_coloured(np.array([heat.floor]), heat)[0])
    high = high if heat.ceiling is None else float(_coloured(np.array([heat.ceiling]), heat)[0])
    bar: Figure = {"thickness": 12, "outlinewidth": 0}  # what it means is said in the caption, where there is room
    axis: Figure = {"colorscale": "Viridis", "cmin": low, "cmax": high, "colorbar": bar}
    if heat.center is not None:
        half = max(heat.center - low, min(high, 2 * heat.center - low) - heat.center)
        axis |= {"colorscale": _diverging(), "cmin": heat.center - half, "cmax": heat.center + half}
    if heat.scale == "log":
        ticks = [tick for tick in _decades(10**low, 10**high) if low - 1e-9 <= math.log10(tick) <= high + 1e-9]
        bar |= {"tickvals": [math.log10(tick) for tick in ticks], "ticktext": [power_of_ten(tick) for tick in ticks]}
    return axis


def _diverging() -> list[list[Any]]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [[float(place), to_hex(colormaps["RdBu_r"](place))] for place in np.linspace(0, 1, 11)]


def _layout(curves: Curves, panel: Panel) -> Figure:
    finite = curves[np.isfinite(curves["y"])]
    shapes, notes = [], []
    for place, label in panel.verticals.items():
        x = _on_axis(np.array([place]), panel.x_scale)[0]
        shapes.append(
            {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 1, "dash": "dot"}}
        )
        notes.append(
            {
                "x": math.log10(x) if panel.x_scale == "log" else x, "y": 1, "yref": "paper", "yanchor": "top",
                "xanchor": "right", "text": html.escape(label), "showarrow": False, "textangle": -90,
            }
        )  # fmt: skip
    y_values = np.array([]) if panel.heat is not None else finite["y"].to_numpy()
    return {
        "xaxis": _axis(panel.x_label, panel.x_scale, panel.x_limits, finite["x"].to_numpy()),
        "yaxis": _axis(panel.y_label, panel.y_scale, panel.y_limits, y_values),
        "shapes": shapes,
        "annotations": notes,
        "showlegend": False,
        "hovermode": "closest",
    }


def _axis(label: str, scale: str, limits: Sequence[float | None], values: np.ndarray) -> Figure:
    axis: Figure = {"title": {"text": html.escape(label)}, "type": "log" if scale == "log" else "linear"}
    low, high = limits
    if scale == "log":
        low, high = ((math.log10(limit) if limit and limit > 0 else None) for limit in limits)
        positive = values[values > 0]
        ticks = _decades(*_span(limits, positive))
        axis |= {"tickvals": ticks, "ticktext": [power_of_ten(tick) for tick in ticks]} if ticks else {}
    if scale == "symlog" and len(values):
        sizes = [0.0, *(10.0**power for power in range(math.ceil(math.log10(max(abs(values).max(), 10))) + 1))]
        marks = sorted({sign * size for size in sizes for sign in (-1, 1)})
        axis |= {"tickvals": _on_axis(np.array(marks), scale), "ticktext": [_signed(mark) for mark in marks]}
        low, high = (None if limit is None else _on_axis(np.array([limit]), scale)[0] for limit in limits)
    if low is not None or high is not None:
        axis["range"] = _range(low, high, _drawn(values, scale))
    if scale == "linear" and len(values) and np.all(values == np.round(values)) and np.ptp(values) < 12:
        axis["dtick"] = 1 if np.ptp(values) < 6 else 2
    return axis


def _drawn(values: np.ndarray, scale: str) -> np.ndarray:
    """Return the values in the units of an axis range: logarithms on a log axis."""
    return np.log10(values[values > 0]) if scale == "log" else np.array(_on_axis(values, scale))


def _range(low: float | None, high: float | None, values: np.ndarray) -> list[float | None]:
    """Return the limits of an axis; one that is not fixed lies a little outside the values."""
    if not len(values):
        return [low, high]
    bottom = min(float(values.min()), high if high is not None else math.inf) if low is None else low
    top = max(float(values.max()), bottom) if high is None else high
    margin = 0.05 * (top - bottom) or 0.5
    return [bottom - margin if low is None else bottom, top + margin if high is None else top]


def _span(limits: Sequence[float | None], values: np.ndarray) -> tuple[float, float]:
    if not len(values):
        return 1.0, 1.0
    low, high = limits
    bottom = low if low and low > 0 else float(values.min())
    top = high if high and high > 0 else float(values.max())
    return min(bottom, top), max(bottom, top)


def _decades(low: float, high: float) -> list[float]:
    """Return ticks of a log axis from a decade below to one above: decades, with 2 and 5 times them if it is short."""
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    wide = high > 100 * low
    step = max(1, (last - first) // 7) if wide else 1
    powers = range(first - first % step, last + 1, step)
    return [mantissa * 10.0**power for power in powers for mantissa in ((1,) if wide else (1, 2, 5))]


def _signed(value: float) -> str:
    return "0" if value == 0 else ("−" if value < 0 else "") + power_of_ten(abs(value))


def _on_axis(values: np.ndarray, scale: str) -> list[float]:
    """Return where values lie on an axis; plotly has no symlog axis, so that one is drawn as a linear axis."""
    values = np.asarray(values, dtype=np.float64)
    if scale != "symlog":
        return [float(value) for value in values]
    size = np.abs(values) / _LINEAR_PART
    with np.errstate(divide="ignore"):
        bent = np.sign(values) * np.where(size <= 1, size, 1 + np.log10(np.maximum(size, 1)))
    return [float(value) for value in bent]


def _text(row: dict[Any, Any], source: str) -> str:
    value = _number(row["y"])
    if source != "theory" and math.isfinite(row["y_err"]) and row["y_err"] > 0:
        value += f" ± {row['y_err']:.2g}"
    repeats = f" (n = {row['n']})" if source != "theory" and row["n"] > 1 else ""
    return html.escape(f"{row['x_name']} = {row['x']:g}: {source} {row['y_name']} = {value}{repeats}")


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "∞" if value > 0 else "−∞" if value < 0 else "-"


def _meta(series: str, source: str, colours: tuple[str, str]) -> Figure:
    return {"series": series, "source": source, "light": colours[0], "dark": colours[1]}


def _nullable(values: np.ndarray) -> list[Any]:
    """Return nested lists with null for what is not a finite number: JSON has no other."""
    finite = values.astype(object)
    finite[~np.isfinite(values)] = None
    nested: list[Any] = finite.tolist()
    return nested
