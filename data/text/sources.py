"""Which text is there without a network? The source of Python's standard library, or a file or folder of the user's.

Documents come in the order of their paths and belong to one split each, so that the same files give the same text on
every machine, and training never sees a byte of the validation text.
"""

import hashlib
import os
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

TRAIN, VALIDATION = "train", "validation"
NAMED = 5  # files that a message names
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


@dataclass(frozen=True)
class Found:
    """The files of a place.

    Attributes:
        files: in the order of their paths.
        followed: linked folders that were read.
        not_followed: linked folders that lead to what is read anyway, or to a folder that holds the place.
        broken: links to files that are not there.
    """

    files: tuple[Path, ...]
    followed: int
    not_followed: int
    broken: int

    @property
    def notes(self) -> list[str]:
        """What became of links, a sentence each."""
        said = []
        if self.followed:
            said.append(f"{_counted(self.followed, 'linked folder')} followed")
        if self.not_followed:
            said.append(
                f"{_counted(self.not_followed, 'linked folder')} not followed: read anyway, or around the place"
            )
        if self.broken:
            said.append(f"{_counted(self.broken, 'link')} to no file left out")
        return said


class NotUtf8Error(ValueError):
    """A file is not UTF-8 where text is needed; the message names it."""


def readable(
    files: Sequence[Path], errors: Literal["strict", "replace", "skip", "bytes"], told: Callable[[Path], None]
) -> Iterator[bytes]:
    """Yield the contents of files, in UTF-8 unless `errors` says bytes.

    Args:
        files: in order.
        errors: what becomes of a file that is not UTF-8: an error, characters replaced, left out, bytes as they are.
        told: called with each file that is not UTF-8, unless it is an error.

    Raises:
        NotUtf8Error: a file that is not UTF-8, if errors are strict.
    """
    for path in files:
        content = path.read_bytes()
        try:
            content.decode()
        except UnicodeDecodeError as error:
            if errors == "strict":
                raise NotUtf8Error(
                    f"{path} is not UTF-8 (byte {error.start}); --skip-bad leaves such files out, --errors replace "
                    "puts replacement characters, --pattern chooses files, --tokenizer bytes takes any"
                ) from None
            told(path)
            if errors == "skip":
                continue
            if errors == "replace":
                content = content.decode(errors="replace").encode()
        yield content


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


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
    """Return a place's files in the order of their paths, as `find_files` finds them; arguments as of `read_text`.

    Raises:
        ValueError: there is none.
    """
    return list(find_files(place, pattern).files)


def find_files(place: str | None = None, pattern: str = "*", without: Path | None = None) -> Found:
    """Return a place's files in the order of their paths, and what became of its links.

    Hidden files and folders are left out; of the standard library also its tests and what is installed beside it. A
    linked folder is read like another, each real folder once: a link into what is read anyway, or to a folder that
    holds the place, is not followed.

    Args:
        place, pattern: as of `read_text`.
        without: a folder that is no part of the text though it may lie in the place, e.g. where the output goes.

    Raises:
        ValueError: there is none.
    """
    if place is not None and Path(place).expanduser().is_file():
        return Found((Path(place).expanduser(),), 0, 0, 0)
    root = Path(sysconfig.get_paths()["stdlib"] if place is None else place).expanduser()
    left_out = _NOT_LIBRARY if place is None else set()
    real_root = root.resolve()
    skipped = None if without is None else without.resolve()
    seen = {real_root}
    found: list[Path] = []
    links: list[Path] = []
    broken = 0

    def walk(start: Path) -> None:
        nonlocal broken
        for folder, folders, files in os.walk(start):
            names = sorted(name for name in folders if name not in left_out and not name.startswith("."))
            links.extend(path for path in (Path(folder, name) for name in names) if path.is_symlink())
            folders[:] = []
            for name in names:
                path = Path(folder, name)
                real = path.resolve()
                if not path.is_symlink() and real not in seen and real != skipped:
                    seen.add(real)
                    folders.append(name)
            for path in (Path(folder, name) for name in files if not name.startswith(".")):
                wanted = path.match("*.py" if place is None else pattern)
                broken += wanted and path.is_symlink() and not path.exists()
                if wanted and path.is_file() and not (place is None and path.name.startswith("_sysconfigdata")):
                    found.append(path)  # `_sysconfigdata` is of the machine, not of the library

    walk(root)
    followed = not_followed = 0
    while links and place is not None:
        link = links.pop(0)
        real = link.resolve()
        if real in seen or real == skipped or real_root.is_relative_to(real):
            not_followed += 1
            continue
        seen.add(real)
        followed += 1
        walk(link)
    found.sort(key=lambda path: path.relative_to(root).parts)
    if not found:
        raise ValueError(f"no file {pattern} in {root}; valid: a text file, or a folder that holds some")
    return Found(tuple(found), followed, not_followed, broken)


def split_document(content: bytes, validation: float, *, alone: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield (split, content) of one document.

    A document goes whole to the split that its own bytes choose, so that copies of it stay together and other documents
    change nothing. One that is `alone` is cut instead, its end for validation: at the line, else the blank, that is
    nearest before the place that the fraction says, if that is near; else there, and never inside a UTF-8 character.

    Raises:
        ValueError: validation lies outside [0, 1).
    """
    if not 0 <= validation < 1:
        raise ValueError(f"validation = {validation:g} is out of range; valid: 0 <= validation < 1")
    if not alone:
        chosen = int.from_bytes(hashlib.sha256(content).digest()[:8], "big") < validation * 2**64
        yield (VALIDATION if chosen else TRAIN), content
        return
    cut = _place_of_cut(content, validation) if validation > 0 else len(content)
    yield TRAIN, content[:cut]
    if cut < len(content) and validation > 0:
        yield VALIDATION, content[cut:]


def _place_of_cut(content: bytes, validation: float) -> int:
    """Return where a document that is alone is cut, within half of the shorter part of the place that is meant."""
    place = round(len(content) * (1 - validation))
    reach = max(min(place, len(content) - place) // 2, 1)
    for end in (b"\n", b" "):
        near = content.rfind(end, max(place - reach, 0), place) + 1
        if near:
            return near
    for back in range(4):  # a UTF-8 character has at most four bytes, and all but its first begin with the bits 10
        if place - back <= 0 or place == len(content) or content[place - back] & 0xC0 != 0x80:
            return max(place - back, 0)
    return place


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
