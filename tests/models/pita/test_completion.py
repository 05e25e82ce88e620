"""Does a decoder learn to complete, by a loss on completions alone, and then complete whatever stands beside it?"""

import numpy as np
import pytest
import torch

from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.pita.completion import DecoderCompleter, completion_loss

PAIRS = [("ab|", "ba."), ("abc|", "cba."), ("d|", "d!"), ("fghe|", "ehgf!"), ("gg|", "gg.")]


class Letters:
    """One token a letter; 0 fills."""

    text = " |.!abcdefgh"

    def encode(self, text: str) -> list[int]:
        return [self.text.index(letter) for letter in text]

    def decode(self, tokens: list[int]) -> str:
        return "".join(self.text[token] for token in tokens)


def completer(rows: int = 64, seed: int = 0, **changes: int) -> DecoderCompleter:
    settings = {"vocabulary": len(Letters.text), "context": 16, "width": 32, "layers": 2, "heads": 2, **changes}
    model = Decoder(DecoderConfig(**settings), generator=torch.Generator().manual_seed(seed))
    return DecoderCompleter(model, Letters(), stops=(2, 3), rows=rows)


def batch(made: DecoderCompleter, extra: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    sequences = [made.sequence(*pair) for pair in PAIRS]
    longest = max(len(tokens) for tokens, _ in sequences) + extra
    tokens = torch.tensor([line + [0] * (longest - len(line)) for line, _ in sequences])
    counted = torch.tensor([[start <= at < len(line) for at in range(longest)] for line, start in sequences])
    return tokens, counted


@pytest.fixture(scope="module")
def trained() -> DecoderCompleter:
    made = completer()
    Trainer(made.module, TrainingSettings(3e-3), loss=completion_loss).train(lambda step: batch(made), 120)
    return made


def test_the_loss_is_that_of_the_completions_tokens_whatever_is_filled() -> None:
    made = completer()
    summed, count = completion_loss(made.module, batch(made))
    wider, same = completion_loss(made.module, batch(made, extra=3))
    assert count == same == sum(len(completion) for _, completion in PAIRS)
    torch.testing.assert_close(summed, wider)
    likelihoods = made.log_likelihoods(*zip(*PAIRS, strict=True))
    assert float(summed.detach()) == pytest.approx(-likelihoods.sum(), rel=1e-5)


def test_a_decoders_own_loss_is_the_same_and_so_is_its_gradient() -> None:
    made, own = completer(), completer()
    pairs = completion_loss(made.module, batch(made)), own.loss(own.module, batch(own))
    for one, other in zip(*pairs, strict=True):
        torch.testing.assert_close(one, other)
    for summed, _ in pairs:
        summed.backward()
    for one, other in zip(made.module.parameters(), own.module.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-5, rtol=1e-4)


def test_a_prompts_tokens_do_not_count() -> None:
    made = completer()
    tokens, counted = batch(made)
    completion_loss(made.module, (tokens, counted))[0].backward()
    logits = made.module(tokens[:, :-1])
    logits.retain_grad()
    completion_loss(lambda _: logits, (tokens, counted))[0].backward()
    touched = logits.grad.abs().sum(-1) > 0
    assert torch.equal(touched, counted[:, 1:])


def test_what_was_learned_is_completed_to_its_end(trained: DecoderCompleter) -> None:
    prompts, completions = zip(*PAIRS, strict=True)
    assert trained.complete(prompts, 8) == list(completions)
    assert np.exp(trained.log_likelihoods(prompts, completions)).min() > 0.9


def test_a_completion_does_not_depend_on_its_neighbours(trained: DecoderCompleter) -> None:
    prompts = ["abcd|", "h|", "ee|", "c|", "bcde|", "a|", "gh|"]
    alone = DecoderCompleter(trained.module, Letters(), stops=(2, 3), rows=1)
    assert trained.complete(prompts, 6) == alone.complete(prompts, 6)
    endings = ["ab.", "c!", "a.", "b.", "h!", "dd.", "e!"]
    np.testing.assert_allclose(
        trained.log_likelihoods(prompts, endings), alone.log_likelihoods(prompts, endings), rtol=1e-4, atol=1e-5
    )


def test_a_completion_without_end_stops_at_the_number_of_tokens_and_at_the_context() -> None:
    made = DecoderCompleter(completer().module, Letters(), stops=())
    written = made.complete(["ab|", "abcdefgh|"], 5)
    assert [len(text) for text in written] == [5, 5]
    assert [len(text) for text in made.complete(["ab|", "abcdefgh|"], 100)] == [7, 7]  # 16 - 9, padded to one length
