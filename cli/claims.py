"""`solv claims`: which of the papers' statements hold in what has been run?"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli.arguments import (
    AsFormat,
    Debug,
    Names,
    OfSweeps,
    OnlyPreset,
    RunsDir,
    TableFormat,
    VerdictFilter,
    finish,
    runs_root,
)

if TYPE_CHECKING:
    from solv.tracking.claims import Finding
    from solv.tracking.runs import RunDirectory
    from solv.tracking.sweeps import SweepDirectory


def claims(
    names: Names = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every finished run, not the newest of each experiment alone.")
    ] = False,
    sweeps: OfSweeps = False,
    shipped: Annotated[
        bool, typer.Option("--reference", help="The reference runs that are shipped with this version.")
    ] = False,
    preset: OnlyPreset = None,
    verdict: VerdictFilter = None,
    output: AsFormat = TableFormat.TABLE,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Show every claim with its prediction, measurement and verdict; exit 1 if one fails or a run is damaged."""

    def body() -> int:
        from solv.cli.selection import finished_runs, finished_sweeps
        from solv.cli.tables import print_claims
        from solv.harness.reference import shipped as shipped_runs
        from solv.tracking.claims import Verdict
        from solv.tracking.runs import RunStore

        store = shipped_runs() if shipped else RunStore(runs_root(runs_dir))
        choose = finished_sweeps if sweeps else finished_runs
        chosen, damaged = choose(store, names or [], preset, every=every)
        found: list[RunDirectory | SweepDirectory] = [*chosen]
        judged = [(each, claim) for each in found for claim in _claims_of(each)]
        shown = [(run, claim) for run, claim in judged if verdict is None or claim.verdict.value == verdict.value]
        if output is TableFormat.JSON:
            typer.echo(json.dumps([_record(run, claim) for run, claim in shown], indent=1, ensure_ascii=False))
        else:
            for run in dict.fromkeys(run for run, _ in shown):
                print_claims([claim for owner, claim in shown if owner == run], title=_title(run))
                typer.echo("")
            counts = [sum(claim.verdict is each for _, claim in judged) for each in Verdict]
            text = ", ".join(f"{count} {each.value}" for count, each in zip(counts, Verdict, strict=True))
            kind = "sweep" if sweeps else "run"
            typer.echo(f"{len(judged)} claims of {len(found)} {kind}{'s' * (len(found) != 1)}: {text}")
        return 1 if damaged or any(claim.verdict is Verdict.FAILS for _, claim in judged) else 0

    finish(body, debug)


def _claims_of(run: "RunDirectory | SweepDirectory") -> "list[Finding]":
    from solv.tracking.sweeps import SweepDirectory

    return run.result.findings() if isinstance(run, SweepDirectory) else run.findings()


def _title(run: "RunDirectory | SweepDirectory") -> str:
    from solv.tracking.sweeps import SweepDirectory

    if isinstance(run, SweepDirectory):
        return f"{run.experiment}, {run.preset}, sweep of {len(run.points())} points: {run.path}"
    return f"{run.experiment}, {run.preset}, {run.started:%Y-%m-%d %H:%M}: {run.path}"


def _record(run: "RunDirectory | SweepDirectory", claim: "Finding") -> dict[str, Any]:
    from solv.tracking.claims import findings_to_json

    [record] = json.loads(findings_to_json([claim]))
    return {"experiment": run.experiment, "run": str(run.path), "key": run.key, "preset": run.preset, **record}
