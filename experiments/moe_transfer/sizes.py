"""Which models does moe-transfer train?

A *direction* is a way to grow: the ladder (width and depth together), or one of width, depth, number of experts (with
the active ones in proportion) and hidden units of an expert. Its sizes are counted from 0, the smallest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from solv.experiments.moe_transfer.settings import CoordinateSettings, MoeTransferConfig, TransferSettings
from solv.harness.settings import ConfigurationError
from solv.harness.work import Work, training
from solv.theory.moe_transfer.parameter_count import Architecture
from solv.theory.moe_transfer.parameter_tables import PAPER_BASE, PAPER_SHAPE, TABLES, Base, Shape, fan_in_base

SCALED = "transfer"  # the parameterization whose transfer is claimed, and whose other settings are scanned
SHOWN = {"standard": "standard", "transfer": "transferring", "paper": "paper's"}  # parameterizations in words
AXES = {"ladder": "width N (depth grows with it)", "width": "width N", "depth": "layers L"}
AXES |= {"experts": "experts E", "hidden": "hidden units H"}
#: Operations of a product that take as long as one number of a large array is read, changed and written.
PASS = 70
# How often numbers are gone through, forwards and backwards. Of a token: its logits; in a block its coordinates, those
# of its experts, router logits, and what sorts it to its experts. Of a weight: in a step of Adam, and when it is drawn.
LOGIT_PASSES, WIDTH_PASSES, EXPERT_PASSES, ROUTER_PASSES, SORT_PASSES = 7, 24, 3, 20, 600
ADAM_PASSES, DRAW_PASSES = 5, 5
BLOCK_CALLS, OTHER_CALLS = 160, 80  # kernels of a step: of a block forwards, backwards and in Adam; of all else


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
        return Shape(self.width, self.layers, self.hidden, self.active)

    @property
    def stream(self) -> str:
        """The model in the names of random streams: what its initial values depend on."""
        return f"N={self.width} L={self.layers} E={self.experts} H={self.hidden}"

    @property
    def name(self) -> str:
        """The model in the names of units of work."""
        return f"{self.stream} K={self.active}"

    @property
    def params(self) -> dict[str, object]:
        """The model in the params of a curve."""
        sizes = {"width": self.width, "layers": self.layers, "experts": self.experts}
        return {**sizes, "active": self.active, "hidden": self.hidden}


def trained(work: Sequence[str]) -> dict[str, set[int] | None]:
    """Return the parameterizations that are trained, with the numbers of their sizes; None: all."""
    sizes_of: dict[str, set[int] | None] = {}
    for name in work:
        table, _, size = name.partition("/")
        if table in TABLES:
            known = sizes_of.get(table, set())
            sizes_of[table] = None if not size or known is None else known | {int(size)}
    return sizes_of


@dataclass(frozen=True)
class Trained:
    """A model that is trained under a parameterization, as one of the sizes of a direction."""

    table: str
    direction: str
    model: Model


def trainings(config: MoeTransferConfig, directions: Sequence[str] | None = None) -> Iterator[Trained]:
    """Yield what the settings train, by parameterization, direction (None: all of the settings) and size."""
    settings = config.transfer
    for table, sizes in trained(config.work).items():
        for direction in settings.directions if directions is None else directions:
            for index, model in enumerate(models(settings, direction)):
                if sizes is None or index in sizes:
                    yield Trained(table, direction, model)


def architecture(settings: TransferSettings, model: Model, vocabulary: int = 256) -> Architecture:
    """Return what is counted of a model that is trained on bytes."""
    paper = settings.model == "paper"
    return Architecture(
        model.width,
        model.layers,
        model.hidden,
        model.experts,
        model.active,
        vocabulary=vocabulary,
        context=settings.context,
        head_width=settings.head_width,
        tied=paper,
        biases=paper,
        norm="layer" if paper else "plain",
    )


def remarks(config: MoeTransferConfig) -> Iterator[str]:
    """Yield how many parameters the paper's base has, and the largest model of every direction."""
    base = Architecture(PAPER_SHAPE.width, PAPER_SHAPE.layers, PAPER_SHAPE.hidden, experts=4, active=1)
    yield f"the paper's base: {_counted(base)}"
    for direction in config.transfer.directions:
        largest = models(config.transfer, direction)[-1]
        yield f"largest of the {direction}, {largest.name}: {_counted(architecture(config.transfer, largest))}"


def _counted(found: Architecture) -> str:
    return f"{found.total} parameters, {found.acting} active"


def require_models(config: MoeTransferConfig) -> None:
    """Refuse sizes that no model has before hours of training.

    Raises:
        ConfigurationError: one of the directions has such a size.
    """
    for direction in config.transfer.directions:
        models(config.transfer, direction)
    if "ablations" in config.work:
        large_expert_models(config.transfer)
        expert_count_models(config.transfer)
        sparse_models(config.transfer)
    for direction in config.coordinates.directions:
        coordinate_models(config.transfer, config.coordinates, direction)


