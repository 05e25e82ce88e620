"""What did the authors publish? Their losses on C4 (arXiv:2602.03702), a literature table: nothing here was measured.

Validation cross-entropy in nats of decoders of 150 and 300 million parameters: cosine retuned for each horizon,
constant rate and inverse square root each read through an EMA of label 25, and warmup-stable-decay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

ARXIV = "2602.03702"
COSINE, CONSTANT, OFFSET, WSD = "cosine", "constant", "inverse sqrt", "WSD"


@dataclass(frozen=True)
class PublishedLosses:
    """One model's row of the table.

    Attributes:
        model: the authors' name of it.
        layers: its blocks, by which a run of the same model is known.
        batch, context: sequences of a step, tokens of a sequence.
        steps: horizons.
        losses: nats a token at each horizon, by schedule.
    """

    model: str
    layers: int
    batch: int
    context: int
    steps: tuple[int, ...]
    losses: Mapping[str, tuple[float, ...]] = field(repr=False)

    @property
    def tokens(self) -> Float[np.ndarray, "horizons"]:
        """Tokens seen at each horizon."""
        return np.array(self.steps, dtype=np.float64) * self.batch * self.context


PUBLISHED = {
    "150M": PublishedLosses(
        "150M",
        layers=12,
        batch=256,
        context=1024,
        steps=(12_500, 25_000, 50_000, 100_000, 200_000, 400_000),
        losses={
            COSINE: (3.01854, 2.93574, 2.87185, 2.82236, 2.77903, 2.74479),
            CONSTANT: (3.02593, 2.93418, 2.86799, 2.81778, 2.77855, 2.74765),
            OFFSET: (3.02249, 2.93122, 2.86529, 2.81569, 2.77804, 2.74885),
            WSD: (3.02524, 2.93384, 2.86734, 2.81677, 2.77724, 2.74607),
        },
    ),
    "300M": PublishedLosses(
        "300M",
        layers=24,
        batch=512,
        context=1024,
        steps=(12_500, 25_000, 50_000, 100_000, 200_000),
        losses={
            COSINE: (2.85997, 2.77912, 2.71760, 2.66438, 2.62335),
            CONSTANT: (2.86512, 2.77873, 2.71615, 2.66851, 2.63157),
            OFFSET: (2.86794, 2.77815, 2.71416, 2.66584, 2.62850),
            WSD: (2.86210, 2.77671, 2.71429, 2.66729, 2.62961),
        },
    ),
}
