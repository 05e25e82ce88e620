"""Part `limit-depth` of moe-transfer: is every panel filled by the part alone?"""

from solv.experiments.moe_transfer.limit_depth import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DEPTH: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("moe-transfer", "limit-depth").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("moe-transfer", "limit-depth").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("moe-transfer", "limit-depth").unpaired() == set()
