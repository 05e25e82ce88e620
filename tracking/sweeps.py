"""What does a sweep leave on disk? Its points' names, the errors of those that failed, and their common result.

    ROOT/<experiment>/sweep-<key>/
        sweep.json         what is swept, and every point: overrides, settings and key, in the sweep's order
        failures/          one file per point that failed, until it succeeds
        curves.parquet  agreement.csv  claims.json  figure.png  figure.svg      of all finished points together
        manifest.json      written last, once every point is there

A point is an ordinary run directory in ROOT/<experiment>/, found by its key: sweeps that overlap share points, and a
sweep with another value on an axis computes only that value's points.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from solv.tracking.files import restored, strict_json, write_text
from solv.tracking.runs import RunDirectory, RunDirectoryError, RunStore

DONE, FAILED, STARTED, MISSING = "done", "failed", "started", "missing"
ALL_STATES = (DONE, FAILED, STARTED, MISSING)
_PREFIX = "sweep-"


@dataclass(frozen=True)
class Point:
    """One job of a sweep.

    Attributes:
        key: content key of its run.
        overrides: what tells it from the other points, `key=value` in Hydra's grammar.
        settings: all its settings, JSON-ready.
    """

    key: str
    overrides: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The point in words."""
        return " ".join(self.overrides) or "the base point"


@dataclass(frozen=True)
class Failure:
    """Why a point has no result.

    Attributes:
        error: one line.
        where: host, process or engine job.
        traceback: the whole story.
    """

    error: str
    where: str
    traceback: str = ""


@dataclass(frozen=True)
class SweepDirectory:
    """One sweep on disk, in the folder of its experiment's runs."""

    store: RunStore
    experiment: str
    key: str

    @property
    def path(self) -> Path:
        """The sweep's folder."""
        return self.store.root / self.experiment / f"{_PREFIX}{self.key}"

    @property
    def group(self) -> str:
        """The name that its records share on W&B."""
        return f"{self.experiment} sweep {self.key}"

    @property
    def result(self) -> RunDirectory:
        """The aggregate, which is written and read as a run's result is."""
        return RunDirectory(self.path)

    def begin(self, description: Mapping[str, object]) -> None:
        """Make the folder and record what is swept; if that was done before, leave everything as it is."""
        try:
            (self.path / "failures").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunDirectoryError(
                f"cannot write to {self.path}: {error.strerror or error}; choose another folder with --runs-dir"
            ) from error
        if not (self.path / "sweep.json").exists():
            self._write(description, [])

    def description(self) -> Mapping[str, Any]:
        """Return what is swept, as `begin` recorded it; empty if it was not begun.

        Raises:
            RunDirectoryError: the file is damaged.
        """
        return self._read()[0]

    @property
    def preset(self) -> str:
        """The preset that is swept."""
        return str(self.description().get("preset", ""))

    def points(self) -> list[Point]:
        """Return the points recorded so far, in the sweep's order.

        Raises:
            RunDirectoryError: the file is damaged.
        """
        return self._read()[1]

    def _read(self) -> tuple[Mapping[str, Any], list[Point]]:
        path = self.path / "sweep.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            points = [Point(p["key"], tuple(p["overrides"]), restored(p["settings"])) for p in content["points"]]
            return dict(content["sweep"]), points
        except FileNotFoundError:
            return {}, []
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunDirectoryError(f"{path} is damaged ({error}); delete it: the points themselves stay") from error

    def add(self, points: Iterable[Point]) -> None:
        """Record points that are not recorded yet."""
        known = {point.key: point for point in self.points()}
        merged = {**known, **{point.key: point for point in points if point.key not in known}}
        if len(merged) > len(known):
            self._write(self.description(), merged.values())

    def _write(self, description: Mapping[str, object], points: Iterable[Point]) -> None:
        content = {"sweep": dict(description), "points": [asdict(point) for point in points]}
        write_text(self.path / "sweep.json", strict_json(content, 1) + "\n")

    # -- state of the points ---------------------------------------------------------------------------------------

    def finished(self) -> dict[str, RunDirectory]:
        """Return the newest finished run of every key of the experiment; one that is damaged counts as missing."""
        runs = self.store.runs(self.experiment)
        return {run.key: run for run in runs if run.finished and run.fault() is None}

    def fault(self) -> str | None:
        """Return what of a finished sweep cannot be read, in one line; None if it is sound."""
        try:
            self.description()
        except RunDirectoryError as error:
            return str(error)
        return self.result.fault()

    def states(self) -> dict[str, str]:
        """Return the state of every point: done, failed, started or missing."""
        finished, begun = set(self.finished()), {run.key for run in self.store.runs(self.experiment)}
        return {
            point.key: DONE
            if point.key in finished
            else FAILED
            if self.failure(point.key) is not None
            else STARTED
            if point.key in begun
            else MISSING
            for point in self.points()
        }

    def failure(self, key: str) -> Failure | None:
        """Return why a point failed; None if it did not."""
        try:
            return Failure(**json.loads(self._failure_path(key).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            return Failure("failed; its record is damaged", "")

    def record_failure(self, key: str, failure: Failure) -> None:
        """Record why a point failed."""
        self._failure_path(key).parent.mkdir(parents=True, exist_ok=True)
        write_text(self._failure_path(key), json.dumps(asdict(failure), indent=1) + "\n")

    def forget_failure(self, key: str) -> None:
        """Drop the record of a failure: the point is tried again or has succeeded."""
        with suppress(FileNotFoundError):
            self._failure_path(key).unlink()

    def _failure_path(self, key: str) -> Path:
        return self.path / "failures" / f"{key}.json"


def sweeps(store: RunStore, experiment: str) -> list[SweepDirectory]:
    """Return the sweeps of an experiment, the one begun last at the end."""
    folder = store.root / experiment
    found = [path for path in folder.glob(f"{_PREFIX}*") if (path / "sweep.json").is_file()]
    found.sort(key=lambda path: (path.stat().st_ctime, path.name))
    return [SweepDirectory(store, experiment, path.name.removeprefix(_PREFIX)) for path in found]
