"""Part `uniform-averages` of anytime: is every panel filled by the part alone?"""

import pytest

from solv.experiments.anytime.settings import AnytimeConfig, Figure4
from solv.experiments.anytime.uniform_averages import UNIFORM_AVERAGES, Panels, measure, predict, readings
from solv.harness.settings import replace
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.UNIFORM: {"theory"},
    Panels.PEAKS: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "uniform-averages").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "uniform-averages").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"square-root-is-minimax", "authors-synthetic-curves"} <= set(smoke("anytime", "uniform-averages").claims)


@pytest.mark.parametrize("a", [1.1, 1.9])
def test_the_authors_stored_curves_are_met_where_the_run_is_theirs(a):
    """At b = 2a; half a million dimensions, 50000 steps, of the 22 peaks the ones around what the authors chose."""
    config = AnytimeConfig(
        a=(a,),
        b=(2.0,),
        b_in_units_of_a=True,
        horizon=50_000,
        figure4=Figure4(multipliers=(0.3, 0.5, 1, 3), stable=(0.5,)),
    )
    published = list(measure(config, None))
    assert len(published) == 2
    curves = join_curves([*predict(config), *published])
    found = UNIFORM_AVERAGES.claims[1].judge(select(curves, panel=Panels.UNIFORM))
    assert found.verdict is Verdict.HOLDS
    assert UNIFORM_AVERAGES.claims[0].judge(select(curves, panel=Panels.UNIFORM)).verdict is Verdict.HOLDS
    peaks = select(curves, panel=Panels.PEAKS, average="uniform")["y"].tolist()
    assert peaks == [0.5, 3] if a == 1.1 else [0.3, 1]
    assert list(measure(replace(config, horizon=20_000), None)) == []


def test_an_authors_curve_that_is_off_by_more_than_the_nodes_fails():
    config = AnytimeConfig(a=(1.5,), b=(3.0,), horizon=50_000)
    theory = [curve.assign(source="theory", y_err=0.0) for curve in measure(config, None)]
    for off, verdict in ((0.9e-3, Verdict.HOLDS), (1.1e-3, Verdict.FAILS)):
        shifted = [curve.assign(y=curve["y"] * (1 + off)) for curve in measure(config, None)]
        assert UNIFORM_AVERAGES.claims[1].judge(join_curves([*theory, *shifted])).verdict is verdict


def test_wsd_is_tuned_over_its_peak_and_the_part_of_its_decay():
    curves = smoke("anytime", "uniform-averages").curves
    wsd = select(curves, panel=Panels.PEAKS, schedule="WSD")
    assert set(select(wsd, y_name="stable")["y"]) == {0.5}
    assert select(curves, panel=Panels.UNIFORM, schedule="WSD")["x"].tolist() == readings(400)
    assert readings(50_000) == [1000, 2000, 3000, 5000, 8000, 10_000, 20_000, 50_000]
    assert readings(20_000)[-1] == 20_000
