"""Part `proofs`: which statements are provable, how long are their traces, and does every one of them check? (E1)"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.statements import Arrays, Size, examine
from solv.harness.contract import Context, Part
from solv.theory.pita.statement_counts import full_count
from solv.tracking.claims import Claim, Judgement, Verdict
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "proofs")
EXHAUSTIVE = 4  # leaves up to which the claim on all proofs wants every statement of full
FAULTS = ("given_up", "refused", "differ")


class Panels(StrEnum):
    """The panels of this part."""

    PROVABLE = "provable"
    LENGTHS = "lengths"
    CHECKS = "checks"


def panels(config: PitaConfig) -> list[Panel]:
    """Return what is provable, the lengths of traces, and the table of what was checked."""
    return [
        Panel(
            Panels.PROVABLE,
            "E1 Provable statements",
            "leaves m",
            "fraction provable",
            series="{split}",
            note="or, php: a sample, at its mean number of leaves",
        ),
        Panel(
            Panels.LENGTHS,
            "E1 Length of the traces",
            "length L",
            "fraction with a longer trace",
            x_scale="log",
            y_scale="log",
            series=_size_label,
            figure="Fig. 1d",
        ),
        Panel(Panels.CHECKS, "E1 What was checked", "leaves m", "statements", series="{split}", drawn=False),
    ]


def _size_label(params: Params) -> str:
    return f"{params['split']}, {params['leaves']} leaves" if params["leaves"] else str(params["split"])


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: no formula says what is provable."""
    yield from ()


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield what searches of every split find."""
    examined = examine(config.proofs, context)
    for split in config.proofs.splits:
        results = {size: arrays for size, arrays in examined.items() if size.split == split}
        yield from _provable(split, results)
        yield from _lengths(split, *list(results.items())[-1])
        yield from _checks(split, results)


def _provable(split: str, results: dict[Size, Arrays]) -> Iterator[Curves]:
    points = []
    for size, arrays in results.items():
        decided = size.count - int(arrays["given_up"])
        if decided:
            part = int(arrays["proved"]) / decided
            error = 0.0 if size.whole else np.sqrt(part * (1 - part) / decided)
            points.append((_mean_leaves(size, arrays), part, error, 1 if size.whole else decided))
    if points:
        leaves, parts, errors, counts = (list(column) for column in zip(*points, strict=True))
        at = {"split": split}
        yield RECORD.simulation(
            Panels.PROVABLE, at, x=("leaves", leaves), y=("fraction", parts), y_err=errors, n=counts
        )


def _mean_leaves(size: Size, arrays: Arrays) -> float:
    return size.leaves or int(arrays["leaves"]) / size.count


def _lengths(split: str, size: Size, arrays: Arrays) -> Iterator[Curves]:
    lengths = np.sort(arrays["lengths"])
    if not len(lengths):  # every search was given up
        return
    most = int(lengths[-1])
    x = np.unique(np.geomspace(1, most, 24).round().astype(int))[:-1] if most > 1 else np.array([1])
    longer = 1 - np.searchsorted(lengths, x, side="right") / len(lengths)
    yield RECORD.simulation(
        Panels.LENGTHS,
        {"split": split, "leaves": size.leaves},
        x=("length", x),
        y=("fraction longer", longer),
        y_err=0.0 if size.whole else np.sqrt(longer * (1 - longer) / len(lengths)),
        n=1 if size.whole else len(lengths),
    )


def _checks(split: str, results: dict[Size, Arrays]) -> Iterator[Curves]:
    """Yield numbers of statements by leaves, which part they are of all, and the longest trace; exact, so without n."""
    leaves = [_mean_leaves(size, arrays) for size, arrays in results.items()]
    table: dict[str, list[float]] = {
        "made": [size.count for size in results],
        **{key: [int(arrays[key]) for arrays in results.values()] for key in FAULTS},
        "part of all": [size.count / size.most for size in results],
        "longest": [int(arrays["lengths"].max(initial=0)) for arrays in results.values()],
    }
    for name, values in table.items():
        yield RECORD.simulation(Panels.CHECKS, {"split": split}, x=("leaves", leaves), y=(name, values), y_err=0.0, n=1)


def _judge_all_check(curves: Curves) -> Judgement:
    made, given_up, refused, differ = (int(select(curves, y_name=name)["y"].sum()) for name in ("made", *FAULTS))
    full = select(curves, split="full", y_name="part of all")
    whole = set(full[full["y"] == 1]["x"]) >= set(range(1, EXHAUSTIVE + 1))
    return Judgement(
        Verdict.FAILS if refused or differ else Verdict.HOLDS if whole else Verdict.UNDECIDED,
        predicted="all",
        measured=(
            f"{made - given_up} traces checked, {refused} refused, {differ} verdicts differ, "
            f"{given_up} searches given up"
        ),
        tolerance=f"none; every statement of full with up to {EXHAUSTIVE} leaves",
        needs="proofs.splits includes full" if full.empty else "",
    )


PROOFS = Part(
    name="proofs",
    question="Which part of the statements is provable, how long are the traces, and is every one of them right?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    figure="Fig. 1d",
    claims=(
        Claim(
            "all-proofs-check",
            "Every trace is accepted by the checker, and a second calculus confirms every verdict.",
            reads=(Panels.CHECKS,),
            judge=_judge_all_check,
            needs={"proofs.leaves": EXHAUSTIVE, "proofs.most": full_count(EXHAUSTIVE)},
        ),
    ),
)
