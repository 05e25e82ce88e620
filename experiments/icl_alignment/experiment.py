"""Which tasks must be pretrained on to learn others in context? The icl-alignment experiment.

Letey, Zavatone-Veth, Lu and Pehlevan, arXiv:2509.26551. E1 error against task diversity; E2 double descent, context
length; E3 the alignment measure against its rivals; E4 a nonlinear transformer; E5 where diversity hurts. Settings are
in `icl_alignment_settings.py`, predicted curves in `icl_alignment_predictions.py`, what is simulated in
`icl_alignment_measurements.py`, what is trained in `icl_alignment_training.py`, claims in `icl_alignment_claims.py`.
"""

from solv.experiments.icl_alignment.panels import draw_panels
from solv.experiments.icl_alignment.predictions import predict_panels
from solv.experiments.icl_alignment.settings import NAME, IclAlignmentConfig, require_tasks
from solv.harness import catalog
from solv.harness.contract import Context
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, join_curves
from solv.tracking.figures import Panel


class IclAlignment:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = IclAlignmentConfig

    def panels(self, config: IclAlignmentConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        return draw_panels(config)

    def predict(self, config: IclAlignmentConfig) -> Curves:
        """Return the theory curves of every panel."""
        require_tasks(config)
        return join_curves(predict_panels(config))

    def measure(self, config: IclAlignmentConfig, context: Context) -> Curves:
        """Return the simulated and trained curves."""
        from solv.experiments.icl_alignment.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of section 5 of the spec."""
        from solv.experiments.icl_alignment.claims import check_claims

        return check_claims(curves)


EXPERIMENT = IclAlignment()
