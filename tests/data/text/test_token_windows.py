"""Are batches a pure function of the step, without repetition within an epoch, and shared out exactly?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.data.text.token_windows import Windows


@settings(max_examples=50, deadline=None)
@given(length=st.integers(20, 400), context=st.integers(1, 19), seed=st.integers(0, 1000))
def test_an_epoch_repeats_no_token_and_rows_are_pieces_of_the_text(length, context, seed):
    windows = Windows(np.arange(length), context, batch=1, seed=seed)
    for epoch in range(2):
        rows = [windows(epoch * windows.epoch + step)[0] for step in range(windows.epoch)]
        assert all((np.diff(row) == 1).all() and len(row) == context + 1 for row in rows)
        inputs = np.concatenate([row[:-1] for row in rows])
        assert len(np.unique(inputs)) == windows.epoch * context
        assert len(inputs) > length - 3 * context


def test_epochs_differ_in_order_and_offset():
    windows = Windows(np.arange(1000), 10, batch=1, seed=3)
    first, second = ([int(windows(e * windows.epoch + s)[0, 0]) for s in range(windows.epoch)] for e in (0, 1))
    assert first != second
    assert first[0] % 10 != second[0] % 10
    other = Windows(np.arange(1000), 10, batch=1, seed=4)
    assert [int(other(s)[0, 0]) for s in range(other.epoch)] != first


def test_a_batch_depends_on_the_step_alone():
    one, two = (Windows(np.arange(500), 7, batch=6, seed=1) for _ in range(2))
    later = one(40)
    for step in range(50):
        assert (two(step) == one(step)).all()
    assert (later == two(40)).all()


@pytest.mark.parametrize("world", [1, 2, 3, 6])
def test_ranks_share_the_batch_of_a_single_process(world):
    alone = Windows(np.arange(500), 7, batch=6, seed=1)
    ranks = [Windows(np.arange(500), 7, batch=6, seed=1, rank=rank, world=world) for rank in range(world)]
    for step in (0, 3, 11, 200):
        assert (np.concatenate([each(step) for each in ranks]) == alone(step)).all()
    shared = [row for each in ranks for batch in each.in_order() for row in batch[:, 0].tolist()]
    assert sorted(shared) == [row for batch in alone.in_order() for row in batch[:, 0].tolist()]


def test_evaluation_sees_every_window_once_in_order():
    windows = Windows(np.arange(100), 7, batch=4)
    rows = np.concatenate(list(windows.in_order()))
    assert rows[:, 0].tolist() == list(range(0, 98, 7))
    assert np.concatenate(list(windows.in_order(5)))[:, 0].tolist() == [0, 7, 14, 21, 28]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"context": 100}, "100 tokens; valid: more than context = 100"),
        ({"batch": 0}, "batch = 0"),
        ({"batch": 4, "world": 3}, "world divides batch"),
        ({"rank": 1}, "rank = 1 of world = 1"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_a_wrong_setting_is_named(keys, said):
    with pytest.raises(ValueError, match=said):
        Windows(np.arange(100), **{"context": 7, "batch": 4, **keys})
