"""How do initialisation, learning rates and multipliers change with size? Parameterizations as tables of powers.

moe-transfer spec, sections 1b and 2.1 (arXiv:2601.20205 and our derivation). A table says, for each group of parameters
and for the multipliers, with which power of the ratios to a base shape they go:

| symbol | ratio |
|---|---|
| N | width over base width |
| L | layers over base layers |
| H | hidden units of an expert over those of the base |

Neither the number of experts nor the number of active ones appears: at a fixed active fraction the average over the
active experts has a limit by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod, sqrt

from solv.experiments.moe_transfer.settings import PARAMETERIZATIONS
from solv.theory.moe_transfer.size_exponents import GroupExponents, optimal_rate_exponent, power_of

Powers = Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """Powers of one group: of the variance of its initialisation, and of its learning rate (Adam)."""

    variance: Powers = field(default_factory=dict)
    rate: Powers = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A parameterization.

    Attributes:
        groups: the row of each group.
        branch, logit: powers of the multiplier of a residual branch, and of the logits.
        embedding: variance of the embeddings at the base; read_out: whether that of the unembedding is 1 with a
            multiplier N0^(-1/2), instead of 1/N0 with none. All others are one over their fan-in at the base.
    """

    groups: Mapping[str, Row]
    branch: Powers
    logit: Powers
    embedding: float
    read_out: bool


WIDTH = Row({"N": -1}, {"N": -1})
TRANSFER = Table(
    groups={
        "embedding": Row(),
        "attention": WIDTH,
        "router": WIDTH,
        "up": WIDTH,
        "down": Row({"H": -1}, {"H": -1}),
        "unembedding": Row(),
    },
    branch={"L": -1},
    logit={"N": -1},
    embedding=1.0,
    read_out=True,
)
PAPER = Table(  # W2 has the standard deviation sqrt(N) / H, not one over the root of its fan-in; the router 1 / N
    groups={**TRANSFER.groups, "router": Row({"N": -2}, {"N": -1}), "down": Row({"N": 1, "H": -2}, {"H": -1})},
    branch=TRANSFER.branch,
    logit=TRANSFER.logit,
    embedding=1.0,
    read_out=True,
)
STANDARD = Table(
    groups={
        "embedding": Row(),
        "attention": Row({"N": -1}),
        "router": Row({"N": -1}),
        "up": Row({"N": -1}),
        "down": Row({"H": -1}),
        "unembedding": Row({"N": -1}),
    },
    branch={},
    logit={},
    embedding=0.02**2,
    read_out=False,
)
TABLES = dict(zip(PARAMETERIZATIONS, (STANDARD, TRANSFER, PAPER), strict=True))


FAN_IN: Mapping[str, Powers] = {
    "embedding": {},
    "attention": {"N": 1},
    "router": {"N": 1},
    "up": {"N": 1},
    "down": {"H": 1},
    "unembedding": {"N": 1},
}
GROWTH: Mapping[str, Powers] = {  # which sizes double with one doubling along a direction
    "ladder": {"N": 1, "H": 1, "L": 1},
    "width": {"N": 1, "H": 1},
    "depth": {"L": 1},
    "experts": {"E": 1},
    "hidden": {"H": 1},
}


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


@dataclass(frozen=True)
class Shape:
    """The sizes that a table scales with: width N, layers L, hidden units H of an expert."""

    width: int
    layers: int
    hidden: int


@dataclass(frozen=True)
class Numbers:
    """A table at one size: standard deviation and learning-rate factor of each group, and the two multipliers."""

    stds: dict[str, float]
    factors: dict[str, float]
    branch: float
    logit_scale: float


def numbers(table: Table, shape: Shape, base: Shape) -> Numbers:
    """Return what a table says about a model of this shape, given the base shape at which every factor is 1."""
    ratios = {
        "N": shape.width / base.width,
        "L": shape.layers / base.layers,
        "H": shape.hidden / base.hidden,
    }

    def scaled(powers: Powers) -> float:
        return float(prod(ratios[name] ** power for name, power in powers.items()))

    fan_in = {"attention": base.width, "router": base.width, "up": base.width, "down": base.hidden}
    variance = {name: 1 / count for name, count in fan_in.items()}
    variance |= {"embedding": table.embedding, "unembedding": 1.0 if table.read_out else 1 / base.width}
    return Numbers(
        stds={name: sqrt(variance[name] * scaled(row.variance)) for name, row in table.groups.items()},
        factors={name: scaled(row.rate) for name, row in table.groups.items()},
        branch=scaled(table.branch),
        logit_scale=scaled(table.logit) * (base.width**-0.5 if table.read_out else 1.0),
    )
