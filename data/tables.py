"""How does a table that a person, a spreadsheet or another tool saved become rows?

CSV with `,`, `;`, tab or `|`, JSON lines, or one JSON list of objects; UTF-8 with or without a byte-order mark, UTF-16
or UTF-32, also gzipped. Rows are read one after the other: a file may be larger than the memory.
"""

import csv
import gzip
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

SEPARATORS = (",", ";", "\t", "|")
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_MISSING = {"", "nan", "none", "null", "na", "n/a", "#n/a", "-", "?"}
_HEAD = 4096  # bytes that are looked at before a file is read


class TableError(ValueError):
    """A file cannot be read as a table; the message is one line and holds no cell of the file but its column names."""


@dataclass(frozen=True)
class Table:
    """A table to be read once, row by row.

    Attributes:
        path: of the file.
        kind: csv, json lines or json.
        columns: the names, blanks around them taken off; of JSON, those of the first object.
        separator: of a CSV file; "" otherwise.
    """

    path: Path
    kind: str
    columns: tuple[str, ...]
    separator: str
    encoding: str | None

    def rows(self, names: Sequence[str]) -> Iterator[tuple[int, list[Any] | str]]:
        """Yield the number of each row's line and its cells of these columns, or a sentence about what is wrong.

        A missing cell of JSON is None. Lines of JSON are those of the file; of a JSON list, places from 1.

        Raises:
            TableError: the file is cut in the middle of a character, or is no JSON at all.
        """
        return self._csv_rows(names) if self.kind == "csv" else self._json_rows(names)

    def objects(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Yield the number of each row's line and the row by its column names, or a sentence about what is wrong."""
        if self.kind != "csv":
            yield from self._json_objects()
            return
        for line, cells in self._csv_rows(self.columns):
            yield line, cells if isinstance(cells, str) else dict(zip(self.columns, cells, strict=True))

    def _csv_rows(self, names: Sequence[str]) -> Iterator[tuple[int, list[Any] | str]]:
        places = [self.columns.index(name) for name in names]
        width = len(self.columns)
        with opened(self.path, self.encoding) as file, _as_table_errors(self.path):
            skipped, lines = _after_preamble(file)
            reader = csv.reader(lines, delimiter=self.separator)
            header = next(reader)
            for cells in reader:
                line = reader.line_num + skipped
                if cells == header:
                    yield line, "is the header again"
                elif (not cells or not cells[0].strip()) and not any(map(str.strip, cells)):
                    continue
                elif len(cells) == width or (len(cells) > width and not any(map(str.strip, cells[width:]))):
                    yield line, [cells[place] for place in places]
                else:
                    yield line, "has not as many cells as the header"

    def _json_rows(self, names: Sequence[str]) -> Iterator[tuple[int, list[Any] | str]]:
        for line, row in self._json_objects():
            yield line, row if isinstance(row, str) else [row.get(name) for name in names]

    def _json_objects(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        with opened(self.path, self.encoding) as file, _as_table_errors(self.path):
            if self.kind == "json":
                for place, row in enumerate(_list_of(json.load(file)), start=1):
                    yield place, _stripped(row) if isinstance(row, dict) else "is no object"
                return
            for line, text in enumerate(file, start=1):
                if not text.strip():
                    continue
                try:
                    row = json.loads(text)
                except ValueError:
                    yield line, "is not JSON"
                    continue
                yield line, _stripped(row) if isinstance(row, dict) else "is no object"


def open_table(path: Path | str, encoding: str | None = None) -> Table:
    """Return what a table is like; its rows are read later.

    Args:
        path: the file.
        encoding: of the text; None: told from the first bytes, else UTF-8.

    Raises:
        TableError: no such file, an empty one, or no text; OSError messages are kept.
    """
    path = Path(path).expanduser()
    with opened(path, encoding) as file, _as_table_errors(path):
        first = _first_line(file)
        if not first.strip():
            raise TableError(f"{path}: the file is empty")
        if first.lstrip()[0] in "{[":
            return _json_table(path, encoding, first, file)
    with opened(path, encoding) as file, _as_table_errors(path):
        _, lines = _after_preamble(file)
        header = next(lines, "")
        separator = _separator(header)
        names = next(csv.reader(chain([header], lines), delimiter=separator), [])
    return Table(path, "csv", tuple(" ".join(name.split()) for name in names), separator, encoding)


def read_json(path: Path | str, encoding: str | None = None) -> Any:
    """Return the content of a JSON file, NaN and Infinity included.

    Raises:
        TableError: no such file, or it is no JSON.
    """
    path = Path(path).expanduser()
    with opened(path, encoding) as file, _as_table_errors(path):
        return json.load(file)


def opened(path: Path, encoding: str | None = None) -> IO[str]:
    """Open a text file whose encoding is told from its first bytes.

    Raises:
        TableError: no such file, a folder, or an unknown encoding.
    """
    csv.field_size_limit(sys.maxsize)  # a prompt of many shots is one cell
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            head = file.read(_HEAD)
        chosen = encoding or _encoding(head)
        if packed:
            return gzip.open(path, "rt", encoding=chosen, newline="")
        return path.open(encoding=chosen, newline="")
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from None
    except EOFError:
        raise TableError(f"{path}: the gzipped file is cut") from None
    except LookupError:
        raise TableError(f"encoding {encoding!r} is unknown; valid: e.g. utf-8, utf-16, cp1252") from None


def real(cell: Any) -> float:
    """Return a number that somebody wrote, NaN for a blank; also `1,5`, `1 000`, `5e3`, `inf`.

    Raises:
        ValueError: it is no number.
    """
    if cell is None:
        return math.nan
    if isinstance(cell, bool):
        return float(cell)
    if isinstance(cell, int | float):
        return float(cell)
    if not isinstance(cell, str):
        raise ValueError("is no number")
    text = cell.strip().strip("\u00a0")
    if text.lower() in _MISSING:
        return math.nan
    try:
        return float(text)
    except ValueError:
        pass
    if text.count(",") == 1 and "." not in text:
        return float(text.replace(",", "."))
    return float(text.replace(",", "").replace(" ", "").replace("\u00a0", ""))


def missing(cell: Any) -> bool:
    """Return whether a cell holds nothing: a blank, null, NaN."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and cell.strip().lower() in _MISSING


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    pairs = max(len(head) // 2, 1)
    if head[1::2].count(0) > 0.4 * pairs:
        return "utf-16-le"
    if head[0::2].count(0) > 0.4 * pairs:
        return "utf-16-be"
    return "utf-8"


class _as_table_errors:  # noqa: N801 - reads as a statement
    """Makes one sentence of what goes wrong while a file is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeError):
            line = _line_of_fault(self.path)
            raise TableError(
                f"{self.path}: line {line} is not UTF-8; save the file as CSV UTF-8, or name what it is with "
                "--encoding cp1252 (Western Europe) or another"
            ) from None
        if isinstance(error, csv.Error):
            raise TableError(f"{self.path}: not a CSV file ({error})") from None
        if isinstance(error, json.JSONDecodeError):
            raise TableError(f"{self.path}: not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
        if isinstance(error, OSError | EOFError) and not isinstance(error, BrokenPipeError):
            raise TableError(f"{self.path}: {getattr(error, 'strerror', None) or error}") from None
        if isinstance(error, RecursionError):
            raise TableError(f"{self.path}: JSON that is nested too deeply") from None


def _line_of_fault(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _first_line(file: IO[str]) -> str:
    for line in file:
        if line.strip():
            return line
    return ""


def _after_preamble(file: IO[str]) -> tuple[int, Iterator[str]]:
    """Return how many lines come before the header (blank, `sep=;`, comments), and the lines from it on."""
    skipped = 0
    for line in file:
        if line.strip() and not line.lstrip().startswith("#") and not line.lower().startswith("sep="):
            return skipped, chain([line], file)
        skipped += 1
    return skipped, iter(())


def _separator(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=lambda each: (outside.count(each), -SEPARATORS.index(each)))


def _json_table(path: Path, encoding: str | None, first: str, rest: IO[str]) -> Table:
    """Return the table of a file that begins like JSON: an object a line, or one list."""
    try:
        row = json.loads(first)
    except ValueError:
        row = None
    if isinstance(row, dict) and (_first_line(rest) or not _is_nested(row)):
        return Table(path, "json lines", tuple(_stripped(row)), "", encoding)
    if first.lstrip()[0] == "{" and row is None:
        content = read_json(path, encoding)
        return Table(path, "json", tuple(_stripped(content)) if isinstance(content, dict) else (), "", encoding)
    content = read_json(path, encoding)
    rows = _list_of(content)
    named = next((each for each in rows if isinstance(each, dict)), {})
    return Table(path, "json", tuple(_stripped(named)), "", encoding)


def _is_nested(row: Mapping[str, Any]) -> bool:
    """Return whether an object holds nothing but lists of objects: a whole file in one line."""
    return bool(row) and all(isinstance(each, list) and each and isinstance(each[0], dict) for each in row.values())


def _list_of(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _stripped(row: Mapping[str, Any]) -> dict[str, Any]:
    return {" ".join(str(key).split()): value for key, value in row.items()}
