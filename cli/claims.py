"""`solv claims`: which of the papers' statements hold in what has been run?"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.arguments import AsFormat, Debug, Names, OnlyPreset, RunsDir, TableFormat, VerdictFilter, finish, runs_root

if TYPE_CHECKING:
    from tracking.claims import Claim
    from tracking.runs import RunDirectory


def claims(
    names: Names = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every finished run, not the newest of each experiment alone.")
    ] = False,
    preset: OnlyPreset = None,
    verdict: VerdictFilter = None,
    output: AsFormat = TableFormat.TABLE,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Show every claim with its prediction, measurement and verdict; exit 1 if one fails."""

    def body() -> int:
        from cli.selection import finished_runs
        from cli.tables import print_claims
        from tracking.claims import Verdict
        from tracking.runs import RunStore

        found = finished_runs(RunStore(runs_root(runs_dir)), names or [], preset, every=every)
        judged = [(run, claim) for run in found for claim in run.claims()]
        shown = [(run, claim) for run, claim in judged if verdict is None or claim.verdict.value == verdict.value]
        if output is TableFormat.JSON:
            typer.echo(json.dumps([_record(run, claim) for run, claim in shown], indent=1, ensure_ascii=False))
        else:
            for run in dict.fromkeys(run for run, _ in shown):
                print_claims([claim for owner, claim in shown if owner == run], title=_title(run))
                typer.echo("")
            counts = [sum(claim.verdict is each for _, claim in judged) for each in Verdict]
            text = ", ".join(f"{count} {each.value}" for count, each in zip(counts, Verdict, strict=True))
            typer.echo(f"{len(judged)} claims of {len(found)} run{'s' * (len(found) != 1)}: {text}")
        return 1 if any(claim.verdict is Verdict.FAILS for _, claim in judged) else 0

    finish(body, debug)


def _title(run: "RunDirectory") -> str:
    return f"{run.experiment}, {run.preset}, {run.started:%Y-%m-%d %H:%M}: {run.path}"


def _record(run: "RunDirectory", claim: "Claim") -> dict[str, Any]:
    from tracking.claims import claims_to_json

    [record] = json.loads(claims_to_json([claim]))
    return {"experiment": run.experiment, "run": str(run.path), "key": run.key, "preset": run.preset, **record}
