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
        power_law,
        safe_moments,
        weak_field_log_gap,
    )
    from solv.theory.jailbreak.spin_glass_field import (
        magnetization,
        overlap_rate,
    )

__all__ = [
    "asr_gap",
    "edge_amplitude",
    "edge_asymptote",
    "edge_gap",
    "edge_log_gap",
    "magnetization",
    "overlap_rate",
    "power_law",
    "safe_moments",
    "weak_field_log_gap",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "clusters": (
                "asr_gap edge_amplitude edge_asymptote edge_gap edge_log_gap power_law safe_moments weak_field_log_gap"
            ),
            "spin_glass_field": "magnetization overlap_rate",
        },
    )
