"""Part `loss-curves` of moe-transfer: is every panel filled by the part alone?"""

from solv.experiments.moe_transfer.loss_curves import Panels
from tests.experiments.scaffold import smoke

SOURCES = {Panels.LOSS: {"trained"}, Panels.APART: {"trained"}}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("moe-transfer", "loss-curves").sources()
    assert found == SOURCES


def test_measurements_have_counts_and_errors_and_its_claim_is_judged():
    found = smoke("moe-transfer", "loss-curves")
    assert found.sound()
    assert found.claims == ("early-curves-collapse",)
