"""Part `diversity-map` of icl-alignment: is every panel filled by the part alone?"""

from solv.experiments.icl_alignment.diversity_map import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.BEST: {"theory"},
    Panels.GAIN: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "diversity-map").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "diversity-map").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "diversity-map").unpaired() == set()
