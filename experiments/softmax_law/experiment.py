"""Why does the loss of a softmax fall as the cube root of time? The softmax-law experiment.

Liu, Liu, Pehlevan, Gore, arXiv:2602.03685. E1 loss, norm and gradient against time; E2 exponents, crossover and
collapse; E3 controls; E4 networks; E5 a language model. Settings, panels, predictions, measurements and claims are in
`experiments/softmax_law_*.py`. The same teachers serve theory and training: the seed of the run draws them.
"""

from solv.experiments.softmax_law.settings import NAME, SoftmaxLawConfig
from solv.harness import catalog
from solv.harness.contract import Context
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves
from solv.tracking.figures import Panel


class SoftmaxLaw:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = SoftmaxLawConfig

    def panels(self, config: SoftmaxLawConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        from solv.experiments.softmax_law.panels import panels

        return panels(config)

    def predict(self, config: SoftmaxLawConfig) -> Curves:
        """Return the theory curves of every panel."""
        from solv.experiments.softmax_law.predictions import predict

        return predict(config)

    def measure(self, config: SoftmaxLawConfig, context: Context) -> Curves:
        """Return the trained curves."""
        from solv.experiments.softmax_law.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        from solv.experiments.softmax_law.claims import check_claims

        return check_claims(curves)


EXPERIMENT = SoftmaxLaw()
