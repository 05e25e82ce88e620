"""Attack success against samples: a spin-glass theory (2603.11331): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.jailbreak.clusters import (
        asr_gap,
        edge_amplitude,
        edge_asymptote,
        edge_gap,
        edge_log_gap,
        joint_limit_gap,
        next_order,
        power_law,
        safe_moments,
        twin_gap,
        weak_field_log_gap,
    )
    from solv.theory.jailbreak.paper_fits import (
        FieldFits,
        fit_fields,
        least_squares_edge,
        log_minus_log,
        log_minus_log_slope,
    )
    from solv.theory.jailbreak.spin_glass_field import (
        magnetization,
        overlap_rate,
    )
    from solv.theory.jailbreak.stick_likelihood import (
        stick_parameters,
    )

__all__ = [
    "FieldFits",
    "asr_gap",
    "edge_amplitude",
    "edge_asymptote",
    "edge_gap",
    "edge_log_gap",
    "fit_fields",
    "joint_limit_gap",
    "least_squares_edge",
    "log_minus_log",
    "log_minus_log_slope",
    "magnetization",
    "next_order",
    "overlap_rate",
    "power_law",
    "safe_moments",
    "stick_parameters",
    "twin_gap",
    "weak_field_log_gap",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "clusters": (
                "asr_gap edge_amplitude edge_asymptote edge_gap edge_log_gap joint_limit_gap next_order power_law "
                "safe_moments twin_gap weak_field_log_gap"
            ),
            "paper_fits": "FieldFits fit_fields least_squares_edge log_minus_log log_minus_log_slope",
            "spin_glass_field": "magnetization overlap_rate",
            "stick_likelihood": "stick_parameters",
        },
    )
