"""Are curves, claims and metrics given the names that W&B is promised, and does a missing record stop nothing?"""

import math
from pathlib import Path

import pytest

from solv.harness.archive import panels_of
from solv.harness.catalog import load, names
from solv.harness.reference import reference
from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import join_curves
from solv.tracking.dashboard import (
    LONGEST_CHART,
    Dashboard,
    Identity,
    charts,
    history_rows,
    line_curves,
    metric_definitions,
    open_dashboard,
    summary,
)
from solv.tracking.headline import headline
from solv.tracking.labels import lay_out
from solv.tracking.panels import Map, Panel
from solv.tracking.wandb_mode import Decision
from tests.made_curves import Panels, points

PANELS = [Panel(Panels.P, "P", "t", "loss", series="w={w}")]
CURVES = join_curves([
    points("theory", [1.0, 2.0, math.inf], w=1.5),
    points("simulation", [1.1, 2.0], 0.1, 4, w=1.5),
    points("trained", [3.0], 0.1, 4, x=[1], w=1.5),
])  # fmt: skip


@pytest.fixture
def named():
    return line_curves(CURVES, PANELS)


def test_each_curve_is_drawn_against_its_own_abscissa(named):
    defined = metric_definitions(named)
    assert {"name": "x/t", "hidden": True, "summary": "none"} in defined
    steps = {each["name"]: each["step_metric"] for each in defined if "step_metric" in each}
    assert steps == {
        r"one/p/w=1\.5/theory": "x/t",
        r"one/p/w=1\.5/simulation": "x/t",
        r"one/p/w=1\.5/trained": "x/t",
    }


def test_theory_and_measurement_of_one_abscissa_stand_in_one_row(named):
    rows = list(history_rows(named))
    assert [row["x/t"] for row in rows] == [0, 1, 2]
    assert rows[1] == {
        "x/t": 1,
        "one/p/w=1.5/theory": 2.0,
        "one/p/w=1.5/simulation": 2.0,
        "one/p/w=1.5/trained": 3.0,
    }


def test_two_ordinates_of_a_picture_are_two_keys():
    other = points("theory", [5.0], w=1.5).assign(y_name="rate")
    keys = {key for row in history_rows(line_curves(join_curves([CURVES, other]), PANELS)) for key in row}
    assert {"one/p/loss/w=1.5/theory", "one/p/rate/w=1.5/theory"} <= keys


def test_no_name_is_a_pattern_to_wandb():
    panels = [Panel(Panels.P, "P", "t* / s", "loss", series="T* = {w}")]
    curves = line_curves(points("theory", [1.0], w=1, x_name="t*/s", y_name="loss"), panels)
    assert not [each for each in metric_definitions(curves) if "*" in f"{each['name']} {each.get('step_metric')}"]
    assert {key for row in history_rows(curves) for key in row} == {"x/t∗/s", "one/p/T∗ = 1/theory"}


@pytest.mark.parametrize(
    "panel",
    [
        Panel(Panels.P, "P", "t", "loss", heat=Map("w", "loss", "loss")),
        Panel(Panels.P, "P", "t", "loss", category=("w",)),
        Panel(Panels.P, "P", "t", "loss", drawn=False),
    ],
    ids=["a map", "categories", "a table"],
)
def test_what_is_no_line_is_no_metric(panel):
    assert line_curves(CURVES, [panel]).empty


def test_a_chart_lays_the_finite_points_over_each_other():
    [(name, chart)] = charts(lay_out(CURVES, PANELS)).items()
    assert name == "0-headline/1 p"
    lines = {line["name"]: (line["x"], line["y"]) for line in chart["lines"]}
    assert lines["w=1.5 theory"] == ([0, 1], [1, 2])
    assert set(lines) == {"w=1.5 theory", "w=1.5 simulation", "w=1.5 trained"}


@pytest.mark.parametrize("experiment", names())
def test_wandb_takes_every_name_of_the_experiments(experiment: str):
    run = reference(experiment)
    curves, panels = run.curves(), panels_of(run)
    defined = metric_definitions(line_curves(curves, panels))
    assert not [each for each in defined if "*" in f"{each['name']} {each.get('step_metric')}"]
    pictures = [picture.facet for picture in headline(lay_out(curves, panels), load(experiment).headline, [])]
    drawn = charts(pictures)
    assert drawn
    assert max(map(len, drawn)) <= len("0-headline/1 ") + LONGEST_CHART


def test_a_map_of_the_headline_is_no_chart():
    assert charts(lay_out(CURVES, [Panel(Panels.P, "P", "t", "loss", heat=Map("w", "loss", "loss"))])) == {}


def test_the_summary_counts_verdicts_and_gives_agreement():
    claims = [
        Finding("grows", "it grows", Verdict.HOLDS, 0.5, 0.4),
        Finding("kind", "of a kind", Verdict.UNDECIDED, "a", "b", needs="size >= 9"),
        Finding("wild", "wild", Verdict.FAILS, 0.5, math.inf),
        Finding("grows", "it grows", Verdict.HOLDS, 0.5, 0.6, at="w=2"),
    ]
    found = summary(CURVES, claims)
    assert {key: found[f"claims/{key}"] for key in ("holds", "fails", "undecided", "not run")} == {
        "holds": 2, "fails": 1, "undecided": 1, "not run": 0,
    }  # fmt: skip
    assert found["claim/kind"] == "undecided"
    assert found["claim/grows/measured"] == 0.4
    assert found["claim/grows [w=2]/measured"] == 0.6
    assert "claim/kind/measured" not in found
    assert "claim/wild/measured" not in found  # not finite
    # simulated 0.1 off and exact: 0.05; trained: 0.5
    assert found["agreement/one/median_error"] == found["agreement/median_error"] == pytest.approx((0.05 + 0.5) / 2)


def test_a_run_that_is_not_recorded_starts_nothing(tmp_path: Path):
    identity = Identity("toy run", ("quick",))
    dashboard = open_dashboard(Decision("disabled", None), tmp_path / "a-b-c", tmp_path, identity, {})
    dashboard.metrics("net", 1, {"loss": 0.5})
    dashboard.results(CURVES, PANELS, [], [], None)
    assert dashboard.close(finished=True) is None
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_could_not_be_started_is_one_line():
    said = Dashboard(fault="cannot start recording (No space left)").close(finished=True)
    assert said == "W&B: cannot start recording (No space left); the run itself is complete"
