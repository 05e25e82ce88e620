"""Score-broadcast learning without weight transport (2605.30638): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.sbd.random_features import linear_kernel, rectifier_kernel, unexplained
    from solv.theory.sbd.score_orthogonality import (
        Loss,
        conditional_mean,
        draw_scores,
        expand,
        normalized_correlation,
        predicted_correlation,
    )

__all__ = [
    "Loss",
    "conditional_mean",
    "draw_scores",
    "expand",
    "linear_kernel",
    "normalized_correlation",
    "predicted_correlation",
    "rectifier_kernel",
    "unexplained",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "random_features": "linear_kernel rectifier_kernel unexplained",
            "score_orthogonality": (
                "Loss conditional_mean draw_scores expand normalized_correlation predicted_correlation"
            ),
        },
    )
