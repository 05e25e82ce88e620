"""Part `memory-and-expansion` of sbd: is every panel filled by the part alone?"""

from solv.experiments.sbd.memory_and_expansion import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.MEMORY: {"trained"},
    Panels.START: {"trained"},
    Panels.FEATURES: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "memory-and-expansion").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "memory-and-expansion").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("sbd", "memory-and-expansion").unpaired() == {Panels.MEMORY, Panels.START, Panels.FEATURES}
