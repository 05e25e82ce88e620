"""In which batches does one train on prompts with completions? Of like lengths, each a function of its step alone."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Int

_WINDOW = 16  # batches among which sequences are sorted by length


class CompletionBatches:
    """The batch of every step, a pure function of the step; only completions count.

    Every epoch is a shuffle of all sequences; within a window of 16 batches they are sorted by length, so that little
    is filled, and the batches of the window are shuffled. What an epoch has after its last whole batch is dropped.
    """

    def __init__(self, sequences: Sequence[tuple[Sequence[int], int]], batch: int, key: int, fill: int = 0) -> None:
        """Take the sequences.

        Args:
            sequences: (tokens of prompt and completion, where the completion begins), at least one.
            batch: sequences a step, >= 1; fewer sequences than that are repeated within a batch.
            key: selects the order, >= 0.
            fill: token at the right of shorter sequences; never counted.

        Raises:
            ValueError: no sequences, a batch below 1, or a completion without tokens or without a prompt.
        """
        if not sequences or batch < 1:
            raise ValueError(f"{len(sequences)} sequences in batches of {batch}; valid: at least 1 of each")
        for tokens, start in sequences:
            if not 1 <= start < len(tokens):
                raise ValueError(f"a completion begins at {start} of {len(tokens)} tokens; valid: 1 to the last")
        self._sequences = sequences
        self._lengths = np.array([len(tokens) for tokens, _ in sequences])
        self._batch, self._key, self._fill = batch, key, fill
        self._epoch = lru_cache(maxsize=2)(self._ordered)
        self.steps_per_epoch = max(1, len(sequences) // batch)

    def __call__(self, step: int) -> tuple[Int[np.ndarray, "batch longest"], Bool[np.ndarray, "batch longest"]]:
        """Return the tokens of a step, counted from 0, and which of them are part of a completion."""
        epoch, place = divmod(step, self.steps_per_epoch)
        chosen = self._epoch(epoch)[place]
        tokens = np.full((len(chosen), int(self._lengths[chosen].max())), self._fill)
        counted = np.zeros(tokens.shape, dtype=bool)
        for row, number in enumerate(chosen):
            sequence, start = self._sequences[number]
            tokens[row, : len(sequence)] = sequence
            counted[row, start : len(sequence)] = True
        return tokens, counted

    def _ordered(self, epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng([self._key, epoch])
        order = random.permutation(len(self._sequences))
        order = np.resize(order, self.steps_per_epoch * self._batch)
        batches = []
        for start in range(0, len(order), _WINDOW * self._batch):
            window = order[start : start + _WINDOW * self._batch]
            window = window[np.argsort(self._lengths[window], kind="stable")]
            parts = window.reshape(-1, self._batch)
            batches += list(parts[random.permutation(len(parts))])
        return batches
