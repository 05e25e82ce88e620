"""Part `learning-rate` of moe-transfer: does theory fill the panels that it speaks about?"""

from solv.experiments.moe_transfer.learning_rate import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RATES: set(),
    Panels.OPTIMUM_LADDER: set(),
    Panels.OPTIMUM_WIDTH: set(),
    Panels.OPTIMUM_DEPTH: set(),
    Panels.OPTIMUM_EXPERTS: set(),
    Panels.OPTIMUM_HIDDEN: set(),
    Panels.SHIFT: {"theory"},
    Panels.OPTIMA: set(),
}


def test_theory_fills_the_panels_that_it_speaks_about():
    """What is trained takes longer: the tests of the whole experiment measure it."""
    found = smoke("moe-transfer", "learning-rate", measure=False)
    assert found.sources() == SOURCES
    assert found.sound()
