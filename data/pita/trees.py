"""Which binary tree has a given number? Ranks of binary trees and of arrangements, unranked without any list.

Binary trees with m leaves are numbered 0 .. Catalan(m - 1) - 1: first by the number of leaves of the left subtree,
then by the left, then by the right subtree. A tree is returned as a postfix template of booleans: True for an
inner node, False for a leaf.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import comb

_SMALL = 12


@lru_cache(maxsize=1024)
def catalan(n: int) -> int:
    """The n-th Catalan number: binary trees with n + 1 leaves."""
    return comb(2 * n, n) // (n + 1)


def tree_count(leaves: int) -> int:
    """Binary trees with this many leaves."""
    return catalan(leaves - 1)


def tree(leaves: int, rank: int) -> tuple[bool, ...]:
    """Postfix template of binary tree number `rank` among those with `leaves` leaves.

    Cost: at most O(leaves^2) integer operations; small trees are remembered.
    """
    return _remembered(leaves, rank) if leaves <= _SMALL else _unranked(leaves, rank)


@lru_cache(maxsize=8192)
def _remembered(leaves: int, rank: int) -> tuple[bool, ...]:
    return _unranked(leaves, rank)


def _unranked(leaves: int, rank: int) -> tuple[bool, ...]:
    reversed_template: list[bool] = []
    pending = [(leaves, rank)]
    while pending:  # right subtrees are expanded first, so that the reversed output is postfix
        size, number = pending.pop()
        if size == 1:
            reversed_template.append(False)
            continue
        reversed_template.append(True)
        left = 1
        while number >= (block := tree_count(left) * tree_count(size - left)):
            number -= block
            left += 1
        left_rank, right_rank = divmod(number, tree_count(size - left))
        pending.append((left, left_rank))
        pending.append((size - left, right_rank))
    return tuple(reversed(reversed_template))


def comb_count(leaves: int) -> int:
    """Combs of combs with this many leaves: 2^(leaves - 2), and one with a single leaf."""
    return 1 << max(0, leaves - 2)


def combs(leaves: int, rank: int) -> tuple[bool, ...]:
    """Postfix template of comb of combs number `rank`: B1 op (B2 op (... op last)), each B a op (b op (... op c)).

    These are the bracketings that the public generator of arXiv:2602.14404 makes of the pairs of php: it goes through
    the right parts once, with the first of the left parts alone. Bit i of `rank` ends a comb behind leaf i.
    """
    template: list[bool] = []
    size = blocks = 0
    for place in range(leaves - 1):
        size += 1
        template.append(False)
        if place == leaves - 2 or rank >> place & 1:
            template += [True] * (size - 1)
            size, blocks = 0, blocks + 1
    return (*template, False, *[True] * blocks)


def fill(template: Sequence[bool], leaves: Sequence[tuple[str, ...]], operator: str) -> tuple[str, ...]:
    """The formula of this shape with these subformulas at its leaves and one operator at every inner node."""
    remaining = iter(leaves)
    symbols: list[str] = []
    for inner in template:
        if inner:
            symbols.append(operator)
        else:
            symbols.extend(next(remaining))
    return tuple(symbols)


def arrangement_count(names: int, length: int) -> int:
    """Ordered choices of `length` distinct numbers out of `names`."""
    count = 1
    for taken in range(length):
        count *= names - taken
    return count


def arrangement(names: int, length: int, rank: int) -> list[int]:
    """Ordered choice number `rank` of `length` distinct numbers out of 0 .. names - 1. Cost: O(length^2)."""
    digits: list[int] = []
    for free in range(names - length + 1, names + 1):
        rank, digit = divmod(rank, free)
        digits.append(digit)
    chosen: list[int] = []
    used: list[int] = []  # ascending
    for digit in reversed(digits):  # the digit-th number that is not used yet
        number, place = digit, 0
        while place < len(used) and used[place] <= number:
            number += 1
            place += 1
        used.insert(place, number)
        chosen.append(number)
    return chosen
