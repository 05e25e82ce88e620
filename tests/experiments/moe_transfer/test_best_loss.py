"""Part `best-loss` of moe-transfer: does theory fill the panels that it speaks about?"""

from solv.experiments.moe_transfer.best_loss import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.BEST: set(),
}


def test_theory_fills_the_panels_that_it_speaks_about():
    """What is trained takes longer: the tests of the whole experiment measure it."""
    found = smoke("moe-transfer", "best-loss", measure=False)
    assert found.sources() == SOURCES
    assert found.sound()
