"""Is a figure drawn from the curves table alone, the same bits every time?"""

import math

import numpy as np
import pytest

from solv.tracking.curves import join_curves
from solv.tracking.figures import draw, save
from solv.tracking.labels import lay_out
from solv.tracking.panels import Map, Panel, Slope
from tests.made_curves import Panels, points

PANEL = Panel(Panels.P, "a title", "steps", "loss", y_scale="log", ordered=True, series="{name}")


def series(name, source, x, y, y_name="loss", panel=Panels.P, **params):
    repeats = {} if source == "theory" else {"y_err": 0.1, "n": 4}
    return points(source, y, panel=panel, x=x, y_name=y_name, name=name, **params, **repeats)


def drawn_in(curves, *panels):
    return draw(lay_out(curves, panels), "title")


@pytest.fixture
def curves():
    x = np.arange(1, 6)
    return join_curves(
        [series("a", "theory", x, 1 / x), series("a", "simulation", x, 1 / x), series("b", "trained", x, 2 / x)]
    )


def test_theory_is_a_line_simulation_filled_and_trained_open(curves):
    axes = drawn_in(curves, PANEL).axes[0]
    drawn = {line.get_label() or "": line for line in axes.lines}
    assert drawn["a"].get_linestyle() == "-"
    filled = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"]
    assert filled
    assert filled[0] != "white"
    assert [line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "s"] == ["white"]
    assert filled[0] == drawn["a"].get_color(), "theory and simulation of a series share their colour"


def test_an_axis_has_its_title_labels_and_scale(curves):
    axes = drawn_in(curves, PANEL).axes[0]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == (
        "a title",
        "steps",
        "loss",
        "log",
    )


def test_a_panel_without_rows_is_left_out(curves):
    assert len(drawn_in(curves, PANEL, Panel(Panels.A, "", "", "")).axes) == 1


def test_a_diverging_curve_is_drawn_up_to_its_divergence():
    figure = drawn_in(series("a", "theory", [0, 1, 2], [1.0, 2.0, math.inf]), PANEL)
    assert figure.axes[0].lines[0].get_xdata().tolist() == [0, 1]


def test_a_map_has_a_row_per_series_and_lines_over_it():
    rows = [series(f"tau={tau}", "theory", [1, 2, 3], [tau, 2 * tau, 3 * tau], "depth", tau=tau) for tau in (1.5, 2.0)]
    line = series("tau_c", "theory", [1, 2], [1.6, 1.8], "tau")
    panel = Panel(Panels.P, "", "alpha", "tau", heat=Map("tau", "depth", "T*"), series="{name}")
    axes = drawn_in(join_curves([*rows, line]), panel).axes[0]
    assert axes.collections[0].get_array().shape == (2, 3)
    assert [drawn.get_label() for drawn in axes.lines] == ["tau_c"]


def test_reference_slopes_and_marks_are_drawn(curves):
    panel = Panel(Panels.P, "", "", "", slopes=(Slope(-1.0, 2.0, 1.0, 5.0, "slope -1"),), verticals={3.0: "here"})
    axes = drawn_in(curves, panel).axes[0]
    slope = next(line for line in axes.lines if line.get_label() == "slope -1")
    assert slope.get_ydata().tolist() == [2.0, 0.4]
    assert any(text.get_text() == "here" for text in axes.texts)


def test_a_saved_figure_has_the_same_bits_every_time(curves, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(drawn_in(curves, PANEL), tmp_path / name)
    for file in ("figure.png", "figure.svg"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
