"""Part `heavy-tails` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.heavy_tails import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.TAIL: {"simulation"},
    Panels.SHARE: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "heavy-tails").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "heavy-tails").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "heavy-tails").unpaired() & {Panels.SHARE}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"heavy-tails"} <= set(smoke("cot-depth", "heavy-tails").claims)
