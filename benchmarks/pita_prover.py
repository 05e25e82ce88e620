"""How fast are statements proved, written down and checked, per split and over processes; how long for 23 million?

    PYTHONPATH=. python benchmarks/pita_prover.py [--count 20000] [--check 1000000 --minutes 15]

`--check N` proves, replays and decides by the second calculus N statements of full (6 leaves), or fewer if the minutes
are over.
"""

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from data.pita.checker import check
from data.pita.contraction_free import provable
from data.pita.search import search
from data.pita.shuffle import bijection
from data.pita.splits import SplitSpec, open_split
from data.pita.subformulas import Subformulas
from data.pita.traces import render

KINDS = [("full", 4), ("full", 6), ("full", 8), ("implies", 6), ("or", None), ("php", None)]
STATE_LIMIT = 10_000
PLAN = 23_000_000


def make(name: str, leaves: int | None, first: int, count: int) -> tuple[int, int, float, float]:
    """Statements finished, characters, CPU seconds, peak memory in MiB."""
    split = open_split(SplitSpec(name, leaves))
    place = bijection(split.count, 0)
    started, characters, finished = time.process_time(), 0, 0
    for row in range(first, min(first + count, split.count)):
        formulas = Subformulas(split[place(row)])
        found = search(formulas, STATE_LIMIT)
        if found.proved is not None:
            characters += len(render(formulas, found.steps, found.proved).proof)
            finished += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return finished, characters, time.process_time() - started, peak


def speeds(count: int) -> None:
    """One process, every split."""
    for name, leaves in KINDS:
        asked = count if name in ("full", "implies") else max(50, count // 40)
        finished, characters, seconds, peak = make(name, leaves, 0, asked)
        rate = asked / seconds
        print(
            f"{name:8} {leaves or '':2} {rate:8.0f} statements/s/core, "
            f"{characters / max(1, finished):7.0f} characters each, "
            f"{asked - finished} given up, peak {peak:.0f} MiB; 23 million: {PLAN / rate / 3600 / 2:.2f} h on 2 cores, "
            f"{PLAN / rate / 3600 / 64:.3f} h on 64 (projected)",
            flush=True,
        )


def scaling(count: int) -> None:
    """Elapsed time of the same work on one and two processes."""
    for processes in (1, 2):
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            list(pool.map(make, ["full"] * processes, [2] * processes, [0] * processes, [10] * processes))  # warm up
            started = time.perf_counter()
            part = count // processes
            done = list(
                pool.map(make, ["full"] * processes, [6] * processes, range(0, count, part), [part] * processes)
            )
            elapsed = time.perf_counter() - started
        print(
            f"{processes} process(es): {count / elapsed:.0f} statements/s, "
            f"peak {max(peak for *_, peak in done):.0f} MiB each",
            flush=True,
        )


def check_many(count: int, minutes: float) -> None:
    """Every statement by two provers and the checker, until the time is over."""
    split = open_split(SplitSpec("full", 6))
    place, started, given_up, proved = bijection(split.count, 1), time.perf_counter(), 0, 0
    row = 0
    for row in range(1, count + 1):
        statement = split[place(row - 1)]
        formulas = Subformulas(statement)
        found = search(formulas, STATE_LIMIT)
        if found.proved is None:
            given_up += 1
        else:
            assert check(statement, render(formulas, found.steps, found.proved).proof).proved == found.proved
            assert provable(statement) == found.proved
            proved += found.proved
        if row % 1000 == 0 and time.perf_counter() - started > 60 * minutes:
            break
    print(
        f"{row} statements checked: {proved} proved, {given_up} given up, no disagreement, "
        f"{time.perf_counter() - started:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--check", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=15.0)
    asked = parser.parse_args()
    if asked.check:
        check_many(asked.check, asked.minutes)
    else:
        speeds(asked.count)
        scaling(asked.count)
