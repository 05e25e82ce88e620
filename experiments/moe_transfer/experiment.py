"""Which settings of a small mixture of experts serve a large one? The moe-transfer experiment.

Jiang, Bordelon, Pehlevan, Hanin, arXiv:2601.20205. E0 the exact limit of residual networks of experts; E1 coordinate
check; E2 to E6 transformers under the standard and the transferring parameterization. What is measured is in
`limit.py` and `training.py`; `claims.py` judges.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from solv.experiments.moe_transfer.claims import check_claims
from solv.experiments.moe_transfer.limit import measure_limit, predict_limit
from solv.experiments.moe_transfer.panels import NAME, draw_panels, predict_exponents
from solv.experiments.moe_transfer.settings import MoeTransferConfig, coordinate_models, models, trained
from solv.harness import catalog
from solv.harness.contract import Context
from solv.harness.processes import Unit
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, join_curves
from solv.tracking.figures import Panel


class MoeTransfer:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = MoeTransferConfig

    def panels(self, config: MoeTransferConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        return draw_panels(config)

    def predict(self, config: MoeTransferConfig) -> Curves:
        """Return the theory curves: the exact limit, and the exponents of the parameterizations."""
        limit = predict_limit(config.limit) if "limit" in config.work else ()
        return join_curves([*limit, *predict_exponents(config)])

    def measure(self, config: MoeTransferConfig, context: Context) -> Curves:
        """Return the simulated and trained curves."""
        return join_curves(_measured(config, context))

    def claims(self, curves: Curves) -> list[Claim]:
        """Check the claims of the spec."""
        return check_claims(curves)


def _measured(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    from solv.experiments.moe_transfer.training import measure_coordinates, measure_rates, measure_settings

    context = replace(context, unit=_once(context.unit))
    for direction in config.transfer.directions:  # wrong sizes are told before hours of training
        models(config.transfer, direction)
    for direction in config.coordinates.directions:
        coordinate_models(config.transfer, config.coordinates, direction)
    if "limit" in config.work:
        yield from measure_limit(config.limit, context)
    if "coordinates" in config.work:
        yield from measure_coordinates(config, context)
    if trained(config.work):
        yield from measure_rates(config, context)
    if "settings" in config.work:
        yield from measure_settings(config, context)


def _once(unit: Unit) -> Unit:
    """Return `unit` with a memory: several directions share their smallest model."""
    known: dict[str, dict[str, np.ndarray]] = {}

    def remembered(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        if name not in known:
            known[name] = unit(name, compute)
        return known[name]

    return remembered


EXPERIMENT = MoeTransfer()
