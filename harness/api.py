"""What can be done from Python? The same as from the terminal: settings, theory, runs, comparisons, sweeps.

These are the functions that `import solv` offers. A run that is started here has the key, the lock, the record and the
files of one that is started in a terminal, and each finds the other's.
"""

import os
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from solv.harness import archive, catalog
from solv.harness.compose import quoted, settings_for
from solv.harness.contract import Experiment, flat
from solv.harness.entry import Entry
from solv.harness.objects import Claims, Comparison, Curves, Run, Runs, Sweep, verdicts_of
from solv.harness.presets import DEFAULT_PRESET
from solv.harness.runner import run_experiment
from solv.harness.settings import ConfigurationError, RunSettings, as_dictionary, plain, replace, resolve
from solv.tracking.claims import Verdict
from solv.tracking.comparison import Labelled, labels
from solv.tracking.progress import in_notebook
from solv.tracking.runs import RunDirectory, RunDirectoryError, RunStore

AnyExperiment = str | Experiment[Any]


def experiments() -> tuple[Entry, ...]:
    """Return the entries of all experiments: the ten papers, and those of installed packages."""
    return catalog.entries()


def settings(experiment: AnyExperiment, /, preset: str = DEFAULT_PRESET, **overrides: object) -> RunSettings:
    """Return the checked settings of an experiment.

    Args:
        experiment: its name, or the object itself, which need not be installed.
        preset: where they start from; where there is no file of that name, `quick` is the defaults.
        overrides: keys and values, arrays and ranges too; of a group a mapping, e.g. `simulation={"repeats": 32}`.

    Raises:
        UnknownExperimentError, ConfigurationError: with the nearest valid choice.
    """
    with _found(experiment) as found:
        base = settings_for(found.entry.name, preset, [])[1]
    chosen: RunSettings = resolve(found.Config, _merged(as_dictionary(base), overrides))
    found.chosen(chosen.parts)
    return chosen


def predict(
    experiment: AnyExperiment,
    /,
    preset: str = DEFAULT_PRESET,
    *,
    parts: Collection[str] | None = None,
    **overrides: object,
) -> Curves:
    """Return the theory curves: seconds, no torch.

    Args:
        experiment, preset, overrides: as of `settings`.
        parts: names of the parts whose theory is wanted; None: all.
    """
    with _found(experiment) as found:
        chosen = _settings(found, preset, parts, overrides)
    return Curves(found.predict(chosen), found.panels(chosen), found.entry.paper.title)


def run(
    experiment: AnyExperiment,
    /,
    preset: str = DEFAULT_PRESET,
    *,
    parts: Collection[str] | None = None,
    runs_dir: Path | str | None = None,
    device: str = "auto",
    wandb: str = "disabled",
    fresh: bool = False,
    progress: bool | None = None,
    **overrides: object,
) -> Run:
    """Predict, measure, judge and record; or return the run if it was finished before, or go on with it.

    Args:
        experiment, preset, overrides: as of `settings`.
        parts: names of the parts that are run; None: all.
        runs_dir: folder of the runs; None: $SOLV_RUNS_DIR, or runs.
        device: cpu, cuda, cuda:N, mps, or auto.
        wandb: disabled, offline, online, or auto.
        fresh: whether to run again although it is finished or half done.
        progress: whether to say where it is (in a notebook with bars of its own); None: on a terminal or a notebook.

    Raises:
        UnknownExperimentError, ConfigurationError, RunDirectoryError: with the way out.
        KeyboardInterrupt: the same call goes on where this one stopped.
    """
    own: dict[str, object] = {"device": device, "wandb": wandb}
    if runs_dir is not None:
        own["runs_dir"] = str(runs_dir)
    bars = in_notebook() or sys.stderr.isatty()
    shown = bars if progress is None else progress
    with _found(experiment) as found:
        chosen = _settings(found, preset, parts, {**overrides, **own})
        outcome = run_experiment(
            found, chosen, preset=preset, fresh=fresh, terminal=bars, silent=not shown, say=_say if shown else _hush
        )
    if outcome.outdated:
        old = f"{outcome.run.path} was made by other code than today's; fresh=True runs it again"
        warnings.warn(old, stacklevel=2)
    curves = Curves(outcome.curves, found.panels(chosen), found.entry.paper.title)
    found_before = {"reused": outcome.reused, "resumed": outcome.resumed, "outdated": outcome.outdated}
    return Run(outcome.run, chosen, curves, Claims(tuple(outcome.findings)), found.headline, **found_before)


