"""Does the search meet the published lengths in every row? All 3 630 455 statements of `full`, up to 5 leaves.

    python -m benchmarks.pita_lengths [--leaves 5] [--processes 2]

Compares verdict and length of every statement with the authors' stored histogram (`experiments/pita/published.csv`),
prints how many rows differ, and exits 1 if one does. Some two minutes of CPU time.
"""

import argparse
import sys
import time
from collections import Counter

from solv.data.pita.search import search
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.spread import Workers
from solv.data.pita.subformulas import Subformulas
from solv.experiments.pita.published import lengths_by_leaves, lengths_of_full

_CHUNK = 50_000


def count(part: tuple[int, int]) -> Counter[tuple[int, bool, int]]:
    """Verdicts and lengths of a chunk of the statements of a size."""
    leaves, start = part
    split = open_split(SplitSpec("full", leaves))
    found: Counter[tuple[int, bool, int]] = Counter()
    for index in range(start, min(start + _CHUNK, split.count)):
        made = search(Subformulas(split[index]), sys.maxsize)
        assert made.proved is not None
        found[leaves, made.proved, made.states] += 1
    return found


def main(leaves: int, processes: int) -> int:
    """Compare, print, and return how many rows differ."""
    begun = time.perf_counter()
    parts = [
        (size, start)
        for size in range(1, leaves + 1)
        for start in range(0, open_split(SplitSpec("full", size)).count, _CHUNK)
    ]
    found: Counter[tuple[int, bool, int]] = Counter()
    for some in Workers(processes).map(count, parts):
        found += some
    if leaves == 5:
        published = lengths_of_full()
        ours = Counter[tuple[bool, int]]()
        for (_, proved, length), number in found.items():
            ours[proved, length] += number
        rows, differ = len(published), sum(ours[key] != published[key] for key in ours.keys() | published.keys())
    else:
        by_leaves = Counter({key: number for key, number in lengths_by_leaves().items() if key[0] <= leaves})
        rows = len(by_leaves)
        differ = sum(found[key] != by_leaves[key] for key in found.keys() | by_leaves.keys())
    print(f"{found.total()} statements, {rows} rows of the published histogram, {differ} differ")
    print(f"{time.perf_counter() - begun:.0f} s on {processes} processes")
    return differ


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=5, choices=range(1, 6))
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    sys.exit(main(asked.leaves, asked.processes) > 0)
