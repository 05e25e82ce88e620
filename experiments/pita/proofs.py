"""What does pita show of the proof data set itself? Part E1: panels, exact counts and claims.

How many statements a split has, which part of them is provable, how long their traces are, and whether every trace is
accepted by the checker and every verdict confirmed by a second calculus. What is measured is in
`experiments/pita/proofs_measurements.py`.
"""

from collections.abc import Iterator
from typing import Any

from numpy.typing import ArrayLike

from solv.experiments.pita.settings import PitaConfig
from solv.theory.pita.statement_counts import full_count, pigeonhole_count
from solv.tracking.claims import Claim, Verdict, all_of, not_measured
from solv.tracking.curves import Curves, curve, pair, parameter, select
from solv.tracking.figures import Panel

NAME = "pita"
COUNTS, PROVABLE, LENGTHS = "counts", "provable", "lengths"
LARGEST = 8  # leaves of full and implies in the data set
OPERATORS = {"full": 3, "implies": 1}
PIGEONS = ((2, 1), (2, 2), (3, 1), (2, 3))  # cases without omissions that are enumerated, by leaves
EXHAUSTIVE = 4  # leaves up to which the claim on all proofs wants every statement


def proof_panels(config: PitaConfig) -> list[Panel]:
    """Return the panels of E1."""
    return [
        Panel(COUNTS, "E1 Statements of a split", "leaves m", "statements", y_scale="log", main=True),
        Panel(
            PROVABLE,
            "E1 Provable statements",
            "leaves m",
            "fraction provable",
            note="or, php: a sample, at its mean number of leaves",
        ),
        Panel(
            LENGTHS,
            "E1 Length of the traces",
            "length L",
            "fraction with a longer trace",
            x_scale="log",
            y_scale="log",
        ),
    ]


def predict_proofs(config: PitaConfig) -> Iterator[Curves]:
    """Yield the exact counts."""
    for split in config.proofs.splits:
        if split in OPERATORS:
            leaves = list(range(1, LARGEST + 1))
            counts = [float(full_count(m, operators=OPERATORS[split])) for m in leaves]
            yield points(COUNTS, split, "theory", "leaves", leaves, "statements", counts)
        elif split == "php":
            counts = [float(pigeonhole_count(*case)) for case in PIGEONS]
            leaves = [pigeonhole_leaves(*case) for case in PIGEONS]
            yield points(COUNTS, split, "theory", "leaves", leaves, "statements", counts)


def pigeonhole_leaves(pigeons: int, holes: int) -> int:
    """Return the leaves of a pigeonhole statement without omissions: the homes, and two of every clash."""
    return pigeons * holes * (1 + 2 * (pigeons - 1))


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of pita; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def proof_claims(curves: Curves) -> list[Claim]:
    """Return the claims on the data set."""
    return [_all_check(curves), _counts(curves)]


def _all_check(curves: Curves) -> Claim:
    name = "all-proofs-check"
    statement = "Every trace is accepted by the checker, and a second calculus confirms every verdict."
    rows = select(curves, panel=PROVABLE, source="simulation")
    if rows.empty:
        return not_measured(name, statement, "proofs.splits")
    made, given_up, refused, differ = (
        int(parameter(rows, key).astype(int).sum()) for key in ("made", "given_up", "refused", "differ")
    )
    full = rows[(rows["series"] == "full") & (rows["x"] <= EXHAUSTIVE)]
    whole = set(full.loc[parameter(full, "whole").astype(bool), "x"]) == set(range(1, EXHAUSTIVE + 1))
    verdict = Verdict.FAILS if refused or differ else Verdict.HOLDS if whole else Verdict.UNDECIDED
    return Claim(
        name,
        statement,
        predicted="all",
        measured=(
            f"{made - given_up} traces checked, {refused} refused, {differ} verdicts differ, "
            f"{given_up} searches given up"
        ),
        verdict=verdict,
        tolerance=f"none; every statement of full with up to {EXHAUSTIVE} leaves",
        needs=f"proofs.leaves >= {EXHAUSTIVE}, proofs.most >= {full_count(EXHAUSTIVE)}, proofs.splits with full",
    )


def _counts(curves: Curves) -> Claim:
    name, statement = "counts", "The splits have exactly as many statements as the formulas say."
    paired = pair(select(curves, panel=COUNTS))
    if paired.empty:
        return not_measured(name, statement, "proofs.splits with full, implies or php")
    wrong = paired[paired["y"] != paired["theory"]]
    return Claim(
        name,
        statement,
        predicted="(n+2)^m 3^(m-1) C(m-1), (n+2)^m C(m-1), products of C",
        measured=f"{len(paired) - len(wrong)} of {len(paired)} sizes, {int(paired['y'].sum())} distinct statements",
        verdict=all_of(
            [Verdict.HOLDS if y == n else Verdict.FAILS for y, n in zip(paired["y"], paired["theory"], strict=True)]
        ),
        tolerance="none; each statement of a size written out and distinct ones counted",
    )
