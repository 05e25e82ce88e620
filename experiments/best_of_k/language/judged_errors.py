"""What did one judge's selection come to? Who judged, and how often the selected answer was wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

ITSELF = "generator itself"  # the judge where the generator scores its own answers


@dataclass(frozen=True)
class JudgedErrors:
    """The errors of the answers that one judge selects.

    Attributes:
        judge: params that tell who generated and who judged what.
        errors: shape (repeats, ks + temperatures): at every k with T = 0, then at every temperature with the fixed k.
            Repeats are pairs of models trained here, or questions.
        target: accuracy at which the judge's training was stopped; None for models that were not trained here.
        reached: the accuracy that it had then in every repeat, shape (repeats,).
        left_out: what is counted of answers and scores without a number, by its name: the fraction of each question.
    """

    judge: Mapping[str, object]
    errors: np.ndarray
    target: float | None = None
    reached: np.ndarray | None = None
    left_out: Mapping[str, np.ndarray] = field(default_factory=dict)
