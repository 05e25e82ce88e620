"""Run the preset `reference` of an experiment, and keep what it found in `results/`, where it is shipped.

    python -m benchmarks.keep_reference [--runs-dir DIR] [--processes N] NAME
    python -m benchmarks.keep_reference --part P --part P NAME  # these parts anew, beside the others that are kept
    python -m benchmarks.keep_reference --part P --changed S NAME  # ... with a setting that no other part reads
    python -m benchmarks.keep_reference --judge NAME        # the curves that are kept, by the judges of today

As many processes as there are cores share the work. A run that was killed goes on, and one that is finished is read;
the page of all verdicts is written anew, and what the preset `quick` of the same parts takes on this machine is
measured beside. Takes from two minutes to an hour of two cores.
"""

import argparse
from pathlib import Path

from solv.harness.catalog import load
from solv.harness.compose import settings_for
from solv.harness.reference import PRESET, judge_again, keep, note_quick, reference, refresh, verdicts_page
from solv.harness.runner import run_experiment
from solv.harness.settings import replace
from solv.tracking.environment import cores_at_hand
from solv.tracking.runs import RunStore

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "results", ROOT / "docs" / "reference-runs.md"


def main() -> None:
    """Run, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--runs-dir", default="runs", help="folder of the runs")
    parser.add_argument("--part", action="append", help="run only these parts, and keep them beside what is kept")
    parser.add_argument("--changed", action="append", default=[], help="a setting that no part that stays reads")
    parser.add_argument("--processes", type=int, default=cores_at_hand(), help="that share the work")
    parser.add_argument("--judge", action="store_true", help="run nothing: judge again what is kept")
    asked = parser.parse_args()
    if asked.processes < 1:
        parser.error(f"--processes is {asked.processes}; valid: at least 1")
    results = RunStore(RESULTS)
    if asked.judge:
        judge_again(reference(asked.name, results))
        PAGE.write_text(verdicts_page(results), encoding="utf-8")
        return
    chosen = tuple(part for each in asked.part or () for part in each.split(","))
    _, settings = settings_for(asked.name, PRESET, [])
    settings = replace(
        settings, runs_dir=asked.runs_dir, wandb="disabled", parts=chosen, threads=1, processes=asked.processes
    )
    run = run_experiment(load(asked.name), settings, preset=PRESET, say=print).run
    kept = refresh(run, results, asked.changed) if chosen else keep(run, results)
    _, usual = settings_for(asked.name, "quick", [])
    usual = replace(usual, runs_dir=asked.runs_dir, wandb="disabled", parts=chosen, threads=1)  # as the table of times
    quick = run_experiment(load(asked.name), usual, preset="quick", figure=False).run.manifest()["parts"]
    assert isinstance(quick, dict)
    note_quick(kept, {name: seconds["cpu"] for name, seconds in quick.items()})
    PAGE.write_text(verdicts_page(results), encoding="utf-8")
    print(f"kept in {kept.path}, and written of in {PAGE}")


if __name__ == "__main__":
    main()
