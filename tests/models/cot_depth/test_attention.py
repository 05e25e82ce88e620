"""Does the block compute attention over its tokens, and refine its estimate when its matrices say so?"""

import math

import pytest
import torch

from solv.data.cot_depth.in_context_regression import draw_contexts
from solv.models.cot_depth.attention import context_moments, context_tokens, draw_attention, linear_step, softmax_step

D, LENGTH, COPIES, CONTEXTS, STATES = 4, 9, 2, 3, 5


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def contexts():
    return draw_contexts((COPIES, CONTEXTS), D, LENGTH, 0.1, seeded(0), dtype=torch.float64)


@pytest.fixture
def estimate():
    return torch.randn(COPIES, CONTEXTS, STATES, D, generator=seeded(1), dtype=torch.float64)


def draw_block(**options):
    return draw_attention([seeded(2), seeded(3)], D, scale=0.4, dtype=torch.float64, **options)


def whole_tokens(contexts, copy, context):
    """The l context tokens in full, (l, 2 d + 2)."""
    tokens = torch.zeros(LENGTH, 2 * D + 2, dtype=torch.float64)
    tokens[:, :D] = contexts.x[copy, context]
    tokens[:, D] = contexts.y[copy, context] / math.sqrt(D)
    return tokens


def whole_block(parameters, contexts, estimate, weigh):
    """One attention block written out token by token: the last token plus P times its mix of the context."""
    after = torch.empty_like(estimate)
    for copy in range(COPIES):
        for context in range(CONTEXTS):
            tokens = whole_tokens(contexts, copy, context)
            for state in range(STATES):
                last = torch.zeros(2 * D + 2, dtype=torch.float64)
                last[D + 1 : 2 * D + 1] = estimate[copy, context, state]
                last[-1] = 1
                out = last.clone()
                for p, q in zip(parameters["P"][copy], parameters["Q"][copy], strict=True):
                    out += p @ (tokens.T @ weigh(tokens @ q @ last))
                after[copy, context, state] = out[D + 1 : 2 * D + 1]
    return after


@pytest.mark.parametrize("heads", [1, 3])
def test_linear_step_is_linear_attention_over_the_whole_tokens(contexts, estimate, heads):
    block = draw_block(heads=heads)
    moments = context_moments(context_tokens(contexts.x, contexts.y))
    written_out = whole_block(block, contexts, estimate, lambda scores: scores / LENGTH)
    torch.testing.assert_close(linear_step(block, moments, estimate), written_out)


@pytest.mark.parametrize("heads", [1, 3])
def test_softmax_step_is_softmax_attention_over_the_whole_tokens(contexts, estimate, heads):
    block = draw_block(heads=heads)
    tokens = context_tokens(contexts.x, contexts.y)
    written_out = whole_block(block, contexts, estimate, lambda scores: scores.softmax(0))
    torch.testing.assert_close(softmax_step(block, tokens, estimate), written_out)


def test_hand_set_matrices_take_the_gradient_step_of_equation_one(contexts, estimate):
    gamma = torch.randn(D, D, generator=seeded(4), dtype=torch.float64)
    block = {name: torch.zeros_like(value) for name, value in draw_block().items()}
    block["P"][..., D + 1 : 2 * D + 1, :D] = gamma
    block["Q"][..., :D, D + 1 : 2 * D + 1] = -torch.eye(D)
    block["Q"][..., D, -1] = math.sqrt(D)
    s = contexts.x.mT @ contexts.x / LENGTH
    h = torch.einsum("cnld,cnl->cnd", contexts.x, contexts.y) / LENGTH
    expected = estimate + (h[:, :, None] - estimate @ s) @ gamma.T
    moments = context_moments(context_tokens(contexts.x, contexts.y))
    torch.testing.assert_close(linear_step(block, moments, estimate), expected)


def test_an_mlp_starts_without_effect_and_then_has_one(contexts, estimate):
    block = draw_block(mlp_width=6)
    tokens = context_tokens(contexts.x, contexts.y)
    plain = {name: block[name] for name in "PQ"}
    torch.testing.assert_close(softmax_step(block, tokens, estimate), softmax_step(plain, tokens, estimate))
    block["V"] = torch.ones_like(block["V"])
    assert not torch.allclose(softmax_step(block, tokens, estimate), softmax_step(plain, tokens, estimate))


def test_a_copys_draw_depends_on_its_own_generator_alone():
    together = draw_attention([seeded(5), seeded(6)], D, heads=2, mlp_width=3)
    alone = draw_attention([seeded(6)], D, heads=2, mlp_width=3)
    for name, value in alone.items():
        assert torch.equal(together[name][1], value[0])


@pytest.mark.parametrize("arguments", [([], D, 1), ([seeded(0)], 0, 1), ([seeded(0)], D, 0)])
def test_empty_blocks_are_refused(arguments):
    copies, d, heads = arguments
    with pytest.raises(ValueError, match="at least 1 of each"):
        draw_attention(copies, d, heads=heads)
