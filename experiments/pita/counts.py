"""Part `counts`: how many statements has a split of the proof data set, and how many up to symmetry? (E1)

Every statement of a size is written out, and distinct ones are counted, against closed formulas; up to the names of
atoms and the order and grouping of ∧ and ∨ as well, which is what the paper calls breadth.
"""

from collections.abc import Iterator
from enum import StrEnum

from solv.data.pita.formulas import symmetric
from solv.data.pita.splits import SplitSpec, open_split
from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.statements import OPERATORS, examine, examine_work
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.pita.breadth import (
    full_breadth,
    imply_breadth,
    or_breadth,
    paper_breadth,
    pigeonhole_paper_breadth,
)
from solv.theory.pita.statement_counts import full_count, pigeonhole_count
from solv.tracking.claims import Claim, Judgement, Verdict, missing
from solv.tracking.curves import Curves, Recorder, pair, select
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "counts")
EXACT, PAPER = "orbits", "as in the paper"
MOST_BROAD, WRITTEN_OUT = 10, 3  # leaves up to which breadth is counted by formula, and by writing statements out
LARGEST = 8  # leaves of full and imply in the data set
DISJUNCTION, PIGEONHOLE = "or", "php"
PIGEONS = ((2, 1), (2, 2), (3, 1), (2, 3))  # (pigeons, holes) without omissions that are written out, by leaves


class Panels(StrEnum):
    """The panels of this part."""

    COUNTS = "counts"
    BREADTH = "breadth"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the number of statements against their leaves, of the splits that have a formula."""
    if not {*OPERATORS, PIGEONHOLE} & set(config.proofs.splits):
        return []
    return [
        Panel(
            Panels.COUNTS,
            "Statements of a split",
            "leaves m",
            "statements",
            y_scale="log",
            series="{split}",
            main=True,
        ),
        *_breadth_panels(config),
    ]


def _breadth_panels(config: PitaConfig) -> list[Panel]:
    if not _broad(config):
        return []
    breadth = Panel(
        Panels.BREADTH,
        "Statements up to symmetry",
        "leaves m",
        "statements up to symmetry",
        y_scale="log",
        series="{split}, {counted}",
        figure="Fig. 1c",
    )
    return [breadth]


def _broad(config: PitaConfig) -> list[str]:
    """Return the splits whose statements are counted up to symmetry; of php there is the paper's count alone."""
    return [split for split in config.proofs.splits if split in OPERATORS or split in (DISJUNCTION, PIGEONHOLE)]


def _least(split: str) -> int:
    """Return the leaves of the smallest statement."""
    return 3 if split == DISJUNCTION else 1


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield the formula of every split that has one."""
    for split in config.proofs.splits:
        if split in OPERATORS:
            leaves = list(range(1, LARGEST + 1))
            counts = [float(full_count(m, operators=OPERATORS[split])) for m in leaves]
        elif split == PIGEONHOLE:
            leaves = [pigeonhole_leaves(*case) for case in PIGEONS]
            counts = [float(pigeonhole_count(*case)) for case in PIGEONS]
        else:
            continue
        yield RECORD.theory(Panels.COUNTS, {"split": split}, x=("leaves", leaves), y=("statements", counts))
    for split in _broad(config):
        sizes = range(_least(split), MOST_BROAD + 1)
        for counted in _breadth(split, MOST_BROAD):
            values = [float(_breadth(split, m)[counted]) for m in sizes]
            at = {"split": split, "counted": counted}
            yield RECORD.theory(Panels.BREADTH, at, x=("leaves", list(sizes)), y=("statements", values))


def _breadth(split: str, leaves: int) -> dict[str, float]:
    """Return orbits, where they are known, and the count of the paper's figure."""
    if split == PIGEONHOLE:
        return {PAPER: pigeonhole_paper_breadth(leaves)}
    if split == DISJUNCTION:
        return {EXACT: or_breadth(leaves), PAPER: 2 * leaves}
    exact = full_breadth(leaves) if split == "full" else imply_breadth(leaves)
    return {EXACT: exact, PAPER: paper_breadth(leaves, operators=OPERATORS[split])}


def pigeonhole_leaves(pigeons: int, holes: int) -> int:
    """Return the leaves of a pigeonhole statement without omissions: the homes, and two of every clash."""
    return pigeons * holes * (1 + 2 * (pigeons - 1))


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield the number of distinct statements of every size that is written out as a whole."""
    examined = examine(config.proofs, context)
    for split in config.proofs.splits:
        if split in OPERATORS:
            whole = [
                (size.leaves or 0, int(arrays["distinct"]))
                for size, arrays in examined.items()
                if size.split == split and size.whole
            ]
            leaves, counts = [m for m, _ in whole], [count for _, count in whole]
        elif split == PIGEONHOLE:
            leaves, counts = [pigeonhole_leaves(*case) for case in PIGEONS], _pigeonholes()
        else:
            continue
        if leaves:
            yield RECORD.simulation(
                Panels.COUNTS, {"split": split}, x=("leaves", leaves), y=("statements", counts), y_err=0.0, n=1
            )

    for split in (each for each in _broad(config) if each != PIGEONHOLE):
        sizes = range(_least(split), _least(split) + min(WRITTEN_OUT, config.proofs.leaves))
        yield RECORD.simulation(
            Panels.BREADTH,
            {"split": split, "counted": EXACT},
            x=("leaves", list(sizes)),
            y=("statements", [_orbits(split, m) for m in sizes]),
            y_err=0.0,
            n=1,
        )


def _orbits(split: str, leaves: int) -> int:
    """Return how many statements there are up to symmetry, each written out and brought into one form."""
    # of `or` as many names as may differ: more would be the same statements under other names
    opened = open_split(SplitSpec(split, leaves - 1, leaves) if split == DISJUNCTION else SplitSpec(split, leaves))
    return len({symmetric(opened[index]) for index in range(opened.count)})


def _pigeonholes() -> list[int]:
    """Return how many distinct statements the cases of `PIGEONS` have."""
    strata = {stratum.label: stratum for stratum in open_split(SplitSpec(PIGEONHOLE)).strata}
    cases = [f"pigeons={pigeons},holes={holes}" for pigeons, holes in PIGEONS]
    return [len({strata[case].unrank(rank) for rank in range(strata[case].count)}) for case in cases]


def _judge_counts(curves: Curves) -> Judgement:
    paired = pair(curves)  # of both panels
    if paired.empty:
        return missing("proofs.most >= 5, or proofs.splits includes php")
    wrong, written = paired[paired["y"] != paired["theory"]], select(paired, panel=Panels.COUNTS)
    return Judgement(
        Verdict.HOLDS if wrong.empty else Verdict.FAILS,
        predicted="(n+2)^m 3^(m-1) C(m-1), (n+2)^m C(m-1), products of C; orbits",
        measured=f"{len(paired) - len(wrong)} of {len(paired)} sizes, {int(written['y'].sum())} distinct statements",
        tolerance="none; each statement of a size written out and distinct ones counted",
    )


def work(config: PitaConfig) -> Work:
    """Return the work of proving every statement; part `proofs` reads what this one has found."""
    return examine_work(config.proofs)


COUNTS = Part(
    name="counts",
    question="Has every split of the proof data set as many statements as its formula says, up to symmetry, too?",
    switch="proofs.splits",
    figure="Fig. 1c",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "counts",
            "The splits have exactly as many statements as the formulas say, up to symmetry as well.",
            reads=(Panels.COUNTS, Panels.BREADTH),
            judge=_judge_counts,
            needs={"proofs.most": 5},
        ),
    ),
)
