"""Is a batch a function of its step alone, with every sequence once an epoch and completions alone counted?"""

import numpy as np
import pytest

from solv.data.pita.completions import CompletionBatches


def sequences(count: int) -> list[tuple[list[int], int]]:
    lengths = np.random.default_rng(0).integers(3, 60, count)
    return [([number + 1] * length, 1 + number % (length - 1)) for number, length in enumerate(lengths)]


def test_a_batch_is_the_same_whenever_it_is_asked_for() -> None:
    made = CompletionBatches(sequences(100), 8, 5)
    forwards = [made(step) for step in range(40)]
    backwards = [CompletionBatches(sequences(100), 8, 5)(step) for step in reversed(range(40))][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    other_key = CompletionBatches(sequences(100), 8, 6)
    assert any(not np.array_equal(other_key(step)[0][:, 0], forwards[step][0][:, 0]) for step in range(12))


def test_every_sequence_comes_once_an_epoch_and_none_twice() -> None:
    made = CompletionBatches(sequences(100), 8, 0)
    assert made.steps_per_epoch == 12
    for epoch in range(3):
        met = np.concatenate([made(12 * epoch + step)[0][:, 0] for step in range(12)])
        assert len(set(met.tolist())) == 96


def test_only_the_completion_counts_and_nothing_is_changed() -> None:
    given = sequences(20)
    tokens, counted = CompletionBatches(given, 20, 0, fill=0)(0)
    for row, marks in zip(tokens, counted, strict=True):
        sequence, start = given[row[0] - 1]
        assert row.tolist() == sequence + [0] * (len(row) - len(sequence))
        assert np.flatnonzero(marks).tolist() == list(range(start, len(sequence)))


def test_sorting_by_length_leaves_little_to_fill() -> None:
    made = CompletionBatches(sequences(512), 16, 0)
    filled = [float((made(step)[0] == 0).mean()) for step in range(32)]
    # A batch spans 57 / 16 lengths, half of that is filled: 6 % of the mean of 31. Unsorted it would be 1 - 31 / 56.
    assert np.mean(filled) < 0.1


def test_few_sequences_are_repeated_within_a_batch() -> None:
    tokens, _ = CompletionBatches(sequences(3), 8, 0)(7)
    assert sorted(np.bincount(tokens[:, 0])[1:].tolist()) == [2, 3, 3]


@pytest.mark.parametrize(
    ("given", "batch", "said"),
    [
        ([], 4, "0 sequences"),
        (sequences(3), 0, "batches of 0"),
        ([([1, 2], 2)], 1, "begins at 2"),
        ([([1, 2], 0)], 1, "begins at 0"),
    ],
)
def test_what_cannot_be_a_batch_is_refused(given: list[tuple[list[int], int]], batch: int, said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}.*valid"):
        CompletionBatches(given, batch, 0)
