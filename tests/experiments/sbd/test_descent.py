"""Part `descent` of sbd: is every panel filled by the part alone?"""

from solv.experiments.sbd.descent import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DESCENT: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "descent").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "descent").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("sbd", "descent").unpaired() == {Panels.DESCENT}
