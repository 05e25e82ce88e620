"""How does a sweep go through Hydra? As its MULTIRUN, with a launcher that is given only the points still missing.

The sweeper (Hydra's own grid, Optuna, ...) proposes points as it does elsewhere. Between it and the engine's launcher
stands `_Remaining`: it records the points, lets the engine run those that have no result on disk, and answers the
sweeper with what is on disk - so that an engine, a job or this process may die at any moment.
"""

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solv.harness.axes import distinct_axis
from solv.harness.compose import arguments, call_hydra, composed_values, how_to_quote, parsed, quoted, register
from solv.harness.contract import Experiment
from solv.harness.presets import BLOCK
from solv.harness.settings import (
    ConfigurationError,
    decides_numbers,
    describe,
    is_text,
    plain,
    resolve,
    scientific,
)
from solv.harness.sweep.plan import Metric, read_block
from solv.harness.sweep.points import PointJob
from solv.tracking.provenance import how_to_install
from solv.tracking.runs import content_key
from solv.tracking.sweeps import Failure, Point, SweepDirectory
from solv.tracking.wandb_mode import Decision, decide

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Engine:
    """A launcher of Hydra's.

    Attributes:
        name: Hydra's name of it.
        target: its class.
        jobs_key: the key of its number of jobs at a time; empty if it runs one after the other.
        module: what must be installed.
    """

    name: str
    target: str
    jobs_key: str
    module: str


ENGINES: dict[str, Engine] = {
    "local": Engine("basic", "hydra._internal.core_plugins.basic_launcher.BasicLauncher", "", "hydra"),
    "joblib": Engine(
        "joblib",
        "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
        "hydra.launcher.n_jobs",
        "hydra_plugins.hydra_joblib_launcher",
    ),
    "ray": Engine("solv_ray", "hydra_plugins.solv_ray_launcher.RayLauncher", "hydra.launcher.jobs", "ray"),
    "slurm": Engine(
        "submitit_slurm",
        "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
        "hydra.launcher.array_parallelism",
        "hydra_plugins.hydra_submitit_launcher",
    ),
}
JOBS_OF_THIS_MACHINE = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"
UNTAKEN = {
    ENGINES["slurm"].target: ("%", "\\", "${"),
    JOBS_OF_THIS_MACHINE: ("%", "${"),
}  # submitit reads them otherwise
GRID = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
PARTS = "parts"
MOST_KEPT = 500  # composed points at a time, 0.2 MB each
ATTEMPTS = 2  # with all points that are left; after that each goes alone, so that one that kills its worker is known


@dataclass(frozen=True)
class Sweep:
    """A sweep that was asked for and checked.

    Attributes:
        experiment: what is swept.
        job: the function of one point.
        metric: what a sweeper that searches minimises.
        argv: what Hydra is told.
        axes: keys that vary.
        is_grid: whether the points are known before any of them is run.
        description: what is swept, for the record.
        recorded: how its points are recorded on W&B.
    """

    experiment: Experiment[Any]
    job: PointJob
    metric: Metric | None
    argv: tuple[str, ...]
    axes: tuple[str, ...]
    is_grid: bool
    description: dict[str, Any]
    recorded: Decision

    @property
    def directory(self) -> SweepDirectory:
        """The sweep on disk."""
        return self.job.directory


