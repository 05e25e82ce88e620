"""What can be set in moe-transfer, and which models does it train?

A *direction* is a way to grow: the ladder (width and depth together), or one of width, depth, number of experts (with
the active ones in proportion) and hidden units of an expert. Its sizes are counted from 0, the smallest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from solv.experiments.moe_transfer.parameterizations import TABLES, Shape
from solv.harness.settings import (
    ConfigurationError,
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
from solv.theory.moe_transfer.limit import ACTIVATIONS, Activation

TRAINED = tuple(f"{table}{size}" for table in TABLES for size in ("", "/0", "/1", "/2", "/3"))
WORK = ("limit", "coordinates", "settings", *TRAINED)
Gate: TypeAlias = Literal["sigmoid", "softmax"]
KNOBS = ("init", "router", "balance")  # deviation of all matrices, rate of the router, rate of the balance bias
DIRECTIONS = ("ladder", "width", "depth", "experts", "hidden")
AXES = {"ladder": "width N (depth grows with it)", "width": "width N", "depth": "layers L"}
AXES |= {"experts": "experts E", "hidden": "hidden units H"}


@dataclass(frozen=True)
class Model:
    """One model: its sizes, and the size along the direction that it belongs to."""

    width: int
    layers: int
    experts: int
    active: int
    hidden: int
    along: float

    @property
    def shape(self) -> Shape:
        """The sizes that a parameterization looks at."""
        return Shape(self.width, self.layers, self.hidden)

    @property
    def label(self) -> str:
        """The model in a figure's legend."""
        return f"N={self.width} L={self.layers} E={self.experts} H={self.hidden}"


@dataclass(frozen=True)
class TransferSettings:
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
    seeds: int = integer(2, "initialisations of each model", least=1)
    large_seeds: int = integer(1, "initialisations of models with N L >= 1024", least=1)
    steps: int = integer(100, "training steps, at a constant rate", least=20)
    batch: int = integer(16, "sequences a step, the same for every model", least=1)
    context: int = integer(32, "bytes of a sequence", least=2)
    scored: int = integer(20, "last steps whose mean training loss is the score", least=1)
    balance: float = real(0.05, "rate eta_b of the balance bias", least=0)
    gate: Gate = text("sigmoid", "gates of the experts", choices=("sigmoid", "softmax"))  # noqa: RUF009 - a field
    head_width: int = integer(16, "coordinates of an attention head, at every width", least=1)
    base_width: int = integer(16, "width at which every factor of a table is 1", least=1)
    base_layers: int = integer(1, "depth at which every factor of a table is 1", least=1)
    folder: str | None = text(None, "folder of text files to train on; null: Python's standard library")
    knobs: tuple[str, ...] = texts(
        ["init", "router", "balance"], "other settings scanned at the middle rate (E3)", choices=KNOBS
    )
    knob_powers: tuple[int, ...] = integers([-2, 2], "log2 of their factors beside 0", least=-20, most=20)
    horizon: int = integer(3, "how much longer the smallest model is trained at rates found on short runs", least=1)
    text_bytes: int = integer(2_000_000, "bytes of text that are used", least=1000)


@dataclass(frozen=True)
class CoordinateSettings:
    """The coordinate check (E1)."""

    tables: tuple[str, ...] = texts(["standard", "transfer"], "parameterizations", choices=tuple(TABLES))
    directions: tuple[str, ...] = texts(["width", "depth"], "ways to grow", choices=("width", "depth"))
    width: tuple[int, ...] = integers([32, 64, 128], "widths N at the least depth", least=1)
    depth: tuple[int, ...] = integers([2, 4, 8], "layers L at the least width", least=1)
    steps: int = integer(6, "Adam steps before the parts are measured", least=1)
    seeds: int = integer(6, "initialisations", least=2)
    rate: int = integer(-6, "log2 of the learning rate; of the standard parameterization 3 less", least=-40, most=10)
    alpha: float = real(2, "hidden units of an expert over the width", above=0)


@dataclass(frozen=True)
class LimitSettings:
    """Residual networks of experts beside their exact limit (E0)."""

    activation: tuple[Activation, ...] = texts(["linear", "tanh"], "phi of the hidden units", choices=ACTIVATIONS)
    active_fraction: float = real(0.25, "kappa = K/E", above=0, most=1)
    hidden_ratio: float = real(1.0, "alpha = H/N", above=0)
    router_std: float = real(1.0, "deviation of the initial router logits of a unit vector", least=0)
    norm: bool = flag(False, "whether router and experts read h / rms(h)")
    rate: float = real(0.1, "learning rate eta", above=0)
    router_rate: float = real(1.0, "learning rate of the router", least=0)
    balance_rates: tuple[float, ...] = reals([0, 0.3], "rates eta_b of the balance bias that are compared", least=0)
    steps: int = integer(30, "steps T of gradient descent", least=5)
    size: tuple[int, ...] = integers([16, 32, 64], "N = E of the networks, N > 2", least=4)
    repeats: int = integer(8, "networks of each size", least=2)
    experts: tuple[int, ...] = integers([8, 16, 32, 64, 128], "numbers of experts E at the largest size", least=1)
    width: tuple[int, ...] = integers([8, 16, 32], "widths N at the largest size's number of experts", least=4)
    scan_repeats: int = integer(10, "networks of each of these", least=2)
    layers: tuple[int, ...] = integers([1, 2, 4], "depths L at the middle size", least=1)
    rate_powers: tuple[int, ...] = integers(
        [-6, -5, -4, -3, -2, -1, 0, 1], "log2 of eta = eta_r in the panel on the learning rate", least=-20, most=10
    )
    rate_steps: int = integer(20, "steps after which the learning rates are compared", least=1)
    whiten: bool = flag(True, "whether read-out and embedding start exactly orthogonal; takes fluctuations away")
    quadrature_experts: int = integer(2048, "quadrature experts of the theory, a power of 2", least=16)
    quadrature_hidden: int = integer(128, "quadrature hidden units of the theory, a multiple of 4", least=4)


