"""The user's questions: what is read, what is reported, what counts as correct."""

from pathlib import Path

import pytest

from solv.data.best_of_k.questions import (
    Question,
    QuestionsError,
    final_number,
    is_correct,
    read_questions,
    stated_number,
)

GOOD = '{"question": "2+2?", "answer": "2+2=4\\n#### 4"}\n\n{"question": "How many?", "answer": 12, "id": 7}\n'


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "questions.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_good_lines_are_read_in_order_and_empty_ones_do_not_count(tmp_path: Path) -> None:
    questions, faults = read_questions(write(tmp_path, GOOD))
    assert questions == [Question("2+2?", "2+2=4\n#### 4"), Question("How many?", "12")]
    assert faults == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", "line 4: is not JSON"),
        ("[1, 2]", "line 4: is not an object"),
        ('{"question": "q"}', "line 4: has no 'answer'"),
        ('{"question": "", "answer": "1"}', "line 4: 'question' is not text"),
        ('{"question": "q", "answer": [1]}', "line 4: 'answer' is not text"),
        (b"\xff\xfe", "line 4: is not JSON"),
    ],
)
def test_a_bad_line_is_reported_by_number_and_skipped_only_on_request(
    tmp_path: Path, line: str | bytes, words: str
) -> None:
    path = write(tmp_path, GOOD.encode() + (line if isinstance(line, bytes) else line.encode()))
    with pytest.raises(QuestionsError, match=words) as raised:
        read_questions(path)
    assert "skip_bad=true" in str(raised.value)
    assert "\n" not in str(raised.value)
    questions, faults = read_questions(path, skip_bad=True)
    assert len(questions) == 2
    assert faults == [words]


def test_many_bad_lines_are_one_short_message(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="line 5: is not JSON and 95 more"):
        read_questions(write(tmp_path, "x\n" * 100))


def test_a_file_that_is_missing_or_empty_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"nowhere\.jsonl: No such file"):
        read_questions(tmp_path / "nowhere.jsonl")
    with pytest.raises(QuestionsError, match="no line holds"):
        read_questions(write(tmp_path, "\n"), skip_bad=True)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("so 3 and then 5.", 5.0),
        ("#### 1,234", 1234.0),
        ("99 #### -7.5", -7.5),
        ("none", None),
        ("costs $1,000,000.50 in all", 1000000.5),
        ("1,2", 2.0),
    ],
)
def test_the_final_number_is_found(text: str, number: float | None) -> None:
    assert final_number(text) == number


def test_answers_are_compared_by_number_or_else_as_text() -> None:
    assert is_correct("It is 42.0", "#### 42")
    assert not is_correct("It is 41", "#### 42")
    assert not is_correct("no idea", "42")
    assert is_correct(" yes ", "yes")
    assert not is_correct("no", "yes")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3 + 15 = 18. The answer is 18.", 18.0),
        ("The answer is: $1,234.50", 1234.5),
        ("16 - 3 = <<16-3=13>>13\n#### 13", 13.0),
        ("so \\boxed{-7}", -7.0),
        ("The answer is 5. Q: next? #### 6", 5.0),  # what follows the first statement is another question's
        (" 42 ", 42.0),
        ("9", 9.0),
        ("first 3 apples, then 5", None),  # numbers, but no answer
        ("The answer is unclear", None),
        ("", None),
    ],
)
def test_an_answer_counts_only_where_it_is_stated(text: str, number: float | None) -> None:
    assert stated_number(text) == number


def test_a_number_that_is_not_stated_is_wrong_unless_the_last_one_is_asked_for() -> None:
    assert not is_correct("we get 42", "#### 42", stated=True)
    assert is_correct("we get 42", "#### 42")
    assert is_correct("The answer is 42", "#### 42", stated=True)
    assert is_correct("yes", "yes", stated=True)
