"""Part `deep-linear` of dmft: is every panel filled by the part alone?"""

import numpy as np

from solv.experiments.dmft.deep_linear import Panels
from tests.experiments.dmft.tiny import curves_of, near, predicted, value
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.TEST: {"theory", "trained"},
    Panels.TRAIN: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "deep-linear").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "deep-linear").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "deep-linear").unpaired() == set()


def test_theory_has_the_reference_values():
    network = {"hidden_layers": 1, "richness": 1, "width": 1, "data": 1.5}
    curves = predicted("deep-linear", **network, eta_deep=0.03, noise_deep=0.1, steps_deep=100)
    assert value(curves, panel=Panels.TEST, x=50.0) == near(0.342972)
    assert value(curves, panel=Panels.TRAIN, x=99.0) == near(0.0573352)


def test_infinitely_wide_networks_are_theory_alone(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "deep-linear", width=np.inf, hidden_layers=1, richness=1, steps_deep=5)
    assert found.empty
    assert not theory.empty
