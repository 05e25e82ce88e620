"""Part `anisotropic-inputs` of best-of-k: is every panel filled by the part alone?"""

from solv.experiments.best_of_k.anisotropic_inputs import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ANISOTROPIC: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("best-of-k", "anisotropic-inputs").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("best-of-k", "anisotropic-inputs").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("best-of-k", "anisotropic-inputs").unpaired() & {Panels.ANISOTROPIC}