@dataclass(frozen=True)
class MoeTransferConfig(RunSettings):
    """Settings of moe-transfer; the defaults are the quick preset."""

    work: tuple[str, ...] = texts(
        ["limit", "coordinates", "settings", "standard", "transfer"],
        "what is done: limit (E0), coordinates (E1), settings (E3, E6); a parameterization: all sizes, or /0 ...",
        choices=WORK,
    )
    limit: LimitSettings = group(LimitSettings, "exact limit")
    coordinates: CoordinateSettings = group(CoordinateSettings, "coordinate check")
    transfer: TransferSettings = group(TransferSettings, "learning-rate transfer of transformers")


def trained(work: Sequence[str]) -> dict[str, set[int] | None]:
    """Return the parameterizations that are trained, with the numbers of their sizes; None: all."""
    found: dict[str, set[int] | None] = {}
    for name in work:
        table, _, size = name.partition("/")
        if table in TABLES:
            known = found.get(table, set())
            found[table] = None if not size or known is None else known | {int(size)}
    return found


def base_shape(settings: TransferSettings) -> Shape:
    """Return the shape at which every factor of a table is 1."""
    return Shape(settings.base_width, settings.base_layers, settings.base_width)


def models(settings: TransferSettings, direction: str) -> list[Model]:
    """Return the models of one of the `DIRECTIONS`, the smallest first.

    Raises:
        ConfigurationError: sizes that no model has.
    """
    ratio = min(settings.alpha)
    width, layers, experts = min(settings.width), min(settings.depth), min(settings.experts)
    if len(settings.ladder_width) != len(settings.ladder_layers):
        raise ConfigurationError("ladder_width and ladder_layers are pairs; give equally many values")
    pairs = zip(settings.ladder_width, settings.ladder_layers, strict=True)
    found = {
        "ladder": [_model(settings, n, depth, experts, ratio, n) for n, depth in pairs],
        "width": [_model(settings, n, layers, experts, ratio, n) for n in settings.width],
        "depth": [_model(settings, width, depth, experts, ratio, depth) for depth in settings.depth],
        "experts": [_model(settings, width, layers, count, ratio, count) for count in settings.experts],
        "hidden": [_model(settings, width, layers, experts, each, each * width) for each in settings.alpha],
    }[direction]
    return sorted(found, key=lambda model: model.along)


def coordinate_models(settings: TransferSettings, check: CoordinateSettings, direction: str) -> list[Model]:
    """Return the models of the coordinate check in one direction, the smallest first."""
    width, layers, experts = min(check.width), min(check.depth), min(settings.experts)
    if direction == "width":
        return [_model(settings, n, layers, experts, check.alpha, n) for n in sorted(check.width)]
    return [_model(settings, width, depth, experts, check.alpha, depth) for depth in sorted(check.depth)]


def rates_of(settings: TransferSettings, table: str) -> tuple[int, ...]:
    """Return log2 of the learning rates at which a parameterization is trained."""
    return tuple(sorted(settings.standard_rates if table == "standard" else settings.rates))


def seeds_of(settings: TransferSettings, model: Model) -> int:
    """Return how many initialisations a model is trained from."""
    return settings.large_seeds if model.width * model.layers >= 1024 else settings.seeds


def _model(settings: TransferSettings, width: int, layers: int, experts: int, alpha: float, along: float) -> Model:
    active = settings.active_fraction * experts
    if abs(active - round(active)) > 1e-9 or round(active) < 1:
        raise ConfigurationError(
            f"active_fraction = {settings.active_fraction:g} of {experts} experts is {active:g}, not an integer >= 1"
        )
    hidden = alpha * width
    if abs(hidden - round(hidden)) > 1e-9 or round(hidden) < 1:
        raise ConfigurationError(
            f"alpha = {alpha:g} times width {width} is {hidden:g} hidden units, not an integer >= 1"
        )
    if width % settings.head_width:
        raise ConfigurationError(f"width {width} is not a multiple of head_width = {settings.head_width}")
    return Model(width, layers, experts, round(active), round(hidden), along)
