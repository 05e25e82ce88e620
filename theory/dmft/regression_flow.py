"""How does the loss of linear regression on isotropic data fall under full-batch gradient flow, in closed form?

dDelta/dt = -(1/P) X^T (X Delta + eps) relaxes each eigendirection of the sample covariance on its own, so the losses
are averages over the Marchenko-Pastur law (dmft spec, equation (15)). It is the N = inf case of
`random_feature_dynamics`.

Notation: phi = D/P > 0; sigma2 >= 0 label-noise variance; x, w eigenvalues and weights of the law of X^T X / P.
"""

import numpy as np
from numpy.typing import ArrayLike

from solv.theory.dmft.random_feature_dynamics import LossCurves
from solv.theory.random_matrix import marchenko_pastur
from solv.theory.validation import require_real

NODES_PER_ROOT_TIME = 12


def regression_flow_losses(phi: float, label_noise: float, times: ArrayLike) -> LossCurves:
    """Return L(t), Lhat(t) of gradient flow from L(0) = 1 (spec equation (15)).

    Args:
        phi: D/P, > 0.
        label_noise: sigma2 >= 0.
        times: t >= 0, (times,).

    Raises:
        ValueError: an argument out of range.

    Accuracy 1e-12. Cost: O(times x nodes), nodes ~ 200 + 12 sqrt(largest time).

    """
    phi = require_real("phi", phi, above=0)
    label_noise = require_real("label_noise", label_noise, least=0)
    grid = np.asarray(times, dtype=float)
    if grid.ndim != 1 or not np.all(np.isfinite(grid) & (grid >= 0)):
        raise ValueError(f"times = {times!r} is out of range; valid: a list of finite numbers >= 0")
    nodes = 200 + int(NODES_PER_ROOT_TIME * np.sqrt(np.max(grid, initial=0.0)))
    x, weight = marchenko_pastur(1 / phi, nodes)
    decay = np.exp(-np.multiply.outer(grid, x))
    # (1 - e^-xt)^2 / x, which vanishes with x.
    fitted_noise = (1 - decay) ** 2 / np.where(x > 0, x, 1.0)
    test = decay**2 @ weight + label_noise * phi * (fitted_noise @ weight)
    train = decay**2 @ (weight * x) + label_noise * (phi * (decay**2 @ weight) + 1 - phi)
    return LossCurves(test, train)
