"""Is a data set on the disk right, and what is in it? Every row checked anew, or counted; one shard a task."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from solv.data.pita.checker import TraceError, check
from solv.data.pita.contraction_free import provable
from solv.data.pita.countermodels import counter_model
from solv.data.pita.formulas import parse
from solv.data.pita.shards import finished_shards, read_shard
from solv.data.pita.spread import ALONE, Workers

PROVED, REFUTED, MODELLED, GIVEN_UP = "proved", "refuted", "by a counter-model", "given up"


def check_all(
    folder: Path, *, workers: Workers = ALONE, after_shard: Callable[[int], None] = lambda rows: None
) -> Counter[str]:
    """Replay every trace, decide every verdict by the second calculus, and look for a counter-model.

    Args:
        folder: a finished data set.
        workers: who checks the shards.
        after_shard: called with the rows of every shard that was checked.

    Returns:
        How many are proved, refuted, refuted `by a counter-model` of up to four worlds as well, and given up.

    Raises:
        ValueError: the data set is not whole, or a row is wrong; the message names its index.
    """
    counts: Counter[str] = Counter()
    for found in workers.map(_check_shard, finished_shards(folder)):
        counts += found
        after_shard(found.total() - found[MODELLED])
    return counts


def count_all(folder: Path, *, workers: Workers = ALONE) -> Counter[tuple[str, bool | None, int]]:
    """How many rows there are of each (stratum, verdict, length); no verdict and length -1 for those given up.

    Raises:
        ValueError: the data set is not whole.
    """
    counts: Counter[tuple[str, bool | None, int]] = Counter()
    for found in workers.map(_count_shard, finished_shards(folder)):
        counts += found
    return counts


def shard_count(folder: Path) -> int:
    """How many shards a finished data set has."""
    return len(finished_shards(folder))


def _check_shard(shard: tuple[Path, str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in read_shard(*shard):
        if row["is_true"] is None:
            counts[GIVEN_UP] += 1
            continue
        statement = parse(row["statement"])
        try:
            checked = check(statement, row["completion"])
        except TraceError as error:
            raise _wrong(row, str(error)) from None
        if not checked.proved == row["is_true"] == provable(statement) or checked.length != row["length"]:
            raise _wrong(row, f"the row says {row['is_true']} in {row['length']} states, which is not so")
        model = counter_model(statement)
        if model is not None and (row["is_true"] or model.forces(statement)):
            raise _wrong(row, f"said to be provable, but it fails in {model}")
        counts[PROVED if row["is_true"] else REFUTED] += 1
        counts[MODELLED] += model is not None
    return counts


def _wrong(row: dict[str, Any], said: str) -> ValueError:
    return ValueError(f"index {row['index']}: {said}")


def _count_shard(shard: tuple[Path, str]) -> Counter[tuple[str, bool | None, int]]:
    return Counter(
        (row["stratum"], row["is_true"], -1 if row["length"] is None else row["length"])
        for row in read_shard(*shard, columns=["stratum", "is_true", "length"])
    )
