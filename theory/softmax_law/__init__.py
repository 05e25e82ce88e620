"""The cube-root law of softmax with cross-entropy (2602.03685): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.softmax_law.loss import (
        Flow,
        LogitSample,
        adam_flow,
        aligned_flow,
        aligned_loss,
        centre,
        crossover_time,
        gap_density,
        loss_exponent,
        peak_constant,
        power_law_gradient,
        power_law_loss,
        power_law_scale,
        sample_logits,
        two_classes,
    )

__all__ = [
    "Flow",
    "LogitSample",
    "adam_flow",
    "aligned_flow",
    "aligned_loss",
    "centre",
    "crossover_time",
    "gap_density",
    "loss_exponent",
    "peak_constant",
    "power_law_gradient",
    "power_law_loss",
    "power_law_scale",
    "sample_logits",
    "two_classes",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "loss": (
                "Flow LogitSample adam_flow aligned_flow aligned_loss centre crossover_time gap_density "
                "loss_exponent peak_constant power_law_gradient power_law_loss power_law_scale sample_logits "
                "two_classes"
            ),
        },
    )
