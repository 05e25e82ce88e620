"""Part `language-model` of jailbreak: does theory fill the panels that it speaks about?"""

from solv.experiments.jailbreak.language_model import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LEARNED: {"theory"},
    Panels.ALIGNED: set(),
    Panels.RATE: {"theory"},
    Panels.HISTOGRAM: {"theory"},
}


def test_theory_fills_the_panels_that_it_speaks_about():
    """What is trained takes longer: the tests of the whole experiment measure it."""
    found = smoke("jailbreak", "language-model", measure=False)
    assert found.sources() == SOURCES
    assert found.sound()
