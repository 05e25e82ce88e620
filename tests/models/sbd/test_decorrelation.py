"""Is the kept part of the decorrelation gradient the rule's update, and the whole one that of |R|^2 / 2?"""

import pytest
import torch

from solv.models.sbd.decorrelation import decorrelation_gradients
from solv.models.sbd.score_broadcast import broadcast_gradients
from tests.models.sbd.test_score_broadcast import BATCH, NETWORKS, made


@pytest.mark.parametrize("name", NETWORKS)
def test_the_kept_part_is_the_update_that_training_makes(name):
    network = NETWORKS[name]
    parameters, x, labels, rule, state = made(network)
    pairs = decorrelation_gradients(network, parameters, state, rule, x, labels)
    updates = broadcast_gradients(network, parameters, state, rule, x, labels)
    for number, (kept, whole) in enumerate(pairs):
        factor = (1 - rule.memory).view(-1, *[1] * (kept.dim() - 1))  # 1 - lambda is absorbed in the rate
        torch.testing.assert_close(kept, factor * updates[f"weight {number}"], rtol=1e-3, atol=1e-6)
        assert not torch.allclose(kept, whole)


def test_the_whole_gradient_is_that_of_finite_differences():
    """|R|^2 / 2 of the first hidden layer, along a random direction of its weights, all later layers following."""
    network = NETWORKS["perceptron"]
    parameters, x, labels, rule, state = made(network)
    parameters = {name: value.double() for name, value in parameters.items()}
    x, past = x.double(), state.correlations[0].double()
    state.correlations = [r.double() for r in state.correlations]
    rule = type(rule)(rule.squared.double(), rule.memory.double(), rule.start)
    [(_, whole), _] = decorrelation_gradients(network, parameters, state, rule, x, labels)

    def objective(weight):
        z, _, activations = network.run({**parameters, "weight 0": weight}, x)
        p = torch.where(rule.squared[:, None, None] > 0, z, z.softmax(-1))
        s = p - torch.nn.functional.one_hot(labels, z.shape[-1])
        memory = rule.memory[:, None, None]
        r = memory * past + (1 - memory) / BATCH * activations[0].transpose(1, 2) @ s
        return 0.5 * r.square().sum((1, 2))

    direction = torch.randn(whole.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    step = 1e-6
    slope = (
        objective(parameters["weight 0"] + step * direction) - objective(parameters["weight 0"] - step * direction)
    ) / (2 * step)
    torch.testing.assert_close((whole * direction).sum((1, 2)), slope, rtol=1e-5, atol=1e-8)
