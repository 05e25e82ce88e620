"""How does a data set get onto the disk? In shards that depend on the settings alone, each complete or absent.

Shard k holds rows k * shard_rows onwards, row r is statement `bijection(count)(r)`: whoever writes a shard writes the
same one. A killed run loses the unfinished shards only. Rows leave memory in row groups of some 4 MiB of text, so that
a worker needs no more for the long proofs of php than for the short ones of full.
"""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from solv.data.pita.records import VERSION, record
from solv.data.pita.search import SEARCHES
from solv.data.pita.shards import (
    MANIFEST,
    SCHEMA,
    digest,
    partial_path,
    put,
    read_manifest,
    rows_in,
    shard_path,
    write_manifest,
)
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.spread import ALONE, Workers

_LOCK = ".lock"
_GROUP_CHARACTERS = 1 << 22


@dataclass(frozen=True)
class Plan:
    """What a data set consists of; equal plans give equal files.

    Args:
        split: where the statements are from.
        count: rows, 1 .. count of the split.
        seed: selects the order (>= 0).
        shard_rows: rows of a shard (>= 1).
        state_limit: states after which a search is given up (>= 1).
        simplest: only successful paths for provable statements.
        search: `paper` or `pruned` (see `search`).
    """

    split: SplitSpec
    count: int
    seed: int = 0
    shard_rows: int = 10_000
    state_limit: int = 10_000
    simplest: bool = False
    search: str = "paper"

    def __post_init__(self) -> None:
        available = open_split(self.split).count
        if not 1 <= self.count <= available:
            raise ValueError(f"count = {self.count} is out of range; valid: 1 to {available} (split {self.split.name})")
        for key, least in (("seed", 0), ("shard_rows", 1), ("state_limit", 1)):
            if getattr(self, key) < least:
                raise ValueError(f"{key} = {getattr(self, key)} is out of range; valid: an integer >= {least}")
        if self.search not in SEARCHES:
            raise ValueError(f"search = {self.search!r} is unknown; valid: {', '.join(SEARCHES)}")

    @property
    def shards(self) -> int:
        """How many shards the rows fill."""
        return -(-self.count // self.shard_rows)

    def rows_of(self, shard: int) -> range:
        """The rows that a shard holds."""
        return range(shard * self.shard_rows, min((shard + 1) * self.shard_rows, self.count))

    def as_dict(self) -> dict[str, Any]:
        """The plan and the version, for a manifest."""
        return {**asdict(self), "split": self.split.as_dict(), "version": VERSION}


def write(
    plan: Plan,
    folder: Path,
    *,
    workers: Workers = ALONE,
    resume: bool = False,
    after_shard: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write the data set and return how many shards were made now.

    Args:
        plan: what to write.
        folder: where; made if it is not there.
        workers: who makes the shards.
        resume: go on in a folder that holds a part of the same data set.
        after_shard: called with the rows of every shard that was made.

    Raises:
        ValueError: the folder is not empty (without `resume`), holds another plan's data set, or is being written.

    Memory: some 150 MiB a process, whatever the split, unless a single proof is larger.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"out = {folder} is a file; valid: a folder")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / _LOCK, timeout=0):
            return _write(plan, folder, workers, resume, after_shard)
    except Timeout:
        raise ValueError(f"out = {folder} is being written by another process; valid: another folder") from None


def _write(plan: Plan, folder: Path, workers: Workers, resume: bool, after_shard: Callable[[int], None]) -> int:
    for leftover in folder.glob(".*.partial"):  # of a run that was killed: nobody else writes here now
        leftover.unlink()
    if any(path.name != _LOCK for path in folder.iterdir()):
        if not resume:
            raise ValueError(f"out = {folder} is not empty; valid: an empty folder, or --resume to go on there")
        kept = {key: value for key, value in read_manifest(folder).items() if key != "sha256"}
        if kept != plan.as_dict():
            raise ValueError(f"out = {folder} holds a data set of other settings; valid: the same settings")
    else:
        write_manifest(folder, plan.as_dict())
    missing = [
        number for number in range(plan.shards) if rows_in(shard_path(folder, number)) != len(plan.rows_of(number))
    ]
    for rows in workers.map(partial(write_shard, plan, folder), missing):
        after_shard(rows)
    hashes = {path.name: digest(path) for path in (shard_path(folder, number) for number in range(plan.shards))}
    write_manifest(folder, {**plan.as_dict(), "sha256": hashes})
    return len(missing)


def write_shard(plan: Plan, folder: Path, number: int) -> int:
    """Prove the statements of one shard, write it, and return how many there are."""
    with _no_cycles():
        return _write_shard(plan, folder, number)


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Leave the search for cycles of references alone: a search makes none, and looking for them takes a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _write_shard(plan: Plan, folder: Path, number: int) -> int:
    split = open_split(plan.split)
    place = bijection(split.count, plan.seed)
    path = shard_path(folder, number)
    beside = partial_path(path)
    schema = SCHEMA.with_metadata({MANIFEST: json.dumps(plan.as_dict())})
    with pq.ParquetWriter(
        beside,
        schema,
        compression="zstd",
        use_dictionary=["split", "stratum"],
        write_statistics=["is_true", "length"],
    ) as writer:
        group: list[dict[str, Any]] = []
        characters = 0
        for row in plan.rows_of(number):
            made = record(split, place(row), plan.state_limit, simplest=plan.simplest, pruned=plan.search == "pruned")
            group.append(made)
            characters += len(made["prompt"]) + len(made["completion"] or "")
            if characters > _GROUP_CHARACTERS:
                writer.write_table(_table(group, schema))
                group, characters = [], 0
        if group:
            writer.write_table(_table(group, schema))
    put(beside, path)
    return len(plan.rows_of(number))


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pydict({name: [row[name] for row in rows] for name in schema.names}, schema=schema)
