"""Which text is there without a network? The source of Python's standard library, or a file or folder of the user's.

Documents come in the order of their paths and belong to one split each, so that the same files give the same text on
every machine, and training never sees a byte of the validation text.
"""

import hashlib
import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

TRAIN, VALIDATION = "train", "validation"
_NOT_LIBRARY = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}


@dataclass(frozen=True)
class Text:
    """Bytes to train on and to validate with, from documents that are held apart.

    Attributes:
        train, validation: the bytes.
        documents: files read.
        sha256: of every name and content read, in order: equal digests mean equal texts.
    """

    train: UInt8[np.ndarray, "train"]
    validation: UInt8[np.ndarray, "validation"]
    documents: int
    sha256: str


def read_text(
    place: str | None = None, *, validation: float = 0.1, most: int | None = None, pattern: str = "*"
) -> Text:
    """Return the text of a place.

    Args:
        place: a file or a folder, read with all below it; None: the standard library.
        validation: fraction held apart, in (0, 1): of the documents, or the end of a single file.
        most: bytes after which no further file is read, and to which the text is cut; None: all.
        pattern: which files of a folder, e.g. "*.txt".

    Raises:
        ValueError: no such file, or one of the splits is empty.
    """
    parts: dict[str, list[bytes]] = {TRAIN: [], VALIDATION: []}
    digest, read = hashlib.sha256(), 0
    paths = text_files(place, pattern)
    for count, path in enumerate(paths, start=1):  # noqa: B007 - how many were read
        content = path.read_bytes() if most is None else path.read_bytes()[: most - read]
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
        for split, piece in split_document(content, validation, alone=len(paths) == 1):
            parts[split].append(piece)
        read += len(content)
        if read == most:
            break
    train, held = (np.frombuffer(b"".join(parts[split]), dtype=np.uint8) for split in (TRAIN, VALIDATION))
    if not len(train) or not len(held):
        empty = VALIDATION if len(train) else TRAIN
        raise ValueError(
            f"{place or 'the standard library'}: {count} documents of {read} bytes leave nothing for {empty} "
            f"(validation = {validation:g}); give more text or another fraction"
        )
    return Text(train, held, count, digest.hexdigest())


def text_files(place: str | None = None, pattern: str = "*") -> list[Path]:
    """Return a place's files in the order of their paths; arguments as of `read_text`.

    Hidden files and folders are left out; of the standard library also its tests and what is installed beside it.

    Raises:
        ValueError: there is none.
    """
    if place is not None and Path(place).expanduser().is_file():
        return [Path(place).expanduser()]
    root = Path(sysconfig.get_paths()["stdlib"] if place is None else place).expanduser()
    left_out = _NOT_LIBRARY if place is None else set()
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in left_out and not name.startswith(".")]
        found += [
            path
            for path in (Path(folder, name) for name in files if not name.startswith("."))
            if path.match("*.py" if place is None else pattern) and path.is_file()
            if not (place is None and path.name.startswith("_sysconfigdata"))  # of the machine, not of the library
        ]
    found.sort(key=lambda path: path.relative_to(root).parts)
    if not found:
        raise ValueError(f"no file {pattern} in {root}; valid: a text file, or a folder that holds some")
    return found


def split_document(content: bytes, validation: float, *, alone: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield (split, content) of one document.

    A document goes whole to the split that its own bytes choose, so that copies of it stay together and other documents
    change nothing. One that is `alone` is cut at a line instead, its end for validation.

    Raises:
        ValueError: validation lies outside [0, 1).
    """
    if not 0 <= validation < 1:
        raise ValueError(f"validation = {validation:g} is out of range; valid: 0 <= validation < 1")
    if not alone:
        chosen = int.from_bytes(hashlib.sha256(content).digest()[:8], "big") < validation * 2**64
        yield (VALIDATION if chosen else TRAIN), content
        return
    place = round(len(content) * (1 - validation))
    line = content.rfind(b"\n", 0, place) + 1
    cut = line or place
    yield TRAIN, content[:cut]
    if cut < len(content) and validation > 0:
        yield VALIDATION, content[cut:]


def library_bytes(most: int) -> UInt8[np.ndarray, "bytes"]:
    """Return the first `most` bytes of the standard library's top-level modules, in the order of their names."""
    return folder_bytes(sysconfig.get_paths()["stdlib"], most, "*.py")


def folder_bytes(folder: str, most: int, pattern: str = "*") -> UInt8[np.ndarray, "bytes"]:
    """Return the first `most` bytes of a folder's files, in the order of their names.

    Raises:
        ValueError: the folder holds no such file.
    """
    files = [path for path in sorted(Path(folder).expanduser().glob(pattern)) if path.is_file()]
    if not files:
        raise ValueError(f"no file {pattern} in {folder}")
    found = bytearray()
    for path in files:
        found += path.read_bytes()
        if len(found) >= most:
            break
    return np.frombuffer(bytes(found[:most]), dtype=np.uint8)
