"""Part `long-chains` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.long_chains import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.FATES: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "long-chains").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "long-chains").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "long-chains").unpaired() & {Panels.FATES}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"exponential-phase", "overthinking"} <= set(smoke("cot-depth", "long-chains").claims)
