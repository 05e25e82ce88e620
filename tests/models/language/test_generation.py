"""Decoding: greedy is the arg max, samples follow the softmax, log-probabilities are those of the full pass."""

import pytest
import torch

from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.generation import generate, log_likelihood

CONFIG = DecoderConfig(vocabulary=7, context=16, width=16, layers=2, heads=2, init_std=0.4)


@pytest.fixture
def model() -> Decoder:
    return Decoder(CONFIG, generator=torch.Generator().manual_seed(0)).eval()


@pytest.fixture
def prompts() -> torch.Tensor:
    return torch.randint(0, 7, (4, 5), generator=torch.Generator().manual_seed(1))


def test_greedy_decoding_takes_the_arg_max_of_the_full_pass(model: Decoder, prompts: torch.Tensor) -> None:
    answer = generate(model, prompts, 6, temperature=0.0).tokens[:, 0]
    tokens = prompts
    for place in range(6):
        with torch.no_grad():
            best = model(tokens)[:, -1].argmax(-1)
        assert torch.equal(answer[:, place], best)
        tokens = torch.cat([tokens, best[:, None]], dim=1)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_sampled_frequencies_are_those_of_the_softmax(
    model: Decoder, prompts: torch.Tensor, temperature: float
) -> None:
    answers = 4000
    generator = torch.Generator().manual_seed(2)
    first = generate(model, prompts, 1, answers=answers, temperature=temperature, generator=generator).tokens[..., 0]
    with torch.no_grad():
        expected = (model(prompts)[:, -1] / temperature).softmax(-1)
    found = torch.nn.functional.one_hot(first, 7).double().mean(dim=1)
    error = (expected * (1 - expected) / answers).sqrt() + 1e-4
    assert ((found - expected).abs() < 4.5 * error).all()


def test_log_probabilities_sum_to_the_likelihood_of_the_answer(model: Decoder, prompts: torch.Tensor) -> None:
    made = generate(model, prompts, 6, answers=3, temperature=2.0, generator=torch.Generator().manual_seed(3))
    both = torch.cat([prompts.repeat_interleave(3, 0), made.tokens.flatten(0, 1)], dim=1)
    expected = log_likelihood(model, both, start=5).view(4, 3)
    torch.testing.assert_close(made.log_probabilities.sum(-1), expected, atol=1e-4, rtol=1e-4)


def test_an_answer_ends_with_its_stop_token(model: Decoder, prompts: torch.Tensor) -> None:
    made = generate(model, prompts, 8, answers=50, generator=torch.Generator().manual_seed(4), stop=2, fill=6)
    tokens, lengths = made.tokens.flatten(0, 1), made.lengths.flatten()
    assert made.stopped.any()
    for row, length, stopped in zip(tokens, lengths, made.stopped.flatten(), strict=True):
        written = row[:length]
        assert (written[:-1] != 2).all()
        assert bool(written[-1] == 2) == bool(stopped)
        assert (row[length:] == 6).all()
    both = torch.cat([prompts.repeat_interleave(50, 0), tokens], dim=1)
    expected = log_likelihood(model, both, start=5, ends=5 + lengths)
    torch.testing.assert_close(made.log_probabilities.sum(-1).flatten(), expected, atol=1e-4, rtol=1e-4)


def test_prompts_padded_at_the_left_are_continued_as_alone(model: Decoder, prompts: torch.Tensor) -> None:
    padding = torch.tensor([0, 2, 3, 1])
    padded = torch.where(torch.arange(5) < padding[:, None], 0, prompts)
    together = generate(model, padded, 6, temperature=0.0, padding=padding).tokens[:, 0]
    for row, p in enumerate(padding):
        alone = generate(model, prompts[row : row + 1, p:], 6, temperature=0.0).tokens[0, 0]
        assert torch.equal(together[row], alone)


def test_the_same_generator_gives_the_same_answers(model: Decoder, prompts: torch.Tensor) -> None:
    first, second = (generate(model, prompts, 5, generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first.tokens, second.tokens)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"new_tokens": 0}, "new_tokens"), ({"answers": 0}, "answers"), ({"temperature": -1.0}, "temperature")],
)
def test_numbers_out_of_range_are_refused(
    model: Decoder, prompts: torch.Tensor, arguments: dict[str, float], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        generate(model, prompts, **{"new_tokens": 3, **arguments})  # type: ignore[arg-type]


def test_a_likelihood_needs_something_before_the_answer(model: Decoder, prompts: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="start = 0"):
        log_likelihood(model, prompts, start=0)


def test_answers_that_ended_do_not_change_the_others(model: Decoder) -> None:
    prompts = torch.randint(0, 7, (24, 4), generator=torch.Generator().manual_seed(3))
    padding = torch.arange(24) % 3
    together = generate(model, prompts, 10, temperature=0.0, stop=(1, 2), fill=6, padding=padding)
    assert len(together.lengths.unique()) == 4  # they end one after another
    for row in range(24):
        alone = generate(
            model, prompts[row : row + 1], 10, temperature=0.0, stop=(1, 2), fill=6, padding=padding[row : row + 1]
        )
        length = int(alone.lengths)
        assert int(together.lengths[row]) == length
        assert bool(together.stopped[row]) == bool(alone.stopped)
        assert torch.equal(together.tokens[row, 0, :length], alone.tokens[0, 0, :length])
        assert (together.tokens[row, 0, length:] == 6).all()
        torch.testing.assert_close(
            together.log_probabilities[row, 0, :length], alone.log_probabilities[0, 0, :length], rtol=1e-4, atol=1e-5
        )
