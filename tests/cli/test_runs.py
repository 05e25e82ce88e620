"""Is a run listed with its verdicts, and `--since` the time that is meant?"""

from datetime import datetime, timedelta

import pytest

from solv.cli.runs import _record, _row, _start
from solv.harness.settings import ConfigurationError

NOW = datetime(2026, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (None, None),
        ("90m", NOW - timedelta(minutes=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01T14:00", datetime(2026, 3, 1, 14)),
    ],
)
def test_a_time_is_a_date_or_an_age(text, start):
    assert _start(text, NOW) == start


@pytest.mark.parametrize("text", ["", "yesterday", "3y", "2026-13-01", "999999999999d"])
def test_what_is_no_time_says_what_is(text):
    with pytest.raises(ConfigurationError, match=r"give a date .* or an age"):
        _start(text, NOW)


def test_a_row_counts_verdicts_in_their_order(run_of):
    run = run_of()
    assert _row(run, damaged=False)[:4] == ["2026-01-01 03:04:05", "dmft", "quick", "1 holds, 1 undecided"]
    assert _row(run, damaged=True)[3] == "damaged"
    assert _row(run_of(key="aaaaaaaaaaaa", claims=()), damaged=False)[3] == "none"
    assert _row(run_of(key="bbbbbbbbbbbb", finished=False), damaged=False)[3] == "unfinished"


def test_a_record_holds_all_verdicts(run_of):
    record = _record(run_of(), "cut")
    assert record["claims"] == {"holds": 1, "fails": 0, "undecided": 1, "not run": 0}
    assert (record["finished"], record["fault"], record["key"]) == (True, "cut", "0123456789ab")
