"""Run the preset `reference` of an experiment, and keep what it found in `results/`, where it is shipped.

    python -m benchmarks.keep_reference [--runs-dir DIR] [--processes N] NAME
    python -m benchmarks.keep_reference --part P --part P NAME  # these parts anew, beside the others that are kept
    python -m benchmarks.keep_reference --part P --changed S NAME  # ... with a setting that no other part reads
    python -m benchmarks.keep_reference --judge NAME        # the curves that are kept, by the judges of today

Parts run side by side, in as many processes as there are cores. A run that was killed goes on, and one that is
finished is read; the page of all verdicts is written anew, and what the preset `quick` of the same parts takes on this
machine is measured beside. Takes from two minutes to an hour of two cores.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from solv.harness.catalog import load
from solv.harness.compose import settings_for
from solv.harness.reference import (
    PRESET,
    judge_again,
    keep,
    note_quick,
    reference,
    refresh,
    side_by_side,
    verdicts_page,
)
from solv.harness.runner import run_experiment
from solv.harness.settings import replace
from solv.tracking.runs import RunDirectory, RunDirectoryError, RunStore

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "results", ROOT / "docs" / "reference-runs.md"


def main() -> None:
    """Run, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="NAME", help="the experiment")
    parser.add_argument("--runs-dir", default="runs", help="folder of the runs")
    parser.add_argument("--part", action="append", help="run only these parts, and keep them beside what is kept")
    parser.add_argument("--changed", action="append", default=[], help="a setting that no part that stays reads")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that run side by side")
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
    groups = side_by_side(load(asked.name), chosen, _taken(asked.name, results), asked.processes)
    if len(groups) > 1:
        with ProcessPoolExecutor(len(groups), get_context("spawn")) as pool:
            list(pool.map(_run, [asked.name] * len(groups), [asked.runs_dir] * len(groups), groups))
    if not chosen:  # parts that were measured are read
        kept = keep(_run(asked.name, asked.runs_dir, ()), results)
    if chosen or len(groups) > 1:
        for group in groups:  # what they took is in their own runs
            kept = refresh(_run(asked.name, asked.runs_dir, group), results, asked.changed)
    _, usual = settings_for(asked.name, "quick", [])
    usual = replace(usual, runs_dir=asked.runs_dir, wandb="disabled", parts=chosen, threads=1)  # as the table of times
    quick = run_experiment(load(asked.name), usual, preset="quick", figure=False).run.manifest()["parts"]
    assert isinstance(quick, dict)
    note_quick(kept, {name: seconds["cpu"] for name, seconds in quick.items()})
    PAGE.write_text(verdicts_page(results), encoding="utf-8")
    print(f"kept in {kept.path}, and written of in {PAGE}")


def _taken(name: str, results: RunStore) -> dict[str, float]:
    """Return the CPU seconds of each part of the run that is kept; nothing if none is."""
    try:
        parts = reference(name, results).manifest()["parts"]
    except RunDirectoryError:
        return {}
    assert isinstance(parts, dict)
    return {part: seconds["cpu"] for part, seconds in parts.items() if "cpu" in seconds}


def _run(name: str, runs_dir: str, parts: tuple[str, ...]) -> RunDirectory:
    """Run parts of the preset, on one thread each, or read them if they were run before."""
    _, settings = settings_for(name, PRESET, [])
    settings = replace(settings, runs_dir=runs_dir, wandb="disabled", parts=parts, threads=1)
    return run_experiment(load(name), settings, preset=PRESET, say=print).run


if __name__ == "__main__":
    main()
