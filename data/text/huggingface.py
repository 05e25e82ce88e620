"""How are the documents of a Hugging Face data set read? Streamed, from local files in its layout or from the hub.

Needs the extra `hf`; `datasets` is imported when documents are asked for, and not before. A local folder has the
layout of the hub's repository, e.g. C4's `en/c4-train.00000-of-01024.json.gz`, or holds parquet or JSON-lines files
whose names contain the name of their split.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BUILDERS = {"parquet": "parquet", "json": "json", "jsonl": "json"}
OFFLINE = "without a network take local text: language.data=text, or `solv data text make --source library` or `folder`"


class HfTextError(ValueError):
    """A data set cannot be read; the message is one line that names it and what to do."""


def hf_documents(
    name: str, *, config: str | None = None, split: str = "train", column: str = "text"
) -> Iterator[bytes]:
    """Yield the documents of a split in the order of its files, UTF-8, one in memory at a time.

    Args:
        name: a local folder, or a name on the hub, e.g. "allenai/c4".
        config: subset, e.g. "en": a folder of the layout, or a configuration on the hub; None: the only one.
        split: e.g. "train" or "validation".
        column: which column holds the text.

    Raises:
        HfTextError: the extra is not installed, there is no such set, split or column, or no network to the hub.
    """
    try:
        from datasets import load_dataset
    except ImportError:
        raise HfTextError(f"{name} needs the extra `hf`, `solv doctor` says how to install it; {OFFLINE}") from None
    folder = Path(name).expanduser()
    try:
        if folder.is_dir():
            builder, files = _files(folder / config if config else folder, split)
            rows = load_dataset(builder, data_files={split: files}, split=split, streaming=True)
        else:
            rows = load_dataset(name, config, split=split, streaming=True)
    except HfTextError:
        raise
    except Exception as error:  # the hub's client raises errors of many libraries
        raise HfTextError(f"{name} ({split}) cannot be opened: {_reason(error)}; {OFFLINE}") from None
    return _texts(rows, name, split, column)


def _texts(rows: Any, name: str, split: str, column: str) -> Iterator[bytes]:
    iterator, number = iter(rows), 0
    while True:
        try:
            row = next(iterator)
        except StopIteration:
            return
        except Exception as error:  # a damaged file, or a network that went away
            raise HfTextError(f"{name} ({split}): document {number} cannot be read: {_reason(error)}") from None
        text = row.get(column)
        if not isinstance(text, str):
            raise HfTextError(
                f"{name} ({split}): document {number} has no text in column {column}; columns: {', '.join(row)}"
            )
        yield text.encode("utf-8", "replace")
        number += 1


def _files(folder: Path, split: str) -> tuple[str, list[str]]:
    """Return the builder and the files of a split in the order of their names."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        ending = path.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
        if path.is_file() and ending in _BUILDERS and split in path.relative_to(folder).as_posix():
            found.setdefault(_BUILDERS[ending], []).append(str(path))
    if len(found) != 1:
        what = "both parquet and JSON files" if found else "no parquet or JSON-lines file"
        raise HfTextError(f"{folder} holds {what} with {split!r} in its name; valid: e.g. c4-{split}.00000.json.gz")
    return next(iter(found.items()))


def _reason(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:160]
