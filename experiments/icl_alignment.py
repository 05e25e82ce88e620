"""Which tasks must be pretrained on to learn others in context? The icl-alignment experiment.

Letey, Zavatone-Veth, Lu and Pehlevan, arXiv:2509.26551. E1 error against task diversity; E2 double descent, context
length; E3 the alignment measure against its rivals; E4 a nonlinear transformer; E5 where diversity hurts. Settings are
in `icl_alignment_settings.py`, predicted curves in `icl_alignment_predictions.py`, what is simulated in
`icl_alignment_measurements.py`, what is trained in `icl_alignment_training.py`, claims in `icl_alignment_claims.py`.
"""

from experiments import catalog
from experiments.icl_alignment_panels import draw_panels
from experiments.icl_alignment_predictions import predict_panels
from experiments.icl_alignment_settings import NAME, IclAlignmentConfig, require_tasks
from experiments.protocol import Context
from tracking.claims import Claim
from tracking.curves import Curves, join_curves
from tracking.figures import Panel


class IclAlignment:
    """The experiment, as `experiments.protocol.Experiment` describes it."""

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
        from experiments.icl_alignment_measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of section 5 of the spec."""
        from experiments.icl_alignment_claims import check_claims

        return check_claims(curves)


EXPERIMENT = IclAlignment()
