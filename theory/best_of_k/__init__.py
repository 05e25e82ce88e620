"""Selecting the best of k sampled answers (2512.19905): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
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
    "DataVersusSamples",
    "Equivalents",
    "Optimum",
    "WeightMoments",
    "best_judge",
    "data_versus_samples",
    "decay_exponent",
    "deterministic_equivalents",
    "equivalents_from_moments",
    "inverse_square_coefficient",
    "optimal_samples",
    "optimal_temperature",
    "selected_squared_distance",
    "selection_error",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "posterior_equivalents": "Equivalents WeightMoments deterministic_equivalents equivalents_from_moments",
            "selection": (
                "DataVersusSamples Optimum best_judge data_versus_samples decay_exponent "
                "inverse_square_coefficient optimal_samples optimal_temperature selection_error"
            ),
            "selection_moments": "selected_squared_distance",
        },
    )
