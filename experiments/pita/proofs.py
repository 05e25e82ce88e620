"""Part `proofs`: which statements are provable, how long are their traces, and does every one of them check? (E1)"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

import numpy as np

from solv.data.pita.search import search
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas
from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.statements import LEAF_STEPS, MEAN_LEAVES, Arrays, Size, examine
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.theory.pita.statement_counts import full_count
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, decode_params, select
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "proofs")
EXHAUSTIVE = 4  # leaves up to which the claim on all proofs wants every statement of full
PACKAGE = "solv.experiments.pita"
PUBLISHED_LEAVES, WHOLE_LEAVES = 4, 5  # of the authors' lengths by leaves, and of their whole split
DEPTH_ORDER = ("full", "imply", "or", "php")
PERCENTILES = (5, 25, 50, 75, 95)
DEEPEST = 20_000  # states of a search of the depth; a longer one counts as this long
FAULTS = ("given_up", "refused", "differ")


class Panels(StrEnum):
    """The panels of this part."""

    PROVABLE = "provable"
    LENGTHS = "lengths"
    DEPTH = "depth"
    LENGTHS_BY_LEAVES = "lengths-by-leaves"
    LENGTHS_OF_FULL = "lengths-of-full"
    CHECKS = "checks"


def panels(config: PitaConfig) -> list[Panel]:
    """Return what is provable, the lengths of traces, and the table of what was checked."""
    return [
        Panel(
            Panels.PROVABLE,
            "Provable statements",
            "leaves m",
            "fraction provable",
            series="{split}",
            note="or, php: a sample, at its mean number of leaves",
        ),
        Panel(
            Panels.LENGTHS,
            "Length of the traces",
            "length L",
            "fraction with a longer trace",
            x_scale="log",
            y_scale="log",
            series=_size_label,
        ),
        Panel(
            Panels.DEPTH,
            "Depth: lengths of the published splits",
            "split",
            "length",
            y_scale="log",
            box="percentile",
            category=("split",),
            series="{percentile} %",
            ordered=True,
            note="whiskers at 5 and 95 %, box from 25 to 75 %, median",
            figure="Fig. 1d",
        ),
        *(_published_panels() if "full" in config.proofs.splits else []),
        Panel(Panels.CHECKS, "What was checked", "leaves m", "statements", series="{split}", drawn=False),
    ]


def _size_label(params: Params) -> str:
    return f"{params['split']}, {params['leaves']} leaves" if params["leaves"] else str(params["split"])


def _published_panels() -> list[Panel]:
    return [
        Panel(
            Panels.LENGTHS_BY_LEAVES,
            "Lengths: full, {leaves} leaves, ours and the authors'",
            "length",
            "statements",
            y_scale="log",
            facets=("leaves",),
            series=_verdict_label,
            figure="statistics of full",
        ),
        Panel(
            Panels.LENGTHS_OF_FULL,
            "Lengths of all of full",
            "length",
            "statements",
            series=_verdict_label,
            figure="statistics of full",
            drawn=False,
        ),
    ]


def _verdict_label(params: Params) -> str:
    return "provable" if params["provable"] else "not provable"


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
        if split == "full":
            yield from _histograms(results)
    yield from _depths(config, context)


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


def _histograms(results: dict[Size, Arrays]) -> Iterator[Curves]:
    """Yield how many statements of `full` have each verdict and length, beside the authors' counts; exact, so n = 1."""
    whole = {size.leaves: arrays for size, arrays in results.items() if size.whole and not int(arrays["given_up"])}
    for leaves, arrays in whole.items():
        if leaves is not None and leaves <= PUBLISHED_LEAVES:
            yield from _histogram(Panels.LENGTHS_BY_LEAVES, {"leaves": leaves}, [arrays])
    yield from published_curves(RECORD, Panels.LENGTHS_BY_LEAVES, package=PACKAGE, x="length", y="statements")
    if set(whole) >= set(range(1, WHOLE_LEAVES + 1)):
        yield from _histogram(Panels.LENGTHS_OF_FULL, {}, [whole[m] for m in range(1, WHOLE_LEAVES + 1)])
    yield from published_curves(RECORD, Panels.LENGTHS_OF_FULL, package=PACKAGE, x="length", y="statements")


def _histogram(panel: Panels, at: dict[str, int], parts: list[Arrays]) -> Iterator[Curves]:
    lengths, provable = (np.concatenate([arrays[key] for arrays in parts]) for key in ("lengths", "provable"))
    for verdict in (False, True):
        counts = np.bincount(lengths[provable == verdict])
        found = np.flatnonzero(counts)
        yield RECORD.simulation(
            panel,
            {**at, "provable": verdict},
            x=("length", found),
            y=("statements", counts[found]),
            y_err=0.0,
            n=1,
        )


