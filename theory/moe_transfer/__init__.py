"""Hyperparameters that transfer across sizes of a mixture of experts (2601.20205): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.moe_transfer.initial_branches import initial_branch_variance
    from solv.theory.moe_transfer.limit import (
        MoeCurves,
        MoeDescent,
        MoeNetwork,
        MoeTask,
        Quadrature,
        moe_limit,
        moe_linear_limit,
    )
    from solv.theory.moe_transfer.parameter_count import Architecture
    from solv.theory.moe_transfer.parameter_tables import (
        Base,
        Numbers,
        Row,
        Shape,
        Table,
        exponents,
        fan_in_base,
        numbers,
        predicted_shift,
    )
    from solv.theory.moe_transfer.size_exponents import (
        GroupExponents,
        optimal_rate_exponent,
        power_of,
    )

__all__ = [
    "Architecture",
    "Base",
    "GroupExponents",
    "MoeCurves",
    "MoeDescent",
    "MoeNetwork",
    "MoeTask",
    "Numbers",
    "Quadrature",
    "Row",
    "Shape",
    "Table",
    "exponents",
    "fan_in_base",
    "initial_branch_variance",
    "moe_limit",
    "moe_linear_limit",
    "numbers",
    "optimal_rate_exponent",
    "power_of",
    "predicted_shift",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "initial_branches": "initial_branch_variance",
            "limit": "MoeCurves MoeDescent MoeNetwork MoeTask Quadrature moe_limit moe_linear_limit",
            "parameter_count": "Architecture",
            "parameter_tables": "Base Numbers Row Shape Table exponents fan_in_base numbers predicted_shift",
            "size_exponents": "GroupExponents optimal_rate_exponent power_of",
        },
    )
