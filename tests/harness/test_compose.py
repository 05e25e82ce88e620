"""Does any text reach a configuration as it was typed?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.harness.compose import parsed, quoted, settings_for
from solv.harness.settings import ConfigurationError


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20))
def test_a_quoted_text_is_read_back_as_it_was(text):
    [(_, override)] = parsed([f"key=[{quoted(text)}]"])
    assert [str(item) for item in override.value()] == [text]


def test_a_part_that_there_is_not_is_refused_before_anything_runs():
    with pytest.raises(ConfigurationError, match="cot-depth has no part 'dept'; did you mean depth"):
        settings_for("cot-depth", "smoke", ["parts=[dept]"])
