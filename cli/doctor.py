"""`solv doctor`: what works on this machine, what is missing, and which command mends it?"""

import json
from dataclasses import asdict

import typer

from solv.cli.arguments import AsFormat, Debug, RunsDir, TableFormat, finish, runs_root


def doctor(output: AsFormat = TableFormat.TABLE, runs_dir: RunsDir = None, debug: Debug = False) -> None:
    """Check Python, torch, device, threads, W&B, datasets, launchers, runs and disk; exit 1 if solv cannot work."""

    def body() -> int:
        from solv.cli.tables import print_checks
        from solv.tracking.environment import State, checks

        found = checks(runs_root(runs_dir))
        if output is TableFormat.JSON:
            typer.echo(json.dumps([asdict(check) for check in found], indent=1))
        else:
            print_checks(found)
        return 1 if any(check.state is State.BROKEN for check in found) else 0

    finish(body, debug)
