"""Part `counts`: how many statements has a split of the proof data set? (E1)

Every statement of a size is written out, and distinct ones are counted, against closed formulas.
"""

from collections.abc import Iterator
from enum import StrEnum

from solv.data.pita.splits import SplitSpec, open_split
from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.statements import OPERATORS, examine
from solv.harness.contract import Context, Part
from solv.theory.pita.statement_counts import full_count, pigeonhole_count
from solv.tracking.claims import Claim, Judgement, Verdict, missing
from solv.tracking.curves import Curves, Recorder, pair
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "counts")
LARGEST = 8  # leaves of full and implies in the data set
PIGEONHOLE = "php"
PIGEONS = ((2, 1), (2, 2), (3, 1), (2, 3))  # (pigeons, holes) without omissions that are written out, by leaves


class Panels(StrEnum):
    """The panel of this part."""

    COUNTS = "counts"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the number of statements against their leaves, of the splits that have a formula."""
    if not {*OPERATORS, PIGEONHOLE} & set(config.proofs.splits):
        return []
    return [
        Panel(
            Panels.COUNTS,
            "E1 Statements of a split",
            "leaves m",
            "statements",
            y_scale="log",
            series="{split}",
            main=True,
        )
    ]


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


def _pigeonholes() -> list[int]:
    """Return how many distinct statements the cases of `PIGEONS` have."""
    strata = {stratum.label: stratum for stratum in open_split(SplitSpec(PIGEONHOLE)).strata}
    cases = [f"pigeons={pigeons},holes={holes}" for pigeons, holes in PIGEONS]
    return [len({strata[case].unrank(rank) for rank in range(strata[case].count)}) for case in cases]


def _judge_counts(curves: Curves) -> Judgement:
    paired = pair(curves)
    if paired.empty:
        return missing("proofs.most >= 5, or proofs.splits includes php")
    wrong = paired[paired["y"] != paired["theory"]]
    return Judgement(
        Verdict.HOLDS if wrong.empty else Verdict.FAILS,
        predicted="(n+2)^m 3^(m-1) C(m-1), (n+2)^m C(m-1), products of C",
        measured=f"{len(paired) - len(wrong)} of {len(paired)} sizes, {int(paired['y'].sum())} distinct statements",
        tolerance="none; each statement of a size written out and distinct ones counted",
    )


COUNTS = Part(
    name="counts",
    question="Has every split of the proof data set exactly as many statements as its formula says?",
    switch="proofs.splits",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "counts",
            "The splits have exactly as many statements as the formulas say.",
            reads=(Panels.COUNTS,),
            judge=_judge_counts,
            needs={"proofs.most": 5},
        ),
    ),
)
