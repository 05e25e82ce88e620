"""On which statements does a model learn, and on which is it tested? By the length of their traces, none in both.

Statements of every size are proved in turn, in the order of a keyed shuffle: even rows are for training, odd ones for
tests, so that no statement is in both; with canonical splits not even under other names. Training takes statements up
to a length, as many provable as unprovable ones *of every size*: an unprovable statement of `or` with k atoms has a
trace of 2 k - 1 states, so that beyond some size all that are short enough are provable, and size would give the answer
away. Tests take so many of each bin of lengths, half of each verdict where there are; up to the length of the training
they are of the sizes that were trained on, so that what was learned is told from what is longer.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from solv.data.pita.records import record
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split


@dataclass(frozen=True)
class Example:
    """A statement with its search.

    Attributes:
        statement, prompt, proof: as a record has them.
        provable: the verdict.
        length: highest state number of the trace.
    """

    statement: str
    prompt: str
    proof: str
    provable: bool
    length: int


@dataclass(frozen=True)
class ByLength:
    """What was found.

    Attributes:
        training: statements of up to the threshold, a provable and an unprovable one of a size in turn.
        tests: for each bin its statements; a bin may be empty.
        provable: for each bin the part of provable statements among all that were proved, NaN for none.
    """

    training: list[Example]
    tests: list[list[Example]]
    provable: list[float]


def examples_by_length(
    specs: Sequence[SplitSpec],
    key: int,
    *,
    threshold: int,
    training: int,
    bins: Sequence[int],
    tests: int,
    rows: int,
    state_limit: int = 10_000,
) -> ByLength:
    """Prove statements until enough are found.

    Args:
        specs: splits, one for every size; their statements come in turn.
        key: selects the order, >= 0.
        threshold: longest trace of the training, >= 1.
        training: most statements of the training, half of each verdict; a size that lacks a verdict has none.
        bins: longest traces of the bins of lengths, rising; a bin begins behind the one before.
        tests: most statements of a bin, half of each verdict.
        rows: most statements proved of each split.
        state_limit: states after which a search is given up; such a statement is left out.

    Raises:
        ValueError: no bins, or they do not rise; a number out of range.
    """
    if not bins or any(low >= high for low, high in zip([0, *bins], bins, strict=False)):
        raise ValueError(f"bins = {list(bins)}; valid: lengths from 1, rising")
    for name, value in (("threshold", threshold), ("training", training), ("tests", tests), ("rows", rows)):
        if value < 1:
            raise ValueError(f"{name} = {value}; valid: at least 1")
    splits = [open_split(spec) for spec in specs]
    places = [bijection(split.count, key) for split in splits]
    learned: list[dict[bool, list[Example]]] = [{False: [], True: []} for _ in splits]
    asked: list[dict[bool, list[tuple[int, Example]]]] = [{False: [], True: []} for _ in bins]
    wanted = -(-training // 2), -(-tests // 2)

    def tested(at: int, verdict: bool) -> list[Example]:
        known = {number for number, found in enumerate(learned) if all(found.values())}
        every = (each for number, each in asked[at][verdict] if bins[at] > threshold or number in known)
        return list(islice(every, wanted[1]))

    met = [Counter[bool]() for _ in bins]  # verdicts, whether they are asked or not
    for row in range(min(rows, max(split.count for split in splits))):
        if sum(min(map(len, found.values())) for found in learned) >= wanted[0] and all(
            len(tested(at, verdict)) >= wanted[1] for at in range(len(bins)) for verdict in (True, False)
        ):
            break
        for number, (split, place, of_size) in enumerate(zip(splits, places, learned, strict=True)):
            if row >= split.count:
                continue
            made = record(split, place(row), state_limit)
            if made["is_true"] is None:
                continue
            example = Example(made["statement"], made["prompt"], made["completion"], made["is_true"], made["length"])
            if row % 2 == 0:
                if example.length <= threshold and len(of_size[example.provable]) < wanted[0]:
                    of_size[example.provable].append(example)
                continue
            at = next((place for place, longest in enumerate(bins) if example.length <= longest), None)
            if at is not None:
                met[at][example.provable] += 1
                found = asked[at][example.provable]
                if sum(size == number for size, _ in found) < wanted[1]:
                    found.append((number, example))
    pairs = zip_longest(*(zip(found[True], found[False], strict=False) for found in learned))  # of all sizes in turn
    chosen = islice((pair for pair in chain.from_iterable(pairs) if pair is not None), wanted[0])
    return ByLength(
        list(chain.from_iterable(chosen)),
        [tested(at, True) + tested(at, False) for at in range(len(bins))],
        [verdicts[True] / verdicts.total() if verdicts else math.nan for verdicts in met],
    )
