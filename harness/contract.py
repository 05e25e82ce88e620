"""What is an experiment? Settings, and parts: each predicts curves, measures them, and judges claims by them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np

from solv.harness.entry import Entry
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError, RunSettings, as_dictionary, largest_values
from solv.harness.work import Work
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Claim, Finding, judge, not_run, read
from solv.tracking.curves import Curves, join_curves
from solv.tracking.panels import Highlight, Panel
from solv.tracking.progress import Reporter

Settings = TypeVar("Settings", bound=RunSettings)


class ContractError(RuntimeError):
    """An experiment does not do what `Experiment` says; the message names the part and the panel."""


@dataclass(frozen=True)
class Context:
    """What `measure` may use of the world: a device, seeds, a place for finished units, and a reporter.

    Attributes:
        device: torch device on which to compute.
        seeds: named random streams of this run.
        unit: `unit(name, compute)` returns the arrays that `compute` makes, read from disk if this unit of work was
            finished by an earlier, killed run. A unit draws from streams of its own name only, so that the order and
            the number of the units that are left changes no bit. Within a part every name is used once; a unit that
            two parts ask for by the same name is computed once.
        checkpoint: `checkpoint(name)` is where a training longer than a few seconds keeps its state.
        progress: shows tasks.
        log_metrics: `log_metrics(task, step, {name: value})` records training metrics.
        processes: how many processes of `torchrun` measure together; all compute a unit of work at the same time.
        taken: whether another process, which shares the work of the run, is at a unit now.
    """

    device: str
    seeds: Seeds
    unit: Callable[[str, Callable[[], Mapping[str, np.ndarray]]], dict[str, np.ndarray]]
    checkpoint: Callable[[str], TrainingCheckpoint]
    progress: Reporter
    log_metrics: Callable[[str, int, Mapping[str, float]], None] = field(default=lambda task, step, metrics: None)
    processes: int = 1
    taken: Callable[[str], bool] = field(default=lambda name: False)

    def units(
        self,
        work: Mapping[str, Callable[[], Mapping[str, np.ndarray]]],
        done: Callable[[str], None] = lambda name: None,
    ) -> dict[str, dict[str, np.ndarray]]:
        """Return the arrays of units that need nothing of each other, by name, in the order of `work`.

        Where several processes share the run, each of them takes those that no other is at.

        Args:
            work: what computes each, by its name.
            done: told the name of each when its arrays are there.
        """
        found: dict[str, dict[str, np.ndarray]] = {}

        def take(names: Iterable[str]) -> None:
            for name in names:
                found[name] = self.unit(name, work[name])
                done(name)

        take(name for name in work if not self.taken(name))
        take([name for name in work if name not in found])  # those that others were at
        return {name: found[name] for name in work}

    def within(self, name: str) -> "Context":
        """Return the context of a part of the work: what is kept, and the metrics, carry its name; streams do not."""
        return replace(
            self,
            unit=lambda unit, compute: self.unit(f"{name} {unit}", compute),
            checkpoint=lambda place: self.checkpoint(f"{name} {place}"),
            log_metrics=lambda task, step, metrics: self.log_metrics(f"{name} {task}", step, metrics),
            taken=lambda unit: self.taken(f"{name} {unit}"),
        )


def nothing_measured(settings: RunSettings, context: Context) -> Iterable[Curves]:
    """Measure nothing: the part is theory alone."""
    return ()


@dataclass(frozen=True)
class Part(Generic[Settings]):
    """One figure or one question of a paper, from its theory to its claims.

    Attributes:
        name: as in `--part NAME`; in the file name `-` is `_`.
        question: one sentence.
        names: enumeration of its panels; a panel's name belongs to one part of the experiment only.
        panels: how they are drawn under these settings; a panel that the settings leave out is not among them.
        predict: the theory curves: no torch, at most seconds.
        measure: the simulated, trained and published curves.
        claims: what is judged by these curves.
        figure: the paper's figure or table that it redoes, e.g. "Fig. 2A"; empty if the part is ours.
        switch: key of the setting that decides whether it has panels at all; empty if it always has.
        work: operations, calls and memory of `predict` and `measure` together, counted from settings in no time and
            without torch; None if the part takes no time worth counting.
    """

    name: str
    question: str
    names: type[StrEnum]
    panels: Callable[[Settings], Sequence[Panel]]
    predict: Callable[[Settings], Iterable[Curves]]
    measure: Callable[[Settings, Context], Iterable[Curves]] = nothing_measured
    claims: tuple[Claim, ...] = ()
    figure: str = ""
    switch: str = ""
    work: Callable[[Settings], Work] | None = None


@dataclass(frozen=True)
class PaperFigure:
    """A figure or table of the paper, and where it is redone: a row of the map that `solv list NAME` shows.

    Attributes:
        figure: the paper's name of it, e.g. "Fig. 2A".
        shows: what is on it, in a few words.
        part: the part that redoes it; empty if none can.
        cost: device and time at the paper's settings, and whether that was measured: "2 cores, 40 s, measured".
        published: whether the authors' numbers are drawn: "yes", "no: not public", "no: theory alone".
        found: how ours compares, with numbers; or, without a part, what it needs that is not here.
    """

    figure: str
    shows: str
    part: str = ""
    cost: str = ""
    published: str = "no: not public"
    found: str = ""


@dataclass(frozen=True)
class Experiment(Generic[Settings]):
    """One paper.

    Attributes:
        entry: name, paper and question.
        Config: class of its settings; the defaults are the preset `quick`.
        parts: in the order of the questions.
        claims: those that read panels of several parts.
        figures: every figure and table of the paper, also those that cannot be redone.
        headline: at most six pictures, those that a talk about the paper would show; `figure.png` of a run.
        require: called before a run measures; raises `ConfigurationError` where what measuring needs and theory does
            not (a text, an archive) is absent.
        remarks: what follows from settings and is none of them, a line each, for `solv show`; no torch.
    """

    entry: Entry
    Config: type[Settings]
    parts: tuple[Part[Settings], ...]
    claims: tuple[Claim, ...] = ()
    figures: tuple[PaperFigure, ...] = ()
    headline: tuple[Highlight, ...] = ()
    require: Callable[[Settings], None] = lambda settings: None
    remarks: Callable[[Settings], Iterable[str]] = lambda settings: ()

    def chosen(self, names: Collection[str]) -> tuple[Part[Settings], ...]:
        """Return the parts called `names`, in the order of the experiment; all if none is named.

        Raises:
            ConfigurationError: there is no part of that name.
        """
        known = [part.name for part in self.parts]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"valid: {', '.join(known)}"
                raise ConfigurationError(f"{self.entry.name} has no part {name!r}; {hint}")
        return tuple(part for part in self.parts if not names or part.name in names)

    def panels(self, settings: Settings) -> list[Panel]:
        """Return how the panels of the parts that the settings choose are drawn."""
        return [panel for part in self.chosen(settings.parts) for panel in part.panels(settings)]

    def predict(self, settings: Settings) -> Curves:
        """Return the theory curves of the parts that the settings choose.

        Raises:
            ContractError: a curve is not theory, or not of a panel of its part.
        """
        return join_curves(self.predict_part(part, settings) for part in self.chosen(settings.parts))

    def predict_part(self, part: Part[Settings], settings: Settings) -> Curves:
        """Return the theory curves of one part.

        Raises:
            ContractError: a curve is not theory, or not of a panel of its part.
        """
        curves = join_curves(part.predict(settings))
        self._check(part, settings, curves)
        if (curves["source"] != "theory").any():
            raise ContractError(f"part {part.name} of {self.entry.name} predicts curves that are not theory")
        return curves

    def measure(self, part: Part[Settings], settings: Settings, context: Context) -> Curves:
        """Return the measured curves of one part.

        Raises:
            ContractError: a curve is theory, or not of a panel of its part.
        """
        curves = join_curves(part.measure(settings, context))
        self._check(part, settings, curves)
        if (curves["source"] == "theory").any():
            raise ContractError(f"part {part.name} of {self.entry.name} measures curves that are theory")
        return curves

    def judge(self, curves: Curves, settings: Settings, declared: Collection[str] | None = None) -> list[Finding]:
        """Return a finding for every claim of the experiment.

        A claim is `not run` where a panel that it reads belongs to a part that the settings do not choose, or where
        the settings leave the panel out.

        Args:
            curves: of the parts that the settings choose.
            settings: of the run; an undecided claim names sizes beyond them.
            declared: the panels that should have curves, if not those of the settings alone: of a sweep's points.

        Raises:
            MissingCurvesError: a panel that a claim reads and the run should have measured is empty.
        """
        chosen = self.chosen(settings.parts)
        if declared is None:
            declared = {str(panel.name) for panel in self.panels(settings)}
        sizes, usual = flat(as_dictionary(settings)), flat(as_dictionary(self.Config()))
        most = largest_values(type(settings))
        absences = {
            claim.id: [panel for panel in claim.reads if panel.value not in declared] for claim in self.all_claims()
        }
        for claim in self.all_claims():
            if not absences[claim.id]:
                read(claim, curves)  # before any is judged, which may take long
        findings = []
        for claim in self.all_claims():
            absent = absences[claim.id]
            if not absent:
                findings.append(judge(claim, curves, sizes, usual, most))
                continue
            parts = {part.name: part for panel in absent for part in self.parts if panel in part.names}
            off = [name for name in parts if name not in {part.name for part in chosen}]
            switches = " or ".join(dict.fromkeys(part.switch or f"a setting of {part.name}" for part in parts.values()))
            findings.append(not_run(claim, f"--part {','.join(off)}" if off else f"another value of {switches}"))
        return findings

    def all_claims(self) -> tuple[Claim, ...]:
        """Return the claims of all parts, then those of the experiment."""
        return (*(claim for part in self.parts for claim in part.claims), *self.claims)

    def _check(self, part: Part[Settings], settings: Settings, curves: Curves) -> None:
        if curves.empty:
            return
        declared = {str(panel.name) for panel in part.panels(settings)}
        for name in curves["panel"].unique():
            if name not in declared:
                raise ContractError(f"part {part.name} of {self.entry.name} has no panel {name!r} under these settings")
        if set(curves["part"]) != {part.name} or set(curves["experiment"]) != {self.entry.name}:
            raise ContractError(f"part {part.name} of {self.entry.name} makes curves in another part's name")


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return a nested configuration with every key as `group.key`."""
    found: dict[str, object] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found
