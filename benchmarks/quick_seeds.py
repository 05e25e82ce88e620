"""Do verdicts depend on the seed? Quick runs of several seeds against each other and against the reference run.

    solv sweep NAME seed=0,1,2,3,4,5,6,7,8,9 runs_dir=DIR          # for each experiment, first
    python -m benchmarks.quick_seeds DIR [NAME ...]

Prints a row for each experiment: how many runs of the seeds have finished, claims that fail although the reference run
does not contradict them (false alarms), claims that fail there too, the share that is undecided, and the claims whose
verdict is not the same for all seeds. Judged by today's judges. Exit 1 on a false alarm.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from solv.harness.catalog import names
from solv.harness.reference import judged, shipped
from solv.tracking.claims import Verdict
from solv.tracking.runs import RunStore

HEAD = (
    "| experiment | seeds | claims | false alarms | fail in the reference run too | undecided | change with the seed |"
)


def by_seed(store: RunStore, name: str) -> dict[int, dict[str, Verdict]]:
    """Return seed -> claim -> verdict of the quick runs of an experiment."""
    found = {}
    for run in store.finished(name, "quick"):
        seed = run.manifest()["seed"]
        assert isinstance(seed, int)
        found[seed] = {finding.id: finding.verdict for finding in judged(run)}
    return found


def row(name: str, seeds: Mapping[int, Mapping[str, Verdict]]) -> tuple[str, int]:
    """Return the line of an experiment, and its number of false alarms."""
    [run] = shipped().finished(name)
    reference = {finding.id: finding.verdict for finding in judged(run)}
    verdicts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for found in seeds.values():
        for claim, verdict in found.items():
            verdicts[claim][verdict] += 1
    failing = {claim: count[Verdict.FAILS] for claim, count in verdicts.items() if count[Verdict.FAILS]}
    false = {claim: number for claim, number in failing.items() if reference[claim] is not Verdict.FAILS}
    true = [claim for claim in failing if claim not in false]
    undecided = sum(count[Verdict.UNDECIDED] for count in verdicts.values()) / (len(verdicts) * len(seeds))
    changing = [
        f"`{claim}` ({', '.join(f'{number} {verdict.value}' for verdict, number in count.most_common())})"
        for claim, count in verdicts.items()
        if len(count) > 1
    ]
    cells = [
        name,
        _ranges(sorted(seeds)),
        str(len(verdicts)),
        ", ".join(f"`{claim}` ({number})" for claim, number in false.items()) or "none",
        str(len(true)),
        f"{100 * undecided:.0f} %",
        ", ".join(changing) or "none",
    ]
    return f"| {' | '.join(cells)} |", sum(false.values())


def _ranges(seeds: list[int]) -> str:
    whole = seeds == list(range(seeds[0], seeds[-1] + 1)) and len(seeds) > 1
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def main() -> None:
    """Print the table; exit 1 if a claim fails that is not contradicted by the reference run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the runs")
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; all that have runs by default")
    asked = parser.parse_args()
    store, alarms = RunStore(asked.folder), 0
    print(HEAD)
    print("| --- " * HEAD.count(" | ") + "| --- |")
    for name in asked.names or names():
        if seeds := by_seed(store, name):
            line, number = row(name, seeds)
            alarms += number
            print(line)
    raise SystemExit(alarms > 0)


if __name__ == "__main__":
    main()
