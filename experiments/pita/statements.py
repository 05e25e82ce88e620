"""What does a search of the proof data set find? Statements written out, proved, replayed and decided a second time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solv.data.pita.checker import TraceError, check
from solv.data.pita.contraction_free import provable
from solv.data.pita.search import search
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import render
from solv.experiments.pita.settings import Proofs
from solv.harness.contract import Context
from solv.harness.work import Work

Statement = tuple[str, ...]
Arrays = dict[str, np.ndarray]
LEAF_STEPS = 15  # elementary steps, of a microsecond, of proving, replaying and deciding, for every leaf of a statement
MEAN_LEAVES = {"or": 30, "php": 42}  # of the statements of a whole split, nearly all of which are large
STATEMENT_BYTES = 200  # of a tuple of some ten words, and its place in a set
OPERATORS = {"full": 3, "imply": 1}  # splits whose statements are counted by their leaves, and operators of a node


@dataclass(frozen=True)
class Size:
    """Statements of one size of a split, all or a sample.

    Attributes:
        split: its name.
        leaves: leaves of each statement; None: of the whole split, which mixes sizes.
        count: statements that are proved.
        most: statements that there are.
    """

    split: str
    leaves: int | None
    count: int
    most: int

    @property
    def whole(self) -> bool:
        """Whether no statement is left out."""
        return self.count == self.most


def sizes(settings: Proofs) -> list[Size]:
    """Return every size that is proved, by split and then by leaves."""
    listed = []
    for name in settings.splits:
        for leaves in range(1, settings.leaves + 1) if name in OPERATORS else (None,):
            most = open_split(SplitSpec(name, leaves)).count
            listed.append(Size(name, leaves, min(most, settings.most if leaves else settings.sample), most))
    return listed


def examine_work(settings: Proofs) -> Work:
    """Return the work of `examine`: proportional to the leaves; the distinct statements of a size are held at once."""
    listed = sizes(settings)
    leaves = sum(size.count * (size.leaves or MEAN_LEAVES[size.split]) for size in listed)
    return Work(calls=LEAF_STEPS * leaves, memory=STATEMENT_BYTES * max(size.count for size in listed))


def examine(settings: Proofs, context: Context) -> dict[Size, Arrays]:
    """Return what proving, replaying and deciding again finds at each size.

    Returns:
        Numbers of statements that are `proved`, `given_up`, `refused` by the checker, whose second verdict `differ`s,
        and that are `distinct`; the sum of their `leaves`; and the `lengths` of all traces and whether they
        are `provable`, shape (traces,).
    """
    examined = {}
    listed = sizes(settings)
    with context.progress.task("prove and check", sum(size.count for size in listed)) as step:
        for size in listed:

            def compute(size: Size = size) -> Arrays:
                split = open_split(SplitSpec(size.split, size.leaves))
                if size.whole:
                    return _examine((split[i] for i in range(size.count)), settings.state_limit)
                place = bijection(split.count, context.seeds.integer("sample", size.split, size.leaves))
                return _examine((split[place(i)] for i in range(size.count)), settings.state_limit)

            examined[size] = context.unit(f"proofs {size.split} {size.leaves} {size.count}", compute)
            step.advance(size.count, note=size.split)
    return examined


def _examine(statements: Iterable[Statement], state_limit: int) -> Arrays:
    lengths, verdicts, distinct = [], [], set()
    proved = given_up = refused = differ = leaves = 0
    for statement in statements:
        distinct.add(statement)
        formulas = Subformulas(statement)
        result = search(formulas, state_limit)
        leaves += (len(statement) + 1) // 2
        if result.proved is None:
            given_up += 1
            continue
        trace = render(formulas, result.steps, result.proved)
        lengths.append(trace.length)
        verdicts.append(result.proved)
        proved += result.proved
        differ += provable(statement) != result.proved
        try:
            replayed = check(statement, trace.proof)
            refused += (replayed.proved, replayed.length) != (result.proved, trace.length)
        except TraceError:
            refused += 1
    sums = {"proved": proved, "given_up": given_up, "refused": refused, "differ": differ, "leaves": leaves}
    return {
        **{key: np.array(value) for key, value in sums.items()},
        "distinct": np.array(len(distinct)),
        "lengths": np.array(lengths, dtype=np.int64),
        "provable": np.array(verdicts, dtype=bool),
    }
