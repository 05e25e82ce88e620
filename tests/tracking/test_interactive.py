"""Is a panel in the browser what it is on paper: lines, filled and open markers, error bars, axes, maps?"""

import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from solv.tracking.colours import ON_BLACK, colours_of
from solv.tracking.curves import join_curves
from solv.tracking.interactive import plotly_figure
from solv.tracking.labels import lay_out
from solv.tracking.panels import Map, Panel, Slope
from tests.made_curves import Panels, points


def rows(source, x, y, y_err=0.0, n=1, name="s", y_name="loss", **params):
    return points(source, y, y_err, n, x=x, x_name="steps", y_name=y_name, name=name, **params)


def drawn(curves, **panel):
    [facet] = lay_out(curves, [Panel(Panels.P, "Title", "steps", "loss", series="{name}", **panel)])
    [light], [dark] = colours_of([facet]), colours_of([facet], ON_BLACK)
    figure = plotly_figure(facet.curves, facet.panel, light, dark)
    json.dumps(figure, allow_nan=False)
    go.Figure(figure)  # plotly's own check of every name and value
    return figure


@pytest.fixture
def curves():
    """One series of every source."""
    return join_curves(
        [
            rows("theory", [1, 10, 100], [1, 0.1, 0.01]),
            rows("simulation", [1, 10], [1.1, 0.12], [0.1, 0.01], 8),
            rows("trained", [10, 100], [0.2, 0.02], [0.05, 0.01], 3),
        ]
    )


def test_theory_is_a_line_simulation_filled_and_trained_open(curves):
    traces = {trace["meta"]["source"]: trace for trace in drawn(curves)["data"]}
    assert traces["theory"]["mode"] == "lines"
    assert traces["simulation"]["marker"]["symbol"] == "circle"
    assert traces["trained"]["marker"]["symbol"] == "square-open"
    assert traces["simulation"]["error_y"]["array"] == [0.1, 0.01]
    assert len({trace["meta"]["light"] for trace in traces.values()}) == 1


def test_hovering_a_point_gives_value_error_and_repeats(curves):
    [simulated] = [trace for trace in drawn(curves)["data"] if trace["meta"]["source"] == "simulation"]
    assert simulated["customdata"][1] == "steps = 10: simulation loss = 0.12 ± 0.01 (n = 8)"


def test_text_of_the_user_is_escaped():
    trace = drawn(rows("theory", [1, 2], [1, 2], name="<img src=x onerror=alert(1)>"))["data"][0]
    assert "<img" not in trace["name"] + trace["hovertemplate"]
    assert trace["meta"]["series"] == "<img src=x onerror=alert(1)>"  # the page writes it as text, never as markup


def test_a_log_axis_has_decades_and_a_short_one_has_twos_and_fives(curves):
    wide = drawn(curves, y_scale="log")["layout"]["yaxis"]
    assert wide["type"] == "log"
    short = drawn(rows("theory", [1, 2], [2, 9]), y_scale="log")["layout"]["yaxis"]
    assert {2, 5, 10} <= set(np.round(short["tickvals"], 9))


def test_one_fixed_limit_leaves_the_other_to_the_data(curves):
    low, high = drawn(curves, y_scale="log", y_limits=(None, 3.0))["layout"]["yaxis"]["range"]
    assert high == pytest.approx(math.log10(3))
    assert -2.3 < low < -2


def test_a_symlog_axis_keeps_order_and_signs():
    figure = drawn(rows("theory", [1, 2, 3, 4], [-1000, -1, 1, 1000]), y_scale="symlog")
    y = figure["data"][0]["y"]
    assert y == sorted(y)
    assert y[0] == -y[-1]
    assert "1000" in figure["layout"]["yaxis"]["ticktext"]


def test_infinite_points_are_left_out():
    trace = drawn(rows("theory", [1, 2, 3], [1, math.inf, 3]))["data"][0]
    assert trace["x"] == [1, 3]


def test_a_reference_slope_is_its_power_law(curves):
    figure = drawn(curves, x_scale="log", y_scale="log", slopes=(Slope(-0.5, 2, 1, 100, "1/2"),))
    assert figure["data"][-1]["y"] == pytest.approx([2, 0.2])


def test_a_reference_slope_between_whole_numbers_is_drawn_too(curves):
    figure = drawn(curves, x_scale="log", y_scale="log", slopes=(Slope(-2, 1, 1, 10, "-2"),))
    assert figure["data"][-1]["y"] == pytest.approx([1, 0.01])


def test_a_vertical_stands_at_its_place(curves):
    layout = drawn(curves, x_scale="log", verticals={10.0: "here"})["layout"]
    assert layout["shapes"][0]["x0"] == 10
    assert layout["annotations"][0]["x"] == 1  # plotly places notes on a log axis by the logarithm


def heat_map(**heat):
    parts = [
        rows("theory", [1, 2, 3], values, name=f"r={row}", row=row)
        for row, values in ((1, [1, 10, 100]), (2, [0, 1, 1000]))
    ]
    parts.append(rows("simulation", [2], [20], [1], 4, name="r=1", row=1))
    parts.append(rows("theory", [1, 3], [1.5, 1.5], name="edge", y_name="edge"))
    return drawn(join_curves(parts), heat=Map("row", "loss", "how much", **heat))


def test_a_map_colours_theory_and_measurement_alike_and_leaves_gaps():
    figure = heat_map(scale="log")
    heat, edge_or_point = figure["data"][0], figure["data"][1]
    assert heat["z"] == [[0, 1, 2], [None, 0, 3]]
    assert heat["y"] == [1, 2]
    assert edge_or_point["marker"]["color"] == pytest.approx([math.log10(20)])
    assert figure["layout"]["coloraxis"]["cmax"] == 3
    assert figure["data"][2]["mode"] == "lines"


def test_a_centred_map_has_its_centre_in_the_middle():
    axis = heat_map(center=5.0)["layout"]["coloraxis"]
    assert (axis["cmin"] + axis["cmax"]) / 2 == pytest.approx(5)


def test_a_map_without_theory_is_what_was_trained_with_the_authors_as_marks_within_its_ends():
    parts = []
    for row, values in ((1, [1e-5, 1.0]), (2, [2e-5, 1e30])):
        parts.append(rows("trained", [1, 2], values, [0.1, 0.1], 4, name=f"r={row}", row=row))
        parts.append(rows("published", [1, 2], [1, 10], [0.1, 0.1], 4, name=f"r={row}", row=row))
    figure = drawn(join_curves(parts), heat=Map("row", "loss", "how much", "log", floor=1e-2, ceiling=1e2))
    cells, marks = figure["data"]
    assert (cells["type"], cells["name"]) == ("heatmap", "trained")
    assert marks["marker"]["color"] == pytest.approx([0, 1, 0, 1])
    assert (figure["layout"]["coloraxis"]["cmin"], figure["layout"]["coloraxis"]["cmax"]) == (-2, 2)
