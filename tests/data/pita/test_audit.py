"""Does an audit count every row once, and does it know a data set that is not finished?"""

from collections import Counter

import pytest

from solv.data.pita.audit import GIVEN_UP, MODELLED, PROVED, REFUTED, check_all, count_all, shard_count
from solv.data.pita.shards import rows
from solv.data.pita.splits import SplitSpec
from solv.data.pita.writer import Plan, write


def test_rows_are_counted_by_stratum_verdict_and_length(tmp_path) -> None:
    write(Plan(SplitSpec("full", 2), 75, shard_rows=30), tmp_path)
    assert shard_count(tmp_path) == 3
    expected = Counter((row["stratum"], row["is_true"], row["length"]) for row in rows(tmp_path))
    assert count_all(tmp_path) == expected
    told: list[int] = []
    checked = check_all(tmp_path, after_shard=told.append)
    assert told == [30, 30, 15]
    true = sum(number for (_, verdict, _), number in expected.items() if verdict)
    # Every unprovable statement of two leaves fails in a small model.
    assert checked == Counter({PROVED: true, REFUTED: 75 - true, MODELLED: 75 - true})


def test_searches_that_were_given_up_are_counted_without_a_length(tmp_path) -> None:
    write(Plan(SplitSpec("full", 2), 75, shard_rows=75, state_limit=1), tmp_path)
    given_up = check_all(tmp_path)[GIVEN_UP]
    assert 0 < given_up < 75
    assert sum(
        number for (_, verdict, size), number in count_all(tmp_path).items() if verdict is None and size == -1
    ) == (given_up)


def test_a_folder_without_a_data_set_is_refused(tmp_path) -> None:
    for reader in (check_all, count_all, shard_count):
        with pytest.raises(ValueError, match="holds no data set"):
            reader(tmp_path)
