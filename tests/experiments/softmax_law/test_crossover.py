"""Part `crossover` of softmax-law: is every panel filled by the part alone?"""

from solv.experiments.softmax_law.crossover import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.COLLAPSE: {"theory", "trained"},
    Panels.CROSSOVER: {"theory", "trained"},
    Panels.EXPONENT: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "crossover").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "crossover").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("softmax-law", "crossover").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "crossover").claims == ("crossover-scales-as-beta-cubed",)
