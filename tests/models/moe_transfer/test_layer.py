"""Does the fast dispatch compute the sum over experts, gradients included, however tokens are spread?"""

import pytest
import torch

from solv.models.moe_transfer.layer import Routing, balanced, mix_experts, mix_experts_densely, route

COPIES, TOKENS, WIDTH, HIDDEN, EXPERTS = 2, 24, 6, 5, 4


@pytest.fixture
def layer():
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    tokens = draw(COPIES, TOKENS, WIDTH)
    up, down = draw(COPIES, EXPERTS, WIDTH, HIDDEN), draw(COPIES, EXPERTS, HIDDEN, WIDTH)
    logits = draw(COPIES, TOKENS, EXPERTS)
    return tokens, up, down, logits


@pytest.mark.parametrize("active", [1, 2, 4])
@pytest.mark.parametrize("gate", ["sigmoid", "softmax"])
@pytest.mark.parametrize("skew", [0.0, 100.0])
@pytest.mark.parametrize("biased", [False, True])
def test_dispatch_is_the_dense_sum(layer, active, gate, skew, biased):
    """A skewed bias sends all tokens to the first experts: the path with one product per group."""
    tokens, up, down, logits = layer
    bias = -skew * torch.arange(EXPERTS).expand(COPIES, -1)
    results = []
    biases = (up[:, :, 0].detach().requires_grad_(), down[:, :, 0].detach().requires_grad_()) if biased else None
    for mix in (mix_experts, mix_experts_densely):
        out = mix(tokens, up, down, route(logits, bias, active, gate), biases=biases)
        gradients = torch.autograd.grad(out.square().sum(), (tokens, up, down, logits, *(biases or ())))
        results.append((out, *gradients))
    for fast, dense in zip(*results, strict=True):
        torch.testing.assert_close(fast, dense, rtol=1e-5, atol=1e-6)


def test_no_token_is_dropped_and_each_goes_to_the_largest(layer):
    *_, logits = layer
    routing = route(logits, torch.zeros(COPIES, EXPERTS), 2)
    best = logits.topk(2, dim=-1).indices
    assert torch.equal(routing.chosen.sort(-1).values, best.sort(-1).values)
    torch.testing.assert_close(routing.loads.sum(-1), torch.full((COPIES,), 2.0))


def test_sigmoid_gates_are_one_at_zero_logits_and_softmax_gates_sum_to_one():
    zeros, none = torch.zeros(1, 3, 4), torch.zeros(1, 4)
    torch.testing.assert_close(route(zeros, none, 2).gates, torch.full((1, 3, 2), 0.5))
    torch.testing.assert_close(route(zeros + 1, none, 2, "softmax").gates.sum(-1), torch.ones(1, 3))


def test_the_bias_steers_the_selection_without_entering_the_gate(layer):
    *_, logits = layer
    steered = route(logits, torch.tensor([[0.0, 0, 0, 1e6]]).expand(COPIES, -1), 1)
    assert (steered.chosen == 3).all()
    torch.testing.assert_close(steered.gates[..., 0], 2 * logits[..., 3].float().sigmoid())


def test_a_bias_on_the_gate_overrules_what_a_bias_on_the_logit_does_not():
    logits, bias = torch.tensor([[[5.0, 0.0]]]), torch.tensor([[0.0, 0.6]])
    assert route(logits, bias, 1, select="gate").chosen.item() == 1
    assert route(logits, bias, 1, select="logit").chosen.item() == 0
    assert route(logits, bias, 1, "softmax", select="gate").chosen.item() == 0  # 0.993 against 0.607
    torch.testing.assert_close(route(logits, 0 * bias, 1, scale=1.0).gates, logits[..., :1].sigmoid())


def test_balance_moves_the_bias_towards_idle_experts():
    bias = balanced(torch.zeros(1, 3), torch.tensor([[0.9, 0.3, 0.3]]), 0.1)
    torch.testing.assert_close(bias, torch.tensor([[-0.04, 0.02, 0.02]]))


@pytest.mark.parametrize(
    ("active", "choices", "said"),
    [(0, {}, "active"), (5, {}, "active"), (1, {"gate": "x"}, "gate"), (1, {"select": "x"}, "select")],
)
def test_wrong_routing_is_named(active, choices, said):
    with pytest.raises(ValueError, match=said):
        route(torch.zeros(1, 2, 4), torch.zeros(1, 4), active, **choices)


def test_a_routing_holds_what_it_says(layer):
    routing = route(layer[-1], torch.zeros(COPIES, EXPERTS), 2)
    assert isinstance(routing, Routing)
    assert routing.chosen.shape == routing.gates.shape == (COPIES, TOKENS, 2)
