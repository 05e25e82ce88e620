"""Has a part of the published mixture the splits in their proportions?"""

import pytest

from solv.data.pita.mixture import mixture


def test_the_whole_mixture_has_the_published_splits() -> None:
    assert mixture() == {"full": 3_630_455, "imply": 11_015_905, "or": 140_000, "php": 246_673}


@pytest.mark.parametrize("count", [4, 1000, 1_000_000, 15_033_033])
def test_a_part_has_that_many_statements_of_all_splits(count: int) -> None:
    part = mixture(count)
    assert sum(part.values()) == count
    assert all(0 < part[name] <= most for name, most in mixture().items())


def test_a_million_keeps_the_proportions() -> None:
    whole, part = mixture(), mixture(1_000_000)
    assert all(part[name] / 1e6 == pytest.approx(whole[name] / 15_033_033, abs=1e-5) for name in whole)


@pytest.mark.parametrize("count", [3, 15_033_034])
def test_a_part_that_is_none_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="valid: 4 to 15033033"):
        mixture(count)