def plan(
    name: str, preset: str, overrides: Sequence[str], launcher: str | None, jobs: int | None, fresh: bool
) -> Sweep:
    """Return the checked sweep; nothing is run or written.

    Raises:
        UnknownExperimentError, ConfigurationError: with the nearest valid choice or the missing package.
        ModeError: the environment or W&B's settings file holds an unknown word for how to record.
    """
    experiment = register(name, preset)
    read = parsed(overrides, experiment.Config)
    _refuse_axes([(text, override.key_or_group) for text, override in read if override.is_sweep_override()], experiment)
    typed_axes = [distinct_axis(text) for text, override in read if override.is_sweep_override()]
    fixed = [text for text, override in read if not override.is_sweep_override()]
    keys = [override.key_or_group for _, override in read]
    engine = _engine(launcher, keys)
    if "threads" not in keys:
        fixed.append("threads=1")  # as many jobs as cores; and the bits of a point do not depend on the engine
    values, hydra = composed_values(experiment, preset, [*fixed, *engine])
    engine += _jobs(str(hydra.launcher["_target_"]), launcher, jobs, keys)
    block = read_block(values.pop(BLOCK, None), experiment.Config)
    base = resolve(experiment.Config, values)
    parts = [part.name for part in experiment.chosen(base.parts)]
    axes = typed_axes or block.overrides(fixed=keys) or _over_parts(experiment, keys)
    own_axes = bool(hydra.sweeper.get("params"))
    if not axes and not own_axes:
        raise ConfigurationError(
            f"nothing to sweep: preset {preset} of {name} has no `sweep:` axes left; give some, e.g. "
            f"'{experiment.entry.axes[0]}=1,2'"
        )
    is_grid = hydra.sweeper["_target_"] == GRID
    if not is_grid and block.metric is None:
        raise ConfigurationError(f"preset {preset} of {name} names no metric: give sweep.metric, see docs/sweeps.md")
    searching = [] if is_grid else _searching(hydra, jobs, base.seed)
    sweeper = (
        composed_values(experiment, preset, [*fixed, *engine, *searching])[1].sweeper if searching else hydra.sweeper
    )
    description = {
        "axes": axes,
        "base": scientific(base),
        "sweeper": _plain(sweeper),
        "metric": None if is_grid or block.metric is None else scientific(block.metric),
    }
    if len(parts) < len(experiment.parts):  # their points are runs of their own: those of all parts are no repeats
        description["parts"] = parts
    key = content_key(name, description)
    runs_dir = str(Path(base.runs_dir).expanduser().absolute())
    recorded = decide(base.wandb)
    job = PointJob(name, preset, key, runs_dir, recorded.mode, fresh)
    _refuse_folder(str(hydra.launcher["_target_"]), runs_dir)
    place = [
        f"hydra.sweep.dir={quoted(plain(str(job.directory.path)))}",
        "hydra.sweep.subdir=.",
        f"hydra.job.name=solv-{name}",
    ]
    told = arguments(name, preset, [*fixed, *axes, *engine, *searching, *place])
    swept = tuple(override.key_or_group for _, override in parsed(axes)) + tuple(hydra.sweeper.get("params") or ())
    about = {"experiment": name, "preset": preset, "overrides": list(overrides), **description}
    return Sweep(experiment, job, block.metric, ("--multirun", *told), swept, is_grid, about, recorded)


def _refuse_folder(target: str, runs_dir: str) -> None:
    """Refuse a folder of runs that the launcher would take for another one."""
    for sign in UNTAKEN.get(target, ()):
        if sign in runs_dir:
            raise ConfigurationError(
                f"{target.rpartition('.')[2]} cannot have its jobs in {runs_dir}, where it takes {sign} for something "
                "else; choose another folder with --runs-dir, or another launcher"
            )


def _refuse_axes(axes: Sequence[tuple[str, str]], experiment: Experiment[Any]) -> None:
    """Refuse an axis whose points would be one: its values decide no number."""
    for text, key in axes:
        if key != PARTS and key in dict(describe(experiment.Config)) and not decides_numbers(experiment.Config, key):
            value = text.partition("=")[2]
            one = f"; {how_to_quote(key, value)}" if is_text(experiment.Config, key) else ""
            raise ConfigurationError(f"{text} gives several values, but {key} decides no number: give one{one}")


def _over_parts(experiment: Experiment[Any], fixed: Sequence[str]) -> list[str]:
    """Return the axis of a sweep that spreads the parts of an experiment, if it has several and none was chosen."""
    if PARTS in fixed or len(experiment.parts) < 2:
        return []
    return [f"{PARTS}={','.join(part.name for part in experiment.parts)}"]


def run(sweep: Sweep, say: Callable[[str], None]) -> None:
    """Run the points that have no result yet.

    Raises:
        ConfigurationError: the engine cannot be reached.
    """
    sweep.directory.begin(sweep.description)
    if sweep.recorded.warning:
        say(f"W&B: {sweep.recorded.warning}: the points are recorded {sweep.recorded.mode}")
    _through_hydra(sweep, say, launching=True)


def enumerate_points(sweep: Sweep) -> None:
    """Record the points of a grid without running any; those of a search are known only once proposed."""
    sweep.directory.begin(sweep.description)
    if sweep.is_grid:
        _through_hydra(sweep, lambda line: None, launching=False)


