"""Error against depth of a chain of thought (2606.03217): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.cot_depth.error import (
        best_depths,
        critical_tau,
        error_after_one_step,
        error_map,
        error_vs_depth,
        gain_of_one_more_step,
        log_growth,
        long_time_error,
        optimal_depth,
        regime,
        spectral_edges,
        spectral_radius,
    )
    from solv.theory.cot_depth.late_law import divergence_of_optimal_depth, late_amplitude, late_error

__all__ = [
    "best_depths",
    "critical_tau",
    "divergence_of_optimal_depth",
    "error_after_one_step",
    "error_map",
    "error_vs_depth",
    "gain_of_one_more_step",
    "late_amplitude",
    "late_error",
    "log_growth",
    "long_time_error",
    "optimal_depth",
    "regime",
    "spectral_edges",
    "spectral_radius",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "error": (
                "best_depths critical_tau error_after_one_step error_map error_vs_depth gain_of_one_more_step "
                "log_growth long_time_error optimal_depth regime spectral_edges spectral_radius"
            ),
            "late_law": "divergence_of_optimal_depth late_amplitude late_error",
        },
    )
