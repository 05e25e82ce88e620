"""Part `width` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.width import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.WIDTH: {"theory", "trained"},
    Panels.LIMIT: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "width").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "width").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "width").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "width").claims == ("wider-is-better",)