def _depths(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield percentiles of the lengths of a sample of every published split."""
    for split in config.proofs.splits:

        def compute(split: str = split) -> Arrays:
            opened = open_split(SplitSpec(split, published=True))
            place = bijection(opened.count, context.seeds.integer("depth", split))
            found = (search(Subformulas(opened[place(row)]), DEEPEST) for row in range(config.proofs.sample))
            return {"lengths": np.array([result.states for result in found])}

        lengths = np.sort(context.unit(f"depth {split} {config.proofs.sample}", compute)["lengths"])
        count = len(lengths)
        for part in PERCENTILES:
            spread = 100 * np.sqrt(part / 100 * (1 - part / 100) / count)
            low, high = np.percentile(lengths, [max(part - spread, 0), min(part + spread, 100)])
            yield RECORD.simulation(
                Panels.DEPTH,
                {"split": split, "percentile": part},
                x=("statements", count),
                y=("length", float(np.percentile(lengths, part))),
                y_err=(high - low) / 2,
                n=count,
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


def _judge_lengths(curves: Curves) -> Judgement:
    rows = select(curves, source="simulation")
    ours = {(row["params"], row["x"]): row["y"] for _, row in rows.iterrows()}
    keys = set(rows["params"])
    theirs = {
        (row["params"], row["x"]): row["y"]
        for _, row in select(curves, source="published").iterrows()
        if row["params"] in keys
    }
    if not ours:
        return missing("proofs.splits includes full, and proofs.most covers every statement of a size")
    differ = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
    leaves = sorted({int(decode_params(params)["leaves"]) for params, _ in ours})
    return Judgement(
        Verdict.FAILS if differ else Verdict.HOLDS if leaves[-1] >= PUBLISHED_LEAVES else Verdict.UNDECIDED,
        predicted="the authors' count of every verdict and length",
        measured=f"{len(theirs) - len(differ)} of {len(theirs)} rows equal, up to {leaves[-1]} leaves",
        tolerance="none",
    )


def _judge_depths(curves: Curves) -> Judgement:
    rows = select(curves, percentile=50)
    medians = {str(decode_params(row["params"])["split"]): row for _, row in rows.iterrows()}
    if set(medians) < set(DEPTH_ORDER):
        return missing("proofs.splits with all of full, imply, or, php")
    steps = list(pairwise(medians[split] for split in DEPTH_ORDER))
    verdicts = [
        exceeds(high["y"] - low["y"], 0.0, known(float(np.hypot(low["y_err"], high["y_err"])), high["n"]))
        for low, high in steps
    ]
    return Judgement(
        all_of(verdicts),
        predicted=" < ".join(DEPTH_ORDER),
        measured=", ".join(f"{split} {medians[split]['y']:g} ± {medians[split]['y_err']:.1f}" for split in DEPTH_ORDER),
        tolerance="2 s.e. of the medians",
    )


def work(config: PitaConfig) -> Work:
    """Return the work of the searches of published splits; what else is proved is the work of part `counts`."""
    leaves = sum(MEAN_LEAVES.get(split, PUBLISHED_LEAVES) for split in config.proofs.splits)
    return Work(calls=LEAF_STEPS / 2 * config.proofs.sample * leaves)  # neither replayed nor decided again


PROOFS = Part(
    name="proofs",
    question="Which part of the statements is provable, how long are the traces, and is every one of them right?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 1d",
    claims=(
        Claim(
            "all-proofs-check",
            "Every trace is accepted by the checker, and a second calculus confirms every verdict.",
            reads=(Panels.CHECKS,),
            judge=_judge_all_check,
            needs={"proofs.leaves": EXHAUSTIVE, "proofs.most": full_count(EXHAUSTIVE)},
        ),
        Claim(
            "lengths-as-published",
            "The searches of full are as long as the authors'.",
            reads=(Panels.LENGTHS_BY_LEAVES,),
            judge=_judge_lengths,
            figure="statistics of full",
            needs={"proofs.leaves": PUBLISHED_LEAVES, "proofs.most": full_count(PUBLISHED_LEAVES)},
        ),
        Claim(
            "splits-deepen",
            "From full over imply and or to php the proofs of the published splits get longer.",
            reads=(Panels.DEPTH,),
            judge=_judge_depths,
            figure="Fig. 1d",
            needs={"proofs.sample": 500},
        ),
    ),
)
