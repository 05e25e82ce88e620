"""Models in Hugging Face's format: tiny ones with random weights, saved and loaded in the true layout."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from solv.models.language.answering import sample_all, score_all
from solv.models.language.huggingface import HuggingFaceAnswering, ModelError

QUESTIONS = ["What is 2 + 3?", "How many apples are left of 7 when 4 are eaten?", "12 - 5?"]


def save_model(folder: Path, *, seed: int = 0, chat: bool = False, vocabulary: int = 260) -> Path:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = {token: place for place, token in enumerate(["<s>", "</s>", "<pad>", *letters])}
    bytes_only = Tokenizer(models.BPE(vocab=tokens, merges=[]))
    bytes_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_only.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_only, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    if chat:
        tokenizer.chat_template = "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}A:"
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("hub") / "tiny-llama")


def test_the_reward_is_the_log_likelihood_of_the_answer_and_its_end(saved: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    judge = HuggingFaceAnswering(str(saved), template="Q: {question} A:", rows=2)
    answers = ["5", "it is 3", ""]
    found = judge.score(QUESTIONS, answers)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(saved), AutoTokenizer.from_pretrained(saved)
    for question, answer, reward in zip(QUESTIONS, answers, found, strict=True):
        prompt = tokenizer(f"Q: {question} A:")["input_ids"]
        both = torch.tensor([prompt + tokenizer(answer, add_special_tokens=False)["input_ids"] + [1]])
        with torch.no_grad():
            logits = model(both).logits[0].log_softmax(-1)
        expected = sum(float(logits[at - 1, both[0, at]]) for at in range(len(prompt), both.shape[1]))
        assert reward == pytest.approx(expected, rel=1e-4)


def test_a_reward_per_token_is_the_mean(saved: Path) -> None:
    whole, mean = (HuggingFaceAnswering(str(saved), per_token=flag) for flag in (False, True))
    np.testing.assert_allclose(mean.score(["q"], ["abc"]), whole.score(["q"], ["abc"]) / 4, rtol=1e-6)


def test_first_characters_are_sampled_from_the_whole_distribution(saved: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    generator = HuggingFaceAnswering(str(saved), template="{question}", new_tokens=1, temperature=2.0, rows=500)
    made = generator.sample(["ab"], 2000, seed=3)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(saved), AutoTokenizer.from_pretrained(saved)
    with torch.no_grad():
        expected = (model(torch.tensor([tokenizer("ab")["input_ids"]])).logits[0, -1] / 2).softmax(-1)
    likeliest = expected[:259].topk(5)
    for probability, token in zip(likeliest.values.tolist(), likeliest.indices.tolist(), strict=True):
        text = tokenizer.decode([token], skip_special_tokens=True)
        same = [i for i in range(260) if tokenizer.decode([i], skip_special_tokens=True) == text]
        probability = float(expected[same].sum())
        found = np.mean([answer == text for answer in made.texts[0]])
        assert abs(found - probability) < 4.5 * (probability * (1 - probability) / 2000) ** 0.5


def test_answers_do_not_depend_on_the_other_questions_of_a_batch_when_sampling_is_cold(saved: Path) -> None:
    generator = HuggingFaceAnswering(str(saved), new_tokens=8, temperature=1e-6, rows=4)
    together = generator.sample(QUESTIONS, 1, seed=0)
    alone = [generator.sample([question], 1, seed=9).texts[0] for question in QUESTIONS]
    assert together.texts == alone


def test_sampling_repeats_with_its_seed_and_leaves_the_global_stream_alone(saved: Path) -> None:
    generator = HuggingFaceAnswering(str(saved), new_tokens=6)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, other = (generator.sample(QUESTIONS, 3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert first.texts == second.texts != other.texts
    assert first.log_probabilities.shape == (3, 3)
    np.testing.assert_array_equal(first.log_probabilities, second.log_probabilities)


def test_a_chat_template_writes_the_prompt(tmp_path: Path) -> None:
    chatty = HuggingFaceAnswering(str(save_model(tmp_path / "chat", chat=True)))
    plain = HuggingFaceAnswering(str(save_model(tmp_path / "plain")), template="<s>user: {question}\nA:")
    np.testing.assert_allclose(chatty.score(QUESTIONS, ["1", "2", "3"]), plain.score(QUESTIONS, ["1", "2", "3"]))


def test_answers_and_rewards_are_kept_for_the_model_with_these_weights(saved: Path, tmp_path: Path) -> None:
    first = HuggingFaceAnswering(str(saved), new_tokens=3)
    other = HuggingFaceAnswering(str(save_model(tmp_path / "other", seed=1)), new_tokens=3)
    again = HuggingFaceAnswering(str(shutil.copytree(saved, tmp_path / "moved")), new_tokens=3)
    assert first.identity == again.identity != other.identity
    made = sample_all(first, QUESTIONS, 2, 0, batch=2, cache=tmp_path / "cache")
    rewards = score_all(other, QUESTIONS, made.texts, batch=2, cache=tmp_path / "cache")
    assert rewards.shape == (3, 2)
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_a_missing_model_or_tokenizer_is_one_clear_line(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder") as missing:
        HuggingFaceAnswering(str(tmp_path / "nowhere"))
    assert "\n" not in str(missing.value)
    without = shutil.copytree(saved, tmp_path / "no-tokenizer", ignore=shutil.ignore_patterns("token*"))
    with pytest.raises(ModelError, match="no-tokenizer: no tokenizer can be read") as tokenizer:
        HuggingFaceAnswering(str(without))
    assert "\n" not in str(tokenizer.value)
    weightless = shutil.copytree(saved, tmp_path / "no-weights", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(ModelError, match="no-weights: no causal language model can be read") as weights:
        HuggingFaceAnswering(str(weightless))
    assert "\n" not in str(weights.value)


def test_without_transformers_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # importing it then fails as if it were not installed
    with pytest.raises(ModelError, match="extra `hf`"):
        HuggingFaceAnswering(str(tmp_path))


def test_a_template_without_place_for_the_question_is_refused() -> None:
    with pytest.raises(ModelError, match="does not hold"):
        HuggingFaceAnswering("any", template="Answer:")
