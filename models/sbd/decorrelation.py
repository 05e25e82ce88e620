"""What does broadcast learning leave out? The whole gradient of a layer's correlation, and the part that is kept.

The objective of hidden layer k is J = |R|^2 / 2 with R = lambda R' + (1 - lambda) / B sum_n h_n s_n^T (equations (1)
and (2) of the sbd spec; arXiv:2504.11558, equation (6)). Its gradient with respect to the layer's weights has two
parts: one through the activations h, which is the rule, and one through the score s, which needs every later weight and
is left out (arXiv:2504.11558, appendix E.2, figure 5). Both are found by autograd here, to be compared; nothing trains
by them.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from solv.models.ensemble import Parameters
from solv.models.sbd.score_broadcast import BroadcastRule, BroadcastState, Network, broadcast, score


def decorrelation_gradients(
    network: Network,
    parameters: Parameters,
    state: BroadcastState,
    rule: BroadcastRule,
    x: Float[Tensor, "copies batch ..."],
    labels: Int[Tensor, "copies batch"],
) -> list[tuple[Tensor, Tensor]]:
    """Return the kept and the whole gradient of every hidden layer's J with respect to its own weights.

    Args:
        network: of every copy.
        parameters: stacked.
        state: R' of the copies; it stays as it is.
        rule: of the copies.
        x, labels: a batch of every copy.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    z, _, activations = network.run(leaves, x)
    s, p = score(z, labels, rule.squared)
    sbar = broadcast(rule, s, p, x)
    memory, found = rule.memory[:, None, None], []
    for number, h in enumerate(activations):
        seen, past, weight = (
            network.layers[number][0].correlated(h),
            state.correlations[number],
            leaves[f"weight {number}"],
        )

        def objective(signal: Tensor, seen: Tensor = seen, past: Tensor = past) -> Tensor:
            r = memory * past + (1 - memory) / seen.shape[1] * torch.bmm(seen.transpose(1, 2), signal)
            return 0.5 * r.square().sum()

        kept, whole = (
            torch.autograd.grad(objective(signal), weight, retain_graph=True)[0] for signal in (sbar.detach(), sbar)
        )
        found.append((kept, whole))
    return found
