"""The transformer: what it may see, what positions do, and that decoding with a cache changes nothing."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from solv.models.ensemble import stack, vmapped_loss
from solv.models.language.decoder import Attention, Cache, Decoder, DecoderConfig, rotate

BASE = DecoderConfig(vocabulary=11, context=12, width=16, layers=2, heads=2, init_std=0.3)
KINDS = [
    BASE,
    replace(BASE, norm="layer", positions="learned", mlp="gelu", tied=True),
    replace(BASE, mlp="gated", qk_norm=True, norm_gain=False, hidden=24),
    replace(BASE, norm="layer", qk_norm=True, positions="none", branch_scale=0.5, logit_scale=2.0),
]


def draw(config: DecoderConfig, seed: int = 0) -> Decoder:
    return Decoder(config, generator=torch.Generator().manual_seed(seed)).eval()


def sequences(batch: int = 3, time: int = 9, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, 11, (batch, time), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("config", KINDS)
@pytest.mark.parametrize("chunks", [[9], [1] * 9, [4, 1, 4], [5, 3, 1]])
def test_decoding_with_a_cache_gives_the_logits_of_the_full_pass(config: DecoderConfig, chunks: list[int]) -> None:
    model, tokens, cache = draw(config), sequences(), Cache()
    with torch.no_grad():
        pieces = [model(piece, cache=cache) for piece in tokens.split(chunks, dim=1)]
        torch.testing.assert_close(torch.cat(pieces, dim=1), model(tokens), atol=1e-5, rtol=1e-4)
    assert cache.length == 9


@pytest.mark.parametrize("config", KINDS)
def test_a_token_changes_the_logits_at_and_after_it_and_none_before(config: DecoderConfig) -> None:
    model, tokens = draw(config), sequences()
    changed = tokens.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 11
    with torch.no_grad():
        difference = (model(tokens) - model(changed)).abs().amax(dim=(0, 2))
    assert difference[:4].max() == 0
    assert (difference[4:] > 1e-4).all()


@pytest.mark.parametrize("config", KINDS)
def test_logits_at_chosen_positions_are_those_of_the_full_pass_and_so_are_gradients(config: DecoderConfig) -> None:
    model, tokens = draw(config), sequences()
    at = torch.rand(tokens.shape, generator=torch.Generator().manual_seed(2)) < 0.4
    passes = (model(tokens)[at], model(tokens, at=at))
    torch.testing.assert_close(*passes, atol=1e-5, rtol=1e-5)
    gradients = [torch.autograd.grad(each.square().sum(), list(model.parameters())) for each in passes]
    for whole, chosen in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, chosen, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("config", KINDS)
def test_padding_at_the_left_changes_nothing(config: DecoderConfig) -> None:
    model, tokens = draw(config), sequences()
    padding = torch.tensor([0, 1, 3])
    padded = torch.stack(
        [torch.cat([torch.full((p,), 7), row[: 9 - p]]) for row, p in zip(tokens, padding, strict=True)]
    )
    cache = Cache()
    with torch.no_grad():
        whole = model(padded, padding=padding)
        parts = [model(piece, cache=cache, padding=padding) for piece in padded.split([5, 1, 3], dim=1)]
        for row, p in enumerate(padding):
            alone = model(tokens[row : row + 1, : 9 - p])[0]
            torch.testing.assert_close(whole[row, p:], alone, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(torch.cat(parts, dim=1)[row, p:], alone, atol=1e-5, rtol=1e-4)
    assert torch.isfinite(whole).all()


def test_rotary_scores_depend_on_the_distance_alone() -> None:
    model = draw(BASE)
    query, key = torch.randn(2, 1, 1, 1, BASE.head_width, generator=torch.Generator().manual_seed(3))

    def score(at: int, to: int) -> float:
        turned = [rotate(x, model.cosine[[p]], model.sine[[p]]) for x, p in ((query, at), (key, to))]
        return float((turned[0] * turned[1]).sum())

    assert score(3, 1) == pytest.approx(score(11, 9), abs=1e-5)
    assert score(0, 0) == pytest.approx(float((query * key).sum()), abs=1e-5)
    assert abs(score(3, 1) - score(3, 2)) > 1e-3


@pytest.mark.parametrize(("positions", "sees_order"), [("none", False), ("rotary", True), ("learned", True)])
def test_only_positions_tell_the_order_of_earlier_tokens(positions: str, sees_order: bool) -> None:
    model = draw(replace(BASE, positions=positions, layers=1))  # type: ignore[arg-type]
    with torch.no_grad():
        last = model(torch.tensor([[1, 2, 3, 4], [3, 1, 2, 4]]))[:, -1]
    assert ((last[0] - last[1]).abs().max() > 1e-4) == sees_order


def test_queries_and_keys_of_any_size_are_normed_when_asked() -> None:
    model = draw(replace(BASE, qk_norm=True))
    tokens = sequences()
    with torch.no_grad():
        before = model(tokens)
        for block in model.blocks:
            block.attention.query.weight.mul_(100)
            block.attention.key.weight.mul_(100)
        torch.testing.assert_close(model(tokens), before, atol=1e-3, rtol=1e-3)


def test_initial_values_have_the_stated_spread_and_follow_the_generator() -> None:
    config = DecoderConfig(vocabulary=64, context=32, width=128, layers=4, heads=4, scaled_residual=True)
    model = draw(config)
    attention = model.blocks[2].attention
    assert isinstance(attention, Attention)
    assert attention.query.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert attention.output.weight.std().item() == pytest.approx(0.02 / 8**0.5, rel=0.03)
    assert model.embedding.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), draw(config).parameters(), strict=True))


def test_a_tied_head_is_the_embedding() -> None:
    model = draw(replace(BASE, tied=True))
    assert model.head.weight is model.embedding.weight
    assert "head.weight" not in dict(model.named_parameters())


def test_another_feed_forward_part_is_used_and_keeps_its_own_initial_values() -> None:
    class Marked(nn.Module):
        def __init__(self, config: DecoderConfig, layer: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.full((config.width, config.width), float(layer)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight

    model = Decoder(BASE, mlp=Marked)
    assert [float(block.mlp.weight.detach().mean()) for block in model.blocks] == [0.0, 1.0]
    assert model(sequences()).shape == (3, 9, 11)


def test_many_models_run_as_one_batch() -> None:
    models, tokens = [draw(BASE, seed) for seed in range(3)], sequences()
    loss = vmapped_loss(models[0], lambda model, batch: model(batch).square().mean(), shared=True)
    alone = torch.stack([model(tokens).square().mean() for model in models])
    torch.testing.assert_close(loss(stack(models), tokens), alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"heads": 3}, "heads = 3 does not divide"),
        ({"heads": 16}, "rotary"),
        ({"layers": 0}, "layers = 0"),
        ({"hidden": 0}, "hidden = 0"),
        ({"init_std": 0.0}, "init_std"),
    ],
)
def test_impossible_architectures_are_refused(fault: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(BASE, **fault)  # type: ignore[arg-type]


def test_more_tokens_than_the_context_are_refused() -> None:
    with pytest.raises(ValueError, match="13 tokens are more than the context of 12"):
        draw(BASE)(sequences(time=13))
