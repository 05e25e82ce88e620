"""How does the loss of random features fall under one-pass SGD, a fresh batch at every step?

Delta <- Delta - eta (1/N) A^T A (1/B) X_t^T (X_t Delta + eps_t) (arXiv:2601.01010; dmft spec section 4.4, model M4).
Fresh samples have no memory, so R1 = 1, and the batch noise is white in time: what is left is a Volterra equation.

Notation as in `random_feature_dynamics`, and: B batch size, F(t) the loss without batch noise, Kn(t) the loss at
time t caused by batch noise of unit strength at time 0.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from solv.theory.dmft.random_feature_dynamics import descent_variables
from solv.theory.dmft.random_features import RandomFeatures, mode_responses, resolved_degrees
from solv.theory.laplace_inversion import invert_z_equal_times
from solv.theory.validation import require_real


def stochastic_descent_loss(model: RandomFeatures, batch: float, eta: float, steps: int) -> Float[np.ndarray, "steps"]:
    """Return the test loss L(t), t = 0..steps-1, of one-pass SGD; `stochastic_descent_losses` says what of."""
    return np.asarray(stochastic_descent_losses(model, [batch], eta, steps)[0])


def stochastic_descent_losses(
    model: RandomFeatures, batches: Sequence[float], eta: float, steps: int
) -> Float[np.ndarray, "batches steps"]:
    """Return the test loss L(t), t = 0..steps-1, of one-pass SGD at several batch sizes (spec equation (14)).

    L(t) = F(t) + (1/B) sum_{s<t} Kn(t - s) [L(s) + sigma2]; exact for discrete steps as D -> infinity at fixed B/D, and
    accurate down to B of a few.

    Args:
        model: the regression problem; `model.samples` is not used, each step draws its own.
        batches: sizes B >= 1, inf for the population flow; the kernels are the same for all.
        eta: learning rate, > 0; a warning is raised if descent without batch noise diverges already.
        steps: T >= 2.

    Raises:
        ValueError: batch, eta or steps out of range.

    Cost: O(steps^2 x modes) in matrix products, O(steps^2 log steps) for the inversion, O(steps^2) for the sum.

    """
    sizes = np.array([require_real("batch", batch, least=1, infinite=True) for batch in batches])
    online = replace(model, samples=np.inf)
    s, source, growth = descent_variables(online, eta, steps)
    m = resolved_degrees(online, s[: steps + 1])
    m = np.concatenate([m, m[1:steps][::-1].conj()])
    lam, counts, teacher = model.spectrum.eigenvalues, model.spectrum.counts, model.spectrum.teacher
    r3 = 1 - m / model.features
    h = mode_responses(online, s, m)
    upper = slice(0, steps + 1)
    f1, f2, f3, f4 = (
        (h[upper] * weight) @ h.T for weight in (lam * teacher, lam * counts, lam**2 * counts, lam**2 * teacher)
    )
    r3r3, ss, start = (np.multiply.outer(v[upper], v) for v in (r3, s, source))
    through_features = f2 / model.features * r3r3 / (1 - r3r3 * f3 / model.features)
    scale = growth ** (2.0 * np.arange(steps))
    drift = invert_z_equal_times(start * (f1 + through_features * f4)) * scale
    kernel = invert_z_equal_times(through_features * ss * f2 + r3r3 * f3) * scale
    loss = np.empty((len(sizes), steps))
    for t in range(steps):
        loss[:, t] = drift[t] + ((loss[:, :t] + model.label_noise) @ kernel[t:0:-1]) / sizes
    return loss
