"""Which settings of a small mixture of experts serve a large one? The parts of moe-transfer, in the order of asking."""

from solv.experiments.moe_transfer import ENTRY
from solv.experiments.moe_transfer.best_loss import BEST_LOSS
from solv.experiments.moe_transfer.coordinates import COORDINATE_CHECK
from solv.experiments.moe_transfer.expert_count import EXPERT_COUNT
from solv.experiments.moe_transfer.expert_size import EXPERT_SIZE
from solv.experiments.moe_transfer.fixed_active import FIXED_ACTIVE
from solv.experiments.moe_transfer.gates import GATES
from solv.experiments.moe_transfer.horizon import HORIZON
from solv.experiments.moe_transfer.initial_branches import INITIAL_BRANCHES
from solv.experiments.moe_transfer.learning_rate import LEARNING_RATE
from solv.experiments.moe_transfer.limit import LIMIT
from solv.experiments.moe_transfer.limit_depth import LIMIT_DEPTH
from solv.experiments.moe_transfer.limit_expert_size import LIMIT_EXPERT_SIZE
from solv.experiments.moe_transfer.limit_rates import LIMIT_RATES
from solv.experiments.moe_transfer.limit_routing import LIMIT_ROUTING
from solv.experiments.moe_transfer.load import LOAD
from solv.experiments.moe_transfer.loss_curves import LOSS_CURVES
from solv.experiments.moe_transfer.other_settings import OTHER_SETTINGS
from solv.experiments.moe_transfer.paper_model import PAPER_MODEL
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import remarks, require_models
from solv.harness.contract import Experiment, PaperFigure
from solv.tracking.panels import Highlight

FIGURES = (
    PaperFigure(
        "Fig. 1, 16",
        "models with the base's settings against dense speed-runs of GPT-2",
        found="7.5 and 10 billion tokens of FineWeb, 355 million active parameters, GPUs",
    ),
    PaperFigure(
        "Table 1, 2",
        "powers of size of initial deviation, Adam's rate and epsilon",
        "coordinates",
        "1 core, 4.1 h, 53 GiB, estimated",
        "no: theory alone",
        "as data in theory/moe_transfer/parameter_tables.py; of Adam's epsilon ours differs, which 1e-12 hides",
    ),
    PaperFigure(
        "Fig. 2, rates",
        "final loss against the learning rate as width, depth, experts and their size grow",
        "learning-rate",
        "GPU: 5.2 EFLOP, 1000 GiB, estimated",
        found="N to 256, L to 8: at most 0.11 ± 0.05 octaves off the smallest's; standard -1.21 a doubling of N, L",
    ),
    PaperFigure(
        "Fig. 2, width",
        "the same for the paper's own model, base and constants",
        "paper-model",
        "GPU: 150 PFLOP, 73 GiB, estimated",
        found="N = 32 to 256: best rates at most 0.05 ± 0.05 octaves from the smallest's, 0.25 allowed: holds",
    ),
    PaperFigure(
        "Fig. 2, deviations",
        "final loss against the initial deviation",
        "other-settings",
        "1 core, 38 h, 6.4 GiB, estimated",
        found="three factors at two sizes of the ladder",
    ),
    PaperFigure(
        "Fig. 3",
        "early loss curves of all sizes lie on each other",
        "loss-curves",
        "GPU, not measured",
        found="2.1 ± 0.3 times closer together than under the standard table",
    ),
    PaperFigure(
        "Fig. 4",
        "Fig. 2 at an active fraction of 1/12, on C4",
        found="needs C4; learning-rate redoes it with transfer.active_fraction, transfer.experts, transfer.folder",
    ),
    PaperFigure(
        "Fig. 5, D.3",
        "loss against the number of experts at fixed active parameters",
        "expert-count",
        "GPU: 25 PFLOP, 31 GiB, estimated",
        found="E = 4 to 16: the best rate moves by 0.03 ± 0.05 octaves",
    ),
    PaperFigure(
        "Fig. 11",
        "with fan-in the best rate drifts as experts grow",
        "expert-size",
        "GPU: 780 PFLOP, 600 GiB, estimated",
        found="no drift at N = 32, α to 64: fan-in 0.00 ± 0.01 octaves a doubling of H",
    ),
    PaperFigure(
        "Fig. 17",
        "the load of experts is uniform without an auxiliary loss",
        "load",
        "GPU: 64 PFLOP, 26 GiB, estimated",
        found="busiest expert at 1.11 times its share after 300 steps, none dead",
    ),
    PaperFigure(
        "Fig. 18",
        "sigmoid against softmax gates",
        "gates",
        "GPU: 210 PFLOP, 120 GiB, estimated",
        found="N = 32 to 256: at most 0.08 ± 0.05 octaves with either gate",
    ),
)

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
        LOSS_CURVES,
        BEST_LOSS,
        LOAD,
        OTHER_SETTINGS,
        HORIZON,
        PAPER_MODEL,
        EXPERT_SIZE,
        EXPERT_COUNT,
        FIXED_ACTIVE,
        GATES,
    ),
    figures=FIGURES,
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
