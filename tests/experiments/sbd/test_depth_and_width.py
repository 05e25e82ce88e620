"""Part `depth-and-width` of sbd: is every panel filled by the part alone?"""

from solv.experiments.sbd.depth_and_width import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DEPTH: {"trained"},
    Panels.WIDTH: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "depth-and-width").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "depth-and-width").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("sbd", "depth-and-width").unpaired() == {Panels.DEPTH, Panels.WIDTH}
