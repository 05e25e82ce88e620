"""How far are the estimates of `solv show NAME --cost` from what runs took?

    python -m benchmarks.cost_estimates [--at-least 5] [--runs-dir DIR] [NAME ...]

For every part that took some seconds in a reference run, or in the finished runs under DIR: what it took (of a
reference run: what it would have taken on the machine of `results/times.json`, by the quick preset), what is estimated
from the time of the quick preset and the settings of that run, and their ratio. Goal: within a factor 2. Parts that
read the same trainings count as one: which of them trains is chance where several processes share a run.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from solv.harness.archive import settings_of
from solv.harness.catalog import load, names
from solv.harness.cost import estimate
from solv.harness.reference import shipped, usual_seconds
from solv.tracking.runs import RunDirectory, RunStore

GOAL = 2.0
TOGETHER = {"softmax-law": {"crossover": "one-third-law", "universality": "one-third-law"}}  # one of the part named


def estimates(run: RunDirectory, at_least: float) -> Iterator[tuple[str, float, float]]:
    """Yield part, measured and estimated CPU seconds of the parts of a finished run that took some time."""
    one_of = TOGETHER.get(run.experiment, {})
    taken, expected = Counter[str](), Counter[str]()
    for part, seconds in usual_seconds(run).items():
        taken[one_of.get(part, part)] += seconds
    for cost in estimate(load(run.experiment), settings_of(run)):
        expected[one_of.get(cost.part, cost.part)] += cost.seconds
    for part, seconds in expected.items():
        if taken[part] >= at_least:
            yield part, taken[part], seconds


def main() -> None:
    """Print a line for each part; exit 1 if one is further off than the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; all by default")
    parser.add_argument("--at-least", type=float, default=5, help="CPU seconds that a part took")
    parser.add_argument("--runs-dir", type=Path, help="folder of finished runs, in place of the reference runs")
    asked = parser.parse_args()
    store, far = RunStore(asked.runs_dir) if asked.runs_dir else shipped(), 0
    for run in store.finished():
        if run.experiment not in (asked.names or names()):
            continue
        for part, measured, estimated in estimates(run, asked.at_least):
            ratio = estimated / measured
            fits = 1 / GOAL <= ratio <= GOAL
            far += not fits
            mark = "" if fits else "  further than the goal"
            print(f"{run.experiment:14} {part:24} {measured:8.1f} s, {estimated:8.1f} s estimated, {ratio:5.2f}{mark}")
    raise SystemExit(far > 0)


if __name__ == "__main__":
    main()
