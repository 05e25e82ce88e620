"""Are the authors' numbers whole, and does our search meet them in every row?"""

from collections import Counter

from solv.data.pita.search import search
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas
from solv.experiments.pita.published import lengths_by_leaves, lengths_of_full


def test_the_stored_histogram_has_all_statements_of_full() -> None:
    stored = lengths_of_full()
    assert stored.total() == sum(open_split(SplitSpec("full", leaves)).count for leaves in range(1, 6)) == 3_630_455
    assert sum(count for (provable, _), count in stored.items() if provable) == 1_248_951


def test_every_search_up_to_four_leaves_has_the_published_verdict_and_length() -> None:
    """All 86 705 statements; `python -m benchmarks.pita_lengths` does the same with the 3 543 750 of five leaves."""
    found: Counter[tuple[int, bool | None, int]] = Counter()
    for leaves in range(1, 5):
        split = open_split(SplitSpec("full", leaves))
        for index in range(split.count):
            made = search(Subformulas(split[index]), 1000)
            found[leaves, made.proved, made.states] += 1
    assert found == lengths_by_leaves()
