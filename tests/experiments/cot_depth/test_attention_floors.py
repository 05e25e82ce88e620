"""Part `attention-floors` of cot-depth: is every panel filled by the part alone, and a reflected direction found?"""

import numpy as np
import pytest

from solv.experiments.cot_depth.attention_floors import Panels, average_step
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.FLOORS: {"anchored", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("cot-depth", "attention-floors").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("cot-depth", "attention-floors").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"two-floors"} <= set(smoke("cot-depth", "attention-floors").claims)


def test_the_average_step_of_a_reflected_direction_ends_on_the_wrong_side():
    """A = -diag(0.8, 0.5) and B = diag(0.8, -0.3): along the second direction the chain goes to -0.6 w*."""
    value = np.array([[0.8, 0, 0], [0, -0.3, 0]])
    query = np.diag([-1.0, 5 / 3, 1.0])
    least, error = average_step(value, query)
    assert least == pytest.approx(-0.3)
    assert error == pytest.approx(1.6**2 / 2)
