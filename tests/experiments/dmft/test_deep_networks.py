"""Are networks told apart by what they are, and is a largest singular value an outlier or the edge of the bulk?"""

import pytest

from solv.experiments.dmft.deep_networks import largest_singular_value, network_params
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.dmft.outliers import bulk_edge


def test_every_property_of_a_network_tells_it_apart():
    base = DeepLinear(1, 1.0, 1.0, 1.5, 0.03, 0.1)
    others = [
        DeepLinear(2, 1.0, 1.0, 1.5, 0.03, 0.1),
        DeepLinear(1, 2.0, 1.0, 1.5, 0.03, 0.1),
        DeepLinear(1, 1.0, 2.0, 1.5, 0.03, 0.1),
        DeepLinear(1, 1.0, 1.0, 2.5, 0.03, 0.1),
        DeepLinear(1, 1.0, 1.0, 1.5, 0.04, 0.1),
        DeepLinear(1, 1.0, 1.0, 1.5, 0.03, 0.2),
    ]
    told = [tuple(network_params(network).items()) for network in (base, *others)]
    assert len(set(told)) == len(told)


def test_a_value_is_the_edge_until_one_has_left_the_bulk():
    solution = deep_linear_dynamics(DeepLinear(1, 6.0, 1.0, 2.0, 0.005, 0.0), 201)
    early, late = (largest_singular_value(solution, 0, step) for step in (1, 200))
    assert early == pytest.approx(bulk_edge(solution, 0))
    assert early == pytest.approx(2.0, rel=1e-3)  # of a square Gaussian matrix in units of sqrt(fan-in)
    assert late > early + 0.1
    assert largest_singular_value(solution, 0, 200, independent=True) != pytest.approx(late)
