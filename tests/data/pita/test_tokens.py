"""Is a trace read back exactly from its tokens?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.data.pita.records import record
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.tokens import FAILURE, FILL, SUCCESS, VOCABULARY, TraceTokens

TOKENS = TraceTokens()
KINDS = [("full", 2), ("full", 6), ("full", 8), ("imply", 7), ("or", 4), ("or", None), ("php", None)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.booleans(), st.booleans(), st.integers(0, 10**100))
def test_every_trace_reads_back(kind: tuple[str, int | None], canonical: bool, simplest: bool, number: int) -> None:
    split = open_split(SplitSpec(*kind, canonical=canonical))
    row = record(split, number % split.count, 20_000, simplest=simplest)
    whole = row["prompt"] + (row["completion"] or "")
    encoded = TOKENS.encode(whole)
    assert TOKENS.decode(encoded) == whole
    assert all(0 < token < len(VOCABULARY) for token in encoded)
    # The prompt's tokens are the beginning of those of prompt and trace: a model that continues them is not surprised.
    prompt = TOKENS.encode(row["prompt"])
    assert encoded[: len(prompt)] == prompt
    if row["completion"]:
        assert encoded[-1] == (SUCCESS if row["is_true"] else FAILURE)


def test_every_token_is_some_seventy_and_all_are_needed() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY) == 69
    used: set[int] = set()
    for name, leaves in KINDS:
        split = open_split(SplitSpec(name, leaves, canonical=name == "or"))
        for number in range(300):
            row = record(split, number * 7919 % split.count, 20_000)
            used.update(TOKENS.encode(row["prompt"] + (row["completion"] or "")))
    assert used == set(range(1, len(VOCABULARY)))


def test_filling_is_no_text() -> None:
    assert TOKENS.decode([FILL, SUCCESS, FILL]) == "<success />"
    assert TOKENS.encode("") == []


@pytest.mark.parametrize(("text", "column"), [("<tactic>rfl</tactic>", 1), ("p1 ∧ q", 6), ("p1 <-> p2", 4)])
def test_what_no_trace_has_is_refused(text: str, column: int) -> None:
    with pytest.raises(ValueError, match=f"column {column}: "):
        TOKENS.encode(text)
