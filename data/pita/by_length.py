"""On which statements does a model learn, and on which is it tested? By the length of their traces, none in both.

Statements of every size are proved in turn, in the order of a keyed shuffle: even rows are for training, odd ones for
tests, so that no statement is in both; with canonical splits not even under other names. Training takes statements up
to a length, as many provable as unprovable ones *of every size*: an unprovable statement of `or` with k atoms has a
trace of 2 k - 1 states, so that beyond some size all that are short enough are provable, and size would give the answer
away. Tests take so many of each bin of lengths, half of each verdict where there are; up to the length of the training
they are of the sizes that were trained on, so that what was learned is told from what is longer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

import numpy as np

from solv.data.pita.records import record
from solv.data.pita.search import search
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas

STATE_LIMIT = 10_000  # states after which a search is given up


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


def rows_by_length(
    specs: Sequence[SplitSpec],
    key: int,
    *,
    threshold: int,
    training: int,
    bins: Sequence[int],
    tests: int,
    rows: int,
    state_limit: int = STATE_LIMIT,
) -> dict[str, np.ndarray]:
    """Prove statements until enough are found, and say which; `write_examples` writes these down.

    Args:
        specs: splits, one for every size; their statements come in turn.
        key: selects the order, >= 0.
        threshold: longest trace of the training, >= 1.
        training: most statements of the training, half of each verdict; a size that lacks a verdict has none.
        bins: longest traces of the bins of lengths, rising; a bin begins behind the one before.
        tests: most statements of a bin, half of each verdict.
        rows: most statements proved of each split.
        state_limit: states after which a search is given up; such a statement is left out.

    Returns:
        `training`, shape (statements, 2): the split's number and the row in the order of the key, a provable and an
        unprovable statement of a size in turn; `tests`, shape (statements, 3): the bin before these; `provable`, shape
        (bins,): the part of provable statements among all that were proved, NaN for none.

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
    learned: list[dict[bool, list[int]]] = [{False: [], True: []} for _ in splits]
    asked: list[dict[bool, list[tuple[int, int]]]] = [{False: [], True: []} for _ in bins]
    wanted = -(-training // 2), -(-tests // 2)

    def tested(at: int, verdict: bool) -> list[tuple[int, int]]:
        known = {number for number, found in enumerate(learned) if all(found.values())}
        every = (each for each in asked[at][verdict] if bins[at] > threshold or each[0] in known)
        return list(islice(every, wanted[1]))

    kept = Counter[tuple[int, bool, int]]()
    met = [Counter[bool]() for _ in bins]  # verdicts, whether they are asked or not
    for row in range(min(rows, max(split.count for split in splits))):
        if sum(min(map(len, found.values())) for found in learned) >= wanted[0] and all(
            len(tested(at, verdict)) >= wanted[1] for at in range(len(bins)) for verdict in (True, False)
        ):
            break
        for number, (split, place, of_size) in enumerate(zip(splits, places, learned, strict=True)):
            if row >= split.count:
                continue
            outcome = search(Subformulas(split[place(row)]), state_limit)
            if outcome.proved is None:
                continue
            if row % 2 == 0:
                if outcome.states <= threshold and len(of_size[outcome.proved]) < wanted[0]:
                    of_size[outcome.proved].append(row)
                continue
            at = next((place for place, longest in enumerate(bins) if outcome.states <= longest), None)
            if at is not None:
                met[at][outcome.proved] += 1
                if kept[at, outcome.proved, number] < wanted[1]:
                    kept[at, outcome.proved, number] += 1
                    asked[at][outcome.proved].append((number, row))
    pairs = zip_longest(
        *(
            [((number, one), (number, other)) for one, other in zip(found[True], found[False], strict=False)]
            for number, found in enumerate(learned)
        )
    )  # of all sizes in turn
    chosen = islice((pair for pair in chain.from_iterable(pairs) if pair is not None), wanted[0])
    in_bins = [(at, *each) for at in range(len(bins)) for verdict in (True, False) for each in tested(at, verdict)]
    return {
        "training": np.array(list(chain.from_iterable(chosen)), dtype=np.int64).reshape(-1, 2),
        "tests": np.array(in_bins, dtype=np.int64).reshape(-1, 3),
        "provable": np.array([verdicts[True] / verdicts.total() if verdicts else np.nan for verdicts in met]),
    }


def write_examples(
    specs: Sequence[SplitSpec],
    key: int,
    rows: Mapping[str, np.ndarray],
    *,
    state_limit: int = STATE_LIMIT,
) -> ByLength:
    """Write down the statements that `rows_by_length` found, of the same splits with the same key and limit.

    One whose trace is too long to be written (`traces.MOST_CHARACTERS`) is left out.
    """
    splits = [open_split(spec) for spec in specs]
    places = [bijection(split.count, key) for split in splits]

    def written(places_: Iterable[Sequence[int]]) -> list[Example]:
        made = (record(splits[number], places[number](row), state_limit) for number, row in places_)
        return [
            Example(each["statement"], each["prompt"], each["completion"], each["is_true"], each["length"])
            for each in made
            if each["is_true"] is not None
        ]

    by_bin = [rows["tests"][rows["tests"][:, 0] == at, 1:].tolist() for at in range(len(rows["provable"]))]
    return ByLength(written(rows["training"].tolist()), [written(each) for each in by_bin], rows["provable"].tolist())
