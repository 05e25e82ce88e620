"""How is an experiment run? Predict, measure, compare, judge, record - resumable at every step."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from solv.harness.contract import Context, Experiment, Part
from solv.harness.devices import prepare
from solv.harness.drawing import write_pictures
from solv.harness.own_code import code_of
from solv.harness.processes import Follower, Lead, Unit, following, launched, leading
from solv.harness.seeds import Seeds
from solv.harness.settings import RunSettings, as_dictionary, scientific
from solv.harness.sharing import LogMetrics, Shared, helped, in_turn, longest_first, require_helpers
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import Curves, agreement, join_curves
from solv.tracking.dashboard import Dashboard, Identity, Kind, open_dashboard
from solv.tracking.files import write_text
from solv.tracking.progress import Reporter, SilentReporter, reporter_for
from solv.tracking.provenance import git_commit, versions
from solv.tracking.runs import RunDirectory, RunStore, Seconds, content_key
from solv.tracking.wandb_mode import Decision, decide


@dataclass(frozen=True)
class Outcome:
    """A finished run, read back from disk.

    Attributes:
        run: its directory.
        curves, findings: what it found.
        reused: whether it had been finished before and nothing was computed now.
        resumed: whether this process went on where an unfinished one stopped.
        outdated: whether a reused run was made by other source code than today's.
        dashboard: address or folder of its W&B record, None if there is none or the run is reused.
    """

    run: RunDirectory
    curves: Curves
    findings: list[Finding]
    reused: bool
    resumed: bool
    outdated: bool
    dashboard: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a claim fails."""
        return any(finding.verdict is Verdict.FAILS for finding in self.findings)


def settings_key(experiment: Experiment[Any], settings: RunSettings) -> str:
    """Return the key of what is measured: experiment and scientific settings, whichever parts of it are run."""
    return content_key(experiment.entry.name, scientific(settings))


def run_key(experiment: Experiment[Any], settings: RunSettings) -> str:
    """Return the content key of a run: experiment, scientific settings and, if it is not all of them, its parts."""
    parts = [part.name for part in experiment.chosen(settings.parts)]
    if len(parts) == len(experiment.parts):
        return settings_key(experiment, settings)
    return content_key(experiment.entry.name, {**scientific(settings), "parts": parts})


def run_experiment(
    experiment: Experiment[Any],
    settings: RunSettings,
    *,
    preset: str,
    fresh: bool = False,
    terminal: bool = False,
    silent: bool = False,
    figure: bool = True,
    say: Callable[[str], None] = lambda line: None,
    group: str | None = None,
) -> Outcome:
    """Run an experiment, or go on with it, or return it if it was finished before.

    A part that an earlier run measured under the same settings and with the same code is read from there.

    Args:
        experiment: what to run.
        settings: its checked settings; `parts` are those that are run.
        preset: name of the preset they came from, for the record.
        fresh: start anew even if the key is finished or half done.
        terminal: whether progress may draw bars.
        silent: whether progress is not shown at all.
        figure: whether to draw the run's pictures; a point of a sweep leaves that to whoever looks at it alone.
        say: told one line when the run waits, resumes or reuses, or when W&B could not record it.
        group: name that the jobs of a sweep share on W&B.

    Raises:
        ConfigurationError: the device does not exist on this machine, there is no part of that name, the experiment
            lacks what it `require`s, or other processes that are to share the run cannot find it.
        ModeError: the environment or W&B's settings file holds an unknown word for how to record.
        RunDirectoryError, OSError: the runs directory cannot be read or written.
        ContractError, MissingCurvesError: the experiment does not do what its contract says.
    """
    job = _Job(experiment, settings, preset, figure=figure, say=say)
    name, key, recorded = experiment.entry.name, job.key, decide(settings.wandb)
    waiting = f"another process is running {name} {key}; waiting for it"
    with leading(lambda: prepare(settings)) as lead, job.store.lock(name, key, on_wait=lambda: say(waiting)):
        earlier = [] if fresh else job.store.find(name, key)
        for run in earlier:
            if run.finished and not run.of_earlier_version:
                fault = run.fault()
                if fault is None:
                    return job.reuse(run)
                say(f"{fault}; it is made again now")
        experiment.require(settings)
        require_helpers(experiment, settings)
        device = prepare(settings)
        provenance = job.provenance(device)
        run, resumed = job.begin(earlier, provenance)
        dashboard = job.open_dashboard(run, recorded, group)
        try:
            with reporter_for(terminal, run.log, silent=silent) as reporter:
                lead.begin(run)
                measuring = _Measuring(job, run, lead, lead.device or device, reporter)
                before = {} if fresh or lead.processes > 1 else job.measured_before(provenance)
                predicted, measured = measuring.predict(), measuring.measure(before, dashboard.metrics)
            outcome = job.record(run, join_curves([predicted, measured]), dashboard, provenance, measuring, resumed)
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
    with following(prepare(settings)) as follower:
        if follower is not None:
            for part in experiment.chosen(settings.parts):
                experiment.measure(part, settings, _context_of(follower, settings))


