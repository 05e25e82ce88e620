"""Is a map of flows, all cells at once, what each cell is alone?"""

import numpy as np
import pytest

from solv.theory.dmft.flow_map import isotropic_flow_losses
from solv.theory.dmft.random_feature_dynamics import gradient_flow_losses
from solv.theory.dmft.random_features import RandomFeatures, isotropic

TIMES = np.array([0.0, 0.1, 2.0, 30.0, 300.0])


def test_every_cell_is_the_flow_of_its_own_problem() -> None:
    cells = [(0.1, 0.1), (0.5, 0.55), (1.0, 1.0), (3.0, 0.3), (1.2, np.inf), (np.inf, 0.8)]
    found = isotropic_flow_losses(*np.array(cells).T, TIMES)
    for (samples, features), losses in zip(cells, found, strict=True):
        model = RandomFeatures(isotropic(1000), 1000 * samples, 1000 * features)
        np.testing.assert_allclose(losses, gradient_flow_losses(model, TIMES).test, rtol=1e-6, atol=1e-7)


def test_it_has_the_reference_values_at_times_in_any_order() -> None:
    found = isotropic_flow_losses([0.5], [0.55], [16, 0.25, 4, 1])[0]
    np.testing.assert_allclose(found, [1.72227, 0.854265, 1.16680, 0.916261], rtol=1e-5)


def test_samples_and_features_may_be_exchanged() -> None:
    np.testing.assert_allclose(
        isotropic_flow_losses([0.3, 1.2], [0.8, 3.0], TIMES),
        isotropic_flow_losses([0.8, 3.0], [0.3, 1.2], TIMES),
        rtol=1e-6,
    )


def test_nothing_moves_at_time_zero() -> None:
    np.testing.assert_array_equal(isotropic_flow_losses([0.5], [2.0], [0.0]), [[1.0]])


@pytest.mark.parametrize(
    ("samples", "features", "times"), [([0], [1], [1]), ([1], [1, 2], [1]), ([1], [1], [-1]), ([1], [1], 3.0)]
)
def test_bad_arguments_are_refused(samples: object, features: object, times: object) -> None:
    with pytest.raises(ValueError, match="valid: "):
        isotropic_flow_losses(samples, features, times)  # type: ignore[arg-type]
