"""Part `non-hermitian` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft import non_hermitian
from solv.experiments.dmft.non_hermitian import Panels
from solv.tracking.curves import select
from tests.experiments.dmft.tiny import curves_of, near, predicted, value
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.FLOW: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "non-hermitian").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "non-hermitian").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "non-hermitian").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "non-hermitian").claims == ("non-hermitian",)


def test_theory_has_the_reference_values():
    curves = predicted("non-hermitian", time=[16])
    at = {"panel": Panels.FLOW, "samples": 0.5, "features": 0.55, "loss": "test", "x": 16.0}
    assert value(curves, flow="non-Hermitian", **at) == near(1.72227)
    assert value(curves, flow="Hermitian", **at) == near(0.532267)


def test_flows_with_label_noise_are_theory_alone_and_their_partner_has_none(tmp_path) -> None:
    theory, found = curves_of(tmp_path, "non-hermitian", flow_noise=0.1)
    assert found.empty
    assert not select(theory, flow=non_hermitian.HERMITIAN, noise=0).empty
    assert not select(theory, flow=non_hermitian.NON_HERMITIAN, noise=0.1).empty