def base_of(settings: TransferSettings, table: str) -> Base:
    """Return what holds at the shape at which every factor of a table is 1: the paper's model has one of its own."""
    if settings.model == "paper":
        return PAPER_BASE
    return fan_in_base(Shape(settings.base_width, settings.base_layers, settings.base_width), TABLES[table])


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
    by_direction = {
        "ladder": [_model(settings, n, depth, experts, ratio, n) for n, depth in pairs],
        "width": [_model(settings, n, layers, experts, ratio, n) for n in settings.width],
        "depth": [_model(settings, width, depth, experts, ratio, depth) for depth in settings.depth],
        "experts": [_model(settings, width, layers, count, ratio, count) for count in settings.experts],
        "hidden": [_model(settings, width, layers, experts, each, each * width) for each in settings.alpha],
    }[direction]
    return sorted(by_direction, key=lambda model: model.along)


def large_expert_models(settings: TransferSettings) -> list[Model]:
    """Return models whose experts have many hidden units, the smallest first; `along` is H."""
    width, layers, experts = min(settings.width), min(settings.depth), min(settings.experts)
    ratios = sorted(settings.large_alpha)
    return [_model(settings, width, layers, experts, ratio, ratio * width) for ratio in ratios]


def expert_count_models(settings: TransferSettings) -> list[Model]:
    """Return models with more and smaller experts at the same active parameters, the fewest first; `along` is E."""
    width, layers, fewest = min(settings.width), min(settings.depth), min(settings.expert_counts)
    return [
        _model(settings, width, layers, count, min(settings.alpha) * fewest / count, count)
        for count in sorted(settings.expert_counts)
    ]


def sparse_models(settings: TransferSettings) -> list[Model]:
    """Return models with more experts of which as many are active as of the fewest; `along` is E."""
    width, layers, counts = min(settings.width), min(settings.depth), sorted(settings.sparse_experts)
    fewest = _model(settings, width, layers, counts[0], min(settings.alpha), counts[0])
    return [replace(fewest, experts=count, along=count) for count in counts]


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
    """Return how many initialisations a model is trained from: what all others are compared with may have more."""
    if settings.first_seeds and model.name in {models(settings, way)[0].name for way in ("ladder", "width")}:
        return settings.first_seeds
    return settings.large_seeds if model.width * model.layers >= 1024 else settings.seeds


# -- their work ----------------------------------------------------------------------------------------------------


def training_work(settings: TransferSettings, model: Model, copies: int, steps: float) -> Work:
    """Return the work of copies of a model that are drawn and trained as one batch.

    At these widths half of the time is spent on arrays that are read and written, not on products: it is counted, too.
    Memory: weights with all of Adam's, the activations that the gradient needs, and three times the logits.
    """
    found, tokens, blocks = architecture(settings, model), settings.batch * settings.context, model.layers
    looked_up = (settings.context + (0 if found.tied else found.vocabulary)) * model.width
    attention = blocks * settings.context * model.width  # half the pairs of a sequence: their products and the sums
    products = training(
        found.acting - looked_up + attention, tokens, steps, calls=blocks * BLOCK_CALLS + OTHER_CALLS, copies=copies
    )
    expert = model.active * (model.width + model.hidden)
    routed = EXPERT_PASSES * expert + ROUTER_PASSES * model.experts + SORT_PASSES
    touched = LOGIT_PASSES * found.vocabulary + blocks * (WIDTH_PASSES * model.width + routed)
    passes = (tokens * touched + ADAM_PASSES * found.total) * steps + DRAW_PASSES * found.total
    kept = 3 * found.vocabulary + blocks * (12 * model.width + 2 * expert)  # floats a token
    held = 16 * found.total + 4 * tokens * kept
    return Work(products.flops + PASS * passes * copies, products.calls, held * copies)


def scan_work(settings: TransferSettings, table: str, model: Model, steps: int, *, precise: bool = False) -> Work:
    """Return the work of a model at all learning rates, as `Laboratory.losses` trains it.

    What is added after looking at the losses is guessed: no rate beyond the grid, and, with `precise`, as many
    initialisations again for every second model.
    """
    seeds, rates = seeds_of(settings, model), len(rates_of(settings, table))
    grid = training_work(settings, model, seeds * rates, steps)
    refined = training_work(settings, model, seeds * 2, steps) * settings.refine
    if not (precise and settings.precision and table != "standard"):
        return grid + refined
    more = max(min(seeds, settings.most_seeds - seeds), 0)
    return grid + refined + 0.5 * training_work(settings, model, more * (rates + 2 * settings.refine), steps)


def trained_first(config: MoeTransferConfig) -> dict[tuple[str, str], Model]:
    """Return what the part `learning-rate` trains, by parameterization and name: the parts after it read that."""
    if config.parts and "learning-rate" not in config.parts:
        return {}
    return {(job.table, job.model.name): job.model for job in trainings(config)}


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
