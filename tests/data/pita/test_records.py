"""Does a row hold its statement's prompt, verdict and search, and say so when the search was given up?"""

import pytest

from solv.data.pita.checker import check
from solv.data.pita.records import record
from solv.data.pita.splits import SplitSpec, open_split

SPLIT = open_split(SplitSpec("full", 2))


def rows(state_limit=1000, **changes):
    return [record(SPLIT, index, state_limit, **changes) for index in range(SPLIT.count)]


def test_a_row_is_a_statement_with_its_checked_search() -> None:
    for index, row in enumerate(rows()):
        assert row["split"] == "full"
        assert row["index"] == str(index)
        assert row["prompt"] == f'<state id="0"><then>{row["statement"]}</then></state>|'
        checked = check(SPLIT[index], row["completion"])
        assert (checked.proved, checked.length) == (row["is_true"], row["length"])
        assert row["ops"] == sorted(set(row["ops"]))


def test_the_simplest_row_has_no_backtrack_and_is_never_longer() -> None:
    for row, simplest in zip(rows(), rows(simplest=True), strict=True):
        assert simplest["is_true"] == row["is_true"]
        if row["is_true"]:
            assert "<backtrack" not in simplest["completion"]
            assert simplest["length"] <= row["length"]
        else:
            assert simplest == row


def test_a_search_of_more_states_than_allowed_has_no_verdict() -> None:
    pairs = list(zip(rows(), rows(state_limit=1), strict=True))
    cut = [(whole, given_up) for whole, given_up in pairs if given_up["is_true"] is None]
    assert 0 < len(cut) < len(pairs)
    for whole, given_up in cut:
        assert whole["length"] > 1
        assert (given_up["completion"], given_up["length"], given_up["ops"]) == (None, None, [])
        assert given_up["statement"] == whole["statement"]


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"state_limit = 0 .*>= 1"):
        record(SPLIT, 0, 0)
    with pytest.raises(ValueError, match=r"index = 75"):
        record(SPLIT, 75, 10)
