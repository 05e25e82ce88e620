"""Disordered dynamics in high dimension: dynamical mean-field theory (2601.01010): what is predicted."""

from typing import TYPE_CHECKING

from solv.theory.on_demand import offering

if TYPE_CHECKING:
    from solv.theory.dmft.bias_variance import (
        BiasVariance,
        averaged_loss,
        descent_bias_variance,
        flow_bias_variance,
    )
    from solv.theory.dmft.critical import (
        FiniteResponse,
        finite_response,
        late_response,
        response_error,
        shifted_response,
    )
    from solv.theory.dmft.deep_linear import (
        DeepLinear,
        DeepLinearDynamics,
        deep_linear_dynamics,
    )
    from solv.theory.dmft.elliptic import (
        elliptic_correlation,
        elliptic_resolvent,
        elliptic_response,
        euler_two_time,
        normal_partner_correlation,
        power_spectrum,
        spectral_ellipse,
    )
    from solv.theory.dmft.flow_map import (
        isotropic_flow_losses,
    )
    from solv.theory.dmft.linear_dmft import (
        TwoTime,
        coupled_two_time,
    )
    from solv.theory.dmft.outliers import (
        bulk_edge,
        outlier_singular_values,
    )
    from solv.theory.dmft.parametrization import (
        Parametrization,
        loss_after,
        widened,
    )
    from solv.theory.dmft.random_feature_dynamics import (
        LossCurves,
        Sharing,
        descent_variables,
        gradient_descent_losses,
        gradient_flow_losses,
        hermitian_descent_loss,
        hermitian_flow_loss,
    )
    from solv.theory.dmft.random_features import (
        RandomFeatures,
        Spectrum,
        isotropic,
        mode_responses,
        power_law,
        product_density,
        resolved_degrees,
        resolved_on_rays,
        spectral_edge,
        spectrum_of,
    )
    from solv.theory.dmft.regression_flow import (
        regression_flow_losses,
    )
    from solv.theory.dmft.stochastic_descent import (
        stochastic_descent_loss,
        stochastic_descent_losses,
    )

__all__ = [
    "BiasVariance",
    "DeepLinear",
    "DeepLinearDynamics",
    "FiniteResponse",
    "LossCurves",
    "Parametrization",
    "RandomFeatures",
    "Sharing",
    "Spectrum",
    "TwoTime",
    "averaged_loss",
    "bulk_edge",
    "coupled_two_time",
    "deep_linear_dynamics",
    "descent_bias_variance",
    "descent_variables",
    "elliptic_correlation",
    "elliptic_resolvent",
    "elliptic_response",
    "euler_two_time",
    "finite_response",
    "flow_bias_variance",
    "gradient_descent_losses",
    "gradient_flow_losses",
    "hermitian_descent_loss",
    "hermitian_flow_loss",
    "isotropic",
    "isotropic_flow_losses",
    "late_response",
    "loss_after",
    "mode_responses",
    "normal_partner_correlation",
    "outlier_singular_values",
    "power_law",
    "power_spectrum",
    "product_density",
    "regression_flow_losses",
    "resolved_degrees",
    "resolved_on_rays",
    "response_error",
    "shifted_response",
    "spectral_edge",
    "spectral_ellipse",
    "spectrum_of",
    "stochastic_descent_loss",
    "stochastic_descent_losses",
    "widened",
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there
    __getattr__ = offering(
        __name__,
        {
            "bias_variance": "BiasVariance averaged_loss descent_bias_variance flow_bias_variance",
            "critical": "FiniteResponse finite_response late_response response_error shifted_response",
            "deep_linear": "DeepLinear DeepLinearDynamics deep_linear_dynamics",
            "elliptic": (
                "elliptic_correlation elliptic_resolvent elliptic_response euler_two_time "
                "normal_partner_correlation power_spectrum spectral_ellipse"
            ),
            "flow_map": "isotropic_flow_losses",
            "linear_dmft": "TwoTime coupled_two_time",
            "outliers": "bulk_edge outlier_singular_values",
            "parametrization": "Parametrization loss_after widened",
            "random_feature_dynamics": (
                "LossCurves Sharing descent_variables gradient_descent_losses gradient_flow_losses "
                "hermitian_descent_loss hermitian_flow_loss"
            ),
            "random_features": (
                "RandomFeatures Spectrum isotropic mode_responses power_law product_density resolved_degrees "
                "resolved_on_rays spectral_edge spectrum_of"
            ),
            "regression_flow": "regression_flow_losses",
            "stochastic_descent": "stochastic_descent_loss stochastic_descent_losses",
        },
    )
