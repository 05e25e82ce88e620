"""How is a downloaded archive fetched, checked and unpacked so that a hostile one does no harm?

Nothing is unpacked onto the disk: members are read one by one, by names that are expected, from an archive whose every
member is a plain file with a name inside it, none larger than expected.
"""

import hashlib
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

CHUNK = 1 << 20


class ArchiveError(ValueError):
    """An archive cannot be fetched or read; the message is one line that names the file and the member."""


def digest(path: Path, algorithm: str) -> str:
    """Return the hexadecimal digest of a file.

    Raises:
        ArchiveError: there is no such file.
    """
    summary = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                summary.update(chunk)
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror or error}") from None
    return summary.hexdigest()


def fetch(url: str, path: Path, algorithm: str, expected: str, told: Callable[[int, int], None]) -> bool:
    """Download a file, going on from what an earlier, broken download left beside it.

    Args:
        url: where it is.
        path: where it shall lie; nothing lies there before it is whole and has the expected digest.
        algorithm, expected: the digest.
        told: called with the bytes that are here and the bytes of the whole (0: unknown).

    Returns:
        Whether anything was downloaded: False where the file was there and has the digest.

    Raises:
        ArchiveError: no network, or a digest that is not the expected one.
    """
    if path.exists() and digest(path, algorithm) == expected:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".partial")
    here = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={here}-"} if here else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - addresses of ours
    try:
        with urllib.request.urlopen(request, timeout=60) as answer, part.open("ab") as file:  # noqa: S310
            if here and answer.status != 206:  # the server begins anew
                file.truncate(0)
                here = 0
            whole = here + int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                here += len(chunk)
                told(here, whole)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: all of it is here already
            raise ArchiveError(f"{url}: {error.code} {error.reason}") from None
    except (OSError, urllib.error.URLError) as error:
        kept = f"; what was fetched is kept in {part}" if part.is_file() and part.stat().st_size else ""
        raise ArchiveError(f"{url}: {getattr(error, 'reason', error)}{kept}") from None
    found = digest(part, algorithm)
    if found != expected:
        part.unlink()
        raise ArchiveError(f"{url}: its {algorithm} is {found}, not {expected}; the download was removed")
    part.replace(path)
    return True


def read_tar(path: Path, names: list[str], most: int) -> dict[str, bytes]:
    """Return the named members of a gzipped tar file.

    Args:
        path: the archive.
        names: of the members wanted.
        most: bytes that a member may have.

    Raises:
        ArchiveError: a damaged archive, a member that is missing, too large, a link, or named outside the archive.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                _check_name(path, member.name)
                if member.isdir():
                    continue
                if not member.isreg():
                    raise ArchiveError(f"{path}: {member.name} is a link or device, not a file")
                if member.name not in names:
                    continue
                if member.size > most:
                    raise ArchiveError(f"{path}: {member.name} has {member.size} bytes; valid: at most {most}")
                file = archive.extractfile(member)
                assert file is not None
                found[member.name] = file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"{path}: {getattr(error, 'strerror', None) or f'is damaged ({error})'}") from None
    if missing := [name for name in names if name not in found]:
        raise ArchiveError(f"{path}: {missing[0]} is missing")
    return found


class Zip:
    """A zip file of which members are read by name."""

    def __init__(self, path: Path, most: int) -> None:
        """Open and check the archive; no member may have more than `most` bytes.

        Raises:
            ArchiveError: a damaged archive, or a member that is too large, a link, or named outside the archive.
        """
        self._path = path
        try:
            self._file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ArchiveError(f"{path}: {getattr(error, 'strerror', None) or f'is damaged ({error})'}") from None
        for member in self._file.infolist():
            _check_name(path, member.filename)
            if (member.external_attr >> 16) & 0o170000 == 0o120000:
                raise ArchiveError(f"{path}: {member.filename} is a link, not a file")
            if member.file_size > most:
                raise ArchiveError(f"{path}: {member.filename} has {member.file_size} bytes; valid: at most {most}")

    @property
    def names(self) -> list[str]:
        """Names of the files, in order."""
        return sorted(name for name in self._file.namelist() if not name.endswith("/"))

    def read(self, name: str) -> bytes:
        """Return a member.

        Raises:
            ArchiveError: there is none of that name, or it is damaged.
        """
        try:
            return self._file.read(name)
        except KeyError:
            raise ArchiveError(f"{self._path}: {name} is missing") from None
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise ArchiveError(f"{self._path}: {name} is damaged ({error})") from None


def _check_name(path: Path, name: str) -> None:
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or ":" in name:
        raise ArchiveError(f"{path}: {name!r} lies outside the archive")
