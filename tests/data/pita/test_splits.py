"""Is every statement of a split numbered once, and are there as many as the formulas say?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.data.pita.formulas import atoms, canonical, is_formula, leaves, parse, text
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import OR_NAMES, SplitSpec, open_split
from solv.data.pita.trees import arrangement, arrangement_count, tree, tree_count


@pytest.mark.parametrize(
    ("name", "counts"),
    [("full", (5, 75, 2250, 84375, 3543750)), ("imply", (5, 25, 250, 3125, 43750, 656250))],
)
def test_counts_are_those_of_the_paper(name: str, counts: tuple[int, ...]) -> None:
    assert tuple(open_split(SplitSpec(name, size)).count for size in range(1, len(counts) + 1)) == counts


@pytest.mark.parametrize(("name", "size"), [("full", 1), ("full", 2), ("full", 3), ("full", 4), ("imply", 5)])
def test_an_index_is_a_statement_and_no_statement_has_two(name: str, size: int) -> None:
    split = open_split(SplitSpec(name, size))
    made = {split[index] for index in range(split.count)}
    assert len(made) == split.count
    assert all(is_formula(statement) and leaves(statement) == size for statement in made)


@pytest.mark.parametrize(
    ("name", "size", "count"),
    [("full", 1, 3), ("full", 2, 30), ("full", 3, 666), ("full", 4, 20250), ("imply", 5, 9142)],
)
def test_canonical_statements_are_all_statements_up_to_the_names_of_atoms(name: str, size: int, count: int) -> None:
    split = open_split(SplitSpec(name, size))
    renamed = open_split(SplitSpec(name, size, canonical=True))
    made = {renamed[index] for index in range(renamed.count)}
    assert renamed.count == len(made) == count
    assert made == {canonical(split[index]) for index in range(split.count)}


def test_or_statements_over_few_names_are_all_there() -> None:
    split = open_split(SplitSpec("or", 3, 5))
    made = {split[index] for index in range(split.count)}
    assert len(made) == split.count == 2 * (5 * 4 * 3 * 3 + 5 * 4 * 3 * 2)
    assert {name for statement in made for name in atoms(statement)} == {f"p{number}" for number in range(5)}


def test_canonical_or_statements_are_a_target_a_place_and_a_shape() -> None:
    split = open_split(SplitSpec("or", 5, canonical=True))
    made = {split[index] for index in range(split.count)}
    assert split.count == len(made) == tree_count(5) * (5 + 1)
    assert all(statement == canonical(statement) for statement in made)


def test_canonical_pigeons_are_numbered_without_a_gap() -> None:
    split = open_split(SplitSpec("php", canonical=True))
    for index in (0, split.count // 3, split.count - 1):
        names = atoms(split[index])
        assert names == tuple(f"p{number}" for number in range(1, len(names) + 1))
    for start in map(split.start, range(len(split.strata))):
        assert split[start] == canonical(split[start])


@pytest.mark.parametrize("spec", [SplitSpec("full", 1000, 100), SplitSpec("imply", 1000, canonical=True)])
def test_statements_of_a_thousand_leaves_have_a_number_that_can_be_printed(spec: SplitSpec) -> None:
    split = open_split(spec)
    assert int(str(split.count)) == split.count
    statement = split[split.count * 2 // 3]
    assert leaves(statement) == 1000
    assert parse(text(statement)) == statement


def test_trees_and_arrangements_are_numbered_once() -> None:
    assert len({tree(7, rank) for rank in range(tree_count(7))}) == tree_count(7) == 132
    assert len({tuple(arrangement(5, 3, rank)) for rank in range(60)}) == arrangement_count(5, 3) == 60


def test_the_or_split_counts_both_kinds() -> None:
    names = OR_NAMES
    split = open_split(SplitSpec("or", 2))
    assert split.count == names * (names - 1) * 2 + names * (names - 1) * (names - 2)


def test_the_smallest_pigeonhole_is_the_one_of_the_paper() -> None:
    assert text(open_split(SplitSpec("php"))[0]) == "p00 ∧ p10 → p00 ∧ p10 ∨ p10 ∧ p00"


@pytest.mark.parametrize("size", [1, 2, 75, 1000])
def test_a_shuffle_is_a_bijection(size: int) -> None:
    shuffle = bijection(size, 3)
    assert sorted(map(shuffle, range(size))) == list(range(size))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["full", "imply", "or", "php"]), st.integers(0, 10**200))
def test_the_text_of_any_statement_reads_back(name: str, number: int) -> None:
    split = open_split(SplitSpec(name))
    statement = split[number % split.count]
    assert parse(text(statement)) == statement


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("half",), "split"),
        (("full", 0), "leaves"),
        (("full", 2, 0), "atoms"),
        (("php", 2), "leaves"),
        (("or", 30), "leaves"),
        (("full", 1001), "leaves"),
        (("full", 2, 101), "atoms"),
        (("imply", True), "leaves"),
        (("or", 3, 3), "atoms"),
        (("or", None, 29), "atoms"),
        (("or", 3, None, 1), "omission_seed"),
        (("php", None, None, -1), "omission_seed"),
    ],
)
def test_a_wrong_selection_names_the_valid_ones(arguments: tuple[str], said: str) -> None:
    with pytest.raises(ValueError, match=f"{said} = .*valid"):
        SplitSpec(*arguments)


def test_an_index_outside_is_refused() -> None:
    with pytest.raises(ValueError, match=r"index = 5 .*0 to 4"):
        open_split(SplitSpec("full", 1))[5]


@pytest.mark.parametrize(
    ("name", "count"), [("full", 3_630_455), ("imply", 11_015_905), ("or", 140_000), ("php", 246_673)]
)
def test_the_published_splits_have_their_sizes(name: str, count: int) -> None:
    split = open_split(SplitSpec(name, published=True))
    assert split.count == count
    assert all(is_formula(split[index]) for index in (0, count // 2, count - 1))


def test_the_published_or_is_half_true_at_every_size_and_repeats_nothing() -> None:
    split = open_split(SplitSpec("or", published=True))
    assert [stratum.count for stratum in split.strata] == [2500] * 56
    start = split.start(split.locate(2 * 2500 * 5)[0])
    made = {split[start + rank] for rank in range(2500)}
    assert len(made) == 2500
    assert len({canonical(statement) for statement in made}) == tree_count(7)  # every bracketing


def test_the_published_pigeons_are_the_draws_of_the_public_generator() -> None:
    """Pairs kept with two pigeons and four holes, as numpy's stream of seed 1130 has them (their script, run)."""
    split = open_split(SplitSpec("php", published=True))
    drawn = [stratum.count for stratum in split.strata if stratum.label.startswith("pigeons=2,holes=4")]
    assert drawn == [32, 16, 8, 32, 16, 8, 16, 8, 64, 16, 64, 32, 32, 16, 4, 16]
    start = split.start(2)
    assert len({split[start + rank] for rank in range(16)}) == 16


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "or", "leaves": 3}, "leaves = 3 does not apply"),
        ({"name": "php", "omission_seed": 0}, "omission_seed = 0 does not apply"),
        ({"name": "full", "canonical": True}, "canonical does not apply"),
    ],
)
def test_what_is_published_has_no_other_settings(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SplitSpec(**arguments, published=True)
