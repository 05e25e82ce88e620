"""Are all statements of a size proved or a sample of them, and is what is found what the data set says?"""

import numpy as np

from solv.data.pita.splits import SplitSpec, open_split
from solv.experiments.pita.settings import Proofs
from solv.experiments.pita.statements import Size, examine, examine_work, sizes
from solv.harness.settings import replace
from tests.experiments.scaffold import Units, context


def test_sizes_are_whole_where_there_are_few_and_samples_elsewhere():
    listed = sizes(Proofs(splits=["full", "php"], leaves=3, most=100, sample=50))
    assert [(size.split, size.leaves, size.count, size.whole) for size in listed] == [
        ("full", 1, 5, True),
        ("full", 2, 75, True),
        ("full", 3, 100, False),
        ("php", None, 50, False),
    ]
    assert listed[2].most == open_split(SplitSpec("full", 3)).count == 2250


def test_every_statement_is_decided_alike_and_counted(tmp_path):
    units = Units()
    found = examine(Proofs(splits=["full"], leaves=2, most=100), context(tmp_path, unit=units))
    arrays = found[Size("full", 2, 75, 75)]
    assert len(units.computed) == 2
    assert (arrays["distinct"], arrays["leaves"], arrays["given_up"]) == (75, 150, 0)
    assert (arrays["refused"], arrays["differ"]) == (0, 0)
    assert len(arrays["lengths"]) == 75
    # Of the 3 atoms, True and False alone, True is provable; the others are not.
    assert found[Size("full", 1, 5, 5)]["proved"] == 1


def test_a_sample_holds_no_statement_twice(tmp_path):
    [arrays] = examine(Proofs(splits=["php"], sample=30), context(tmp_path)).values()
    assert arrays["distinct"] == 30
    assert np.all(arrays["lengths"] > 0)


def test_statements_are_counted_up_to_the_most_that_are_proved():
    proofs = Proofs()
    small, large, whole = (examine_work(replace(proofs, most=most)) for most in (1000, 2000, 10**9))
    assert small.calls < large.calls < whole.calls
    assert examine_work(replace(proofs, most=10**10)) == whole