@dataclass(frozen=True)
class _Job:
    """A run that was asked for: what it is, where it goes, and what of it is there already."""

    experiment: Experiment[Any]
    settings: RunSettings
    preset: str
    figure: bool
    say: Callable[[str], None]

    @property
    def key(self) -> str:
        return run_key(self.experiment, self.settings)

    @property
    def store(self) -> RunStore:
        return RunStore(Path(self.settings.runs_dir).expanduser())

    @property
    def parts(self) -> tuple[Part[Any], ...]:
        return self.experiment.chosen(self.settings.parts)

    def reuse(self, run: RunDirectory) -> Outcome:
        """Return a run that was finished before, with its figure."""
        outdated = run.manifest().get("code") != self.code
        curves = run.curves()
        findings = run.findings()
        if self.figure and not (run.path / "figure.png").is_file():
            self.draw(run, curves, findings)
        return Outcome(run, curves, findings, reused=True, resumed=False, outdated=outdated)

    def draw(self, run: RunDirectory, curves: Curves, findings: Sequence[Finding]) -> Path:
        """Draw the headline and, but for a mere smoke test, every picture; return the path of the headline."""
        panels = self.experiment.panels(self.settings)
        every = self.preset != "smoke"
        return write_pictures(self.experiment, panels, curves, findings, run.path, every=every)

    def begin(self, earlier: list[RunDirectory], provenance: Mapping[str, Any]) -> tuple[RunDirectory, bool]:
        """Return the directory to write, and whether an unfinished run of the same code is gone on with."""
        for run in earlier:
            if not run.finished and run.began_as(provenance):
                self.say(f"resuming {run.path}")
                return run, True
        run = self.store.new(self.experiment.entry.name, self.key, datetime.now())
        run.begin(config_yaml(self.experiment, self.settings, self.preset), provenance)
        return run, False

    def measured_before(self, provenance: Mapping[str, Any]) -> dict[str, Curves]:
        """Return the measured curves of those parts that a finished run of the same settings and code has."""
        wanted, base = {part.name for part in self.parts}, settings_key(self.experiment, self.settings)
        found: dict[str, Curves] = {}
        for run in self.store.finished(self.experiment.entry.name):
            left = wanted - set(found)
            had = run.parts_measured(base) & left
            if had and run.began_as(provenance) and run.fault() is None:
                curves = run.curves()
                measured = curves[curves["source"] != "theory"]
                found |= {name: measured[measured["part"] == name] for name in had}
                self.say(f"measured before in {run.path}: {', '.join(sorted(had))}")
        return found

    @property
    def code(self) -> str:
        return code_of(self.experiment)

    def provenance(self, device: str) -> dict[str, Any]:
        """Return what decides the bits of a run: an unfinished run is resumed only where all of it is the same."""
        import torch

        return {
            "code": self.code,
            "versions": versions(),
            "settings": scientific(self.settings),
            "device": device,
            "threads": torch.get_num_threads(),
        }

    def open_dashboard(self, run: RunDirectory, recorded: Decision, group: str | None) -> Dashboard:
        """Start the W&B record of the run."""
        entry = self.experiment.entry
        tags = (entry.name, f"arxiv:{entry.paper.arxiv}", self.preset)
        kind: Kind = "run" if group is None else "point"
        identity = Identity(f"{entry.name} {run.path.name}", tags, kind, group)
        about = {"experiment": entry.name, "preset": self.preset, "key": run.key, "commit": git_commit()}
        config = {**as_dictionary(self.settings), **about, "versions": versions()}
        return open_dashboard(recorded, run.path, self.store.root, identity, config)

    def record(
        self,
        run: RunDirectory,
        curves: Curves,
        dashboard: Dashboard,
        provenance: Mapping[str, Any],
        measuring: "_Measuring",
        resumed: bool,
    ) -> Outcome:
        """Judge, draw and write what was found; the manifest last."""
        started = time.monotonic()
        findings = self.experiment.judge(curves, self.settings)
        run.write_curves(curves)
        run.write_findings(findings)
        panels = self.experiment.panels(self.settings)
        drawn = self.draw(run, curves, findings) if self.figure else None
        dashboard.results(curves, panels, findings, self.experiment.headline, drawn)
        write_text(run.path / "agreement.csv", agreement(curves).to_csv(index=False))
        run.finish(
            {
                **provenance,
                "experiment": self.experiment.entry.name,
                "key": run.key,
                "settings_key": settings_key(self.experiment, self.settings),
                "commit": git_commit(),
                "preset": self.preset,
                "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
                "seed": self.settings.seed,
                "resumed": resumed,
                "processes": self.settings.processes,
                "parts": measuring.seconds,
                "seconds": {
                    **measuring.totals(),
                    "record": round(time.monotonic() - started, 3),
                    "elapsed": round(time.monotonic() - measuring.began, 3),
                },
                "claims": {finding.id: finding.verdict.value for finding in findings},
            }
        )
        return Outcome(run, curves, findings, reused=False, resumed=resumed, outdated=False)


