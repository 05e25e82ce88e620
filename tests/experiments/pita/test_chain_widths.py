"""Part `chain-widths` of pita: is every panel filled by the part alone?"""

import warnings

import numpy as np
import pytest

from solv.experiments.pita.answers import DIRECT
from solv.experiments.pita.chain import Cell
from solv.experiments.pita.chain_widths import RECORD, Panels, _by_the_formula
from solv.theory.pita.critical_width import width_formula
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.WIDTH_BY_DEPTH: {"trained"},
    Panels.WIDTH_BY_ARMS: {"trained"},
    Panels.CRITICAL_DEPTH: {"trained"},
    Panels.CRITICAL_ARMS: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-widths").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-widths").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"critical-width-exponents"} <= set(smoke("pita", "chain-widths").claims)


@pytest.mark.parametrize("beyond", [np.inf, -np.inf])
def test_the_constant_of_the_formula_is_that_of_the_widths_that_are_known(beyond):
    cells = [Cell(DIRECT, 4, depth, depth // 2, (4, 8)) for depth in (4, 8, 16)]
    formula = width_formula([4, 4, 4], [4, 8, 16], trace=False)
    y = ("width", [3 * formula[0], beyond, 3 * formula[2]])
    widths = RECORD.trained(
        Panels.CRITICAL_DEPTH, {"arms": 4}, x=("depth", [4, 8, 16]), y=y, y_err=[0.1, np.nan, 0.1], n=3
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [line] = _by_the_formula([(Panels.WIDTH_BY_DEPTH, DIRECT, cells, widths)])
    assert line["y"].tolist() == pytest.approx((3 * formula).tolist())
