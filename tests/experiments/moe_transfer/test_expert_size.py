"""Part `expert-size` of moe-transfer: is every panel filled by the part alone?"""

from solv.experiments.moe_transfer.expert_size import Panels
from tests.experiments.scaffold import smoke

SOURCES = {Panels.RATES: {"trained"}, Panels.BEST: {"trained"}, Panels.OPTIMA: {"trained"}}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("moe-transfer", "expert-size").sources()
    found.pop(Panels.OPTIMUM)  # where an optimum is inside the grid
    assert found == SOURCES


def test_measurements_have_counts_and_errors_and_its_claim_is_judged():
    found = smoke("moe-transfer", "expert-size")
    assert found.sound()
    assert found.claims == ("fan-in-drifts",)
