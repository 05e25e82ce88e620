"""Which finished runs or sweeps does a command speak of? The newest of each experiment, or all; of those named."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from solv.tracking.runs import RunDirectory, RunStore
    from solv.tracking.sweeps import SweepDirectory


Kind = TypeVar("Kind", "RunDirectory", "SweepDirectory")


def sound(found: "Sequence[Kind]", *, every: bool) -> "tuple[list[Kind], int]":
    """Leave out what is damaged, and name it on stderr, once each; return the rest and how many were left out.

    Args:
        found: runs or sweeps, newest first.
        every: whether all are wanted; else the newest sound one of each experiment, and nothing older is looked at.
    """
    kept: list[Kind] = []
    damaged = 0
    for each in found:
        if not every and any(other.experiment == each.experiment for other in kept):
            continue
        fault = each.fault()
        if fault is None:
            kept.append(each)
        else:
            damaged += 1
            print(f"solv: {fault}", file=sys.stderr)
    return kept, damaged


def finished_runs(
    store: "RunStore", names: Sequence[str], preset: str | None = None, *, every: bool = False
) -> "tuple[list[RunDirectory], int]":
    """Return the newest finished run of each experiment, or with `every` all of them, newest first.

    Those that are damaged are named on stderr and left out; how many they are is returned, too.

    Args:
        store: where the runs are.
        names: experiments to be shown; none means all that have been run.
        preset: only runs of this preset.
        every: also the older runs.

    Raises:
        UnknownExperimentError: a name is not in the catalog.
        RunDirectoryError: an experiment that was named has no finished run, or there is none at all.
    """
    from solv.harness.catalog import entry
    from solv.harness.catalog import names as catalog
    from solv.tracking.runs import RunDirectoryError

    for name in names:
        entry(name)
    found = [run for run in store.finished(preset=preset) if run.experiment in (names or catalog())]
    kind = f" of preset {preset}" if preset else ""
    for name in names:
        if all(run.experiment != name for run in found):
            raise RunDirectoryError(f"no finished run{kind} of {name} in {store.root}: `solv run {name}` makes one")
    kept, damaged = sound(found, every=every)
    if not kept:
        raise RunDirectoryError(f"no finished run{kind} in {store.root}: `solv run NAME` makes one (`solv list`)")
    if every:
        return kept, damaged
    newest = {run.experiment: run for run in kept}
    return [newest[name] for name in catalog() if name in newest], damaged


def finished_sweeps(
    store: "RunStore", names: Sequence[str], preset: str | None = None, *, every: bool = False
) -> "tuple[list[SweepDirectory], int]":
    """Return the newest sweep of each experiment all of whose points are there, or with `every` all, newest first.

    Those that are damaged are named on stderr and left out; how many they are is returned, too.

    Args:
        store: where the runs are.
        names: experiments to be shown; none means all.
        preset: only sweeps of this preset.
        every: also the older sweeps.

    Raises:
        UnknownExperimentError: a name is not in the catalog.
        RunDirectoryError: there is none.
    """
    from solv.harness.catalog import entry
    from solv.harness.catalog import names as catalog
    from solv.tracking.runs import RunDirectoryError
    from solv.tracking.sweeps import sweeps

    found: list[SweepDirectory] = []
    damaged = 0
    for name in [entry(name).name for name in names] or catalog():
        whole = [each for each in reversed(sweeps(store, name)) if each.result.finished]
        kept, left_out = sound(whole, every=every or preset is not None)
        wanted = [each for each in kept if preset in (None, each.preset)]
        found += wanted if every else wanted[:1]
        damaged += left_out
    if not found:
        kind = f" of preset {preset}" if preset else ""
        asked = " or ".join(names) or "NAME"
        raise RunDirectoryError(f"no finished sweep{kind} in {store.root}: `solv sweep {asked}` makes one")
    return found, damaged
