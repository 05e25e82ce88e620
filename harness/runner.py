"""How is an experiment run? Predict, measure, compare, judge, record - resumable at every step."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from solv.harness.contract import Context, Experiment
from solv.harness.processes import Lead, Unit, following, launched, leading
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError, RunSettings, as_dictionary, scientific
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Claim, Verdict
from solv.tracking.curves import Curves, agreement, join_curves
from solv.tracking.dashboard import Dashboard, Identity, open_dashboard
from solv.tracking.figures import draw, save
from solv.tracking.files import write_text
from solv.tracking.progress import SilentReporter, reporter_for
from solv.tracking.provenance import code_fingerprint, git_commit, versions
from solv.tracking.runs import RunDirectory, RunStore, content_key


@dataclass(frozen=True)
class Outcome:
    """A finished run, read back from disk.

    Attributes:
        run: its directory.
        curves, claims: what it found.
        reused: whether it had been finished before and nothing was computed now.
        resumed: whether this process went on where an unfinished one stopped.
        outdated: whether a reused run was made by other source code than today's.
        dashboard: address or folder of its W&B record, None if there is none or the run is reused.
    """

    run: RunDirectory
    curves: Curves
    claims: list[Claim]
    reused: bool
    resumed: bool
    outdated: bool
    dashboard: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a claim fails."""
        return any(claim.verdict is Verdict.FAILS for claim in self.claims)


def run_key(experiment: Experiment[Any], settings: RunSettings) -> str:
    """Return the content key of a run: experiment and scientific settings, nothing else."""
    return content_key(experiment.entry.name, scientific(settings))


def run_experiment(
    experiment: Experiment[Any],
    settings: RunSettings,
    *,
    preset: str,
    fresh: bool = False,
    terminal: bool = False,
    figure: bool = True,
    say: Callable[[str], None] = lambda line: None,
    group: str | None = None,
) -> Outcome:
    """Run an experiment, or go on with it, or return it if it was finished before.

    Args:
        experiment: what to run.
        settings: its checked settings.
        preset: name of the preset they came from, for the record.
        fresh: start anew even if the key is finished or half done.
        terminal: whether progress may draw bars.
        figure: whether to draw the run's figure; a point of a sweep leaves that to whoever looks at it alone.
        say: told one line when the run waits, resumes or reuses, or when W&B could not record it.
        group: name that the jobs of a sweep share on W&B.

    Raises:
        ConfigurationError: the device does not exist on this machine, or the experiment lacks what it `require`s.
        RunDirectoryError, OSError: the runs directory cannot be read or written.
    """
    name, key = experiment.entry.name, run_key(experiment, settings)
    store = RunStore(Path(settings.runs_dir).expanduser())
    waiting = f"another process is running {name} {key}; waiting for it"
    with leading(lambda: _prepare(settings)) as lead, store.lock(name, key, on_wait=lambda: say(waiting)):
        earlier = [] if fresh else store.find(name, key)
        for run in earlier:
            if run.finished:
                manifest = run.manifest()
                outdated = manifest.get("code") != code_fingerprint()
                curves = run.curves()
                if figure and not (run.path / "figure.png").is_file():
                    figure_of(experiment, settings, curves, run.path)
                return Outcome(run, curves, run.claims(), reused=True, resumed=False, outdated=outdated)
        if require := getattr(experiment, "require", None):  # what a run needs and theory does not: texts, archives
            require(settings)
        device = _prepare(settings)
        provenance = _provenance(settings, device)
        resumable = [run for run in earlier if run.provenance() == provenance]
        run = resumable[0] if resumable else store.new(name, key, datetime.now())
        if resumable:
            say(f"resuming {run.path}")
        else:
            run.begin(_config_yaml(experiment, settings, preset), provenance)
        dashboard = _open_dashboard(experiment, settings, run, store, preset, group)
        try:
            outcome = _measure(
                experiment, settings, run, dashboard, preset, device, lead, terminal, figure, resumed=bool(resumable)
            )
        except BaseException:
            dashboard.close(finished=False)
            raise
        if warning := dashboard.close(finished=True):
            say(warning)
        return replace(outcome, dashboard=dashboard.address)


def follow_experiment(experiment: Experiment[Any], settings: RunSettings) -> None:
    """Compute along with the process that runs the experiment, as one of several that `torchrun` started.

    Args:
        experiment, settings: what all of them were asked to run.

    Raises:
        ConfigurationError: the device does not exist on this machine.
    """
    with following(_prepare(settings)) as follower:
        if follower is not None:
            context = Context(
                device=follower.device,
                seeds=Seeds(settings.seed),
                unit=follower.unit,
                checkpoint=lambda name: follower.checkpoint(RunDirectory(follower.path).checkpoint_path(name)),
                progress=SilentReporter(),
                processes=launched(),
            )
            experiment.measure(settings, context)


