"""How do initialisation, learning rates and multipliers change with size? Parameterizations as tables of powers.

arXiv:2601.20205, tables 1 and 2, and our derivation. A table says, for each group of parameters and for the
multipliers, with which power of the ratios to a base they go:

| symbol | ratio |
|---|---|
| N | width over base width |
| L | layers over base layers |
| H | hidden units of an expert over those of the base |
| K | active experts over those of the base; in Adam's epsilon of our table alone |

The number of experts does not appear: at a fixed active fraction the average over the active experts has a limit by
itself. What holds at the base is a `Base`: ours has deviations of one over the root of the fan-in; the paper's has one
deviation for every matrix and the constants that its authors tuned (appendix D.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod, sqrt

from solv.theory.moe_transfer.size_exponents import GroupExponents, optimal_rate_exponent, power_of
from solv.theory.validation import require_integer

Powers = Mapping[str, float]
GROUPS = (
    "embedding",
    "query_key",
    "value",
    "output",
    "router",
    "up",
    "down",
    "norm",
    "bias",
    "unembedding",
)
MATRICES = ("query_key", "value", "output", "router", "up", "down")  # whose learned part grows with their fan-in
UNDECAYED = ("norm", "bias")


@dataclass(frozen=True)
class Row:
    """Powers of one group: of the variance of its initialisation, of its learning rate and of its epsilon (Adam)."""

    variance: Powers = field(default_factory=dict)
    rate: Powers = field(default_factory=dict)
    epsilon: Powers = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A parameterization: the row of each of the `GROUPS`; powers of the multipliers of a branch and of the logits."""

    groups: Mapping[str, Row]
    branch: Powers
    logit: Powers


def _width(**epsilon: float) -> Row:
    return Row({"N": -1}, {"N": -1}, epsilon)


TRANSFER = Table(
    groups={
        "embedding": Row(epsilon={"N": -1}),
        **dict.fromkeys(("query_key", "value", "output"), _width(N=-1, L=-1)),
        "router": _width(L=-1, K=-1),
        "up": _width(N=-1, L=-1, K=-1),
        "down": Row({"H": -1}, {"H": -1}, {"N": -1, "L": -1, "K": -1}),
        "norm": Row(epsilon={"N": -1, "L": -1}),
        "bias": Row(epsilon={"N": -1, "L": -1}),
        "unembedding": Row(epsilon={"N": -1}),
    },
    branch={"L": -1},
    logit={"N": -1},
)
PAPER = Table(  # W2 has the standard deviation sqrt(N) / H, not one over the root of its fan-in; the router 1 / N
    groups={
        **TRANSFER.groups,
        "router": Row({"N": -2}, {"N": -1}, {"N": -1, "L": -1}),
        "up": _width(H=-1, L=-1),
        "down": Row({"N": 1, "H": -2}, {"H": -1}, {"N": 1, "H": -2, "L": -1}),
        "norm": Row(),
        "bias": Row(epsilon={"L": -1}),
    },
    branch=TRANSFER.branch,
    logit=TRANSFER.logit,
)
STANDARD = Table(
    groups={
        "embedding": Row(),
        **dict.fromkeys(("query_key", "value", "output", "router", "up"), Row({"N": -1})),
        "down": Row({"H": -1}),
        "norm": Row(),
        "bias": Row(),
        "unembedding": Row({"N": -1}),
    },
    branch={},
    logit={},
)
TABLES: Mapping[str, Table] = {"standard": STANDARD, "transfer": TRANSFER, "paper": PAPER}

FAN_IN: Mapping[str, Powers] = {
    **{name: {} for name in ("embedding", "norm", "bias")},
    **{name: {"N": 1.0} for name in ("query_key", "value", "output", "router", "up", "unembedding")},
    "down": {"H": 1.0},
}
GROWTH: Mapping[str, Powers] = {  # which sizes double with one doubling along a direction
    "ladder": {"N": 1, "H": 1, "L": 1},
    "width": {"N": 1, "H": 1},
    "depth": {"L": 1},
    "experts": {"E": 1},
    "hidden": {"H": 1},
}


