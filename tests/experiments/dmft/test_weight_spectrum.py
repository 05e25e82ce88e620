"""Part `weight-spectrum` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.weight_spectrum import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.HISTOGRAM: {"theory", "trained"},
    Panels.OUTLIERS: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "weight-spectrum").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "weight-spectrum").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "weight-spectrum").unpaired() == set()
