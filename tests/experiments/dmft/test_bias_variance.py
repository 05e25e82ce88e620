"""Part `bias-variance` of dmft: is every panel filled by the part alone?"""

import numpy as np
import pytest

from solv.experiments.dmft.bias_variance import Panels
from solv.experiments.dmft.settings import Ensembles
from solv.experiments.dmft.shared_disorder import FRESH_NOISE, NOTHING, SAME_DATA, SAME_FEATURES, Shared
from solv.tracking.curves import select
from tests.experiments.dmft.tiny import curves_of, near, predicted, value
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SHARING: {"simulation", "theory"},
    Panels.VARIANCE: {"simulation", "theory"},
    Panels.MEMBERS: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "bias-variance").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "bias-variance").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "bias-variance").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "bias-variance").claims == ("ensembles",)


@pytest.mark.parametrize(
    ("shared", "loss"),
    [
        (SAME_DATA, 0.579554),
        (SAME_FEATURES, 0.393143),
        (NOTHING, 0.283325),
        (FRESH_NOISE, 1.08460),
        (Shared(True, 0.5), 0.634523),
    ],
)
def test_theory_has_the_reference_values(shared, loss):
    curves = predicted("bias-variance", overlap=0.5, ensembles=Ensembles(dimension=1000))
    assert value(curves, panel=Panels.SHARING, x=199.0, **shared.params) == near(loss)


def test_infinitely_many_features_leave_nothing_to_share(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "bias-variance", features=np.inf)
    assert found.empty
    assert set(theory["panel"]) == set(Panels)


@pytest.mark.parametrize("overlap", [[0.5, 0], [0, 1], [0.5, 0.5000001]])
def test_bags_of_any_overlap_have_curves_of_their_own(tmp_path, overlap) -> None:
    theory, found = curves_of(tmp_path, "bias-variance", overlap=overlap)
    for each in overlap:
        for curves in (theory, found):
            assert not select(curves, panel="members", average="bags", overlap=each, curve="mean of K").empty
            assert not select(curves, panel="sharing", same_features=True, shared_data=each).empty
