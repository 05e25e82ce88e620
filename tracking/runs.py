"""What does a run leave on disk, and how is it found, resumed and read again? The run directory.

    ROOT/<experiment>/<timestamp>-<key>/
        started.json       what the run was started from: the test of whether it can be resumed
        config.yaml        resolved configuration
        checkpoints/       finished units of work (.npz) and training states (.pt)
        log.txt            progress lines
        curves.parquet  claims.json  figure.png  figure.svg
        manifest.json      written last: a directory without it is unfinished

`key` is a hash of the scientific configuration, so a finished directory with the same key answers the same question.
"""

import ctypes
import errno
import hashlib
import io
import json
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from solv.tracking.claims import Finding, findings_from_json, findings_to_json
from solv.tracking.curves import Curves, CurvesError, check_curves, upgrade
from solv.tracking.files import replacing, strict_json, write_bytes, write_text

LOCK_SECONDS = 60.0  # for a lock that may be that of a dead process
ENOLCK_SECONDS = 3.0  # in which a lock service that is short of locks may have some again
MANIFEST_VERSION = 2  # 1: a text named each curve, before curves had parts and params
LONG_UNIT = 0.1  # seconds of a unit of work after which freed memory is given back, which takes some milliseconds
_TOOK = "seconds: wall, cpu"  # beside the arrays of a unit; no name of theirs
_DIRECTORY = re.compile(r"(?P<timestamp>\d{8}-\d{6})-(?P<key>[0-9a-f]{12})(-\d+)?")


class RunDirectoryError(Exception):
    """A run directory or the folder of runs cannot be read or written; the message names it and the way out."""


