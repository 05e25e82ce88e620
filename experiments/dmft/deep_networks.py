"""How is a deep linear network told from others, and how large do its weights get? Shared by E7 and E8."""

from solv.theory.dmft.deep_linear import DeepLinear, DeepLinearDynamics
from solv.theory.dmft.outliers import bulk_edge, outlier_singular_values

EQUATION, INDEPENDENT, EDGE = "(20)", "independent spikes", "edge of the bulk"  # what may give a largest singular value


def network_params(network: DeepLinear) -> dict[str, object]:
    """Return what tells the curves of one network from those of others."""
    return {
        "hidden_layers": network.hidden_layers,
        "richness": network.richness,
        "width": network.width,
        "data": network.samples,
        "eta": network.eta,
        "noise": network.label_noise,
    }


def largest_singular_value(solution: DeepLinearDynamics, layer: int, step: int, *, independent: bool = False) -> float:
    """Return the first outlier of one layer's weights, or the edge of the bulk if nothing has left it.

    Args:
        solution: theory of the network.
        layer: hidden matrix, from 0.
        step: after which the weights are looked at.
        independent: whether the spikes are taken as independent of the initial weights, which they are not.
    """
    outliers = outlier_singular_values(solution, layer, step, independent_spikes=independent)
    return float(outliers[0]) if outliers.size else bulk_edge(solution, layer)
