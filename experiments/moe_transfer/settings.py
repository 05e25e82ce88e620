"""What can be set in moe-transfer? The work that is done, and the sizes and rates of its three parts."""

from typing import Literal, TypeAlias, get_args

from solv.harness.settings import (
    Group,
    RunSettings,
    flag,
    group,
    integer,
    integers,
    real,
    reals,
    text,
    texts,
)

PARAMETERIZATIONS = ("standard", "transfer", "paper")
TRAINED = tuple(f"{table}{size}" for table in PARAMETERIZATIONS for size in ("", "/0", "/1", "/2", "/3"))
WORK = ("limit", "coordinates", "settings", "ablations", *TRAINED)
Gate: TypeAlias = Literal["sigmoid", "softmax"]
Activation: TypeAlias = Literal["linear", "tanh", "relu"]
ACTIVATIONS = get_args(Activation)
Down: TypeAlias = Literal["fan-in", "mean-field"]
Select: TypeAlias = Literal["gate", "logit"]
ModelKind: TypeAlias = Literal["ours", "paper"]
RoutingInit: TypeAlias = Literal["router", "bias"]
KNOBS = ("init", "router", "balance")  # deviation of all matrices, rate of the router, rate of the balance bias
DIRECTIONS = ("ladder", "width", "depth", "experts", "hidden")


class TransferSettings(Group):
    """Transformers with mixture-of-experts layers at many learning rates (E1 to E6)."""

    directions: tuple[str, ...] = texts(
        ["ladder", "width", "depth", "experts", "hidden"], "ways to grow", choices=DIRECTIONS
    )
    ladder_width: tuple[int, ...] = integers([32, 64, 128], "widths of the ladder", least=1)
    ladder_layers: tuple[int, ...] = integers([2, 4, 8], "layers of the ladder, one for each width", least=1)
    width: tuple[int, ...] = integers([32, 64], "widths N at the least depth", least=1)
    depth: tuple[int, ...] = integers([2, 4], "layers L at the least width", least=1)
    experts: tuple[int, ...] = integers([4, 8], "numbers of experts E at the least width and depth", least=1)
    alpha: tuple[float, ...] = reals([1, 2], "hidden units of an expert over the width, H/N", above=0)
    active_fraction: float = real(0.25, "kappa = K/E, of which K must be an integer", above=0, most=1)
    standard_rates: tuple[int, ...] = integers(
        [-10, -9, -8, -7, -6], "log2 of the learning rates of the standard parameterization", least=-40, most=10
    )
    rates: tuple[int, ...] = integers(
        [-6, -5, -4, -3], "log2 of the learning rates of the other parameterizations", least=-40, most=10
    )
    extend: int = integer(2, "octaves by which the rates may be extended where the best is at their edge", least=0)
    refine: int = integer(
        0, "how often the spacing of the rates around the best is halved, once all are trained", least=0, most=4
    )
    large_alpha: tuple[float, ...] = reals(
        [1, 8], "hidden units of an expert over the width, where both choices of W2 are compared", above=0
    )
    expert_counts: tuple[int, ...] = integers(
        [4, 16], "numbers of experts at fixed active parameters: the more, the smaller each is", least=1
    )
    sparse_experts: tuple[int, ...] = integers(
        [4, 16], "numbers of experts of which as many are active as of the fewest: a control", least=1
    )
    paper_rates: tuple[int, ...] = integers(
        [-11, -10, -9, -8, -7], "log2 of the learning rates of the paper's own model", least=-40, most=10
    )
    paper_seeds: int = integer(
        0, "initialisations of the paper's own model, twice as many at the least width; 0: as of ours", least=0
    )
    seeds: int = integer(2, "initialisations of each model", least=1)
    large_seeds: int = integer(1, "initialisations of models with N L >= 1024", least=1)
    first_seeds: int = integer(
        0, "initialisations of the smallest model, which every way to grow begins with; 0: as of the others", least=0
    )
    precision: float = real(
        0,
        "standard error in octaves down to which a best rate is claimed to transfer is known: as many initialisations "
        "again are added while it is larger; 0: none",
        least=0,
    )
    most_seeds: int = integer(32, "initialisations of one model at most, where they are added", least=1)
    steps: int = integer(100, "training steps, at a constant rate", least=20)
    batch: int = integer(16, "sequences a step, the same for every model", least=1)
    context: int = integer(32, "bytes of a sequence", least=2)
    scored: int = integer(20, "last steps whose mean training loss is the score", least=1)
    balance: float = real(0.05, "rate eta_b of the balance bias", least=0)
    gate: Gate = text("sigmoid", "gates of the experts", choices=("sigmoid", "softmax"))
    select: Select = text("gate", "what the balance bias is added to: the gate or its logit", choices=get_args(Select))
    model: ModelKind = text(
        "ours",
        "architecture and base: ours, or the paper's (base N = H = 512, L = 8, and its tuned constants)",
        choices=get_args(ModelKind),
    )
    head_width: int = integer(16, "coordinates of an attention head, at every width", least=1)
    base_width: int = integer(16, "width at which every factor of a table is 1, of our model", least=1)
    base_layers: int = integer(1, "depth at which every factor of a table is 1, of our model", least=1)
    folder: str | None = text(None, "folder of text files to train on; null: Python's standard library")
    knobs: tuple[str, ...] = texts(
        ["init", "router", "balance"], "other settings scanned at the middle rate (E3)", choices=KNOBS
    )
    knob_powers: tuple[int, ...] = integers(
        [-2, 2], "log2 of the other settings' factors, beside 0", least=-20, most=20
    )
    horizon: int = integer(3, "how many times longer models are trained at the rates of short runs", least=1)
    horizon_models: int = integer(1, "how many of the ladder's models are, from the smallest on", least=1)
    text_bytes: int = integer(2_000_000, "bytes of text that are used", least=1000)


