"""How is one point of a sweep run? As an ordinary run whose error, if it has one, is recorded and stops no other."""

import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solv.harness.catalog import load
from solv.harness.presets import BLOCK
from solv.harness.runner import run_experiment, run_key
from solv.harness.settings import RunSettings, as_dictionary, replace, resolve
from solv.tracking.runs import RunStore
from solv.tracking.sweeps import Failure, Point, SweepDirectory


@dataclass(frozen=True)
class PointJob:
    """The function that an engine calls, in whatever process, for each point.

    Attributes:
        experiment: name of the experiment.
        preset: name of the preset.
        sweep: key of the sweep.
        runs_dir: absolute folder of the runs, the same for every process of the sweep.
        wandb: how each point is recorded, as the process that sweeps found it.
        fresh: run the point although it is finished.
    """

    experiment: str
    preset: str
    sweep: str
    runs_dir: str
    wandb: str
    fresh: bool

    @property
    def directory(self) -> SweepDirectory:
        """The sweep on disk."""
        return SweepDirectory(RunStore(Path(self.runs_dir)), self.experiment, self.sweep)

    def point(self, values: Mapping[str, Any], overrides: tuple[str, ...] = ()) -> Point:
        """Return the point of a composed configuration.

        Raises:
            ConfigurationError: a setting is wrong.
        """
        settings = self._settings(values)
        return Point(run_key(load(self.experiment), settings), overrides, as_dictionary(settings))

    def __call__(self, values: Mapping[str, Any]) -> None:
        """Run the point of a composed configuration; an error is recorded, not raised."""
        experiment, settings = load(self.experiment), self._settings(values)
        key, started = run_key(experiment, settings), time.monotonic()
        try:
            run_experiment(
                experiment,
                settings,
                preset=self.preset,
                fresh=self.fresh,
                say=_say,
                figure=False,
                group=self.directory.group,
            )
        except Exception as error:
            line = " ".join(f"{type(error).__name__}: {error}".split())
            where = f"{socket.gethostname()}, process {os.getpid()}"
            self.directory.record_failure(key, Failure(line, where, traceback.format_exc()))
            _say(f"point {key} failed: {line}")
        else:
            self.directory.forget_failure(key)
            _say(f"point {key} done in {time.monotonic() - started:.1f} s")

    def _settings(self, values: Mapping[str, Any]) -> RunSettings:
        own = {key: value for key, value in values.items() if key != BLOCK}
        settings: RunSettings = resolve(load(self.experiment).Config, own)
        return replace(settings, runs_dir=self.runs_dir, wandb=self.wandb)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
