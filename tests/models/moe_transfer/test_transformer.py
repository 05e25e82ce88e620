"""Does a transformer of experts predict without looking ahead, and is it drawn as its groups say?"""

import math
from dataclasses import replace

import pytest
import torch

from solv.models.moe_transfer.transformer import (
    GROUPS,
    MoeShape,
    by_parameter,
    draw_moe,
    group_of,
    next_token_loss,
    predict_tokens,
)

SHAPE = MoeShape(width=16, layers=2, experts=4, active=2, hidden=8, vocabulary=11, context=6, head_width=8)


PAPER = replace(SHAPE, model="paper")
STDS = dict.fromkeys(GROUPS, 0.25)
FACTORS = dict.fromkeys(GROUPS, 1.0)
SIZES = {"width": 16, "layers": 1, "experts": 4, "active": 1, "hidden": 8, "head_width": 8}


def generators(seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def drawn_tokens(seed):
    return torch.randint(11, (3, 6), generator=torch.Generator().manual_seed(seed))


def test_prediction_looks_at_no_later_token():
    parameters = draw_moe(SHAPE, STDS, generators([0]))
    tokens = drawn_tokens(0)
    changed = tokens.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 11
    bias = torch.zeros(1, SHAPE.layers, SHAPE.experts)
    first, second = (predict_tokens(parameters, SHAPE, bias, each)[0] for each in (tokens, changed))
    torch.testing.assert_close(first[:, :, :-1], second[:, :, :-1])
    assert not torch.allclose(first[:, :, -1], second[:, :, -1])


def test_every_parameter_has_a_group_and_its_deviation():
    assert {group_of(name) for name in SHAPE.sizes()} == set(GROUPS) - {"norm", "bias"}
    assert {group_of(name) for name in PAPER.sizes()} == set(GROUPS) - {"unembedding"}
    stds = {name: 0.1 * (1 + index) for index, name in enumerate(GROUPS)}
    drawn = draw_moe(MoeShape(width=64, layers=1, hidden=64, head_width=16), stds, generators([0]))
    assert float(drawn["position"].abs().max()) == 0
    for name, std in by_parameter(MoeShape(width=64, layers=1, hidden=64), stds).items():
        if name != "position":
            count = drawn[name].numel()
            assert float(drawn[name].std()) == pytest.approx(std, rel=5 / math.sqrt(2 * count))


@pytest.mark.parametrize(
    ("change", "said"), [({"active": 5}, "active"), ({"head_width": 5}, "head_width"), ({"hidden": 0}, "hidden")]
)
def test_wrong_shapes_are_named(change, said):
    with pytest.raises(ValueError, match=said):
        MoeShape(**{**SIZES, **change})


def test_a_missing_group_is_named():
    with pytest.raises(ValueError, match="groups"):
        draw_moe(SHAPE, {"up": 1.0}, generators([0]))
    with pytest.raises(ValueError, match="groups"):
        by_parameter(SHAPE, {**FACTORS, "gate": 1.0})


def test_the_papers_base_has_the_parameters_that_it_says():
    """51.50 million: vocabulary and context of GPT-2; the balance biases are not among them."""
    base = MoeShape(512, 8, 4, 1, 512, vocabulary=50257, context=1024, head_width=64, model="paper")
    assert sum(math.prod(size) for size in base.sizes().values()) == 51_504_672 - 8 * 4


def test_the_papers_model_is_as_its_section_says():
    """Without blocks: logits of a LayerNorm's output by the embedding itself, whose positions are random."""
    shape = replace(PAPER, branch=0.0, logit_scale=3.0)
    parameters = draw_moe(shape, STDS, generators([0]))
    assert float(parameters["position"].abs().min()) > 0
    assert bool((parameters["gain0"] == 1).all())
    assert float(parameters["up_bias0"].abs().max()) == 0
    parameters["gain"] = parameters["gain"] * 2
    parameters["shift"] = parameters["shift"] + 0.5
    tokens = drawn_tokens(1)
    logits, _ = predict_tokens(parameters, shape, torch.zeros(1, 2, 4), tokens)
    row = (parameters["token"][0, tokens[2, 3]] + parameters["position"][0, 3]).double()
    row = 2 * (row - row.mean()) / (row.var(correction=0) + 1e-5).sqrt() + 0.5
    torch.testing.assert_close(
        logits[0, 2, 3].double(), 3 * row @ parameters["token"][0].T.double(), rtol=1e-5, atol=1e-5
    )


def test_every_parameter_of_the_papers_model_learns_and_no_later_token_is_seen():
    parameters = {name: value.requires_grad_() for name, value in draw_moe(PAPER, STDS, generators([0])).items()}
    tokens = drawn_tokens(0)
    logits, _ = predict_tokens(parameters, PAPER, torch.zeros(1, 2, 4), tokens)
    loss = next_token_loss(logits, tokens).sum()
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    silent = {name for name, each in zip(parameters, gradients, strict=True) if each is None or not each.abs().max()}
    assert not silent
    changed = tokens.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 11
    again, _ = predict_tokens(parameters, PAPER, torch.zeros(1, 2, 4), changed)
    torch.testing.assert_close(logits[:, :, :-1], again[:, :, :-1])


def test_copies_are_models_by_themselves():
    together = draw_moe(SHAPE, STDS, generators([0, 1]))
    bias = torch.randn(2, SHAPE.layers, SHAPE.experts, generator=torch.Generator().manual_seed(5))
    logits, loads = predict_tokens(together, SHAPE, bias, drawn_tokens(0))
    alone = draw_moe(SHAPE, STDS, generators([1]))
    own, own_loads = predict_tokens(alone, SHAPE, bias[1:], drawn_tokens(0))
    torch.testing.assert_close(logits[1:], own, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loads[1:], own_loads)
    torch.testing.assert_close(loads.sum(-1), torch.full((2, SHAPE.layers), 2.0))


def test_without_blocks_logits_are_the_head_of_the_normalised_embedding():
    shape = MoeShape(**{**SIZES, "branch": 0.0, "logit_scale": 3.0, "vocabulary": 11, "context": 6})
    parameters = draw_moe(shape, STDS, generators([0]))
    tokens = drawn_tokens(1)
    logits, _ = predict_tokens(parameters, shape, torch.zeros(1, 1, 4), tokens)
    row = parameters["token"][0, tokens[2, 3]].double()
    row = row / (row.square().mean() + 1e-6).sqrt()
    torch.testing.assert_close(
        logits[0, 2, 3].double(), 3 * row @ parameters["unembedding"][0].double(), rtol=1e-5, atol=1e-5
    )


def test_a_probe_is_told_every_linear_map():
    told = {}
    parameters = draw_moe(SHAPE, STDS, generators([0]))

    def probe(name, inputs, parameter, output):
        told[name] = (parameter, tuple(output.shape))
        if parameter.startswith(("query", "router")):
            torch.testing.assert_close(output, inputs @ parameters[parameter])

    predict_tokens(parameters, SHAPE, torch.zeros(1, SHAPE.layers, SHAPE.experts), drawn_tokens(0), probe)
    maps = {f"{name}{layer}" for name in ("query", "key", "value", "out", "router") for layer in range(2)}
    assert maps | {"logits", "moe output 0", "residual stream 1"} <= set(told)
    assert told["router1"] == ("router1", (1, 18, SHAPE.experts))


def test_the_loss_is_the_mean_cross_entropy_in_nats():
    targets = torch.tensor([[0, 1]])
    logits = torch.zeros(2, 1, 2, 4)
    logits[1, 0, 0, 0] = math.log(3)  # the right token three times as likely: log 2 rather than log 4
    found = next_token_loss(logits, targets)
    torch.testing.assert_close(found, torch.tensor([math.log(4), (math.log(2) + math.log(4)) / 2]))