def load(
    run: str | Path | RunDirectory,
    *,
    runs_dir: Path | str | None = None,
    experiment: Experiment[Any] | None = None,
) -> Run:
    """Return a finished run.

    Args:
        run: its path, the name of its directory, the start of its key, or an experiment: the newest of it.
        runs_dir: folder of the runs; None: $SOLV_RUNS_DIR, or runs.
        experiment: the object whose run it is, if that is not installed.

    Raises:
        RunDirectoryError: there is none, or it is damaged.
        UnknownExperimentError, ConfigurationError: its experiment, or a setting of it, is no longer there.
    """
    directory = run if isinstance(run, RunDirectory) else _store(runs_dir).resolve(str(run))
    if experiment is not None and experiment.entry.name != directory.experiment:
        raise ConfigurationError(f"{directory.path} is a run of {directory.experiment}, not of {experiment.entry.name}")
    with _found(experiment or directory.experiment) as found:
        curves = Curves(directory.curves(), archive.panels_of(directory), found.entry.paper.title)
        claims = Claims(tuple(directory.findings()))
        return Run(directory, archive.settings_of(directory), curves, claims, found.headline)


def runs(
    experiment: str | None = None,
    *,
    preset: str | None = None,
    verdict: str | None = None,
    since: datetime | None = None,
    runs_dir: Path | str | None = None,
) -> Runs:
    """Return what has been run, oldest first.

    Args:
        experiment: only its runs.
        preset: only finished runs of this preset.
        verdict: only runs with a claim of this verdict: holds, fails, undecided, not run.
        since: only runs that were started at or after this local time.
        runs_dir: folder of the runs; None: $SOLV_RUNS_DIR, or runs.

    Raises:
        ConfigurationError: there is no such verdict.
        RunDirectoryError: the folder cannot be read.
    """
    if verdict is not None and verdict not in list(Verdict):
        raise ConfigurationError(f"verdict = {verdict!r}; valid: {', '.join(Verdict)}")
    found = [
        directory
        for directory in _store(runs_dir).runs(experiment)
        if (preset is None or (directory.finished and directory.preset == preset))
        and (verdict is None or verdict in verdicts_of(directory))
        and (since is None or directory.started >= since)
    ]
    return Runs(tuple(found))


def compare(*chosen: Run | str | Path) -> Comparison:
    """Lay runs of one experiment side by side.

    Args:
        chosen: two or more runs, or what `load` takes.

    Raises:
        ConfigurationError: fewer than two, or of several experiments.
        RunDirectoryError: one of them is not there.
    """
    loaded = [each if isinstance(each, Run) else load(each) for each in chosen]
    names = sorted({each.experiment for each in loaded})
    if len(loaded) < 2 or len(names) > 1:
        raise ConfigurationError(f"compare two or more runs of one experiment; given: {', '.join(names) or 'none'}")
    labelled = [
        Labelled(
            label,
            {key: value for key, value in flat(as_dictionary(each.settings)).items() if key != "runs_dir"},
            each.curves.table,
            list(each.claims),
        )
        for label, each in zip(labels(len(loaded)), loaded, strict=True)
    ]
    panels = {str(panel.name): panel for each in reversed(loaded) for panel in each.curves.panels}
    order = dict.fromkeys(str(panel.name) for each in loaded for panel in each.curves.panels)
    return Comparison(labelled, [panels[name] for name in order], loaded[0].curves.title)


