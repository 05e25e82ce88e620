"""Does any text reach a configuration as it was typed?"""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.harness.compose import in_shell, parsed, quoted, settings_for
from solv.harness.settings import ConfigurationError


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20))
def test_a_quoted_text_is_read_back_as_it_was(text):
    [(_, override)] = parsed([f"key=[{quoted(text)}]"])
    assert [str(item) for item in override.value()] == [text]


def test_a_part_that_there_is_not_is_refused_before_anything_runs():
    with pytest.raises(ConfigurationError, match="cot-depth has no part 'dept'; did you mean depth"):
        settings_for("cot-depth", "smoke", ["parts=[dept]"])


@pytest.mark.parametrize(
    ("typed", "key", "values"),
    [
        ("depth=range(0,4)", "depth", (0, 1, 2, 3)),
        ("alpha=range(0.7,1.0,0.1)", "alpha", (0.7, 0.8, 0.9)),
        ("alpha=range(3,1,-1)", "alpha", (3.0, 2.0)),
    ],
)
def test_the_range_of_an_axis_is_the_list_of_its_values(typed, key, values):
    _, settings = settings_for("cot-depth", "smoke", [typed])
    assert getattr(settings, key) == values


def test_several_values_of_a_single_number_are_runs_of_their_own():
    with pytest.raises(ConfigurationError, match="for a run of each `solv sweep`"):
        settings_for("cot-depth", "smoke", ["seed=range(0,3)"])
    with pytest.raises(ConfigurationError, match="holds no value"):
        settings_for("cot-depth", "smoke", ["depth=range(3,3)"])


@pytest.mark.parametrize(
    "text",
    ["plain", "two words", "it's", "a\nb", "tab\tand 'quote' and \\ slash\n", "bell\a", "next\x85", "no\udcff utf-8"],
)
def test_a_word_is_typed_on_one_line_and_read_back_by_the_shell(text):
    typed = in_shell(text)
    assert "\n" not in typed
    done = subprocess.run(
        ["bash", "-c", f"printf %s {typed}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert done.stdout.decode(errors="surrogateescape") == text
