"""Do finite deep linear networks train as autograd says and as the theory predicts?"""

import copy
import math

import numpy as np
import pytest
import torch

from solv.models.dmft.deep_linear import draw_networks, scaled_singular_values, train_networks
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.dmft.outliers import outlier_singular_values


@pytest.mark.parametrize("hidden_layers", [1, 2, 3])
def test_updates_are_those_of_autograd_at_the_stated_learning_rate(hidden_layers: int) -> None:
    networks = draw_networks(
        dimension=7,
        width=5,
        samples=9,
        hidden_layers=hidden_layers,
        richness=1.3,
        label_noise=0.2,
        seeds=2,
        generator=torch.Generator().manual_seed(0),
    )
    before = copy.deepcopy(networks)
    train_networks(networks, eta=0.04, steps=2)
    for seed in range(2):
        hidden = [weight[seed].clone().requires_grad_() for weight in before.hidden]
        readout = before.readout[seed].clone().requires_grad_()
        signal = before.inputs[seed].T
        for weight in hidden:
            signal = weight @ signal / (1 if weight is hidden[0] else math.sqrt(5))
        output = readout @ signal / (1.3 * 5)
        target = before.inputs[seed] @ before.teacher[seed] / math.sqrt(7) + before.noise[seed]
        # f = (1/(g0 nu D)) a^T ... W_0 x takes x itself, as beta.x / sqrt D does.
        loss = (output - target).square().sum() / (2 * 9)
        gradients = torch.autograd.grad(loss, [*hidden, readout])
        rate = 0.04 * 1.3**2 * 5
        for weight, gradient, after in zip(hidden, gradients, networks.hidden, strict=False):
            torch.testing.assert_close(weight - rate * gradient, after[seed], atol=1e-14, rtol=1e-13)
        torch.testing.assert_close(readout - rate * gradients[-1], networks.readout[seed], atol=1e-14, rtol=1e-13)


@pytest.mark.parametrize(
    ("hidden_layers", "richness", "nu", "eta"), [(1, 0.5, 0.5, 0.02), (1, 2, 2, 0.01), (2, 2, 1, 0.01), (3, 1, 1, 0.02)]
)
def test_losses_and_alignment_follow_the_theory(hidden_layers: int, richness: float, nu: float, eta: float) -> None:
    dimension, alpha, steps = 120, 1.5, 60
    networks = draw_networks(
        dimension=dimension,
        width=int(nu * dimension),
        samples=int(alpha * dimension),
        hidden_layers=hidden_layers,
        richness=richness,
        label_noise=0.1,
        seeds=20,
        generator=torch.Generator().manual_seed(12),
    )
    run = train_networks(networks, eta=eta, steps=steps)
    theory = deep_linear_dynamics(DeepLinear(hidden_layers, richness, nu, alpha, eta, 0.1), steps)
    for predicted, measured in (
        (theory.test_loss, run.losses.test),
        (theory.train_loss, run.losses.train),
        (theory.alignment, run.alignment),
    ):
        error = measured.std(0).numpy() / math.sqrt(len(measured))
        gap = np.abs(predicted - measured.mean(0).numpy())
        assert np.all(gap <= np.maximum(0.05 * np.abs(predicted), 4 * error))


def test_largest_singular_value_follows_the_outlier() -> None:
    # Correlated spikes give 3.965 here, independent ones 3.625.
    networks = draw_networks(
        dimension=100,
        width=300,
        samples=300,
        hidden_layers=1,
        richness=5,
        label_noise=0,
        seeds=12,
        generator=torch.Generator().manual_seed(13),
    )
    run = train_networks(networks, eta=0.01, steps=201, record_weights=(0, 200))
    values = scaled_singular_values(run.weights[200][0])
    theory = outlier_singular_values(deep_linear_dynamics(DeepLinear(1, 5, 3, 3, 0.01), 201), 0, 200)
    top, second = values[:, 0], values[:, 1]
    assert abs(float(top.mean()) - theory[0]) <= 4 * float(top.std()) / math.sqrt(12)
    edge = 1 + math.sqrt(3)
    assert float(second.max()) < edge * 1.05 < float(top.min())
    assert float(scaled_singular_values(run.weights[0][0]).max()) < edge * 1.05


def test_a_network_without_hidden_layer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"hidden_layers = 0"):
        draw_networks(
            dimension=3,
            width=3,
            samples=3,
            hidden_layers=0,
            richness=1,
            label_noise=0,
            seeds=1,
            generator=torch.Generator(),
        )