@dataclass(frozen=True)
class Shape:
    """What a table scales with, all >= 1: width N, layers L, hidden units H of an expert, active experts K."""

    width: int
    layers: int
    hidden: int
    active: int = 1

    def __post_init__(self) -> None:
        for name in ("width", "layers", "hidden", "active"):
            require_integer(name, getattr(self, name), least=1)

    def ratios(self, base: "Shape") -> dict[str, float]:
        """Return the ratios to a base, by their symbols."""
        return {
            "N": self.width / base.width,
            "L": self.layers / base.layers,
            "H": self.hidden / base.hidden,
            "K": self.active / base.active,
        }


@dataclass(frozen=True)
class Base:
    """What holds at the shape at which all factors are 1.

    Attributes:
        shape: at which they are.
        stds: standard deviation of each group that is random.
        rates: constant factors of the learning rates; a group that is left out has 1.
        branch, logit_scale: multipliers of a residual branch and of the logits.
    """

    shape: Shape
    stds: Mapping[str, float]
    rates: Mapping[str, float] = field(default_factory=dict)
    branch: float = 1.0
    logit_scale: float = 1.0


def fan_in_base(shape: Shape, table: Table) -> Base:
    """Return our base: deviations of one over the root of the fan-in.

    Embedding and unembedding have deviation 1, and logits a multiplier N^-1/2; under a table whose logits have none,
    the standard one, embeddings have 0.02 and the unembedding N^-1/2.
    """
    stds = dict.fromkeys(MATRICES, shape.width ** (-0.5)) | {"down": shape.hidden**-0.5}
    if table.logit:
        return Base(shape, stds | {"embedding": 1.0, "unembedding": 1.0}, logit_scale=shape.width**-0.5)
    return Base(shape, stds | {"embedding": 0.02, "unembedding": shape.width**-0.5})


PAPER_SHAPE = Shape(width=512, layers=8, hidden=512)
PAPER_DEVIATION = 2.0**-6
PAPER_BASE = Base(
    PAPER_SHAPE,
    stds={
        **dict.fromkeys(("embedding", *MATRICES, "unembedding"), PAPER_DEVIATION),
        "value": PAPER_DEVIATION / 16,
        "down": PAPER_DEVIATION / 4,
    },
    rates=dict.fromkeys(("query_key", "value", "router", "down"), 1 / 16),
    branch=1 / PAPER_SHAPE.layers,
)


@dataclass(frozen=True)
class Numbers:
    """A table at one shape.

    Attributes:
        stds: standard deviation of each random group.
        factors: of the learning rate of each group.
        epsilons: of Adam's epsilon.
        decays: of a decoupled weight decay: one over the rate's, so that their product stays; 0 for norms and biases.
        branch, logit_scale: the multipliers.
    """

    stds: dict[str, float]
    factors: dict[str, float]
    epsilons: dict[str, float]
    decays: dict[str, float]
    branch: float
    logit_scale: float


def numbers(table: Table, shape: Shape, base: Base) -> Numbers:
    """Return what a table says about a model of this shape, given what holds at the base."""
    ratios = shape.ratios(base.shape)

    def scaled(powers: Powers) -> float:
        return float(prod(ratios[name] ** power for name, power in powers.items()))

    rates = {name: scaled(row.rate) for name, row in table.groups.items()}
    return Numbers(
        stds={name: std * sqrt(scaled(table.groups[name].variance)) for name, std in base.stds.items()},
        factors={name: base.rates.get(name, 1.0) * rate for name, rate in rates.items()},
        epsilons={name: scaled(row.epsilon) for name, row in table.groups.items()},
        decays={name: 0.0 if name in UNDECAYED else 1 / rate for name, rate in rates.items()},
        branch=base.branch * scaled(table.branch),
        logit_scale=base.logit_scale * scaled(table.logit),
    )


def exponents(table: Table, direction: str) -> dict[str, GroupExponents]:
    """Return the powers of each group's linear map in one of the directions `GROWTH`.

    The residual branches' sum is left out: every block reads the stream through a norm, which divides its growth out.
    """
    growth = GROWTH[direction]
    return {
        name: GroupExponents(
            fan_in=power_of(FAN_IN[name], growth),
            multiplier=power_of(table.logit, growth) if name == "unembedding" else 0.0,
            deviation=power_of(row.variance, growth) / 2,
            rate=power_of(row.rate, growth),
        )
        for name, row in table.groups.items()
    }


def predicted_shift(table: Table, direction: str) -> float:
    """Return by how many octaves the best learning rate moves per doubling, where sizes are large."""
    return float(optimal_rate_exponent(exponents(table, direction).values()))
