"""Part `noisy-tests` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.noisy_tests import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.FLOOR: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "noisy-tests").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "noisy-tests").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "noisy-tests").unpaired() & {Panels.FLOOR}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"noise-floor"} <= set(smoke("cot-depth", "noisy-tests").claims)
