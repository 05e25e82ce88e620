"""Is the loss through second moments the direct one, to the last gradient, and is a chain one step after the other?"""

import math

import pytest
import torch

from solv.models.cot_depth.one_step import (
    Draws,
    chain_errors,
    draw_block,
    draw_minibatch,
    linear_gradients,
    linear_mix,
    one_step_loss,
    softmax_mix,
    step,
)

D, N = 3, 5


@pytest.fixture
def drawn():
    """Inputs, tasks and a block of order one in double precision."""
    stream = torch.Generator().manual_seed(3)
    inputs = torch.randn(4, N, D, generator=stream, dtype=torch.float64)
    tasks = torch.randn(4, D, generator=stream, dtype=torch.float64)
    parameters = {name: value.double().requires_grad_() for name, value in draw_block(D, stream, 0.5).items()}
    return inputs, tasks, parameters, stream


def directly(parameters, inputs, task, start, softmax):
    """One step by the tokens themselves, with whole matrices, whose other entries are arbitrary."""
    width = 2 * D + 2
    value, query = (torch.full((width, width), 0.7, dtype=torch.float64) for _ in "VW")
    value[D + 1 : 2 * D + 1, : D + 1] = parameters["V"][0]
    query[: D + 1, D + 1 :] = parameters["W"][0]
    last = torch.cat([torch.zeros(D + 1), start, torch.ones(1)]).double()
    tokens = torch.zeros(len(inputs), width, dtype=torch.float64)
    tokens[:, :D], tokens[:, D] = inputs, inputs @ task
    scores = tokens @ (query @ last)
    weights = (scores / math.sqrt(width)).softmax(0) if softmax else scores / len(inputs)
    return (last + value @ (weights @ tokens))[D + 1 : 2 * D + 1]


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("batch", [1, 9])  # with 9 draws of 4 contexts some are met twice
def test_loss_and_gradients_are_those_of_the_tokens(drawn, softmax, batch):
    inputs, tasks, parameters, stream = drawn
    draws = Draws(torch.randint(4, (batch,), generator=stream), torch.randn(batch, D, generator=stream).double())
    contexts = inputs if softmax else inputs.mT @ inputs / N
    found = one_step_loss(contexts, tasks, softmax_mix if softmax else linear_mix, 0.1)(parameters, draws)
    after = [
        directly(parameters, inputs[i], tasks[i], start, softmax)
        for i, start in zip(draws.chosen, draws.start, strict=True)
    ]
    squared = [(one - tasks[i]).square().sum() for i, one in zip(draws.chosen, after, strict=True)]
    expected = torch.stack(squared).mean() + 0.1 * sum(value.square().sum() for value in parameters.values())
    assert found.shape == (1,)
    torch.testing.assert_close(found[0], expected, rtol=1e-12, atol=0)
    values = list(parameters.values())
    gradients = torch.autograd.grad(expected, values)
    for ours, theirs in zip(torch.autograd.grad(found[0], values), gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    if not softmax:
        written_out = linear_gradients(parameters, contexts, tasks, draws, 0.1)
        for name, theirs in zip(parameters, gradients, strict=True):
            torch.testing.assert_close(written_out[name], theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("softmax", [False, True])
def test_a_chain_is_one_step_after_the_other(drawn, softmax):
    inputs, tasks, parameters, stream = drawn
    start = torch.randn(4, D, generator=stream).double()
    mix = softmax_mix(inputs) if softmax else linear_mix(inputs.mT @ inputs / N)
    errors = chain_errors(parameters, tasks, mix, start, 2)
    for context in range(4):
        estimate = start[context]
        for depth in range(3):
            error = (tasks[context] - estimate).square().mean()
            torch.testing.assert_close(errors[context, depth], error.detach(), rtol=1e-10, atol=0)
            estimate = directly(parameters, inputs[context], tasks[context], estimate, softmax)


def test_the_exact_step_of_the_paper_is_one_of_these_blocks(drawn):
    """V = (Gamma, 0) and W from (w_t, 1) to (-w_t, 1) give w_t + Gamma (h - S w_t)."""
    inputs, tasks, _, stream = drawn
    gamma = torch.randn(D, D, generator=stream).double()
    query = torch.diag(torch.tensor([-1.0] * D + [1.0])).double()
    parameters = {"V": torch.cat([gamma, torch.zeros(D, 1)], dim=1)[None], "W": query[None]}
    moments, start = inputs.mT @ inputs / N, torch.randn(4, D, generator=stream).double()
    residual = torch.einsum("cde,ce->cd", moments, tasks - start)
    torch.testing.assert_close(step(parameters, tasks, linear_mix(moments), start), start + residual @ gamma.T)


def test_an_error_that_leaves_the_range_of_numbers_is_infinite(drawn):
    inputs, tasks, parameters, _ = drawn
    huge = {name: 1e100 * value for name, value in parameters.items()}
    errors = chain_errors(huge, tasks, linear_mix(inputs.mT @ inputs / N), torch.ones(4, D).double(), 6)
    assert torch.isinf(errors[:, -1]).all()
    assert torch.isfinite(errors[:, 0]).all()


def test_starts_and_contexts_of_a_minibatch_are_drawn_anew():
    stream = torch.Generator().manual_seed(0)
    first, second = (draw_minibatch(1000, 400, D, stream) for _ in range(2))
    assert not torch.equal(first.chosen, second.chosen)
    assert first.start.shape == (400, D)
    assert float(first.start.var()) == pytest.approx(1, abs=0.15)


def test_a_block_without_dimensions_is_refused():
    with pytest.raises(ValueError, match="d = 0 is out of range"):
        draw_block(0, torch.Generator())
