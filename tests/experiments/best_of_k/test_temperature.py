"""Part `temperature` of best-of-k: does theory fill the panels that it speaks about?"""

from solv.experiments.best_of_k.temperature import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.TEMPERATURE: {"theory"},
    Panels.OPTIMAL_TEMPERATURE: {"theory"},
}


def test_theory_fills_the_panels_that_it_speaks_about():
    """What is trained takes longer: the tests of the whole experiment measure it."""
    found = smoke("best-of-k", "temperature", measure=False)
    assert found.sources() == SOURCES
    assert found.sound()
