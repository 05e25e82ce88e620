"""When does a model that writes a reasoning trace beat one that answers directly? The pita experiment.

Tong, Cakar and Pehlevan, arXiv:2602.14404. E1 the proof data set (`experiments/pita/proofs.py`); E2 language
models on it (`experiments/pita/language.py`); E3 critical widths, E4 longer questions and E5 the plane of breadth and
depth, on the chain task (`experiments/pita/chain.py`). Each part has its panels, predictions and claims in its own
module and is measured in `..._measurements.py` beside it.
"""

from solv.experiments.pita.chain import chain_claims, chain_panels, predict_chain
from solv.experiments.pita.language import language_claims, language_panels
from solv.experiments.pita.proofs import predict_proofs, proof_claims, proof_panels
from solv.experiments.pita.settings import PitaConfig
from solv.harness import catalog
from solv.harness.contract import Context
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, join_curves
from solv.tracking.figures import Panel


class Pita:
    """The experiment, as `solv.harness.contract.Experiment` describes it: its parts one after the other."""

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
        from solv.experiments.pita.chain_measurements import measure_chain
        from solv.experiments.pita.language_measurements import measure_language
        from solv.experiments.pita.proofs_measurements import measure_proofs

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
