"""Which settings of a small mixture of experts serve a large one? The parts of moe-transfer, in the order of asking."""

from solv.experiments.moe_transfer import ENTRY
from solv.experiments.moe_transfer.best_loss import BEST_LOSS
from solv.experiments.moe_transfer.coordinates import COORDINATE_CHECK
from solv.experiments.moe_transfer.horizon import HORIZON
from solv.experiments.moe_transfer.initial_branches import INITIAL_BRANCHES
from solv.experiments.moe_transfer.learning_rate import LEARNING_RATE
from solv.experiments.moe_transfer.limit import LIMIT
from solv.experiments.moe_transfer.limit_depth import LIMIT_DEPTH
from solv.experiments.moe_transfer.limit_expert_size import LIMIT_EXPERT_SIZE
from solv.experiments.moe_transfer.limit_rates import LIMIT_RATES
from solv.experiments.moe_transfer.limit_routing import LIMIT_ROUTING
from solv.experiments.moe_transfer.load import LOAD
from solv.experiments.moe_transfer.other_settings import OTHER_SETTINGS
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import remarks, require_models
from solv.harness.contract import Experiment
from solv.tracking.panels import Highlight

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=MoeTransferConfig,
    parts=(
        LIMIT,
        LIMIT_EXPERT_SIZE,
        LIMIT_ROUTING,
        LIMIT_RATES,
        LIMIT_DEPTH,
        INITIAL_BRANCHES,
        COORDINATE_CHECK,
        LEARNING_RATE,
        BEST_LOSS,
        LOAD,
        OTHER_SETTINGS,
        HORIZON,
    ),
    require=require_models,
    remarks=remarks,
    headline=(
        Highlight("limit-loss", "dmft-converges", where={"activation": "tanh"}),
        Highlight("limit-rates", "dmft-lr-curve"),
        Highlight("learned", "coordinates-stay-order-one", where={"direction": "width"}),
        Highlight("rates", "sp-does-not-transfer", where={"direction": "ladder", "table": "standard"}),
        Highlight("rates", "lr-transfers-over-ladder", where={"direction": "ladder", "table": "transfer"}),
        Highlight("optimum-ladder", "lr-transfers-over-ladder"),
    ),
)
