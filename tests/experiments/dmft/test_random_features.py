"""Part `random-features` of dmft: is every panel filled by the part alone?"""

import numpy as np

from solv.experiments.dmft.random_features import Panels
from solv.tracking.curves import agreement, join_curves
from tests.experiments.dmft.tiny import curves_of, near, predicted, value
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.TEST: {"simulation", "theory"},
    Panels.TRAIN: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "random-features").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "random-features").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "random-features").unpaired() == set()


def test_theory_has_the_reference_values():
    curves = predicted("random-features")
    assert value(curves, panel=Panels.TEST, x=199.0) == near(1.25275)
    assert value(curves, panel=Panels.TRAIN, x=50.0) == near(0.0682592)


def test_infinitely_many_features_are_linear_regression(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "random-features", features=np.inf)
    assert agreement(join_curves([theory, found]))["points"].sum() == len(found) > 0
