"""What does pita measure on the proof data set? Statements written out, proved, replayed and decided a second time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solv.data.pita.checker import TraceError, check
from solv.data.pita.contraction_free import provable
from solv.data.pita.search import search
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import render
from solv.experiments.pita.proofs import COUNTS, LENGTHS, OPERATORS, PIGEONS, PROVABLE, pigeonhole_leaves, points
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context
from solv.tracking.curves import Curves

Statement = tuple[str, ...]


@dataclass(frozen=True)
class _Size:
    """Statements of one size of a split: all, or a sample."""

    split: str
    leaves: int | None
    count: int
    whole: bool


def measure_proofs(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield E1."""
    settings = config.proofs
    sizes = []
    for name in settings.splits:
        for leaves in range(1, settings.leaves + 1) if name in OPERATORS else (None,):
            most = open_split(SplitSpec(name, leaves)).count
            count = min(most, settings.most if leaves else settings.sample)
            sizes.append(_Size(name, leaves, count, count == most))
    total = sum(size.count for size in sizes)
    found: dict[_Size, dict[str, np.ndarray]] = {}
    with context.progress.task("prove and check", total) as step:
        for size in sizes:

            def compute(size: _Size = size) -> dict[str, np.ndarray]:
                split = open_split(SplitSpec(size.split, size.leaves))
                if size.whole:
                    return _examine((split[i] for i in range(size.count)), settings.state_limit)
                place = bijection(split.count, context.seeds.integer("sample", size.split, size.leaves))
                return _examine((split[place(i)] for i in range(size.count)), settings.state_limit)

            found[size] = context.unit(f"proofs {size.split} {size.leaves} {size.count}", compute)
            step.advance(size.count, note=size.split)
    for name in settings.splits:
        own = {size: arrays for size, arrays in found.items() if size.split == name}
        if name in OPERATORS:
            whole = [(size.leaves or 0, int(arrays["distinct"])) for size, arrays in own.items() if size.whole]
            if whole:
                place = COUNTS, name, "simulation", "leaves", [m for m, _ in whole], "statements"
                yield points(*place, [count for _, count in whole])
        yield from _provable(name, own)
        yield from _lengths(name, *list(own.items())[-1])
    if "php" in settings.splits:
        yield _pigeonholes()


def _examine(statements: Iterable[Statement], state_limit: int) -> dict[str, np.ndarray]:
    """Return what proving, replaying and deciding again finds: sums, and the lengths of all traces."""
    lengths, distinct = [], set()
    proved = given_up = refused = differ = leaves = 0
    for statement in statements:
        distinct.add(statement)
        formulas = Subformulas(statement)
        found = search(formulas, state_limit)
        leaves += (len(statement) + 1) // 2
        if found.proved is None:
            given_up += 1
            continue
        trace = render(formulas, found.steps, found.proved)
        lengths.append(trace.length)
        proved += found.proved
        differ += provable(statement) != found.proved
        try:
            replayed = check(statement, trace.proof)
            refused += (replayed.proved, replayed.length) != (found.proved, trace.length)
        except TraceError:
            refused += 1
    sums = {"proved": proved, "given_up": given_up, "refused": refused, "differ": differ, "leaves": leaves}
    return {
        **{key: np.array(value) for key, value in sums.items()},
        "distinct": np.array(len(distinct)),
        "lengths": np.array(lengths, dtype=np.int64),
    }


def _provable(name: str, own: dict[_Size, dict[str, np.ndarray]]) -> Iterator[Curves]:
    for size, arrays in own.items():
        decided = size.count - int(arrays["given_up"])
        if not decided:
            continue
        part = int(arrays["proved"]) / decided
        said = {key: int(arrays[key]) for key in ("given_up", "refused", "differ")}
        yield points(
            PROVABLE,
            name,
            "simulation",
            "leaves",
            size.leaves or int(arrays["leaves"]) / size.count,
            "fraction",
            part,
            y_err=0.0 if size.whole else np.sqrt(part * (1 - part) / decided),
            n=1 if size.whole else decided,
            params={**said, "made": size.count, "whole": size.whole},
        )


def _lengths(name: str, size: _Size, arrays: dict[str, np.ndarray]) -> Iterator[Curves]:
    lengths = np.sort(arrays["lengths"])
    if not len(lengths):  # every search was given up
        return
    most = int(lengths[-1])
    x = np.unique(np.geomspace(1, most, 24).round().astype(int))[:-1] if most > 1 else np.array([1])
    longer = 1 - np.searchsorted(lengths, x, side="right") / len(lengths)
    series = f"{name}, {size.leaves} leaves" if size.leaves else name
    error = 0.0 if size.whole else np.sqrt(longer * (1 - longer) / len(lengths))
    place = LENGTHS, series, "simulation", "length", x, "fraction longer", longer
    yield points(*place, y_err=error, n=1 if size.whole else len(lengths), params={"longest": most})


def _pigeonholes() -> Curves:
    """Return how many distinct statements the small pigeonhole cases without omissions have."""
    split = open_split(SplitSpec("php"))
    strata = {stratum.label: stratum for stratum in split.strata}
    counts: Sequence[int] = [
        len({stratum.unrank(rank) for rank in range(stratum.count)})
        for stratum in (strata[f"pigeons={pigeons},holes={holes}"] for pigeons, holes in PIGEONS)
    ]
    leaves = [pigeonhole_leaves(*case) for case in PIGEONS]
    return points(COUNTS, "php", "simulation", "leaves", leaves, "statements", counts)
