"""What does the published search cost beside the pruned one? Both in turn, in one process, on the same statements.

    python -m benchmarks.pita_search [--count 4000]

Prints microseconds of CPU time a statement and a step, the best of several rounds, and the ratios.
"""

import argparse
import gc
import time

from solv.data.pita.search import search
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas

KINDS = (
    *(SplitSpec("full", leaves) for leaves in (4, 6, 8)),
    SplitSpec("imply", 6),
    SplitSpec("or", published=True),
    SplitSpec("php", published=True),
)
ROUNDS, STATE_LIMIT = 7, 10_000


def compare(spec: SplitSpec, count: int) -> None:
    """Time both searches on a sample of a split."""
    split = open_split(spec)
    place = bijection(split.count, 3)
    statements = [Subformulas(split[place(row)]) for row in range(count)]
    best, steps = {}, {}
    for _ in range(ROUNDS):
        for pruned in (False, True):
            begun = time.process_time()
            steps[pruned] = sum(len(search(each, STATE_LIMIT, pruned=pruned).steps) for each in statements)
            taken = time.process_time() - begun
            best[pruned] = min(best.get(pruned, taken), taken)
    shown = "  ".join(
        f"{name} {1e6 * best[pruned] / count:5.1f} us, {1e6 * best[pruned] / steps[pruned]:.2f} a step"
        for name, pruned in (("paper", False), ("pruned", True))
    )
    name = f"{spec.name}{f', {spec.leaves} leaves' if spec.leaves else ', published'}"
    print(
        f"{name:16} {shown}; time x{best[False] / best[True]:.2f}, steps x{steps[False] / steps[True]:.2f}", flush=True
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    asked = parser.parse_args()
    gc.disable()
    for kind in KINDS:
        compare(kind, asked.count if kind.name in ("full", "imply") else asked.count // 8)