def _through_hydra(sweep: Sweep, say: Callable[[str], None], launching: bool) -> None:
    from omegaconf import OmegaConf

    job = sweep.job

    def task(config: "DictConfig") -> None:
        job(OmegaConf.to_container(config, resolve=True))  # type: ignore[arg-type]

    with _between_sweeper_and_engine(
        lambda engine, config, loader: _Remaining(sweep, engine, config, loader, say, launching)
    ):
        call_hydra(sweep.experiment, sweep.job.preset, task, sweep.argv)


@contextmanager
def _between_sweeper_and_engine(wrap: Callable[..., "Launcher"]) -> Iterator[None]:
    """Wrap the launcher that Hydra gives its sweeper: there is no setting for it that would hold for any launcher."""
    from hydra.core.plugins import Plugins

    original = Plugins.instantiate_launcher

    def instantiate(plugins: Any, hydra_context: Any, task_function: Any, config: "DictConfig") -> Any:
        hydra_context.config_loader = loader = _ComposedOnce(hydra_context.config_loader)
        return wrap(original(plugins, hydra_context, task_function, config), config, loader)

    Plugins.instantiate_launcher = instantiate
    try:
        yield
    finally:
        Plugins.instantiate_launcher = original


class _ComposedOnce:
    """Hydra's loader, which composes a point once for three who ask: the sweeper's check, the record, the launcher.

    Sent to a worker it is Hydra's own again.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._kept: dict[tuple[str, ...], DictConfig] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return _itself, (self._loader,)

    def load_sweep_config(self, master_config: "DictConfig", sweep_overrides: list[str]) -> "DictConfig":
        """Return the configuration of a point for the one who asks to change; what was kept of it is given away."""
        kept = self._kept.pop(tuple(sweep_overrides), None)
        return self.read(master_config, sweep_overrides) if kept is None else kept

    def read(self, master_config: "DictConfig", sweep_overrides: list[str]) -> "DictConfig":
        """Return the configuration of a point to be read only, and keep it for who asks next."""
        key = tuple(sweep_overrides)
        if key not in self._kept:
            config: DictConfig = self._loader.load_sweep_config(master_config, sweep_overrides)
            if len(self._kept) >= MOST_KEPT:
                return config
            self._kept[key] = config
        return self._kept[key]

    def forget(self) -> None:
        """Keep nothing: what was given away may have been changed."""
        self._kept.clear()


def _itself(loader: Any) -> Any:
    return loader


class _Remaining:
    """Launches what has no result on disk and returns what has."""

    def __init__(
        self,
        sweep: Sweep,
        engine: "Launcher",
        config: "DictConfig",
        loader: _ComposedOnce,
        say: Callable[[str], None],
        launching: bool,
    ) -> None:
        self._sweep, self._engine, self._config, self._loader = sweep, engine, config, loader
        self._say, self._launching = say, launching
        self._launched: set[str] = set()

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> "list[JobReturn]":
        """Do as `hydra.plugins.launcher.Launcher` says."""
        directory = self._sweep.directory
        points = [self._point(overrides) for overrides in job_overrides]
        directory.add(points)
        if self._launching:
            self._launch_remaining(points, job_overrides, initial_job_idx)
        return [self._answer(point) for point in points]

    def _point(self, overrides: Sequence[str]) -> Point:
        from omegaconf import OmegaConf

        config = self._loader.read(self._config, list(overrides))
        own = OmegaConf.create({key: value for key, value in config.items_ex(resolve=False) if key != "hydra"})
        values: Any = OmegaConf.to_container(own, resolve=True)
        told = tuple(text for text in overrides if text.partition("=")[0].lstrip("+") in self._sweep.axes)
        return self._sweep.job.point(values, told)

    def _launch_remaining(
        self, points: Sequence[Point], job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> None:
        directory = self._sweep.directory
        finished = set() if self._sweep.job.fresh else set(directory.finished())
        wanted = {
            point.key: list(overrides)
            for point, overrides in zip(points, job_overrides, strict=True)
            if point.key not in finished | self._launched
        }
        self._launched |= set(wanted)
        if len(wanted) < len(points):
            self._say(f"{len(points) - len(wanted)} of {len(points)} points are done")
        for key in wanted:
            directory.forget_failure(key)
        before = {key: run.path for key, run in directory.finished().items()}

        def lost() -> list[str]:
            now = directory.finished()
            return [
                key
                for key in wanted
                if (key not in now or now[key].path == before.get(key)) and directory.failure(key) is None
            ]

        for attempt in range(ATTEMPTS):
            left = lost()
            if not left:
                return
            if attempt:
                self._say(f"a worker died; {len(left)} points are launched again")
            if self._engine_survives([wanted[key] for key in left], left, initial_job_idx):
                break
        else:
            for key in lost():
                self._engine_survives([wanted[key]], [key], initial_job_idx)
        for key in lost():
            directory.record_failure(key, Failure("its process ended without a result (killed, or out of memory)", ""))

    def _engine_survives(self, overrides: list[list[str]], keys: list[str], initial_job_idx: int) -> bool:
        """Launch the jobs; return False if the engine broke down under them."""
        try:
            with self._accompanied(keys):
                self._engine.launch(overrides, initial_job_idx=initial_job_idx)
        except BrokenExecutor:
            return False
        except (RuntimeError, OSError, ImportError, ValueError) as error:
            raise ConfigurationError(f"the launcher cannot start jobs: {' '.join(str(error).split())}") from error
        finally:
            self._loader.forget()
        return True

    def _accompanied(self, keys: list[str]) -> AbstractContextManager[None]:
        """Return what stands around a launch of submitit's: patience with Slurm, the end of jobs of this machine."""
        target = self._config.hydra.launcher["_target_"]
        if target == ENGINES["slurm"].target:
            from solv.harness.sweep.slurm import patiently

            return patiently(self._sweep.directory, keys, self._say)
        if target == JOBS_OF_THIS_MACHINE:
            from solv.harness.sweep.local_jobs import ending_together

            return ending_together()
        return nullcontext()

    def _answer(self, point: Point) -> "JobReturn":
        from hydra.core.utils import JobReturn, JobStatus

        answer = JobReturn(overrides=list(point.overrides), status=JobStatus.COMPLETED)
        if self._sweep.is_grid or self._sweep.metric is None:
            return answer
        run = self._sweep.directory.finished().get(point.key)
        if run is None:
            failure = self._sweep.directory.failure(point.key)
            answer.status = JobStatus.FAILED
            answer.return_value = RuntimeError(failure.error if failure else "no result")
        else:
            answer.return_value = self._sweep.metric.of(run.curves())
        return answer


