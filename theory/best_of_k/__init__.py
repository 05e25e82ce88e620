"""Selecting the best of k sampled answers (2512.19905): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.best_of_k.high_temperature import (
        Coefficients,
        coefficients,
        endless_optimal_temperature,
        expanded_best_extrapolation,
        expanded_error,
        expanded_optimal_samples,
        expanded_optimal_temperature,
        expanded_threshold,
        finite_samples_slope,
        samples_of_optimal_temperature,
        sampling_threshold,
    )
    from solv.theory.best_of_k.local_exponents import (
        Regression,
        data_exponent,
        one_point_coefficient,
        one_point_data_exponent,
        ridge,
        sample_exponent,
    )
    from solv.theory.best_of_k.posterior_equivalents import (
        Equivalents,
        WeightMoments,
        deterministic_equivalents,
        equivalents_from_moments,
    )
    from solv.theory.best_of_k.selection import (
        DataVersusSamples,
        Optimum,
        best_judge,
        data_versus_samples,
        decay_exponent,
        inverse_square_coefficient,
        optimal_samples,
        optimal_temperature,
        selection_error,
    )
    from solv.theory.best_of_k.selection_moments import (
        selected_squared_distance,
    )

__all__ = [
    "Coefficients",
    "DataVersusSamples",
    "Equivalents",
    "Optimum",
    "Regression",
    "WeightMoments",
    "best_judge",
    "coefficients",
    "data_exponent",
    "data_versus_samples",
    "decay_exponent",
    "deterministic_equivalents",
    "endless_optimal_temperature",
    "equivalents_from_moments",
    "expanded_best_extrapolation",
    "expanded_error",
    "expanded_optimal_samples",
    "expanded_optimal_temperature",
    "expanded_threshold",
    "finite_samples_slope",
    "inverse_square_coefficient",
    "one_point_coefficient",
    "one_point_data_exponent",
    "optimal_samples",
    "optimal_temperature",
    "ridge",
    "sample_exponent",
    "samples_of_optimal_temperature",
    "sampling_threshold",
    "selected_squared_distance",
    "selection_error",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "high_temperature": (
                "Coefficients coefficients endless_optimal_temperature expanded_best_extrapolation "
                "expanded_error expanded_optimal_samples expanded_optimal_temperature expanded_threshold "
                "finite_samples_slope samples_of_optimal_temperature sampling_threshold"
            ),
            "local_exponents": (
                "Regression data_exponent one_point_coefficient one_point_data_exponent ridge sample_exponent"
            ),
            "posterior_equivalents": "Equivalents WeightMoments deterministic_equivalents equivalents_from_moments",
            "selection": (
                "DataVersusSamples Optimum best_judge data_versus_samples decay_exponent "
                "inverse_square_coefficient optimal_samples optimal_temperature selection_error"
            ),
            "selection_moments": "selected_squared_distance",
        },
    )
