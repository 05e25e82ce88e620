"""Is every item worked on once, whoever does it?"""

import operator

import pytest

from solv.data.pita.spread import Workers


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_every_item_has_one_result(processes: int) -> None:
    assert sorted(Workers(processes).map(operator.neg, range(7))) == list(range(-6, 1))


def test_nothing_to_do_is_no_result() -> None:
    assert list(Workers(2).map(operator.neg, [])) == []


def test_an_error_of_a_worker_is_raised_here() -> None:
    with pytest.raises(TypeError, match="bad operand"):
        list(Workers(2).map(operator.neg, [1, "a", 2]))


@pytest.mark.parametrize(("arguments", "said"), [((0,), "processes = 0"), ((1, "slurm"), "launcher = 'slurm'")])
def test_wrong_workers_are_refused(arguments: tuple[int], said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}.*valid"):
        Workers(*arguments)
