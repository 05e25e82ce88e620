"""Part `linear-systems` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.experiment import EXPERIMENT
from solv.experiments.dmft.linear_systems import Panels
from solv.experiments.dmft.settings import DmftConfig
from tests.experiments.dmft.tiny import TINY, curves_of, near, predicted, value
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SPECTRUM: {"simulation", "theory"},
    Panels.CORRELATION: {"simulation", "theory"},
    Panels.RESPONSE: {"simulation", "theory"},
    Panels.TWO_TIME: {"simulation", "theory"},
    Panels.POWER: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "linear-systems").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "linear-systems").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "linear-systems").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "linear-systems").claims == ("two-times",)


def test_theory_has_the_reference_values():
    curves = predicted("linear-systems", g=0.9, tau=0, time=[0.25, 1, 2, 3, 16])
    assert value(curves, panel=Panels.CORRELATION, x=3.0) == near(0.0966931)
    assert value(curves, panel=Panels.RESPONSE, x=1.0) == near(0.367879)


def test_a_system_that_is_nowhere_stable_has_no_power_spectrum(tmp_path) -> None:
    settings = DmftConfig(**{**TINY, "g": 1.2, "parts": ["linear-systems"]})
    assert "power" not in {str(panel.name) for panel in EXPERIMENT.panels(settings)}
    theory, found = curves_of(tmp_path, "linear-systems", g=1.2)
    assert set(theory["panel"]) == set(found["panel"]) == set(Panels) - {Panels.POWER}