def sweep(
    experiment: AnyExperiment,
    /,
    preset: str = DEFAULT_PRESET,
    *,
    axes: Mapping[str, Sequence[object]],
    launcher: str = "local",
    jobs: int | None = None,
    runs_dir: Path | str | None = None,
    **overrides: object,
) -> Sweep:
    """Run an experiment at every combination of the values of its axes; again, only what is missing.

    Args:
        experiment: its name, or the object itself; one that is not installed goes on the local launcher alone, since
            the processes of an engine find an experiment by its name.
        preset: where the settings start from.
        axes: full key -> values; `seed` makes repeats, whose errors are pooled.
        launcher: local, joblib, ray or slurm.
        jobs: how many at a time.
        runs_dir: folder of the runs; None: $SOLV_RUNS_DIR, or runs.
        overrides: keys and values that all points share.

    Raises:
        UnknownExperimentError, ConfigurationError: with the nearest valid choice.
        RunDirectoryError: no point has been finished.
    """
    from solv.harness.sweep import engine
    from solv.harness.sweep.aggregate import aggregate, write_aggregate

    typed = [f"{key}=choice({','.join(_spelled(value) for value in values)})" for key, values in axes.items()]
    typed += [f"{key}={_spelled(value)}" for key, value in flat(overrides).items()]
    if runs_dir is not None:
        typed.append(f"runs_dir={_spelled(str(runs_dir))}")
    with _found(experiment) as found:
        name = found.entry.name
        if launcher != "local" and not _installed(found):
            raise ConfigurationError(f"{name} is not installed: the processes of {launcher} cannot find it; use local")
        asked = engine.plan(name, preset, typed, launcher, jobs, False)
        directory = asked.directory
        with directory.store.lock(name, directory.path.name, on_wait=lambda: _say("another process runs this sweep")):
            engine.run(asked, _say)
            result = aggregate(asked.experiment, directory)
            if result is None:
                failures = [directory.failure(point.key) for point in directory.points()]
                said = next((failure.error for failure in failures if failure), "no point was run")
                raise RunDirectoryError(f"no point of the sweep is finished: {said}")
            write_aggregate(asked.experiment, directory, result)
    curves = Curves(result.curves, result.panels, asked.experiment.entry.paper.title)
    return Sweep(directory.path, curves, Claims(tuple(result.findings)), directory.states())


@contextmanager
def _found(experiment: AnyExperiment) -> Iterator[Experiment[Any]]:
    """Give the experiment; within the block an object is found by its name, too."""
    if isinstance(experiment, str):
        yield catalog.load(experiment)
        return
    with catalog.present(experiment):
        yield experiment


def _installed(experiment: Experiment[Any]) -> bool:
    try:
        return catalog.load_installed(experiment.entry.name) is experiment
    except catalog.UnknownExperimentError:
        return False


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _hush(line: str) -> None:
    pass


def _settings(
    experiment: Experiment[Any], preset: str, parts: Collection[str] | None, overrides: Mapping[str, object]
) -> RunSettings:
    chosen = settings(experiment, preset, **overrides)
    if parts is not None:
        chosen = replace(chosen, parts=[parts] if isinstance(parts, str) else list(parts))
        experiment.chosen(chosen.parts)
    return chosen


def _merged(base: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """Return a nested configuration with some values changed; a changed group keeps its other keys."""
    merged = dict(base)
    for key, value in changes.items():
        group, dot, rest = key.partition(".")
        nested = merged.get(group)
        if isinstance(nested, Mapping) and (dot or isinstance(value, Mapping)):
            merged[group] = _merged(nested, {rest: value} if dot else value)  # type: ignore[arg-type]
        else:
            merged[key] = _as_given(value)
    return merged


def _as_given(value: object) -> object:
    """Return the numbers of an array, and the text of a path."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, Path) else value


def _store(runs_dir: Path | str | None) -> RunStore:
    return RunStore(Path(runs_dir or os.environ.get("SOLV_RUNS_DIR") or "runs").expanduser())


def _spelled(value: object) -> str:
    """Spell a value in Hydra's grammar."""
    value = _as_given(value)
    if isinstance(value, str):
        return quoted(plain(value))
    if isinstance(value, list | tuple | range):
        return f"[{','.join(map(_spelled, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value)