def figure_of(
    experiment: Experiment[Any], settings: RunSettings, curves: Curves, folder: Path, stem: str = "figure"
) -> Path:
    """Draw `curves` in the experiment's panels into `folder`; return the PNG's path."""
    return save(draw(curves, experiment.panels(settings), experiment.entry.paper.title), folder, stem)


def choose_device(device: str) -> str:
    """Return the torch device that `device` names on this machine.

    Raises:
        ConfigurationError: it is unknown or not present.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        found = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        if torch.backends.mps.is_available():
            found.append("mps")
        raise ConfigurationError(f"device = {device} cannot be used here; present: {', '.join(found)}") from error
    return device


def _prepare(settings: RunSettings) -> str:
    """Return the device of the run and set the number of threads."""
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    return choose_device(settings.device)


def _measure(
    experiment: Experiment[Any],
    settings: RunSettings,
    run: RunDirectory,
    dashboard: Dashboard,
    preset: str,
    device: str,
    lead: Lead,
    terminal: bool,
    figure: bool,
    resumed: bool,
) -> Outcome:
    started = time.monotonic()
    predicted = experiment.predict(settings)
    after_theory = time.monotonic()
    with reporter_for(terminal, run.log) as reporter:
        lead.begin(run)
        context = Context(
            device=lead.device or device,
            seeds=Seeds(settings.seed),
            unit=_named_once(lead.unit(run.unit)),
            checkpoint=lambda name: TrainingCheckpoint(run.checkpoint_path(name)),
            progress=reporter,
            log_metrics=dashboard.metrics,
            processes=lead.processes,
        )
        measured = experiment.measure(settings, context)
    after_measuring = time.monotonic()
    curves = join_curves([predicted, measured])
    claims = experiment.claims(curves)
    run.write_curves(curves)
    run.write_claims(claims)
    drawn = figure_of(experiment, settings, curves, run.path) if figure else None
    dashboard.results(curves, claims, drawn)
    write_text(run.path / "agreement.csv", agreement(curves).to_csv(index=False))
    run.finish(
        {
            **_provenance(settings, device),
            "experiment": experiment.entry.name,
            "key": run.key,
            "commit": git_commit(),
            "preset": preset,
            "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
            "seed": settings.seed,
            "resumed": resumed,
            "seconds": {
                "theory": round(after_theory - started, 3),
                "measure": round(after_measuring - after_theory, 3),
                "record": round(time.monotonic() - after_measuring, 3),
            },
            "claims": {claim.id: claim.verdict.value for claim in claims},
        }
    )
    return Outcome(run, curves, claims, reused=False, resumed=resumed, outdated=False)


def _open_dashboard(
    experiment: Experiment[Any],
    settings: RunSettings,
    run: RunDirectory,
    store: RunStore,
    preset: str,
    group: str | None,
) -> Dashboard:
    entry = experiment.entry
    identity = Identity(entry.name, f"{entry.name} {run.path.name}", (f"arxiv:{entry.paper.arxiv}", preset), group)
    about = {"experiment": entry.name, "preset": preset, "key": run.key, "commit": git_commit(), "versions": versions()}
    return open_dashboard(settings.wandb, run.path, store.root, identity, {**as_dictionary(settings), **about})


def _named_once(unit: Unit) -> Unit:
    """Refuse a second unit of the same name: it would silently be given the first one's arrays."""
    seen: set[str] = set()

    def checked(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        if name in seen:
            raise RuntimeError(f"two units of work are called {name!r}; a unit's name must tell it from every other")
        seen.add(name)
        return unit(name, compute)

    return checked


def _provenance(settings: RunSettings, device: str) -> dict[str, Any]:
    """Return what decides the bits of a run: an unfinished run is resumed only where all of it is the same."""
    import torch

    return {
        "code": code_fingerprint(),
        "versions": versions(),
        "settings": scientific(settings),
        "device": device,
        "threads": torch.get_num_threads(),
    }


def _config_yaml(experiment: Experiment[Any], settings: RunSettings, preset: str) -> str:
    from omegaconf import OmegaConf

    content: Mapping[str, Any] = as_dictionary(settings)
    head = f"# solv run {experiment.entry.name} --preset {preset}\n"
    return head + OmegaConf.to_yaml(OmegaConf.create(json.loads(json.dumps(content))))
