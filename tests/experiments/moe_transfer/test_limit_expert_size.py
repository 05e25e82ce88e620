"""Part `limit-expert-size` of moe-transfer: is every panel filled by the part alone?"""

from solv.experiments.moe_transfer.limit_expert_size import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LOSS: {"simulation", "theory"},
    Panels.LATE: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("moe-transfer", "limit-expert-size").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("moe-transfer", "limit-expert-size").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("moe-transfer", "limit-expert-size").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("moe-transfer", "limit-expert-size").claims == ("limit-independent-of-expert-size",)
