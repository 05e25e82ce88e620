"""Part `phase-diagram` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.phase_diagram import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ERROR: {"theory"},
    Panels.PHASE: {"simulation", "theory"},
    Panels.RADIUS: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "phase-diagram").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "phase-diagram").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("cot-depth", "phase-diagram").unpaired() & {Panels.PHASE}
