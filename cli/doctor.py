"""`solv doctor`: what works on this machine, what is missing, and which command mends it?"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from solv.cli.arguments import AsFormat, Debug, RunsDir, TableFormat, finish, runs_root

if TYPE_CHECKING:
    from solv.tracking.environment import Check


def doctor(output: AsFormat = TableFormat.TABLE, runs_dir: RunsDir = None, debug: Debug = False) -> None:
    """Check Python, torch, device, threads, W&B, datasets, launchers, runs and disk; exit 1 if solv cannot work."""

    def body() -> int:
        from solv.cli.tables import print_checks
        from solv.tracking.environment import State, checks

        found = [*checks(runs_root(runs_dir)), *_experiments()]
        if output is TableFormat.JSON:
            typer.echo(json.dumps([asdict(check) for check in found], indent=1))
        else:
            print_checks(found)
        return 1 if any(check.state is State.BROKEN for check in found) else 0

    finish(body, debug)


def _experiments() -> "list[Check]":
    """Return how many experiments there are, and those of other packages that cannot be used, with their fault."""
    from solv.harness.catalog import BUILT_BY, UnknownExperimentError, catalog, load
    from solv.tracking.environment import Check, State

    found = catalog()
    own = [name for name, origin in found.origins.items() if origin != BUILT_BY]
    others = f", {len(own)} of other packages: {', '.join(own)}" if own else ""
    lines = [Check("experiments", State.WORKS, f"{len(found.entries) - len(own)} papers{others}")]
    for name in own:
        try:
            load(name)
        except UnknownExperimentError as error:
            fix = f"pip uninstall {found.origins[name]}"
            lines.append(Check(f"experiment {name}", State.MISSING, str(error), fix))
    for broken in found.broken:
        said = f"broken, of {broken.distribution}: {broken.fault}"
        lines.append(Check(f"experiment {broken.name}", State.MISSING, said, f"pip uninstall {broken.distribution}"))
    return lines
