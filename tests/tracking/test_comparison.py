"""Are runs compared rightly: settings, agreement, verdicts, and one figure in which each can be told apart?"""

import math

import pytest

from solv.tracking.claims import Finding, Verdict
from solv.tracking.comparison import Difference, Labelled, agreements, differences, labels, overlay, verdicts
from solv.tracking.curves import join_curves
from solv.tracking.panels import Panel
from tests.made_curves import Panels, points

PANELS = [Panel(panel, panel.value, "x", "y") for panel in Panels]


def run(label, factor, config, theory=(1.0, 2.0), panel=Panels.P, claims=(), **params):
    place = {"panel": panel, "x": [1, 2], "x_name": "x", "y_name": "y", **params}
    predicted = points("theory", theory, **place)
    measured = points("simulation", [factor * value for value in theory], 0.1, 4, **place)
    return Labelled(label, config, join_curves([predicted, measured]), claims)


def test_only_what_differs_is_named_and_a_missing_key_is_none():
    runs = [run("A", 1, {"seed": 0, "size": 3, "old": 1}), run("B", 1, {"seed": 1, "size": 3})]
    assert differences(runs) == [Difference("seed", (0, 1)), Difference("old", (1, None))]


def test_agreement_is_side_by_side_in_the_order_of_the_panels():
    runs = [run("A", 1.1, {}, panel=Panels.Z), run("B", 1.2, {}, panel=Panels.A)]
    table = agreements(runs, [PANELS[2], PANELS[1]])
    assert list(table["facet"]) == ["z", "a"]
    assert table["median_error A"].iloc[0] == pytest.approx(0.1)
    assert math.isnan(table["median_error B"].iloc[0])
    assert table["median_error B"].iloc[1] == pytest.approx(0.2)


def test_curves_of_equal_params_are_in_one_row_whatever_else_the_runs_have():
    runs = [run("A", 1.1, {}, rho=0.1), run("B", 1.2, {}, rho=0.1)]
    assert len(agreements(runs, PANELS)) == 1
    others = [run("A", 1.1, {}, rho=0.1), run("B", 1.2, {}, rho=0.2)]
    assert list(agreements(others, PANELS)["series"]) == ["rho=0.1", "rho=0.2"]


def test_verdicts_are_side_by_side():
    holds, fails = (Finding("c", "C.", verdict, 1, 1) for verdict in (Verdict.HOLDS, Verdict.FAILS))
    assert verdicts([run("A", 1, {}, claims=[holds]), run("B", 1, {}, claims=[fails])]) == [
        Difference("c", ("holds", "fails"))
    ]


def lines_and_markers(theories):
    runs = [run(label, 1.1, {}, theory=theory) for label, theory in zip("AB", theories, strict=True)]
    [axes] = overlay(runs, PANELS, "paper").axes
    lines = [line.get_linestyle() for line in axes.lines if line.get_linestyle() != "None"]
    return lines, [container[0].get_marker() for container in axes.containers]


def test_theory_that_is_the_same_is_drawn_once_and_markers_tell_the_runs_apart():
    lines, markers = lines_and_markers([(1.0, 2.0), (1.0, 2.0)])
    assert lines == ["-"]
    assert len(set(markers)) == 2


def test_theory_that_differs_is_drawn_in_a_style_per_run():
    lines, _ = lines_and_markers([(1.0, 2.0), (1.0, 3.0)])
    assert lines == ["-", "--"]


def test_labels_never_run_out():
    assert labels(2) == ["A", "B"]
    assert len(set(labels(60))) == 60
