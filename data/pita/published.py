"""Is a downloaded copy of the public data set right? Parquet files of its layout, every row checked anew.

The set of arXiv:2602.14404 has the columns prompt, completion, is_true, length and ops, in files whose names begin with
the split: `full-00000-of-00007.parquet`. A statement is read from its prompt, whose states Lean has printed.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from solv.data.pita.checker import TraceError, check
from solv.data.pita.contraction_free import provable
from solv.data.pita.countermodels import counter_model
from solv.data.pita.formulas import Formula, parse
from solv.data.pita.search import search
from solv.data.pita.shards import MANIFEST
from solv.data.pita.spread import ALONE, Workers
from solv.data.pita.subformulas import Subformulas

COLUMNS = ("prompt", "completion", "is_true", "length", "ops")
PROVED, REFUTED, MODELLED, DIFFERING, ALIKE = "proved", "refuted", "by a counter-model", "states differ", "alike"

_BATCH_ROWS = 256
_STATE_LIMIT = 10_000  # of our own search, and ten times the length: parts that are not written down count, too
_GOAL = re.compile(r"<then>([^<]*)</then>")


def is_published(folder: Path) -> bool:
    """Whether a folder holds parquet files, and no manifest of a data set made here."""
    return folder.is_dir() and not any(folder.rglob(MANIFEST)) and any(folder.rglob("*.parquet"))


def files(folder: Path) -> list[Path]:
    """The files of a copy, by name."""
    return sorted(folder.rglob("*.parquet"))


def row_count(folder: Path) -> int:
    """How many rows a copy has.

    Raises:
        ValueError: a file is no parquet.
    """
    return sum(_open(path).metadata.num_rows for path in files(folder))


def check_published(
    folder: Path, *, workers: Workers = ALONE, after_file: Callable[[int], None] = lambda rows: None
) -> Counter[str]:
    """Replay every trace, decide every verdict by the second calculus, and search anew.

    Args:
        folder: the copy.
        workers: who checks the files.
        after_file: called with the rows of every file that was checked.

    Returns:
        How many are proved, refuted, refuted `by a counter-model` as well, and `alike`: our own search has the same
        verdict and length; and the states that Lean printed otherwise (see `checker`).

    Raises:
        ValueError: a file is not of the layout, or a row is wrong; the message names both.
    """
    counts: Counter[str] = Counter()
    for found in workers.map(_check_file, files(folder)):
        counts += found
        after_file(found[PROVED] + found[REFUTED])
    return counts


def count_published(folder: Path, *, workers: Workers = ALONE) -> Counter[tuple[str, bool | None, int]]:
    """How many rows there are of each (split, verdict, length).

    Raises:
        ValueError: a file is not of the layout.
    """
    counts: Counter[tuple[str, bool | None, int]] = Counter()
    for found in workers.map(_count_file, files(folder)):
        counts += found
    return counts


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid):
        raise ValueError(f"{path} cannot be read; valid: a whole parquet file") from None


def _rows(path: Path, columns: tuple[str, ...] = COLUMNS) -> Iterator[dict[str, Any]]:
    opened = _open(path)
    if missing := [name for name in columns if name not in opened.schema_arrow.names]:
        raise ValueError(f"{path} has no column {', '.join(missing)}; valid: {', '.join(COLUMNS)}")
    for batch in opened.iter_batches(_BATCH_ROWS, columns=list(columns)):
        yield from batch.to_pylist()


def _check_file(path: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for number, row in enumerate(_rows(path)):
        try:
            _check_row(row, counts)
        except ValueError as error:
            raise ValueError(f"{path}, row {number}: {error}") from None
    return counts


def _check_row(row: dict[str, Any], counts: Counter[str]) -> None:
    statement = _statement(row["prompt"])
    checked = check(statement, row["completion"], printed_by_lean=True)
    if not checked.proved == row["is_true"] == provable(statement) or checked.length != row["length"]:
        raise TraceError(f"the row says {row['is_true']} in {row['length']} states, which is not so")
    model = None if checked.proved else counter_model(statement)
    found = search(Subformulas(statement), _STATE_LIMIT + 10 * row["length"])
    counts[PROVED if checked.proved else REFUTED] += 1
    counts[MODELLED] += model is not None
    counts[DIFFERING] += checked.differing
    counts[ALIKE] += (found.proved, found.states) == (checked.proved, checked.length)


def _statement(prompt: str) -> Formula:
    if (found := _GOAL.search(prompt)) is None:
        raise ValueError("the prompt has no goal")
    return parse(found[1])


def _count_file(path: Path) -> Counter[tuple[str, bool | None, int]]:
    split = re.split(r"[-_.]", path.name)[0]
    return Counter((split, row["is_true"], row["length"]) for row in _rows(path, ("is_true", "length")))
