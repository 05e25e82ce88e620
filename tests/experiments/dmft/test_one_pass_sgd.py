"""Part `one-pass-sgd` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.one_pass_sgd import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SGD: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "one-pass-sgd").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "one-pass-sgd").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "one-pass-sgd").unpaired() == set()
