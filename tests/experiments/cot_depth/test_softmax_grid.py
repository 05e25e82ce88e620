"""Part `softmax-grid` of cot-depth: is every panel filled by the part alone?"""

from solv.experiments.cot_depth.softmax_grid import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.GRID: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "softmax-grid").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "softmax-grid").sound()
