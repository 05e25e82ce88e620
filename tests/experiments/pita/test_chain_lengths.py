"""Part `chain-lengths` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.chain_lengths import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.TRACE_LENGTHS: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-lengths").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-lengths").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("pita", "chain-lengths").unpaired() & {Panels.TRACE_LENGTHS}
