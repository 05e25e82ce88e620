"""Which tokens does step t train on? Windows of a long text, a pure function of (seed, step), none twice an epoch.

An epoch cuts the text, from an offset of its own, into windows of `context` tokens and goes through them in the order
of a keyed bijection: nothing is stored, and a training that goes on from step t sees what it would have seen. A row
holds context + 1 tokens, the last of which is only a target; it is the first input of the next window.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from jaxtyping import Int64

from solv.data.pita.shuffle import bijection


class Tokens(Protocol):
    """A long text that may lie on the disk: an array, or `solv.data.text.token_shards.ShardedTokens`."""

    def __len__(self) -> int:
        """Number of tokens."""

    def __getitem__(self, place: slice, /) -> Any:
        """Return the tokens of a slice as an integer array."""


@dataclass(frozen=True)
class Windows:
    """Batches of one process; those of all ranks, one after the other, are the batch of a single process.

    Attributes:
        tokens: the text; longer than `context`.
        context: tokens that a model reads.
        batch: rows of a step over all processes.
        seed: selects offsets and order, >= 0.
        rank, world: this process, and how many there are; `world` divides `batch`.
    """

    tokens: Tokens
    context: int
    batch: int
    seed: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        for name, least in (("context", 1), ("batch", 1), ("seed", 0), ("world", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)} is out of range; valid: an integer >= {least}")
        if not 0 <= self.rank < self.world or self.batch % self.world:
            raise ValueError(
                f"rank = {self.rank} of world = {self.world} with batch = {self.batch}; "
                "valid: 0 <= rank < world, and world divides batch"
            )
        if len(self.tokens) <= self.context:
            raise ValueError(f"the text has {len(self.tokens)} tokens; valid: more than context = {self.context}")

    @property
    def epoch(self) -> int:
        """Windows of an epoch."""
        return max(1, (len(self.tokens) - self.context) // self.context)

    def __call__(self, step: int) -> Int64[np.ndarray, "rows context+1"]:
        """Return this process's rows of a step, counted from 0."""
        rows = self.batch // self.world
        first = step * self.batch + self.rank * rows
        return np.stack([self._row(place) for place in range(first, first + rows)])

    def in_order(self, most: int | None = None) -> Iterator[Int64[np.ndarray, "rows context+1"]]:
        """Yield batches (the last may be smaller) of all windows from the start, or the first `most`, for evaluation.

        With several processes each yields its share of every batch; shares may be empty at the end and are left out.
        """
        count = (len(self.tokens) - 1) // self.context
        count = count if most is None else min(count, most)
        for first in range(0, count, self.batch):
            rows = np.array_split(np.arange(first, min(first + self.batch, count)), self.world)[self.rank]
            if len(rows):
                yield np.stack([self._window(int(row) * self.context) for row in rows])

    def _row(self, place: int) -> Int64[np.ndarray, "context+1"]:
        epoch, place = divmod(place, self.epoch)
        offset, shuffle = _order(self.epoch, min(self.context, len(self.tokens) - self.context), self.seed, epoch)
        return self._window(offset + shuffle(place) * self.context)

    def _window(self, start: int) -> Int64[np.ndarray, "context+1"]:
        return np.asarray(self.tokens[start : start + self.context + 1]).astype(np.int64)


@lru_cache(maxsize=8)
def _order(windows: int, offsets: int, seed: int, epoch: int) -> tuple[int, Callable[[int], int]]:
    """Return where the first window of an epoch starts, and the order of its windows."""
    return int(np.random.default_rng([seed, epoch]).integers(offsets)), bijection(windows, seed, epoch)
