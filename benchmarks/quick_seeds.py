"""Do verdicts depend on the seed? Quick runs of several seeds against each other and against the reference run.

    solv sweep NAME seed=0,1,2,3,4,5,6,7,8,9 runs_dir=DIR          # for each experiment, first
    python -m benchmarks.quick_seeds DIR [NAME ...]

Prints a row for each experiment: the seeds, claims that fail although the reference run does not contradict them
(false alarms), claims that fail there too, the share that is undecided, and the claims whose verdict is not the same
for all seeds. Counted are the verdicts in `quick_seeds.json`, of the judges of their day, and those of the runs in DIR
of other seeds, by today's; `--keep` adds the latter to the file. Exit 1 on a false alarm.
"""

import argparse
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from solv.harness.catalog import names
from solv.harness.reference import judged
from solv.harness.reference import reference as shipped_run
from solv.tracking.claims import Verdict
from solv.tracking.runs import RunStore

KEPT = Path(__file__).with_name("quick_seeds.json")
HEAD = (
    "| experiment | seeds | claims | false alarms | fail in the reference run too | undecided | change with the seed |"
)


@dataclass
class Seen:
    """The verdicts of each claim over the seeds of an experiment's runs, counted."""

    seeds: list[int] = field(default_factory=list)
    verdicts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, store: RunStore, name: str) -> None:
        """Count the quick runs of seeds that are not counted yet."""
        for run in store.finished(name, "quick"):
            seed = run.manifest()["seed"]
            assert isinstance(seed, int)
            if seed in self.seeds:
                continue
            self.seeds = sorted([*self.seeds, seed])
            for finding in judged(run):
                self.verdicts[finding.id][finding.verdict.value] += 1


def kept() -> dict[str, Seen]:
    """Return what was counted before, by experiment."""
    if not KEPT.exists():
        return {}
    return {
        name: Seen(each["seeds"], defaultdict(Counter, {claim: Counter(n) for claim, n in each["verdicts"].items()}))
        for name, each in json.loads(KEPT.read_text(encoding="utf-8")).items()
    }


def row(name: str, seen: Seen) -> tuple[str, int]:
    """Return the line of an experiment, and its number of false alarms."""
    reference = {finding.id: finding.verdict for finding in judged(shipped_run(name))}
    fails, undecided = Verdict.FAILS.value, Verdict.UNDECIDED.value
    failing = {claim: count[fails] for claim, count in seen.verdicts.items() if count[fails]}
    false = {claim: number for claim, number in failing.items() if reference[claim] is not Verdict.FAILS}
    open_ = sum(count[undecided] for count in seen.verdicts.values()) / (len(seen.verdicts) * len(seen.seeds))
    changing = [
        f"`{claim}` ({', '.join(f'{number} {verdict}' for verdict, number in count.most_common())})"
        for claim, count in seen.verdicts.items()
        if len(count) > 1
    ]
    cells = [
        name,
        _ranges(seen.seeds),
        str(len(seen.verdicts)),
        ", ".join(f"`{claim}` ({number})" for claim, number in false.items()) or "none",
        str(len(failing) - len(false)),
        f"{100 * open_:.0f} %",
        ", ".join(changing) or "none",
    ]
    return f"| {' | '.join(cells)} |", sum(false.values())


def _ranges(seeds: list[int]) -> str:
    """Return e.g. "0 to 4, 7" of [0, 1, 2, 3, 4, 7]."""
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][-1] + 1:
            spans[-1].append(seed)
        else:
            spans.append([seed])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


def main() -> None:
    """Print the table; exit 1 if a claim fails that is not contradicted by the reference run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the runs")
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; all that have runs by default")
    parser.add_argument("--keep", action="store_true", help="write the file anew")
    asked = parser.parse_args()
    store, alarms, counted = RunStore(asked.folder), 0, kept()
    print(HEAD)
    print("| --- " * HEAD.count(" | ") + "| --- |")
    for name in asked.names or names():
        seen = counted.setdefault(name, Seen())
        seen.add(store, name)
        if seen.seeds:
            line, number = row(name, seen)
            alarms += number
            print(line)
    if asked.keep:
        content = {
            name: {"seeds": seen.seeds, "verdicts": {claim: dict(count) for claim, count in seen.verdicts.items()}}
            for name, seen in counted.items()
            if seen.seeds
        }
        KEPT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(alarms > 0)


if __name__ == "__main__":
    main()
