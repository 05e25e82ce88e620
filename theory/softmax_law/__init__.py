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
    from solv.theory.softmax_law.random_energies import (
        Partition,
        critical_scale,
        low_temperature,
        partition_loss,
        random_partition,
        sampled_partition,
        scale_of_entropy,
    )

__all__ = [
    "Flow",
    "LogitSample",
    "Partition",
    "adam_flow",
    "aligned_flow",
    "aligned_loss",
    "centre",
    "critical_scale",
    "crossover_time",
    "gap_density",
    "loss_exponent",
    "low_temperature",
    "partition_loss",
    "peak_constant",
    "power_law_gradient",
    "power_law_loss",
    "power_law_scale",
    "random_partition",
    "sample_logits",
    "sampled_partition",
    "scale_of_entropy",
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
            "random_energies": (
                "Partition critical_scale low_temperature partition_loss random_partition sampled_partition "
                "scale_of_entropy"
            ),
        },
    )
