"""How do coordinates grow with size under a parameterization? The exponent calculus of the coordinate check.

In one direction of growth S, every quantity goes as a power of S. A group of weights with multiplier S^a, initial
deviation S^b, learning rate S^c (Adam: every entry moves by the rate) and fan-in S^n adds to its output

    an initial part   S^(a + b + n/2 + m/2)   - n independent terms, m of them summed incoherently
    a learned part    S^(a + c + n + m)       - all moved in the same direction

where S^m is the number of such outputs that are summed (experts, layers). The exponent of a sum is the largest of its
terms'. The moe-transfer spec, sections 2.2 and 2.3; Yang and Hu, arXiv:2011.14522, for networks of dense layers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class GroupExponents:
    """Powers of the size for one group of weights.

    fan_in: n. multiplier: a. deviation: b, of the initialisation, -inf for one that is 0. rate: c, of Adam.
    summands: m, of how many such outputs are added up.
    """

    fan_in: float = 0.0
    multiplier: float = 0.0
    deviation: float = 0.0
    rate: float = 0.0
    summands: float = 0.0

    @property
    def initial(self) -> float:
        """Exponent of the part of the output that is due to the initial weights."""
        return self.multiplier + self.deviation + (self.fan_in + self.summands) / 2

    @property
    def learned(self) -> float:
        """Exponent of the part that is due to what the weights have learned after a few steps."""
        return self.multiplier + self.rate + self.fan_in + self.summands

    @property
    def coordinate(self) -> float:
        """Exponent of the whole output."""
        return max(self.initial, self.learned)


def optimal_rate_exponent(groups: Iterable[GroupExponents]) -> float:
    """Return the power of the size with which the best global learning rate goes, where the size is large.

    The learned parts are proportional to the rate; the best one keeps the largest of them of order one.

    Raises:
        ValueError: no group is given.
    """
    largest = max((group.learned for group in groups), default=-inf)
    if largest == -inf:
        raise ValueError("groups is empty; give at least one")
    return 0.0 - largest


def power_of(powers: Mapping[str, float], growth: Mapping[str, float]) -> float:
    """Return the exponent of a product of sizes, e.g. of {"N": -1, "L": 0.5} when {"N": 1, "L": 1} grow together."""
    return float(sum(power * growth.get(name, 0.0) for name, power in powers.items()))
