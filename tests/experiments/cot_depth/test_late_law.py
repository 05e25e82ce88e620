"""Part `late-law` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.late_law import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RATIO: {"simulation", "theory"},
    Panels.POWER: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "late-law").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "late-law").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "late-law").unpaired() & {Panels.RATIO, Panels.POWER}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"critical-power", "late-law"} <= set(smoke("cot-depth", "late-law").claims)
