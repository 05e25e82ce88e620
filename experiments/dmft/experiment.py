"""What does averaging over disorder predict for linear systems, regression and networks? The dmft experiment.

Bordelon and Pehlevan, arXiv:2601.01010. E1 linear systems; E2 regression; E3 random features; E4 one-pass SGD; E5 bias,
variance, ensembles; E6 non-Hermitian against Hermitian flow; E7 deep linear networks; E8 spikes in their weights.
Settings: `dmft_settings`; cells and names: `dmft_grid`; theory: `dmft_predictions`, `dmft_deep_predictions`; panels:
`dmft_panels`; what is measured: `dmft_measurements`, `dmft_deep_measurements`; claims: `dmft_claims`.
"""

from solv.experiments.dmft.deep_predictions import predict_feature_learning
from solv.experiments.dmft.grid import NAME
from solv.experiments.dmft.panels import all_panels
from solv.experiments.dmft.predictions import predict_fixed_features
from solv.experiments.dmft.settings import DmftConfig
from solv.harness import catalog
from solv.harness.contract import Context
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, join_curves
from solv.tracking.figures import Panel


class Dmft:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = DmftConfig

    def panels(self, config: DmftConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        return all_panels(config)

    def predict(self, config: DmftConfig) -> Curves:
        """Return the theory curves of every panel."""
        return join_curves([*predict_fixed_features(config), *predict_feature_learning(config)])

    def measure(self, config: DmftConfig, context: Context) -> Curves:
        """Return the simulated and trained curves."""
        from solv.experiments.dmft.deep_measurements import measure_feature_learning
        from solv.experiments.dmft.measurements import measure_fixed_features

        return join_curves([*measure_fixed_features(config, context), *measure_feature_learning(config, context)])

    def claims(self, curves: Curves) -> list[Claim]:
        """Check claims 1-7 of the spec."""
        from solv.experiments.dmft.claims import check_claims

        return check_claims(curves)


EXPERIMENT = Dmft()
