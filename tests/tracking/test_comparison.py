"""Are runs compared rightly: settings, agreement, verdicts, and one figure in which each can be told apart?"""

import math

import pytest

from solv.tracking.claims import Claim, Verdict
from solv.tracking.comparison import Difference, Labelled, agreements, differences, labels, overlay, verdicts
from solv.tracking.curves import curve, join_curves
from solv.tracking.figures import Panel


def run(label, factor, config, theory=(1.0, 2.0), panel="p", claims=()):
    base = {"experiment": "e", "panel": panel, "series": "s", "x_name": "x", "x": [1, 2], "y_name": "y"}
    predicted = curve(**base, source="theory", y=theory)
    measured = curve(**base, source="simulation", y=[factor * value for value in theory], y_err=0.1, n=4)
    return Labelled(label, config, join_curves([predicted, measured]), claims)


def test_only_what_differs_is_named_and_a_missing_key_is_none():
    runs = [run("A", 1, {"seed": 0, "size": 3, "old": 1}), run("B", 1, {"seed": 1, "size": 3})]
    assert differences(runs) == [Difference("seed", (0, 1)), Difference("old", (1, None))]


def test_agreement_is_side_by_side_in_the_order_of_the_panels():
    runs = [run("A", 1.1, {}, panel="z"), run("B", 1.2, {}, panel="a")]
    table = agreements(runs)
    assert list(table["panel"]) == ["z", "a"]
    assert table["median_error A"].iloc[0] == pytest.approx(0.1)
    assert math.isnan(table["median_error B"].iloc[0])
    assert table["median_error B"].iloc[1] == pytest.approx(0.2)


def test_verdicts_are_side_by_side():
    holds, fails = (Claim("c", "C.", 1, 1, verdict) for verdict in (Verdict.HOLDS, Verdict.FAILS))
    assert verdicts([run("A", 1, {}, claims=[holds]), run("B", 1, {}, claims=[fails])]) == [
        Difference("c", ("holds", "fails"))
    ]


def lines_and_markers(theories):
    runs = [run(label, 1.1, {}, theory=theory) for label, theory in zip("AB", theories, strict=True)]
    [axes] = overlay(runs, [Panel("p", "Title", "x", "y")], "paper").axes
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
