"""Which part of a random-feature model's loss comes from its features, its data and its label noise?

Averaging over a subset of the disorder is a cross-correlation of two replicas that share the rest (arXiv:2601.01010;
dmft spec section 4.2). Ensembles and bags of K models follow from the same cross-correlations.

Notation

| symbol | name | shape / range |
|---|---|---|
| full | loss of one model, replicas identical (a=1, x=1, n=1) | (times,) |
| B2 | squared bias: nothing shared | (times,) |
| V_A, V_X, V_AX | variance from features, from data (labels included), from both together | >= 0, (times,) |
| V_noise | part of the variance due to the draw of label noise | >= 0, (times,) |
| K | members of an ensemble | integer >= 1 |
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.dmft.random_feature_dynamics import Sharing, gradient_descent_losses, gradient_flow_losses
from solv.theory.dmft.random_features import RandomFeatures
from solv.theory.validation import require_integer


@dataclass(frozen=True)
class BiasVariance:
    """The parts of the test loss, each (times,).

    Attributes:
        full: L of one model.
        same_data: cross-correlation with other features on the same data (a=0, x=1): the floor of an ensemble.
        same_features: cross-correlation with other data through the same features (a=1, x=0): the floor of bags.
        bias: B2, neither shared.
        noise: V_noise, full minus (a=1, x=1, n=0).

    """

    full: Float[np.ndarray, "times"]
    same_data: Float[np.ndarray, "times"]
    same_features: Float[np.ndarray, "times"]
    bias: Float[np.ndarray, "times"]
    noise: Float[np.ndarray, "times"]

    @property
    def feature_variance(self) -> Float[np.ndarray, "times"]:
        """V_A = (1,0) - (0,0) of equation (12)."""
        return np.asarray(self.same_features - self.bias)

    @property
    def data_variance(self) -> Float[np.ndarray, "times"]:
        """V_X = (0,1) - (0,0) of equation (12)."""
        return np.asarray(self.same_data - self.bias)

    @property
    def joint_variance(self) -> Float[np.ndarray, "times"]:
        """V_AX = full - (1,0) - (0,1) + (0,0) of equation (12)."""
        return np.asarray(self.full - self.same_features - self.same_data + self.bias)


def descent_bias_variance(model: RandomFeatures, eta: float, steps: int) -> BiasVariance:
    """Return the parts of the loss of gradient descent at t = 0..steps-1 (spec equations (12), (13)).

    Raises:
        ValueError: eta <= 0 or steps < 2.

    Cost: five times `gradient_descent_losses`.

    """
    return _parts(lambda sharing: gradient_descent_losses(model, eta, steps, sharing).test)


def flow_bias_variance(model: RandomFeatures, times: ArrayLike) -> BiasVariance:
    """Return the parts of the loss of gradient flow at the given times >= 0 (spec equations (12), (13)).

    Raises:
        ValueError: a time that is negative or not finite.

    Cost: five times `gradient_flow_losses`.

    """
    return _parts(lambda sharing: gradient_flow_losses(model, times, sharing).test)


def averaged_loss(
    full: Float[np.ndarray, "times"], cross: Float[np.ndarray, "times"], members: int
) -> Float[np.ndarray, "times"]:
    """Return the loss of the mean of K exchangeable predictors, cross + (full - cross)/K (spec equation (13)).

    Args:
        full: loss of one member, (times,).
        cross: cross-correlation of two members: `same_data` for an ensemble over features, `same_features` for bags on
            independent data, `gradient_descent_losses(..., Sharing(samples=o)).test` for bags overlapping by o.
        members: K >= 1.

    Raises:
        ValueError: members < 1.

    Cost: O(times).

    """
    members = require_integer("members", members, least=1)
    return np.asarray(cross + (full - cross) / members)


def _parts(test_loss: Callable[[Sharing], Float[np.ndarray, "times"]]) -> BiasVariance:
    full = test_loss(Sharing())
    return BiasVariance(
        full=full,
        same_data=test_loss(Sharing(features=0)),
        same_features=test_loss(Sharing(samples=0)),
        bias=test_loss(Sharing(features=0, samples=0)),
        noise=full - test_loss(Sharing(label_noise=0)),
    )
