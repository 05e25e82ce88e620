"""Schedules and weight averages that are good at every stopping time (2602.03702): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.anytime.horizon_free import (
        Anytime,
        Comparison,
        PowerSchedule,
        Problem,
        Tuned,
        best_anytime,
        compare,
        cosine_envelope,
        horizon_free_schedules,
        least_mean_risk,
        read_out,
        recommend,
        stable_decay_envelope,
    )
    from solv.theory.anytime.rates import (
        best_schedule_exponent,
        risk_exponent,
        stable_decay_exponent,
    )
    from solv.theory.anytime.risk import (
        Risks,
        bias_and_variance,
        excess_risk,
    )
    from solv.theory.anytime.risk_bound import (
        learned_directions,
        least_noise,
        noise_ratio,
        tail_average_bound,
    )
    from solv.theory.anytime.spectrum import (
        Spectrum,
        power_law_spectrum,
        power_law_targets,
        spectrum_of,
    )
    from solv.theory.anytime.stability import (
        critical_rate,
        noise_feedback,
        stationary_risk,
    )
    from solv.theory.anytime.weight_averaging import (
        Average,
        anneal_weights,
        ema,
        equivalent_decay,
        merge,
        polynomial_average,
        sample_weights,
        tail,
        uniform,
        weights_of,
    )

__all__ = [
    "Anytime",
    "Average",
    "Comparison",
    "PowerSchedule",
    "Problem",
    "Risks",
    "Spectrum",
    "Tuned",
    "anneal_weights",
    "best_anytime",
    "best_schedule_exponent",
    "bias_and_variance",
    "compare",
    "cosine_envelope",
    "critical_rate",
    "ema",
    "equivalent_decay",
    "excess_risk",
    "horizon_free_schedules",
    "learned_directions",
    "least_mean_risk",
    "least_noise",
    "merge",
    "noise_feedback",
    "noise_ratio",
    "polynomial_average",
    "power_law_spectrum",
    "power_law_targets",
    "read_out",
    "recommend",
    "risk_exponent",
    "sample_weights",
    "spectrum_of",
    "stable_decay_envelope",
    "stable_decay_exponent",
    "stationary_risk",
    "tail",
    "tail_average_bound",
    "uniform",
    "weights_of",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "horizon_free": (
                "Anytime Comparison PowerSchedule Problem Tuned best_anytime compare cosine_envelope "
                "horizon_free_schedules least_mean_risk read_out recommend stable_decay_envelope"
            ),
            "rates": "best_schedule_exponent risk_exponent stable_decay_exponent",
            "risk": "Risks bias_and_variance excess_risk",
            "risk_bound": "learned_directions least_noise noise_ratio tail_average_bound",
            "spectrum": "Spectrum power_law_spectrum power_law_targets spectrum_of",
            "stability": "critical_rate noise_feedback stationary_risk",
            "weight_averaging": (
                "Average anneal_weights ema equivalent_decay merge polynomial_average sample_weights tail uniform "
                "weights_of"
            ),
        },
    )
