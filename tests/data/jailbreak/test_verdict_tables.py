"""Are conditions, runs, categories and scores of a table of verdicts told apart, and its faults named?"""

import numpy as np
import pytest

from solv.data.jailbreak.verdict_tables import is_unsafe_score, read_verdict_table
from solv.data.verdicts import VerdictsError


def table(tmp_path, text):
    path = tmp_path / "v.csv"
    path.write_text(text)
    return path


def test_conditions_runs_and_categories_are_counted_apart(tmp_path):
    rows = ["model,attack,run,prompt,sample,category,score"]
    for attack in ("none", "behind"):
        for run in (1, 2):
            for prompt in ("a", "b", "c"):
                for sample in range(4):
                    score = 0 if attack == "behind" and sample < run else 9
                    rows.append(f"m,{attack},{run},{prompt},{sample},{'x' if prompt == 'a' else 'y'},{score}")
    (none, behind), faults = read_verdict_table(table(tmp_path, "\n".join(rows)))
    assert not faults
    assert (none.condition, behind.condition) == (
        {"model": "m", "attack": "none"},
        {"model": "m", "attack": "behind"},
    )
    np.testing.assert_array_equal(none.answers, np.full((2, 3), 4))
    np.testing.assert_array_equal(behind.unsafe, [[1] * 3, [2] * 3])
    assert none.unsafe.sum() == 0
    assert behind.categories == ("x", "y", "y")


def test_a_table_of_solv_fit_asr_is_one_condition_of_one_run(tmp_path):
    (only,), _ = read_verdict_table(table(tmp_path, "prompt,sample,unsafe\na,1,yes\na,2,0\nb,1,false\n"))
    assert only.condition == {}
    np.testing.assert_array_equal(only.answers, [[2, 1]])
    np.testing.assert_array_equal(only.unsafe, [[1, 0]])
    assert only.categories == ("", "")


def test_below_five_is_unsafe():
    assert [is_unsafe_score(score) for score in (0, 4, 4.9, 5, 10)] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompt,sample\na,1\n", "no column unsafe"),
        ("sample,unsafe\n1,1\n", "no column prompt"),
        ("prompt,sample,unsafe\nsecret,1,maybe\n", "line 2: unsafe is not a verdict"),
        ("prompt,sample,score\nsecret,1,11\n", "line 2: score is not a number from 0 to 10"),
        ("prompt,sample,score\nsecret,1,nan\n", "line 2: score is not"),
        ("prompt,sample,unsafe\nsecret,1,1\nsecret,1,0\n", "line 3: repeats"),
        ("prompt,sample,unsafe,category\nsecret,1,1,x\nsecret,2,0,y\n", "line 3: gives a prompt a second category"),
        ("prompt,sample,unsafe\nsecret,1\n", "line 2: has not as many cells"),
        ("prompt,sample,unsafe\n ,1,1\n", "line 2: has no prompt"),
        ("prompt,sample,unsafe\n", "no row"),
    ],
)
def test_what_cannot_be_read_is_one_line_without_a_prompt(tmp_path, text, message):
    with pytest.raises(VerdictsError, match=message) as raised:
        read_verdict_table(table(tmp_path, text))
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_bad_lines_are_left_out_and_named_where_that_is_wished(tmp_path):
    path = table(tmp_path, "prompt,sample,unsafe\na,1,1\na,2,perhaps\n")
    (only,), faults = read_verdict_table(path, skip_bad=True)
    assert (only.answers.tolist(), faults) == ([[1]], ["line 3: unsafe is not a verdict (1/0, true/false, yes/no)"])
    with pytest.raises(VerdictsError, match="No such file"):
        read_verdict_table(tmp_path / "nowhere.csv")
