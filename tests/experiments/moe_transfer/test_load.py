"""Part `load` of moe-transfer: does theory fill the panels that it speaks about?"""

from solv.experiments.moe_transfer.load import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LIMIT_ROUTER: {"theory"},
    Panels.LIMIT_LOAD: {"theory"},
    Panels.BUSIEST: set(),
    Panels.DEAD: set(),
}


def test_theory_fills_the_panels_that_it_speaks_about():
    """What is trained takes longer: the tests of the whole experiment measure it."""
    found = smoke("moe-transfer", "load", measure=False)
    assert found.sources() == SOURCES
    assert found.sound()
