"""Part `regression` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.regression import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.TEST: {"simulation", "theory"},
    Panels.TRAIN: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "regression").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "regression").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "regression").unpaired() == set()
