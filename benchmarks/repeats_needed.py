"""How many repeats decide what the default run leaves open? By that run's standard errors and the judges' tolerances.

    python -m benchmarks.repeats_needed [--runs-dir runs] [--draws 60] [--save PAGE] [NAME ...]

Curves that are true by construction are drawn with the errors of the quick run, as `benchmarks.judge_errors` does, and
then with those of 2, 4, 8, ... times as many repeats, until `POWER` of the draws are decided. Listed are the claims
that the quick run or chance at its size leaves open; where `MOST` times as many repeats do not decide, it is not
their number that is missing. Takes minutes of one core for each experiment.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.judge_errors import Judges, Truth, judged_truths
from solv.harness.catalog import names
from solv.harness.reference import judged, reference
from solv.tracking.claims import Claim, Finding, Verdict
from solv.tracking.files import write_text
from solv.tracking.runs import RunDirectory, RunStore

POWER = 0.95
MOST = 64
PAGE = f"""# Which size decides what

The sizes of the preset `reference` follow from the standard errors of the default run. Below is every claim that this
run leaves open, or that chance leaves open in more than 1 of 20 such runs: what it measured; how far that may lie from
what is predicted; how often curves that are true by construction are decided at the errors of this run; how many times
as many repeats decide {POWER:.0%} of them; and what the reference run found. Where that number is 1, repeats are not
what is missing, but a measurement that is not at the edge of its tolerance, longer training, larger models or settings
that the default run does not have: [the reference runs](reference-runs.md) say which ("To decide"). Where it is over
{MOST}, repeats do not bring error and tolerance together. Curves are drawn as in
[How sure the verdicts are](verdicts.md).

Written by `python -m benchmarks.repeats_needed`."""
HEAD = "| claim | quick run | tolerance | decided at its size | repeats, times those of the quick run | reference run |"


def factor(judges: Judges, truth: Truth, claim: Claim, draws: int) -> tuple[float, int | None]:
    """Return how often the claim is decided at the run's size, and the factor of repeats from which on it mostly is."""

    def decided(repeats: int) -> float:
        return 1 - judges.rates(truth.curves, [claim], draws, repeats)[claim.id][Verdict.UNDECIDED]

    now, repeats = decided(1), 1
    if now >= POWER:
        return now, 1
    while repeats < MOST:
        repeats *= 2
        if decided(repeats) >= POWER:
            return now, repeats
    return now, None


def rows(name: str, run: RunDirectory, draws: int) -> Iterator[str]:
    """Yield the lines of an experiment."""
    quick, long = ({each.id: each for each in judged(each)} for each in (run, reference(name)))
    for truth, judges, claims in judged_truths(name, run):
        for claim in claims:
            now, repeats = factor(judges, truth, claim, draws)
            said = quick[claim.id]
            if repeats == 1 and said.verdict is not Verdict.UNDECIDED:
                continue
            cells = [
                f"`{claim.id}`",
                f"{said.verdict.value}: {_measured(said)}",
                long[claim.id].tolerance or "exact",
                f"{100 * now:.0f} %",
                f"{repeats}" if repeats else f"over {MOST}",
                f"{long[claim.id].verdict.value}: {_measured(long[claim.id])}",
            ]
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _measured(finding: Finding) -> str:
    if isinstance(finding.measured, str):
        return finding.measured
    return f"{finding.measured:.4g}" + (f" ± {finding.error:.2g}" if finding.error is not None else "")


def main() -> None:
    """Print the tables of all experiments that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; none: all that have a run")
    parser.add_argument("--runs-dir", default="runs", help="folder of the quick runs")
    parser.add_argument("--draws", type=int, default=60, help="draws for each claim and number of repeats")
    parser.add_argument("--save", type=Path, help="file to write the tables to")
    asked = parser.parse_args()
    lines: list[str] = []
    for name in asked.names or names():
        if runs := RunStore(Path(asked.runs_dir)).finished(name, "quick"):
            table = [f"\n## {name}\n", HEAD, "| --- " * 6 + "|", *rows(name, runs[-1], asked.draws)]
            print("\n".join(table), flush=True)
            lines += table
    if asked.save:
        write_text(asked.save, "\n".join([PAGE, *lines]) + "\n")


if __name__ == "__main__":
    main()