class CoordinateSettings(Group):
    """The coordinate check (E1)."""

    tables: tuple[str, ...] = texts(
        ["standard", "transfer"], "parameterizations that are checked", choices=PARAMETERIZATIONS
    )
    directions: tuple[str, ...] = texts(["width", "depth"], "ways to grow in the check", choices=("width", "depth"))
    width: tuple[int, ...] = integers([32, 64, 128], "widths N of the coordinate check, at its least depth", least=1)
    depth: tuple[int, ...] = integers([2, 4, 8], "layers L of the coordinate check, at its least width", least=1)
    steps: int = integer(6, "Adam steps before the parts are measured", least=1)
    seeds: int = integer(6, "initialisations of each model of the coordinate check", least=2)
    rate: int = integer(-6, "log2 of the learning rate; of the standard parameterization 3 less", least=-40, most=10)
    alpha: float = real(2, "hidden units of an expert over the width, in the coordinate check", above=0)


class LimitSettings(Group):
    """Residual networks of experts beside their exact limit (E0)."""

    activation: tuple[Activation, ...] = texts(["linear", "tanh"], "phi of the hidden units", choices=ACTIVATIONS)
    active_fraction: float = real(0.25, "kappa = K/E", above=0, most=1)
    hidden_ratio: float = real(1.0, "alpha = H/N", above=0)
    router_std: float = real(1.0, "deviation of the initial router logits of a unit vector", least=0)
    down: Down = text(
        "mean-field",
        "W2 at first, and rates of W1, W2: mean-field (deviation sqrt(N)/H; rates times alpha, over alpha) or fan-in",
        choices=get_args(Down),
    )
    select: Select = text("gate", "what the balance bias is added to: the gate or its logit", choices=get_args(Select))
    routing_init: RoutingInit = text(
        "router",
        "what routing starts from: a random router, or one at 0 and random biases",
        choices=get_args(RoutingInit),
    )
    bias_std: float = real(1.0, "deviation of the initial biases where routing starts from them", above=0)
    norm: bool = flag(False, "whether router and experts read h / rms(h)")
    rate: float = real(0.1, "learning rate eta of the residual networks", above=0)
    router_rate: float = real(1.0, "learning rate of the router of the residual networks", least=0)
    balance_rates: tuple[float, ...] = reals([0, 0.3], "rates eta_b of the balance bias that are compared", least=0)
    steps: int = integer(30, "steps T of gradient descent", least=5)
    size: tuple[int, ...] = integers([16, 32, 64], "N = E of the networks, N > 2", least=4)
    repeats: int = integer(8, "networks of each size N = E", least=2)
    experts: tuple[int, ...] = integers([8, 16, 32, 64, 128], "numbers of experts E at the largest width", least=1)
    width: tuple[int, ...] = integers([8, 16, 32], "widths N at the largest size's number of experts", least=4)
    scan_repeats: int = integer(10, "networks of each size of the scans of experts and width", least=2)
    layers: tuple[int, ...] = integers([1, 2, 4], "depths L of networks of the middle size", least=1)
    hidden_ratios: tuple[float, ...] = reals(
        [0.5, 1, 4], "alpha = H/N of networks of the middle size, under both choices of down", above=0
    )
    branch_size: int = integer(16, "N = E = H of the smallest network whose initial branches are measured", least=4)
    branch_doublings: int = integer(3, "how often each of its sizes N, E, L, H is doubled", least=2)
    branch_repeats: int = integer(128, "networks of each of these sizes", least=2)
    rate_powers: tuple[int, ...] = integers(
        [-6, -5, -4, -3, -2, -1, 0, 1], "log2 of eta = eta_r in the panel on the learning rate", least=-20, most=10
    )
    rate_steps: int = integer(20, "steps after which the learning rates are compared", least=1)
    whiten: bool = flag(True, "whether read-out and embedding start exactly orthogonal; takes fluctuations away")
    quadrature_experts: int = integer(2048, "quadrature experts of the theory, a power of 2", least=16)
    quadrature_hidden: int = integer(128, "quadrature hidden units of the theory, a multiple of 4", least=4)


class MoeTransferConfig(RunSettings):
    """Settings of moe-transfer; the defaults are the quick preset."""

    work: tuple[str, ...] = texts(
        ["limit", "coordinates", "settings", "ablations", "standard", "transfer"],
        "limit (E0), coordinates (E1), settings (E3, E6), ablations; or a parameterization: all its sizes, or /0 ...",
        choices=WORK,
    )
    limit: LimitSettings = group(LimitSettings, "exact limit")
    coordinates: CoordinateSettings = group(CoordinateSettings, "coordinate check")
    transfer: TransferSettings = group(TransferSettings, "learning-rate transfer of transformers")
