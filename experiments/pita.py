"""When does a model that writes a reasoning trace beat one that answers directly? The pita experiment.

Tong, Cakar and Pehlevan, arXiv:2602.14404. E1 the proof data set (`experiments/pita_proofs.py`); E2 language
models on it (`experiments/pita_language.py`); E3 critical widths, E4 longer questions and E5 the plane of breadth and
depth, on the chain task (`experiments/pita_chain.py`). Each part has its panels, predictions and claims in its own
module and is measured in `..._measurements.py` beside it.
"""

from experiments import catalog
from experiments.pita_chain import chain_claims, chain_panels, predict_chain
from experiments.pita_language import language_claims, language_panels
from experiments.pita_proofs import predict_proofs, proof_claims, proof_panels
from experiments.pita_settings import PitaConfig
from experiments.protocol import Context
from tracking.claims import Claim
from tracking.curves import Curves, join_curves
from tracking.figures import Panel


class Pita:
    """The experiment, as `experiments.protocol.Experiment` describes it: its parts one after the other."""

    entry = catalog.entry("pita")
    Config = PitaConfig

    def panels(self, config: PitaConfig) -> list[Panel]:
        """Return the panels in the order of the parts."""
        return [*proof_panels(config), *language_panels(config.language), *chain_panels(config)]

    def predict(self, config: PitaConfig) -> Curves:
        """Return exact counts and lengths."""
        return join_curves([*predict_proofs(config), *predict_chain(config)])

    def measure(self, config: PitaConfig, context: Context) -> Curves:
        """Return what is enumerated, checked and trained."""
        from experiments.pita_chain_measurements import measure_chain
        from experiments.pita_language_measurements import measure_language
        from experiments.pita_proofs_measurements import measure_proofs

        parts = (
            measure_proofs(config, context),
            measure_language(config.language, context),
            measure_chain(config, context),
        )
        return join_curves(curves for part in parts for curves in part)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        return [*proof_claims(curves), *language_claims(curves), *chain_claims(curves)]


EXPERIMENT = Pita()
