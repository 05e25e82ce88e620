"""How is a file written so that a kill leaves the old one or the new one, never a part? Beside, then renamed."""

import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; when the block ends, flush it to disk and rename it into place.

    If the block raises, the temporary file is removed and `path` is left as it was.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def strict_json(value: object, indent: int | None = 2) -> str:
    """Return a value as JSON that every reader takes: infinities and NaN as the texts "inf", "-inf" and "nan"."""
    return json.dumps(_finite(value), indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)


def restored(value: Any) -> Any:
    """Return what `strict_json` wrote, once read: infinities and NaN as numbers again."""
    if isinstance(value, str) and value in ("inf", "-inf", "nan"):
        return float(value)
    if isinstance(value, dict):
        return {key: restored(item) for key, item in value.items()}
    return [restored(item) for item in value] if isinstance(value, list) else value


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8."""
    write_bytes(path, text.encode())
