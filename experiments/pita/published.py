"""How long are the searches of `full` by the authors' count? Their stored statistics, and what their code gives."""

from collections import Counter
from typing import cast

from solv.experiments.pita.proofs import Panels
from solv.harness.published import PublishedCurve, read_published

PACKAGE = "solv.experiments.pita"


def lengths_of_full() -> Counter[tuple[bool, int]]:
    """How many statements of `full` (up to 5 leaves) have each (provable, length): the whole split."""
    counts: Counter[tuple[bool, int]] = Counter()
    for curve in read_published(PACKAGE, Panels.LENGTHS_OF_FULL):
        counts.update({(bool(curve.params["provable"]), length): count for length, count in _points(curve)})
    return counts


def lengths_by_leaves() -> Counter[tuple[int, bool, int]]:
    """How many statements of `full` have each (leaves, provable, length), up to 4 leaves."""
    counts: Counter[tuple[int, bool, int]] = Counter()
    for curve in read_published(PACKAGE, Panels.LENGTHS_BY_LEAVES):
        leaves, provable = cast("int", curve.params["leaves"]), bool(curve.params["provable"])
        counts.update({(leaves, provable, length): count for length, count in _points(curve)})
    return counts


def _points(curve: PublishedCurve) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in zip(curve.x, curve.y, strict=True)]
