"""What does `solv sweep` do? Runs the missing points of a sweep, then shows and records what all of them say."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from solv.harness.sweep.aggregate import Aggregate
    from solv.harness.sweep.engine import Sweep

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Launcher = Annotated[
    str | None, typer.Option("--launcher", help="local (one after the other), joblib, ray or slurm [default: local].")
]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Jobs at a time.")]
Status = Annotated[bool, typer.Option("--status", help="Run nothing: show the points, and what the finished ones say.")]


def sweep(
    name: str,
    overrides: Sequence[str],
    preset: str,
    launcher: str | None,
    jobs: int | None,
    status: bool,
    fresh: bool,
) -> int:
    """Run or show a sweep; return the exit status: 1 if a job or a claim failed or, without --status, is missing."""
    for variable in THREADS:  # before NumPy is loaded: a point is computed by one thread, wherever it runs
        os.environ.setdefault(variable, "1")
    from solv.harness.sweep.engine import enumerate_points, plan, run

    asked = plan(name, preset, overrides, launcher, jobs, fresh)
    directory = asked.directory
    if status:
        try:
            with directory.store.lock(name, directory.path.name, on_wait=_busy):
                enumerate_points(asked)
                return _conclude(asked, everything=True, write=True)
        except _BusyError:
            typer.echo("this sweep is running")
            return _conclude(asked, everything=True, write=False)
    with directory.store.lock(
        name, directory.path.name, on_wait=lambda: _say(f"another process runs this sweep ({directory.path}); waiting")
    ):
        run(asked, _say)
        return _conclude(asked, everything=False, write=True)


def _conclude(asked: "Sweep", everything: bool, write: bool) -> int:
    """Print the state of the points and their aggregate, write it, and return the exit status."""
    from solv.harness.sweep.aggregate import aggregate, write_aggregate
    from solv.harness.sweep.record import record_aggregate
    from solv.tracking.sweeps import ALL_STATES, DONE, FAILED

    states = asked.directory.states()
    complete_before = asked.directory.result.finished
    result = aggregate(asked.experiment, asked.directory)
    if result is not None and write:
        write_aggregate(asked.experiment, asked.directory, result)
        if result.complete and not complete_before:
            warning = record_aggregate(asked.experiment, asked.directory, result, asked.recorded)
            if warning is not None:
                _say(warning)
    if everything or set(states.values()) - {DONE}:
        _print_points(asked, states, everything)
    if result is not None:
        _print_aggregate(result)
    _print_best(asked)
    counts = [f"{list(states.values()).count(state)} {state}" for state in ALL_STATES if state in states.values()]
    typer.echo(f"points: {', '.join(counts) or 'none yet'}")
    if result is not None and write:
        typer.echo(f"figure: {asked.directory.path / 'figure.png'}")
    typer.echo(f"sweep:  {asked.directory.path}")
    judged = any(claim.verdict.value == "fails" for claim in result.findings) if result else False
    unfinished = not everything and set(states.values()) != {DONE}
    return 1 if FAILED in states.values() or judged or unfinished else 0


def _print_points(asked: "Sweep", states: dict[str, str], everything: bool) -> None:
    from solv.cli.tables import number, print_rows
    from solv.tracking.sweeps import DONE

    metric = None if asked.is_grid else asked.metric
    finished = asked.directory.finished()
    rows = []
    for point in asked.directory.points():
        if states[point.key] == DONE and not everything:
            continue
        failure = asked.directory.failure(point.key)
        value = number(metric.of(finished[point.key].curves())) if metric and point.key in finished else ""
        said = f"{failure.error} ({failure.where})" if failure and failure.where else failure.error if failure else ""
        rows.append([point.label, states[point.key], point.key, value or said])
    print_rows("Points", ["point", "state", "run", "metric" if metric else "error"], rows)
    typer.echo("")


def _print_best(asked: "Sweep") -> None:
    """Print the point of least metric of a search."""
    from solv.cli.tables import number

    finished = asked.directory.finished()
    points = [point for point in asked.directory.points() if point.key in finished]
    if asked.is_grid or asked.metric is None or not points:
        return
    values = {point.key: asked.metric.of(finished[point.key].curves()) for point in points}
    best = min(points, key=lambda point: values[point.key])
    typer.echo(f"best: {best.label} with {asked.metric.take} {number(values[best.key])}")


def _print_aggregate(result: "Aggregate") -> None:
    from solv.cli.tables import print_agreement, print_claims

    if not result.complete:
        typer.echo(f"so far, from {len(result.done)} of {result.total} points:")
    print_agreement(result.curves, result.panels)
    typer.echo("")
    print_claims(result.findings)
    typer.echo("")


class _BusyError(Exception):
    """Another process holds the sweep."""


def _busy() -> None:
    raise _BusyError


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
