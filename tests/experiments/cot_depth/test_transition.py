"""Part `transition` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.transition import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.OPTIMAL_DEPTH: {"theory"},
    Panels.GROWTH: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "transition").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "transition").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "transition").unpaired() & {Panels.GROWTH}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"optimal-depth-diverges", "transition"} <= set(smoke("cot-depth", "transition").claims)