def content_key(experiment: str, settings: Mapping[str, object]) -> str:
    """Return the 12-digit key of a scientific configuration: equal settings, equal key, whatever their order."""
    canonical = json.dumps({"experiment": experiment, "settings": settings}, sort_keys=True, allow_nan=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


@dataclass
class Seconds:
    """Time that was spent: `wall` time, and that of the `cpu`."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True)
class RunDirectory:
    """One run on disk.

    Attributes:
        path: its folder.
        spared: what earlier goes had spent on the units that this one has read rather than computed.
    """

    path: Path
    spared: Seconds = field(default_factory=Seconds, compare=False, repr=False)
    _counted: set[str] = field(default_factory=set, compare=False, repr=False)  # units whose time is in this go's

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.path.parent.name

    @property
    def key(self) -> str:
        """Key of the scientific configuration."""
        return self._parts["key"]

    @property
    def started(self) -> datetime:
        """Local time at which the run was first started."""
        return datetime.strptime(self._parts["timestamp"], "%Y%m%d-%H%M%S")

    @property
    def finished(self) -> bool:
        """Whether the manifest, written last, is there."""
        return (self.path / "manifest.json").is_file()

    @property
    def of_earlier_version(self) -> bool:
        """Whether a finished run was written before curves had parts and params; it is shown, but not gone on from."""
        try:
            return int(str(self.manifest()["manifest_version"])) < MANIFEST_VERSION
        except RunDirectoryError:
            return False

    @property
    def preset(self) -> str:
        """Preset that a finished run came from; empty if its manifest cannot be read."""
        try:
            return str(self.manifest().get("preset", ""))
        except RunDirectoryError:
            return ""

    @property
    def verdicts(self) -> dict[str, str]:
        """Verdict of each claim of a finished run, as its manifest has them.

        Raises:
            RunDirectoryError: the manifest is missing, damaged or from a later version.
        """
        found = self.manifest().get("claims", {})
        return {str(claim): str(verdict) for claim, verdict in found.items()} if isinstance(found, dict) else {}

    @property
    def _parts(self) -> dict[str, str]:
        match = _DIRECTORY.fullmatch(self.path.name)
        if match is None:
            raise RunDirectoryError(f"{self.path} is not a run directory: its name is not <timestamp>-<key>")
        return match.groupdict()

    # -- written while running -------------------------------------------------------------------------------------

    def begin(self, config_yaml: str, provenance: Mapping[str, object]) -> None:
        """Make the directory and write what the run starts from."""
        (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
        write_text(self.path / "config.yaml", config_yaml)
        write_text(self.path / "started.json", strict_json(provenance) + "\n")

    def provenance(self) -> dict[str, object]:
        """Return what `begin` recorded; empty if the run was killed before that or the file is damaged."""
        try:
            content = json.loads((self.path / "started.json").read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def began_as(self, provenance: Mapping[str, object]) -> bool:
        """Return whether the run was begun with this provenance, so that it may be gone on with."""
        asked: object = json.loads(strict_json(provenance))
        return self.provenance() == asked

    def unit(self, name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return the arrays of one unit of work: read if it was finished before, computed and stored otherwise.

        A stored unit that cannot be read whole (truncated by a fault of the disk) is computed again.
        """
        path = self._unit_path(name)
        stored = _read_arrays(path)
        if stored is not None:
            wall, cpu = stored.pop(_TOOK, (0.0, 0.0))
            if name not in self._counted:  # a part may read what another has computed or read
                self._counted.add(name)
                self.spared.wall += float(wall)
                self.spared.cpu += float(cpu)
            return stored
        began, worked = time.monotonic(), time.process_time()
        arrays = {key: np.asarray(value) for key, value in compute().items()}
        took = time.monotonic() - began
        self._counted.add(name)
        buffer = io.BytesIO()
        np.savez(buffer, **{**arrays, _TOOK: np.array([took, time.process_time() - worked])})  # type: ignore[arg-type]
        write_bytes(path, buffer.getvalue())
        if took > LONG_UNIT:
            _give_memory_back()
        return arrays

    def checkpoint_path(self, name: str) -> Path:
        """Return where the training state called `name` is kept."""
        return self.path / "checkpoints" / f"{_file_name(name)}.pt"

    def has_unit(self, name: str) -> bool:
        """Return whether the unit called `name` is stored, whole or not."""
        return self._unit_path(name).is_file()

    def _unit_path(self, name: str) -> Path:
        return self.path / "checkpoints" / f"{_file_name(name)}.npz"

    def unit_lock(self, name: str) -> filelock.BaseFileLock:
        """Return the lock of who is at the unit called `name`, where several processes share the work."""
        return _lock(self.path / "checkpoints", _file_name(name))

    def log(self, line: str) -> None:
        """Append one line to log.txt."""
        with (self.path / "log.txt").open("a", encoding="utf-8") as handle:
            handle.write(line + "\n")

    # -- written at the end ----------------------------------------------------------------------------------------

    def write_curves(self, curves: Curves) -> None:
        """Write curves.parquet."""
        with replacing(self.path / "curves.parquet") as temporary:
            check_curves(curves).to_parquet(temporary, index=False)

    def write_findings(self, findings: list[Finding]) -> None:
        """Write claims.json."""
        write_text(self.path / "claims.json", findings_to_json(findings))

    def finish(self, manifest: Mapping[str, object]) -> None:
        """Write the manifest; from here on the run counts as finished."""
        content = {"manifest_version": MANIFEST_VERSION, **manifest}
        write_text(self.path / "manifest.json", strict_json(content) + "\n")

    # -- read afterwards -------------------------------------------------------------------------------------------

    def curves(self) -> Curves:
        """Return the curves of a finished run.

        Raises:
            RunDirectoryError: the table is missing, damaged or not of the schema.
        """
        path = self.path / "curves.parquet"
        try:
            return upgrade(pd.read_parquet(path))
        except (OSError, pa.ArrowException, CurvesError) as error:
            raise self._damaged(path, error) from error

    def findings(self) -> list[Finding]:
        """Return what a finished run says of each claim.

        Raises:
            RunDirectoryError: the file is missing or damaged.
        """
        path = self.path / "claims.json"
        try:
            return findings_from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._damaged(path, error) from error

    def config(self) -> dict[str, object]:
        """Return the resolved configuration that the run was started with.

        Raises:
            RunDirectoryError: config.yaml is missing or damaged.
        """
        path = self.path / "config.yaml"
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise self._damaged(path, error) from error
        if not isinstance(content, dict):
            raise self._damaged(path, ValueError("not a mapping"))
        return content

    def manifest(self) -> dict[str, object]:
        """Return the manifest of a finished run.

        Raises:
            RunDirectoryError: it is missing, damaged, or was written by a later version of solv.
        """
        path = self.path / "manifest.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version = int(content["manifest_version"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._damaged(path, error) from error
        if version > MANIFEST_VERSION:
            raise RunDirectoryError(
                f"{path} was written by a later solv (manifest version {version}, this one reads {MANIFEST_VERSION}): "
                "update solv"
            )
        return dict(content)

    def fault(self) -> str | None:
        """Return what of a finished run cannot be read, in one line; None if it is sound.

        The columns of the curves are not read, but where the file is cut off is seen.
        """
        try:
            self.manifest()
            self.findings()
            pq.read_metadata(self.path / "curves.parquet")
            if _DIRECTORY.fullmatch(self.path.name):  # the points of a sweep have their own
                (self.path / "config.yaml").stat()
        except RunDirectoryError as error:
            return str(error)
        except FileNotFoundError as error:
            return str(self._damaged(Path(error.filename or "curves.parquet"), error))
        except (OSError, pa.ArrowException) as error:
            return str(self._damaged(self.path / "curves.parquet", error))
        return None

    def parts_measured(self, settings_key: str) -> set[str]:
        """Return the parts that a finished run of these settings has measured; none if it is of others, or damaged."""
        try:
            manifest = self.manifest()
        except RunDirectoryError:
            return set()
        parts = manifest.get("parts") if not self.of_earlier_version else None
        same = manifest.get("settings_key") == settings_key and isinstance(parts, dict)
        return set(parts) if same and isinstance(parts, dict) else set()

    def _damaged(self, path: Path, error: Exception) -> RunDirectoryError:
        said = str(getattr(error, "strerror", None) or error)
        reason = said.splitlines()[0] if said else type(error).__name__
        return RunDirectoryError(
            f"run directory {self.path} is damaged: {path.name}: {reason}; "
            "the command that made it makes it again, or delete it"
        )


@dataclass(frozen=True)
class RunStore:
    """The folder that holds all run directories."""

    root: Path

    def runs(self, experiment: str | None = None) -> list[RunDirectory]:
        """Return the run directories, oldest first.

        Raises:
            RunDirectoryError: the folder cannot be read.
        """
        try:
            folders = [self.root / experiment] if experiment else sorted(_folders(self.root))
            found = [path for folder in folders for path in _folders(folder) if _DIRECTORY.fullmatch(path.name)]
        except OSError as error:
            raise RunDirectoryError(f"cannot read the runs directory {self.root}: {error.strerror}") from error
        return [RunDirectory(path) for path in sorted(found, key=lambda path: (path.name, path.parent.name))]

    def find(self, experiment: str, key: str) -> list[RunDirectory]:
        """Return the runs of one key, newest first."""
        return [run for run in reversed(self.runs(experiment)) if run.key == key]

    def new(self, experiment: str, key: str, now: datetime) -> RunDirectory:
        """Make and return the directory of a new run (a suffix is added if that second's name is taken).

        Names order the runs of a key in time, also where the clock went back: the last one's time is then used again.
        """
        earlier = [run.path.name[: len("YYYYmmdd-HHMMSS")] for run in self.find(experiment, key)]
        base = self.root / experiment / f"{max([f'{now:%Y%m%d-%H%M%S}', *earlier])}-{key}"
        for attempt in range(1000):
            path = base if attempt == 0 else base.with_name(f"{base.name}-{attempt + 1}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise self._unwritable(error) from error
            return RunDirectory(path)
        raise RunDirectoryError(f"{base} and 999 names after it are taken")

    @contextmanager
    def lock(
        self, experiment: str, key: str, on_wait: Callable[[], None], seconds: float = LOCK_SECONDS
    ) -> Iterator[None]:
        """Hold the only right to write runs of this key; if another process has it, call `on_wait` and wait.

        The lock is the operating system's (released at the latest when its process ends), so a killed run leaves none.
        Where the file system refuses those, a file stands for one: that of a process which was killed on this machine
        is taken over, that of one on another machine cannot be told from one in use, and is waited for `seconds`.

        Raises:
            RunDirectoryError: the folder cannot be written, or a file that stands for a lock did not go.
        """
        lock = self._lock(experiment, key)
        try:
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                on_wait()
                lock.acquire(timeout=seconds if isinstance(lock, filelock.SoftFileLock) else -1)
        except filelock.Timeout as error:
            raise RunDirectoryError(
                f"the process that {lock.lock_file} stands for has not ended in {seconds:g} s; try again when it has, "
                "and delete that file if it was killed"
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def finished(self, experiment: str | None = None, preset: str | None = None) -> list[RunDirectory]:
        """Return the finished runs, newest first, of one preset if it is given (a damaged manifest has none)."""
        found = [run for run in reversed(self.runs(experiment)) if run.finished]
        return found if preset is None else [run for run in found if run.preset == preset]

    def resolve(self, text: str) -> RunDirectory:
        """Return the run that a person means by a path, a directory name, an experiment or the start of a key.

        Of the runs of one experiment, or of one key, it is the newest finished one.

        Raises:
            RunDirectoryError: there is none, or the start of the key fits several keys.
        """
        path = Path(text).expanduser()
        if path.is_dir() and _DIRECTORY.fullmatch(path.resolve().name):
            return _known_finished(RunDirectory(path))
        runs = list(reversed(self.runs()))
        named = [run for run in runs if run.path.name == text]
        if named:
            return _known_finished(named[0])
        fitting = [run for run in runs if run.experiment == text] or [run for run in runs if run.key.startswith(text)]
        if not fitting or not text:
            raise RunDirectoryError(
                f"no run {text!r} in {self.root}: neither a path, a directory name nor a key; `solv runs`"
            )
        keys = sorted({run.key for run in fitting})
        if len(keys) > 1 and fitting[0].experiment != text:
            raise RunDirectoryError(f"{text!r} fits several runs ({', '.join(keys)}); type more of the key")
        return next((run for run in fitting if run.finished), None) or _known_finished(fitting[0])

    def discard_unfinished(self, run: RunDirectory) -> bool:
        """Delete a run that is unfinished and that no live process holds the lock of; return whether it was.

        Raises:
            RunDirectoryError: the folder cannot be written.
        """
        lock = self._lock(run.experiment, run.key)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            if run.finished or not run.path.is_dir():
                return False
            shutil.rmtree(run.path)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            lock.release()
        return True

    def _lock(self, experiment: str, key: str) -> filelock.BaseFileLock:
        folder = self.root / experiment / ".locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _lock(folder, key)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> RunDirectoryError:
        return RunDirectoryError(
            f"cannot write to the runs directory {self.root}: {error.strerror or error}; "
            "choose another with --runs-dir or SOLV_RUNS_DIR"
        )


def _lock(folder: Path, name: str) -> filelock.BaseFileLock:
    """Return a lock that one process at a time can hold: the operating system's, or a file that stands for one."""
    if refuses_locks(folder):
        return filelock.SoftFileLock(folder / f"{name}.taken")
    return filelock.FileLock(folder / f"{name}.lock")


def refuses_locks(folder: Path) -> bool:
    """Return whether the file system of a folder refuses a lock even on a file that nobody else knows.

    Raises:
        OSError: no file can be made there.
    """
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # Windows, whose locks are part of opening a file
        return False
    deadline = time.monotonic() + ENOLCK_SECONDS
    with tempfile.TemporaryFile(dir=folder) as probe:
        while True:
            try:
                flock(probe, LOCK_EX | LOCK_NB)
            except OSError as error:
                if error.errno != errno.ENOLCK or time.monotonic() > deadline:
                    return True
                time.sleep(0.1)
            else:
                return False


def _known_finished(run: RunDirectory) -> RunDirectory:
    if not run.finished:
        raise RunDirectoryError(f"{run.path} is unfinished; the command that started it goes on where it stopped")
    return run


def _folders(folder: Path) -> list[Path]:
    if not folder.exists():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _give_memory_back() -> None:
    """Give the system what a unit has freed, where the C library can.

    glibc keeps freed tables of some tens of MB, and between what stays of each unit the next ones do not fit: the spin
    glasses of jailbreak grew by 30 MB a unit.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library
        return


def _read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def _file_name(name: str) -> str:
    """Return a file name for a unit: readable, safe, and distinct for distinct names."""
    readable = re.sub(r"[^A-Za-z0-9._=+-]+", "_", name)[:80]
    return readable if readable == name else f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
