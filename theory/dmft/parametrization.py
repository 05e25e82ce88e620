"""What becomes of a deep linear network as it is widened, in the mean-field and in the NTK parametrization?

Mean-field (muP): f = (1/(g0 N)) a^T (W/sqrt N) ... W_0 x at the rate eta g0^2 N, of one richness g0 at every width.
NTK: every layer is divided by the root of its fan-in, f = kappa (a^T/sqrt N) (W/sqrt N) ... (W_0/sqrt D) x, and the
rate does not depend on N. With nu = N/D, f of the one is f of the other at

    g0 = 1 / (kappa sqrt(nu)),    eta g0^2 N = eta D / kappa^2,

so that the theory of `deep_linear` is the theory of both. A network in the NTK parametrization is one whose richness
falls with its width: it ends as a kernel method (arXiv:2605.07870; ours from the equations of arXiv:2601.01010).

Notation

| symbol | name | shape / range |
|---|---|---|
| nu | width N/D | > 0, inf allowed in mean-field |
| nu_0 | width at which both parametrizations are one network | > 0 |
| g0 | richness at nu_0 | > 0 |
| eta | learning rate in units of g0(nu)^2 N, in which the untrained kernel is H + 1 at every width in both | > 0 |
"""

import math
from dataclasses import replace
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.validation import require_real


class Parametrization(StrEnum):
    """How the output and the learning rate depend on the width."""

    MEAN_FIELD = "mean-field"
    NTK = "NTK"


def widened(network: DeepLinear, width: float, parametrization: Parametrization) -> DeepLinear:
    """Return the network at another width, its richness and rate those of the parametrization.

    Args:
        network: at the width nu_0 where both parametrizations agree.
        width: nu > 0; inf in mean-field alone (an NTK network of infinite width has no richness, g0 = 0).
        parametrization: which.

    Raises:
        ValueError: a width out of range.

    """
    mean_field = parametrization is Parametrization.MEAN_FIELD
    width = require_real("width", width, above=0, infinite=mean_field)
    if mean_field:
        return replace(network, width=width)
    return replace(network, width=width, richness=network.richness * math.sqrt(network.width / width))


def loss_after(network: DeepLinear, rates: ArrayLike, steps: int) -> Float[np.ndarray, "rates"]:
    """Return the training loss after `steps` updates at each learning rate, inf where training diverges.

    Deep linear networks learn fastest just below the rate at which they diverge, so that the best rate is that of the
    edge of stability; a kernel that grows as features are learned has it at a lower rate.

    Args:
        network: its own rate does not enter.
        rates: eta > 0, (rates,).
        steps: >= 1.

    Raises:
        ValueError: an argument out of range.

    Cost: one solution of the two-time equations per rate.

    """
    losses = []
    for eta in np.asarray(rates, dtype=float):
        try:
            losses.append(float(deep_linear_dynamics(replace(network, eta=float(eta)), steps + 1).train_loss[-1]))
        except RuntimeError:  # the kernels overflow
            losses.append(math.inf)
    return np.array(losses)