@dataclass
class _Measuring:
    """The parts of a run, one after the other, each timed.

    Attributes:
        seconds: part -> seconds of wall time of its `theory` and of what it had to `measure`, in all goes of a run
            that was interrupted and in all processes that shared it, and the `cpu` seconds of both; a part that an
            earlier run had measured has no `measure`.
        began: when the first part began, on the monotonic clock.
    """

    job: _Job
    run: RunDirectory
    lead: Lead
    device: str
    reporter: Reporter
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def predict(self) -> Curves:
        """Return the theory of every part."""
        made = []
        for part in self.job.parts:
            with self._timed(part, "theory"):
                made.append(self.job.experiment.predict_part(part, self.job.settings))
        return join_curves(made)

    def measure(self, before: Mapping[str, Curves], log_metrics: LogMetrics) -> Curves:
        """Return the measurements of every part; those in `before` are not made again."""
        experiment, settings = self.job.experiment, self.job.settings
        parts = [part for part in self.job.parts if part.name not in before]
        shared = Shared(self.run)
        if settings.processes > 1:
            parts = longest_first(experiment, settings, parts)
        made = dict(before)
        with helped(experiment, settings, parts, self.run, log_metrics, self.job.say) as team:

            def measure(part: Part[Any]) -> Curves:
                with self._timed(part, "measure"):
                    return experiment.measure(part, settings, self._context(shared, team.log_metrics))

            for part, curves in in_turn(parts, measure, shared.taken):
                made[part.name] = curves
                team.gathered(part.name)
        return join_curves(made[part.name] for part in self.job.parts)

    def totals(self) -> dict[str, float]:
        """Return the seconds of all parts together."""
        return {
            kind: round(sum(part.get(kind, 0.0) for part in self.seconds.values()), 3) for kind in ("theory", "measure")
        }

    def _timed(self, part: Part[Any], kind: str) -> "_Timer":
        return _Timer(self.seconds.setdefault(part.name, {"cpu": 0.0}), kind, self.run.spared)

    def _context(self, shared: Shared, log_metrics: LogMetrics) -> Context:
        alone = self.job.settings.processes == 1
        context = Context(
            device=self.device,
            seeds=Seeds(self.job.settings.seed),
            unit=_named_once(self.lead.unit(self.run.unit if alone else shared.unit)),
            checkpoint=lambda name: TrainingCheckpoint(self.run.checkpoint_path(name)),
            progress=self.reporter,
            log_metrics=log_metrics,
            processes=self.lead.processes,
        )
        return context if alone else replace(context, taken=shared.taken)


class _Timer:
    """Adds the wall time of a block, of which there may be several, to one entry and its CPU time to the entry `cpu`.

    What earlier goes had spent on what the block only read counts as well.
    """

    def __init__(self, seconds: dict[str, float], kind: str, spared: Seconds) -> None:
        self._seconds, self._kind, self._spared = seconds, kind, spared

    def __enter__(self) -> None:
        self._began = self._now()

    def __exit__(self, *_: object) -> None:
        now = self._now()
        self._seconds[self._kind] = round(self._seconds.get(self._kind, 0.0) + now.wall - self._began.wall, 3)
        self._seconds["cpu"] = round(self._seconds["cpu"] + now.cpu - self._began.cpu, 3)

    def _now(self) -> Seconds:
        return Seconds(time.monotonic() + self._spared.wall, time.process_time() + self._spared.cpu)


def _context_of(follower: Follower, settings: RunSettings) -> Context:
    return Context(
        device=follower.device,
        seeds=Seeds(settings.seed),
        unit=follower.unit,
        checkpoint=lambda name: follower.checkpoint(RunDirectory(follower.path).checkpoint_path(name)),
        progress=SilentReporter(),
        processes=launched(),
    )


def _named_once(unit: Unit) -> Unit:
    """Refuse a second unit of the same name: it would silently be given the first one's arrays."""
    seen: set[str] = set()

    def checked(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        if name in seen:
            raise RuntimeError(f"two units of work are called {name!r}; a unit's name must tell it from every other")
        seen.add(name)
        return unit(name, compute)

    return checked


def config_yaml(experiment: Experiment[Any], settings: RunSettings, preset: str) -> str:
    """Return the text of a run's config.yaml: the command of its preset, and all settings."""
    from omegaconf import OmegaConf

    content: Mapping[str, Any] = as_dictionary(settings)
    head = f"# solv run {experiment.entry.name} --preset {preset}\n"
    return head + OmegaConf.to_yaml(OmegaConf.create(json.loads(json.dumps(content))))
