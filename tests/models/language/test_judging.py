"""Judges that write a score or say of every step whether it is right: parsing, and tiny models with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from solv.models.language.answering import score_all
from solv.models.language.huggingface import ModelError
from solv.models.language.judging import NO_SCORE, ProcessReward, WrittenScore, first_score, steps
from tests.models.language.test_huggingface import save_model

TEMPLATE = "{question} {answer} {final}:"


@pytest.mark.parametrize(
    ("text", "score"),
    [(" 7", 7.0), ("8.5/10", 8.5), ("Score: 12", 10.0), ("-3", 0.0), ("good", NO_SCORE), ("", NO_SCORE)],
)
def test_the_first_number_is_the_score_clamped_and_none_is_told_apart(text: str, score: float) -> None:
    assert first_score(text) == score


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("2 + 3 = 5. So 5 * 2 = 10. The answer is 10", ["2 + 3 = 5.", "So 5 * 2 = 10.", "The answer is 10"]),
        ("First add. Then 2 + 3 = 5.", ["First add. Then 2 + 3 = 5."]),
        ("x = 1.5 apples\ny = 2\n", ["x = 1.5 apples", "y = 2"]),
        ("ten", ["ten"]),
        ("", [""]),
    ],
)
def test_a_step_ends_with_an_equation(answer: str, expected: list[str]) -> None:
    assert steps(answer) == expected


def test_a_written_score_is_greedy_and_the_same_in_any_batch(tmp_path: Path) -> None:
    folder = str(save_model(tmp_path / "judge"))
    final = {"a": "1", "b": "", "c": "3"}.__getitem__
    one, many = (WrittenScore(folder, final, template=TEMPLATE, new_tokens=3, rows=rows) for rows in (1, 8))
    questions, answers = ["q", "longer question", "q"], ["a", "b", "c"]
    scores = one.score(questions, answers)
    np.testing.assert_array_equal(scores, many.score(questions, answers))
    assert all(score == NO_SCORE or 0 <= score <= 10 for score in scores)
    assert one.identity == many.identity
    assert one.identity != WrittenScore(folder, final, template=TEMPLATE, new_tokens=4).identity


def test_a_judge_is_shown_the_final_answer_and_a_chat_model_its_template(tmp_path: Path) -> None:
    plain = WrittenScore(str(save_model(tmp_path / "a")), lambda text: "42", template=TEMPLATE)
    assert plain._prompt("why?", "x" * 700) == "why? " + "x" * 600 + " 42:"
    chat = WrittenScore(str(save_model(tmp_path / "b", chat=True)), lambda text: "42", template=TEMPLATE)
    assert chat._prompt("why?", "so") == "<s>user: why? so 42:\nA:"


def save_classifier(folder: Path, labels: int = 2) -> str:
    from transformers import AutoTokenizer, LlamaConfig, LlamaForTokenClassification

    save_model(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<extra_0>"]})
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 2,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        initializer_range=0.3,
        num_labels=labels,
    )
    LlamaForTokenClassification(config).save_pretrained(folder)
    return str(folder)


def test_a_process_reward_is_the_mean_over_the_ends_of_steps(tmp_path: Path) -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    folder = save_classifier(tmp_path / "process")
    judge = ProcessReward(folder, rows=2)
    questions, answers = ["q", "q", "a longer question"], ["1 + 1 = 2. 2 + 2 = 4.", "none", "1 = 1."]
    found = score_all(judge, questions, [[text] for text in answers], batch=3)[:, 0]
    model, tokenizer = AutoModelForTokenClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    end = tokenizer.convert_tokens_to_ids("<extra_0>")
    for question, answer, reward in zip(questions, answers, found, strict=True):
        text = f"{question}\n" + "".join(f"{step}<extra_0>" for step in steps(answer))
        tokens = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        right = model(input_ids=tokens).logits.softmax(-1)[0, tokens[0] == end, 1]
        assert len(right) == len(steps(answer))
        assert reward == pytest.approx(10 * right.mean().item(), abs=1e-4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: WrittenScore(str(folder), str, template="{question} {answer}"), "does not hold {final}"),
        (lambda folder: ProcessReward(save_classifier(folder / "three", 3)), "3 classes a token"),
        (lambda folder: ProcessReward(save_classifier(folder / "two"), step_end="next"), "'next' is 4 tokens"),
        (lambda folder: ProcessReward(str(folder / "nowhere")), "no such folder"),
    ],
)
def test_a_judge_that_cannot_judge_is_one_clear_line(tmp_path: Path, make, words: str) -> None:
    with pytest.raises(ModelError, match=words) as raised:
        make(tmp_path)
    assert "\n" not in str(raised.value)
