"""What lies in the folder of a data set, and is it whole? A manifest and numbered parquet shards, listed with hashes.

`manifest.json` holds the settings from the start; the SHA-256 of every shard joins them at the end, so that a data set
without hashes is an unfinished one. A file appears under its name by a rename once it is whole.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from solv.data.pita.records import VERSION

MANIFEST = "manifest.json"
SCHEMA = pa.schema(
    [
        ("split", pa.string()),
        ("index", pa.string()),
        ("stratum", pa.string()),
        ("statement", pa.string()),
        ("prompt", pa.string()),
        ("is_true", pa.bool_()),
        ("completion", pa.large_string()),
        ("length", pa.int64()),
        ("ops", pa.list_(pa.string())),
    ]
)
_BATCH_ROWS = 256


def shard_path(folder: Path, number: int) -> Path:
    """Where shard `number` lies."""
    return folder / f"shard-{number:06}.parquet"


def data_sets(folder: Path) -> list[Path]:
    """The data sets of a folder: itself, or those in its own folders, by name; itself too when there is none."""
    inside = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return inside if inside and not (folder / MANIFEST).exists() else [folder]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The settings of a data set, and `sha256` by file name once it is finished.

    Raises:
        ValueError: no data set, or one of another version.
    """
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        raise ValueError(f"{folder} holds no data set; valid: a folder with a readable {MANIFEST}") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError(f"{path} is of another version; valid: version {VERSION} (make the data set again)")
    return found


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Put a manifest in place of the one before."""
    partial = partial_path(folder / MANIFEST)
    partial.write_text(json.dumps(content, indent=1))
    put(partial, folder / MANIFEST)


def partial_path(path: Path) -> Path:
    """Where this process writes a file before it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def put(partial: Path, path: Path) -> None:
    """Flush a whole file to the disk and give it its name."""
    with partial.open("rb+") as handle:
        os.fsync(handle.fileno())
    partial.replace(path)


def rows_in(path: Path) -> int | None:
    """How many rows a shard has, from its last bytes; None for a file that is absent, cut or no parquet."""
    try:
        number: int = pq.ParquetFile(path).metadata.num_rows
    except (OSError, pa.ArrowInvalid):
        return None
    return number


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def finished_shards(folder: Path) -> list[tuple[Path, str]]:
    """The shards of a finished data set in order, each with the hash that it must have.

    Raises:
        ValueError: no data set, one of another version, or an unfinished one.
    """
    hashes = read_manifest(folder).get("sha256")
    if not isinstance(hashes, dict):
        raise ValueError(f"{folder} is unfinished; valid: a finished data set (make it again with --resume)")
    return [(folder / name, expected) for name, expected in hashes.items()]


def read_shard(path: Path, expected: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a shard, some hundred in memory at a time.

    Raises:
        ValueError: the file is not the one that the manifest lists.
    """
    if not path.is_file() or digest(path) != expected:
        raise ValueError(f"{path} is missing, cut or changed; valid: the file that the manifest lists")
    for batch in pq.ParquetFile(path).iter_batches(_BATCH_ROWS, columns=columns):
        yield from batch.to_pylist()


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a finished data set in order.

    Raises:
        ValueError: as in `finished_shards` and `read_shard`.
    """
    for path, expected in finished_shards(folder):
        yield from read_shard(path, expected)
