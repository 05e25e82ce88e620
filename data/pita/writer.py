"""How does a data set get onto the disk? In shards that depend on the settings alone, each complete or absent.

Shard k holds rows k * shard_rows onwards, row r is statement `bijection(count)(r)`: whoever writes a shard writes the
same one. It appears under its name by a rename once it is whole, so that a killed run loses the unfinished shards only.
`manifest.json` holds the settings from the start; the hashes of the shards join it at the end.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.pita.checker import TraceError, check
from data.pita.contraction_free import provable
from data.pita.formulas import parse
from data.pita.records import VERSION, record
from data.pita.shuffle import bijection
from data.pita.splits import SplitSpec, open_split

_MANIFEST = "manifest.json"
_SCHEMA = pa.schema(
    [
        ("index", pa.string()),
        ("stratum", pa.string()),
        ("statement", pa.string()),
        ("input", pa.string()),
        ("is_true", pa.bool_()),
        ("proof", pa.large_string()),
        ("length", pa.int64()),
        ("ops", pa.list_(pa.string())),
    ]
)


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
    """

    split: SplitSpec
    count: int
    seed: int = 0
    shard_rows: int = 10_000
    state_limit: int = 10_000
    simplest: bool = False

    def __post_init__(self) -> None:
        available = open_split(self.split).count
        if not 1 <= self.count <= available:
            raise ValueError(f"count = {self.count} is out of range; valid: 1 to {available} (split {self.split.name})")
        for key, least in (("seed", 0), ("shard_rows", 1), ("state_limit", 1)):
            if getattr(self, key) < least:
                raise ValueError(f"{key} = {getattr(self, key)} is out of range; valid: an integer >= {least}")

    @property
    def shards(self) -> int:
        """How many shards the rows fill."""
        return -(-self.count // self.shard_rows)

    def as_dict(self) -> dict[str, Any]:
        """The plan and the version, for a manifest."""
        return {**asdict(self), "split": self.split.as_dict(), "version": VERSION}


def write(plan: Plan, folder: Path, *, processes: int = 1, resume: bool = False) -> int:
    """Write the data set and return how many shards were made now. Memory: one shard per process.

    Raises:
        ValueError: the folder is not empty (without `resume`), or holds another plan's data set.
    """
    if processes < 1:
        raise ValueError(f"processes = {processes} is out of range; valid: an integer >= 1")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        if not resume:
            raise ValueError(f"out = {folder} is not empty; valid: an empty folder, or --resume to go on there")
        kept = {key: value for key, value in _manifest(folder).items() if key != "sha256"}
        if kept != plan.as_dict():
            raise ValueError(f"out = {folder} holds a data set of other settings; valid: the same settings")
    else:
        _replace(folder / _MANIFEST, json.dumps(plan.as_dict(), indent=1).encode())
    missing = [number for number in range(plan.shards) if not _whole(_shard(folder, number), plan, number)]
    if processes == 1:
        for number in missing:
            _write_shard(plan, folder, number)
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            list(pool.map(_write_shard, repeat(plan), repeat(folder), missing))
    hashes = {path.name: _hash(path) for path in (_shard(folder, number) for number in range(plan.shards))}
    _replace(folder / _MANIFEST, json.dumps({**plan.as_dict(), "sha256": hashes}, indent=1).encode())
    return len(missing)


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a finished data set in order, one shard in memory at a time.

    Raises:
        ValueError: no data set, one of another version, unfinished, or a shard that was changed or cut.
    """
    hashes = _manifest(folder).get("sha256")
    if hashes is None:
        raise ValueError(f"{folder} is unfinished; valid: a finished data set (make it again with --resume)")
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file() or _hash(path) != expected:
            raise ValueError(f"{path} is missing, cut or changed; valid: the file that the manifest lists")
        yield from pq.read_table(path).to_pylist()


def check_all(folder: Path) -> Counter[str]:
    """Replay every trace and decide every verdict by the second calculus; count proved, refuted and given up.

    Raises:
        ValueError: a row is wrong; the message names its index.
    """
    counts: Counter[str] = Counter()
    for row in rows(folder):
        if row["is_true"] is None:
            counts["given up"] += 1
            continue
        statement = parse(row["statement"])
        try:
            checked = check(statement, row["proof"])
        except TraceError as error:
            raise ValueError(f"index {row['index']}: {error}") from None
        if not checked.proved == row["is_true"] == provable(statement) or checked.length != row["length"]:
            raise ValueError(
                f"index {row['index']}: the row says {row['is_true']} in {row['length']} states, which is not so"
            )
        counts["proved" if row["is_true"] else "refuted"] += 1
    return counts


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        raise ValueError(f"{folder} holds no data set; valid: a folder with a readable {_MANIFEST}") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError(f"{path} is of another version; valid: version {VERSION}")
    return found


def _shard(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:06}.parquet"


def _whole(path: Path, plan: Plan, number: int) -> bool:
    try:
        there: int = pq.ParquetFile(path).metadata.num_rows
    except (OSError, pa.ArrowInvalid):
        return False
    return there == min(plan.shard_rows, plan.count - number * plan.shard_rows)


def _write_shard(plan: Plan, folder: Path, number: int) -> None:
    split = open_split(plan.split)
    place = bijection(split.count, plan.seed)
    first = number * plan.shard_rows
    last = min(first + plan.shard_rows, plan.count)
    made = [record(split, place(row), plan.state_limit, simplest=plan.simplest) for row in range(first, last)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(made, schema=_SCHEMA), sink, compression="zstd")
    _replace(_shard(folder, number), sink.getvalue().to_pybytes())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
