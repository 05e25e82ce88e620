"""Are there two ways to answer, and are they the ones that curves are called by?"""

from solv.experiments.pita.answers import ANSWERS, DIRECT, TRACE
from solv.tracking.curves import parameter
from tests.experiments.scaffold import smoke


def test_curves_of_trained_models_are_called_by_the_way_they_answer():
    assert {TRACE, DIRECT} == set(ANSWERS)
    curves = smoke("pita", "chain-hops").curves
    assert set(parameter(curves, "answer")) == set(ANSWERS)
