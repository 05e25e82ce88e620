"""Are parameters counted as the paper's base says, and as whoever counts matrices by hand would?"""

from dataclasses import replace

import pytest

from solv.theory.moe_transfer.parameter_count import Architecture

BASE = Architecture(width=512, layers=8, hidden=512, experts=4, active=1)
PLAIN = Architecture(
    8, 2, 6, 4, 2, vocabulary=10, context=0, head_width=4, tied=False, biases=False, norm="plain", balance=False
)


def test_the_papers_base_has_the_parameters_that_it_says():
    assert (BASE.total, BASE.acting) == (51_504_672, 38_897_184)


def test_without_biases_and_norms_there_are_the_matrices():
    assert PLAIN.by_group() == {
        "embedding": 80, "query_key": 256, "value": 128, "output": 128, "router": 64, "up": 384, "down": 384,
        "unembedding": 80,
    }  # fmt: skip
    assert PLAIN.total - PLAIN.acting == 2 * 2 * 2 * 48  # two layers, two idle experts, two matrices


def test_what_differs_between_families_is_counted():
    assert replace(PLAIN, matrices=3).total - PLAIN.total == 384
    assert replace(PLAIN, norm="rms").by_group()["norm"] == 5 * 8
    assert replace(PLAIN, tied=True).total == PLAIN.total - 80
    assert replace(PLAIN, context=3).total == PLAIN.total + 24
    assert replace(PLAIN, key_value_heads=1).total == PLAIN.total - 2 * 2 * 8 * 4
    shared = replace(PLAIN, shared_hidden=5)
    assert shared.total - PLAIN.total == shared.acting - PLAIN.acting == 2 * 2 * 8 * 5
    biased = replace(PLAIN, biases=True)
    assert biased.by_group()["bias"] == 2 * (4 * 8 + 4 * 6 + 4 * 8)
    assert biased.total - biased.acting == PLAIN.total - PLAIN.acting + 2 * 2 * (6 + 8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layers": 0}, "layers"),
        ({"active": 5}, "active"),
        ({"head_width": 3}, "head_width"),
        ({"matrices": 4}, "matrices"),
        ({"norm": "none"}, "norm"),
        ({"key_value_heads": 0}, "key_value_heads"),
        ({"context": -1}, "context"),
    ],
)
def test_wrong_values_are_named(change, said):
    with pytest.raises(ValueError, match=said):
        replace(PLAIN, **change)
