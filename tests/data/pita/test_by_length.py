"""Are statements of training and tests told apart, and sorted by the length of their traces?"""

import pytest

from solv.data.pita.by_length import ByLength, Example, rows_by_length, write_examples
from solv.data.pita.checker import check
from solv.data.pita.formulas import canonical, leaves, parse
from solv.data.pita.splits import SplitSpec

BINS = (2, 4, 6, 10)


def examples_by_length(specs: list[SplitSpec], key: int, **settings: object) -> ByLength:
    return write_examples(specs, key, rows_by_length(specs, key, **settings))


def found(key: int = 0, **changes):
    settings = {"threshold": 4, "training": 200, "bins": BINS, "tests": 20, "rows": 4000, **changes}
    return examples_by_length([SplitSpec("full", size, canonical=True) for size in (3, 4)], key, **settings)


def test_no_statement_is_trained_on_and_asked_even_under_other_names() -> None:
    made = found()
    learned = {canonical(parse(example.statement)) for example in made.training}
    asked = {canonical(parse(example.statement)) for examples in made.tests for example in examples}
    assert len(learned) == len(made.training)
    assert len(asked) == sum(map(len, made.tests))
    assert not learned & asked


def test_lengths_are_those_of_the_bins_and_of_the_checker() -> None:
    made = found()
    assert max(example.length for example in made.training) == 4
    for low, high, examples in zip((0, *BINS), BINS, made.tests, strict=False):
        assert examples
        assert all(low < example.length <= high for example in examples)
    for example in made.training[:50]:
        checked = check(parse(example.statement), example.proof)
        assert (checked.proved, checked.length) == (example.provable, example.length)


def test_a_trace_too_long_to_be_written_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found()
    limit = sorted(len(example.proof) for example in whole.training)[-10]
    monkeypatch.setattr("solv.data.pita.traces.MOST_CHARACTERS", limit)
    made = found()
    assert 0 < len(made.training) < len(whole.training)
    assert set(made.training) < set(whole.training)


def test_half_are_provable_where_there_are_enough() -> None:
    def provable(examples: list[Example]) -> int:
        return sum(example.provable for example in examples)

    made = found()
    assert len(made.training) == 2 * provable(made.training) == 200
    assert [len(examples) for examples in made.tests] == [20] * 4
    assert [provable(examples) for examples in made.tests] == [10] * 4


def test_size_does_not_give_the_answer_away() -> None:
    made = examples_by_length(
        [SplitSpec("or", size, 10) for size in (2, 3, 4)], 0, threshold=6, training=60, bins=[8], tests=20, rows=400
    )
    by_size: dict[int, list[bool]] = {}
    for example in made.training:
        by_size.setdefault(leaves(parse(example.statement)) - 1, []).append(example.provable)
    assert set(by_size) == {2, 3}  # a search among 4 atoms in vain has 7 states
    assert all(2 * sum(verdicts) == len(verdicts) for verdicts in by_size.values())
    assert len(made.training) == 60
    assert {leaves(parse(example.statement)) - 1 for example in made.tests[0]} >= {4}


def test_up_to_the_trained_length_sizes_are_asked_that_were_trained_on() -> None:
    made = examples_by_length(
        [SplitSpec("or", size, 10) for size in (2, 3, 4)],
        0,
        threshold=6,
        training=60,
        bins=[4, 6, 8],
        tests=20,
        rows=400,
    )
    sizes = [{leaves(parse(example.statement)) - 1 for example in asked} for asked in made.tests]
    assert sizes[0] | sizes[1] <= {2, 3}  # among 4 atoms all that is short is provable
    assert 4 in sizes[2]
    assert [sum(example.provable for example in asked) for asked in made.tests] == [10] * 3


def test_another_key_selects_others_and_the_same_key_the_same() -> None:
    assert found() == found()
    one, other = ({example.statement for example in found(key).training} for key in (0, 1))
    assert len(one & other) < 0.5 * len(one)


def test_a_split_that_ends_gives_what_it_has() -> None:
    made = examples_by_length(
        [SplitSpec("or", size, canonical=True) for size in (2, 3)],
        0,
        threshold=4,
        training=99,
        bins=[9],
        tests=99,
        rows=99,
    )
    assert 0 < len(made.training) + len(made.tests[0]) <= 3 + 8


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bins": ()}, "bins"),
        ({"bins": (2, 2)}, "bins"),
        ({"bins": (0,)}, "bins"),
        ({"tests": 0}, "tests = 0"),
        ({"rows": 0}, "rows = 0"),
    ],
)
def test_a_wrong_number_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}.*valid"):
        found(**changes)