def _engine(launcher: str | None, keys: Sequence[str]) -> list[str]:
    """Return the override that chooses the launcher; none: that of the preset or of the person's defaults holds."""
    if launcher is None:
        return []
    if "hydra/launcher" in keys:
        raise ConfigurationError("give --launcher or hydra/launcher=..., not both")
    if launcher not in ENGINES:
        raise ConfigurationError(f"unknown launcher {launcher!r}; valid: {', '.join(ENGINES)}")
    engine = ENGINES[launcher]
    if not _installed(engine.module):
        raise ConfigurationError(f"the {launcher} launcher is not installed: {how_to_install(launcher)}")
    return [f"hydra/launcher={engine.name}"]


def _jobs(target: str, launcher: str | None, jobs: int | None, keys: Sequence[str]) -> list[str]:
    """Return the override of the number of jobs at a time, for the launcher of that class."""
    found = next(((name, engine) for name, engine in ENGINES.items() if engine.target == target), None)
    if found is None:
        if jobs is not None:
            raise ConfigurationError(
                f"--jobs {jobs}: {target} is no launcher of solv's; give its own key, hydra.launcher.*"
            )
        return []
    name, engine = found
    if not engine.jobs_key:
        if jobs not in (None, 1):
            raise ConfigurationError(
                f"--jobs {jobs}: the {name} launcher runs one job after the other; use --launcher joblib"
            )
        return []
    if engine.jobs_key in keys:
        return []
    if jobs is None and launcher == "joblib":
        jobs = os.cpu_count()
    return [] if jobs is None else [f"{engine.jobs_key}={jobs}"]


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _searching(hydra: "DictConfig", jobs: int | None, seed: int) -> list[str]:
    """Return the settings that make a search repeatable, so that it can be resumed, and go on after a failed job."""
    sweeper, own = hydra.sweeper, []
    sampler = sweeper.get("sampler")
    if sampler is not None and "seed" in sampler and sampler.seed is None:
        own.append(f"hydra.sweeper.sampler.seed={seed}")
    if "n_jobs" in sweeper and jobs is not None:
        own.append(f"hydra.sweeper.n_jobs={jobs}")
    if sweeper.get("max_failure_rate") == 0:
        own.append("hydra.sweeper.max_failure_rate=1")
    return own


def _plain(config: "DictConfig") -> Any:
    from omegaconf import OmegaConf

    return OmegaConf.to_container(config, resolve=False, enum_to_str=True)
