"""Pretrain-test task alignment of in-context learning (2509.26551): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.icl_alignment.covariances import (
        exponential_spectrum,
        linear_spectrum,
        power_law_spectrum,
        projector_spectrum,
        random_rotation,
        rotated_covariance,
        spiked_spectrum,
    )
    from solv.theory.icl_alignment.error import (
        IclError,
        Optimum,
        icl_error,
        misalignment_kernel,
        optimal_diversity,
        optimal_power_law,
        task_resolvent,
    )
    from solv.theory.icl_alignment.measures import (
        bures_distance,
        captured_variance,
        cosine,
        inverse_cka,
        inverse_overlap,
        kl_divergence,
        overlap,
    )

__all__ = [
    "IclError",
    "Optimum",
    "bures_distance",
    "captured_variance",
    "cosine",
    "exponential_spectrum",
    "icl_error",
    "inverse_cka",
    "inverse_overlap",
    "kl_divergence",
    "linear_spectrum",
    "misalignment_kernel",
    "optimal_diversity",
    "optimal_power_law",
    "overlap",
    "power_law_spectrum",
    "projector_spectrum",
    "random_rotation",
    "rotated_covariance",
    "spiked_spectrum",
    "task_resolvent",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "covariances": (
                "exponential_spectrum linear_spectrum power_law_spectrum projector_spectrum random_rotation "
                "rotated_covariance spiked_spectrum"
            ),
            "error": (
                "IclError Optimum icl_error misalignment_kernel optimal_diversity optimal_power_law task_resolvent"
            ),
            "measures": "bures_distance captured_variance cosine inverse_cka inverse_overlap kl_divergence overlap",
        },
    )
