"""Part `spike-dependence` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.spike_dependence import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DEPENDENCE: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "spike-dependence").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "spike-dependence").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "spike-dependence").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "spike-dependence").claims == ("second-layer", "spikes-dependence")
