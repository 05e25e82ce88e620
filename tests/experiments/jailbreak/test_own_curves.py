"""Do the curves of a condition hold what its counts say?"""

import numpy as np
import pytest

from solv.data.jailbreak.verdict_tables import JudgedPrompts
from solv.experiments.jailbreak.own_curves import Panels, curves_of, own_panels
from solv.tracking.curves import join_curves, select


def curves(judged, k=(1, 2, 4, 8)):
    return join_curves(curves_of({"attack": "none"}, judged, np.array(k)))


def test_counts_of_two_runs_are_pooled_and_compared():
    answers = np.full((2, 6), 10)
    unsafe = np.array([[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 7]])
    found = curves(JudgedPrompts({}, answers, unsafe, ("a", "a", "a", "b", "b", "c")))
    first = select(found, panel=Panels.OWN)
    assert first[first["x"] == 1]["y"].item() == pytest.approx(1 - unsafe.sum() / 120)
    rate = select(found, panel=Panels.CATEGORY, category="b")
    assert rate[rate["x"] == 1]["y"].item() == pytest.approx(0.35)
    assert select(found, panel=Panels.CATEGORY, category="c").empty  # a single prompt says nothing of a category
    between = select(found, panel=Panels.RUNS, over="between runs").set_index("x")["y"]
    assert between[1.0] == pytest.approx(np.std([15 / 60, 17 / 60], ddof=1))
    share = select(found, panel=Panels.HISTOGRAM)
    assert share["y"].sum() == pytest.approx(1)
    assert share[share["x"] > 0.99]["y"].item() == pytest.approx(1 / 6)


def test_prompts_of_one_run_alone_are_left_out_of_the_comparison_of_runs():
    answers = np.array([[10, 10, 10], [10, 10, 0]])
    found = curves(JudgedPrompts({}, answers, np.array([[1, 5, 9], [1, 5, 0]]), ("", "", "")))
    assert select(found, over="between runs").empty  # equal in both: no deviation
    assert (select(found, over="over prompts")["y"] > 0).all()
    assert select(found, panel=Panels.CATEGORY).empty


def test_no_fit_where_too_few_gaps_lie_between_0_and_1():
    all_safe = JudgedPrompts({}, np.full((1, 5), 10), np.zeros((1, 5), dtype=int), ("",) * 5)
    assert set(curves(all_safe)["panel"]) == {Panels.OWN, Panels.HISTOGRAM}


def test_every_panel_is_drawn_but_the_table():
    assert [panel.name for panel in own_panels()] == list(Panels)
    assert [panel.name for panel in own_panels() if not panel.drawn] == [Panels.EDGE]
