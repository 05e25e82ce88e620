"""How fast are statements proved, written and checked, on how many processes, in how much memory; when are all of them?

    python -m benchmarks.pita_prover [--count 20000] [--check 1000000 --minutes 15]

Rates are per second of CPU time, which others on the machine disturb less than the clock (they still share caches and
cores). Every row is a process of its own, so that the peak of memory is its own. `--check N` proves, replays and
decides by the second calculus N statements of full (6 leaves), or fewer if the minutes are over.
"""

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from solv.data.pita.audit import check_all
from solv.data.pita.checker import check
from solv.data.pita.contraction_free import provable
from solv.data.pita.mixture import mixture
from solv.data.pita.search import search
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SPLITS, SplitSpec, open_split
from solv.data.pita.spread import Workers
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import render
from solv.data.pita.writer import Plan, write

KINDS = [
    *(SplitSpec("full", leaves) for leaves in (4, 6, 8)),
    SplitSpec("imply", 6),
    SplitSpec("or"),
    SplitSpec("php"),
    *(SplitSpec(name, published=True) for name in SPLITS),
]
STATE_LIMIT = 10_000


class Speed(NamedTuple):
    """What one process did with a split."""

    proved: float  # statements proved and written down, per CPU second
    written: float  # statements proved and on the disk, per CPU second
    checked: float  # statements on the disk checked, per CPU second
    characters: float  # of a trace
    given_up: int
    file_bytes: float  # a statement
    peak: float  # MiB while writing and checking one shard


def measure(spec: SplitSpec, count: int) -> Speed:
    """Prove, write and check one shard."""
    plan = Plan(spec, min(count, open_split(spec).count), shard_rows=count)
    split = open_split(plan.split)
    place = bijection(split.count, 0)
    begun, characters, finished = time.process_time(), 0, 0
    for row in range(plan.count):
        formulas = Subformulas(split[place(row)])
        found = search(formulas, STATE_LIMIT)
        if found.proved is not None:
            characters += len(render(formulas, found.steps, found.proved).proof)
            finished += 1
    proved = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        write(Plan(plan.split, 1), Path(folder) / "first")  # what is loaded once is not what a statement costs
        check_all(Path(folder) / "first")
        begun = time.process_time()
        write(plan, Path(folder) / "set")
        written = time.process_time() - begun
        size = sum(path.stat().st_size for path in Path(folder).glob("set/*.parquet"))
        begun = time.process_time()
        check_all(Path(folder) / "set")
        checked = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = (plan.count / seconds for seconds in (proved, written, checked))
    return Speed(*rates, characters / max(1, finished), plan.count - finished, size / plan.count, peak)


def speeds(count: int) -> None:
    """One process, every split, and what the published mixture would take."""
    print("per core and second of CPU time:", flush=True)
    print(
        f"{'split':17} {'proved':>8} {'written':>8} {'checked':>8} {'chars':>6} {'bytes':>6} {'MiB':>5}",
        flush=True,
    )
    found: dict[SplitSpec, Speed] = {}
    for spec in KINDS:
        asked = count if spec.name in ("full", "imply") else max(500, count // 8)
        kind = "published" if spec.published else f"{spec.leaves or ''}"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            speed = found[spec] = pool.submit(measure, spec, asked).result()
        print(
            f"{spec.name:7} {kind:9} {speed.proved:8.0f} {speed.written:8.0f} {speed.checked:8.0f} "
            f"{speed.characters:6.0f} {speed.file_bytes:6.0f} {speed.peak:5.0f}"
            f"{f'; {speed.given_up} given up' if speed.given_up else ''}",
            flush=True,
        )
    whole = mixture()
    for doing, rates in (("written", 1), ("checked", 2)):
        seconds = sum(number / found[SplitSpec(name, published=True)][rates] for name, number in whole.items())
        print(f"the published mixture, {sum(whole.values())} statements, {doing}: {_hours(seconds)} (projected)")
    size = sum(number * found[SplitSpec(name, published=True)].file_bytes for name, number in whole.items())
    print(f"in {size / 1e9:.1f} GB", flush=True)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600 / 2:.2f} h on 2 cores, {seconds / 3600 / 64:.3f} h on 64"


def scaling(count: int) -> None:
    """The same data set by one and more processes: elapsed time, and CPU time of all processes."""
    plan = Plan(SplitSpec("full", 6), count, shard_rows=max(1, count // 16))
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before; full, 6 leaves, {count} statements:", flush=True
    )
    for processes in (1, 2, 4):
        before = _cpu_seconds()
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            write(plan, Path(folder), workers=Workers(processes))
        elapsed, cpu = time.perf_counter() - begun, _cpu_seconds() - before
        print(
            f"{processes} process(es): {count / elapsed:6.0f} statements/s by the clock, {elapsed:.1f} s; "
            f"{count / cpu:6.0f} per second of CPU time, {cpu:.1f} s",
            flush=True,
        )


def _cpu_seconds() -> float:
    usage = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in usage)


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
        scaling(4 * asked.count)
