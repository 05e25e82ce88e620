"""Does an exported file follow Lean's grammar, and do its tactics, read from the file alone, prove the theorem?"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.data.pita.checker import TraceError, _apply, _close, _Goal
from solv.data.pita.formulas import parse, text
from solv.data.pita.lean import theorem
from solv.data.pita.records import record
from solv.data.pita.splits import SplitSpec, open_split

NAME = r"h[1-9][0-9]*"
GRAMMAR = re.compile(
    rf"intro {NAME}|exact {NAME}|cases {NAME}|case in[lr] {NAME} =>|apply (And|True)\.intro|apply Or\.in[lr]"
    rf"|apply False\.elim {NAME}|have {NAME} := {NAME}\.(left|right)|have {NAME} := {NAME} {NAME}"
    rf"|have {NAME} : .+ := by"
)
HEADER = re.compile(r"theorem ([A-Za-z_][A-Za-z0-9_]*)(?: \(((?:p[0-9]+ ?)+) : Prop\))? : (.+) := by")


def replayed(source: str) -> str:
    """The statement of a theorem, after its tactics closed every goal by the checker's rules."""
    header, *lines = source.rstrip("\n").split("\n")
    match = HEADER.fullmatch(header)
    assert match, header
    statement = parse(match[3])
    assert text(statement) == match[3]
    assert set((match[2] or "").split()) == set(re.findall(r"p[0-9]+", match[3]))
    goals, depth = (_Goal({}, statement), None), 1
    for line in lines:
        tactic = line.lstrip(" ")
        indent = len(line) - len(tactic)
        assert indent % 2 == 0
        assert 2 <= indent <= 2 * depth
        assert GRAMMAR.fullmatch(tactic), line
        for _ in range(depth - indent // 2):  # an indentation that ends is a block that ends
            goals, left = _close(goals)
            assert not left
        depth = indent // 2 + tactic.endswith((":= by", "=>"))
        goals = _apply(tactic, goals)
    for _ in range(depth - 1):
        goals, left = _close(goals)
        assert not left
    assert goals is None
    return match[3]


def test_every_provable_statement_of_three_leaves_is_a_theorem_with_and_without_the_failed_tries() -> None:
    split, proved = open_split(SplitSpec("full", 3)), 0
    for index in range(split.count):
        for simplest in (False, True):
            row = record(split, index, 10_000, simplest=simplest)
            if row["is_true"]:
                proved += 1
                assert replayed(theorem("t", split[index], row["completion"])) == row["statement"]
    assert proved == 2 * 724


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([("full", 6), ("full", 8), ("imply", 7), ("or", 5), ("php", None)]), st.integers(0, 10**90))
def test_larger_proofs_are_theorems(kind: tuple[str, int | None], number: int) -> None:
    split = open_split(SplitSpec(*kind))
    index = number % split.count
    row = record(split, index, 20_000)
    if row["is_true"]:
        assert replayed(theorem("larger", split[index], row["completion"])) == row["statement"]


def test_a_file_with_one_tactic_changed_proves_nothing() -> None:
    row = record(open_split(SplitSpec("php")), 0, 10_000)
    source = theorem("pigeons", parse(row["statement"]), row["completion"])
    assert replayed(source)
    for old, new in (("exact h2", "exact h1"), ("  exact h3\n", ""), ("h1.left", "h1.right")):
        assert old in source
        with pytest.raises((TraceError, AssertionError)):
            replayed(source.replace(old, new))


def test_a_failure_is_no_theorem() -> None:
    split = open_split(SplitSpec("full", 3))
    with pytest.raises(ValueError, match=r"proof of peirce fails.*valid"):
        theorem("peirce", split[0], record(split, 0, 10_000)["completion"].replace("<success />", "<failure />"))
