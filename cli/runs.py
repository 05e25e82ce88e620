"""`solv runs`: what has been run, and which unfinished runs can go?"""

import json
import re
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from solv.cli.arguments import AsFormat, Debug, Names, OnlyPreset, RunsDir, TableFormat, VerdictName, finish, runs_root

if TYPE_CHECKING:
    from solv.tracking.runs import RunDirectory, RunStore

VERDICTS = tuple(verdict.value for verdict in VerdictName)
_AGES = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def runs(
    names: Names = None,
    preset: OnlyPreset = None,
    verdict: Annotated[VerdictName | None, typer.Option(help="Only runs with a claim of this verdict.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only runs started since: 2026-11-23, 2026-11-23T14:00, 90m, 2h, 3d, 1w."),
    ] = None,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Only runs that were not finished.")] = False,
    key: Annotated[str | None, typer.Option(help="Only runs whose key starts so.")] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Delete the unfinished ones among these runs; asks first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    output: AsFormat = TableFormat.TABLE,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """List what has been run: when, from which preset, with which verdicts."""

    def body() -> None:
        from solv.cli.tables import print_rows
        from solv.harness.catalog import entry
        from solv.tracking.runs import RunStore

        for name in names or []:
            entry(name)
        start = _start(since, datetime.now())
        store = RunStore(runs_root(runs_dir))
        found = [
            run
            for run in store.runs()
            if (not names or run.experiment in names)
            and (start is None or run.started >= start)
            and run.key.startswith(key or "")
            and not (run.finished and (unfinished or clean))
            and (preset is None or (run.finished and run.preset == preset))
            and (verdict is None or verdict.value in _verdicts(run))
        ]
        faults = {run: fault for run in found if run.finished and (fault := run.fault())}
        for fault in faults.values():
            print(f"solv: {fault}", file=sys.stderr)
        if output is TableFormat.JSON and not clean:
            typer.echo(json.dumps([_record(run, faults.get(run)) for run in found], indent=1))
            return
        if not found:
            chosen = "unfinished runs" if clean or unfinished else "such runs" if len(store.runs()) else "runs"
            typer.echo(f"no {chosen} in {store.root}")
            return
        print_rows(
            "", ["started", "experiment", "preset", "claims", "directory"], [_row(run, run in faults) for run in found]
        )
        if clean:
            _clean(store, found, yes)

    finish(body, debug)


def _clean(store: "RunStore", found: "list[RunDirectory]", yes: bool) -> None:
    from solv.harness.settings import ConfigurationError

    if not yes:
        if not sys.stdin.isatty():
            raise ConfigurationError("--clean asks before it deletes, and there is no terminal to ask; add --yes")
        if not typer.confirm(f"delete these {len(found)} with the work they hold?"):
            typer.echo("nothing deleted")
            return
    deleted = 0
    for run in found:
        if store.discard_unfinished(run):
            deleted += 1
        else:
            typer.echo(f"kept {run.path}: a live process is running it or has just finished it")
    typer.echo(f"deleted {deleted} unfinished run{'s' * (deleted != 1)}")


def _row(run: "RunDirectory", damaged: bool) -> list[str]:
    claims = "damaged" if damaged else "unfinished"
    if run.finished and not damaged:
        found = _verdicts(run)
        counts = [f"{found.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in found]
        claims = ", ".join(counts) or "none"
    return [f"{run.started:%Y-%m-%d %H:%M:%S}", run.experiment, run.preset, claims, str(run.path)]


def _record(run: "RunDirectory", fault: str | None) -> dict[str, object]:
    found = _verdicts(run)
    return {
        "started": run.started.isoformat(),
        "experiment": run.experiment,
        "key": run.key,
        "preset": run.preset,
        "finished": run.finished,
        "fault": fault,
        "claims": {verdict: found.count(verdict) for verdict in VERDICTS},
        "directory": str(run.path),
    }


def _verdicts(run: "RunDirectory") -> list[str]:
    from solv.tracking.runs import RunDirectoryError

    try:
        return list(run.verdicts.values()) if run.finished else []
    except RunDirectoryError:
        return []


def _start(text: str | None, now: datetime) -> datetime | None:
    """Return the local time that `--since` means."""
    from solv.harness.settings import ConfigurationError

    if text is None:
        return None
    age = re.fullmatch(r"(\d+)([mhdw])", text)
    try:
        if age:
            return now - timedelta(**{_AGES[age[2]]: int(age[1])})
        return datetime.fromisoformat(text).astimezone().replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"--since {text}: give a date (2026-11-23), a time (2026-11-23T14:00) or an age (90m, 2h, 3d, 1w)"
        ) from None
