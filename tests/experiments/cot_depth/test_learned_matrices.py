"""Part `learned-matrices` of cot-depth: is every panel filled by the part alone, and the reduced form told apart?"""

import numpy as np
import pytest

from solv.experiments.cot_depth.learned_matrices import Panels, outside_reduced_form
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.VALUE: {"trained"},
    Panels.QUERY: {"trained"},
    Panels.OUTSIDE: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "learned-matrices").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "learned-matrices").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"reduces-to-a-step"} <= set(smoke("cot-depth", "learned-matrices").claims)


def test_the_exact_step_lies_in_the_reduced_form_and_half_of_a_matrix_of_ones_does_not():
    value, query = np.array([[2.0, 1, 0], [0, 3, 0]]), np.diag([-1.0, -1, 1])
    assert outside_reduced_form(value, query) == pytest.approx(0)
    assert outside_reduced_form(np.ones((2, 3)), query) == pytest.approx(1 / 6)
    assert outside_reduced_form(value, np.ones((3, 3))) == pytest.approx(1 / 3)
