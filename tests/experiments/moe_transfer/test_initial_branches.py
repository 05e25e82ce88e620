"""Part `initial-branches` of moe-transfer: is every panel filled by the part alone?"""

from solv.experiments.moe_transfer.initial_branches import Panels, places
from solv.experiments.moe_transfer.settings import LimitSettings
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.VARIANCE: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("moe-transfer", "initial-branches").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("moe-transfer", "initial-branches").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("moe-transfer", "initial-branches").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("moe-transfer", "initial-branches").claims == ("initial-variance-law",)


def test_sizes_double_along_one_direction_alone():
    line = places(LimitSettings(branch_size=8, branch_doublings=2), "experts")
    assert [(each.x, each.width, each.experts, each.layers, each.ratio) for each in line] == [
        (8, 8, 8, 1, 1), (8 * 2, 8, 16, 1, 1), (8 * 4, 8, 32, 1, 1),
    ]  # fmt: skip
    fine = places(LimitSettings(branch_size=8, branch_doublings=2), "layers", fine=True)
    assert [each.x for each in fine] == [1, 2, 3, 4]
