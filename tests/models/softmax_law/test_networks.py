"""Do the networks start, step and end as their definitions say?"""

import math

import numpy as np
import pytest
import torch

from solv.models.softmax_law.networks import train_bigram, train_mlp
from solv.models.softmax_law.student import draw_inputs
from solv.theory.fits.power_law import fit_power_law


def streams(count, seed=0):
    return [torch.Generator().manual_seed(seed + r) for r in range(count)]


def teachers(classes=5, d=4, repeats=2):
    return torch.as_tensor(np.random.default_rng(0).standard_normal((repeats, classes, d)) / math.sqrt(d))


def mlp(rates, read_at, *, normalised=True, repeats=2, hidden=16, batch=64):
    return train_mlp(
        draw_inputs(streams(repeats), 2000, 4),
        teachers(repeats=repeats),
        rates,
        read_at,
        streams(repeats, 9),
        hidden=hidden,
        batch=batch,
        normalised=normalised,
    )


def bigram(log_conditional, rates, read_at, width=8, unigram=None):
    tokens = log_conditional.shape[-1]
    unigram = torch.full((tokens,), 1 / tokens, dtype=torch.float64) if unigram is None else unigram
    return train_bigram(unigram, log_conditional, rates, read_at, streams(len(log_conditional), 3), width=width)


def test_an_untrained_normalised_mlp_loses_log_of_the_number_of_classes_and_has_no_scale():
    found = mlp([(0.1, 1.0)], [0])
    assert found.loss.numpy() == pytest.approx(math.log(5), rel=1e-6)
    assert float(found.scale.max()) == 0


def test_the_first_step_of_a_normalised_mlp_moves_the_readout_alone():
    # W2 = 0 lets no gradient through to W1, so that the rate of the first layer does not matter yet
    slow, fast = (mlp([(rate, 1.0)], [1]) for rate in (1e-6, 100.0))
    assert torch.equal(slow.loss, fast.loss)
    assert float(slow.loss.max()) < math.log(5)


def test_repeats_train_as_they_do_alone():
    together, alone = mlp([(0.1, 1.0)] * 5, [5]), mlp([(0.1, 1.0)] * 5, [5], repeats=1)
    assert together.loss[0].numpy() == pytest.approx(alone.loss[0].numpy(), rel=1e-4)


@pytest.mark.parametrize("normalised", [True, False])
def test_an_mlp_learns_its_teacher(normalised):
    found = mlp([(0.3, 0.5)] * 200, [200], normalised=normalised)
    assert float(found.loss.max()) < 0.6 * math.log(5)


def test_a_bigram_model_knows_the_entropy_of_its_language_and_reaches_it():
    log_conditional = (1.5 * torch.randn(2, 6, 6, generator=torch.Generator().manual_seed(0))).double().log_softmax(-1)
    found = bigram(log_conditional, [1.0] * 600, [0, 600], width=12)
    entropy = -(log_conditional.exp() * log_conditional).sum((-1, -2)) / 6
    assert found.loss[:, 0].numpy() == pytest.approx((math.log(6) - entropy).numpy(), rel=1e-6)
    assert 0 <= float(found.loss[:, 1].min()) <= float(found.loss[:, 1].max()) < 2e-3
    spread = log_conditional - log_conditional.mean(-1, keepdim=True)
    assert found.scale[:, 1].numpy() == pytest.approx(spread.square().mean((-1, -2)).sqrt().numpy(), rel=0.05)


def test_a_table_of_contexts_is_separable_and_its_one_hot_loss_falls_as_one_over_time():
    wanted = torch.tensor([[1, 2, 3, 0], [2, 0, 1, 3]])
    one_hot = torch.nn.functional.one_hot(wanted, 4).double().log()
    read_at = np.unique(np.geomspace(100, 1000, 8).astype(int))
    found = bigram(one_hot, [1.0] * 1000, read_at.tolist(), width=16)
    fit = fit_power_law(read_at, found.loss.numpy())
    assert fit.exponent == pytest.approx(1, abs=0.07)  # a logarithm in time is left


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: mlp([(0.1, 1.0)], [2]), "read_at"),
        (lambda: mlp([(0.0, 1.0)], [1]), "rates"),
        (lambda: mlp([(0.1, 1.0)], [1], hidden=0), "hidden = 0"),
        (lambda: bigram(torch.zeros(1, 3, 3).double(), [1.0], [1], width=0), "width = 0"),
        (lambda: bigram(torch.zeros(1, 3, 3).double(), [1.0], [1], unigram=torch.ones(2)), "unigram"),
    ],
)
def test_invalid_arguments_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
