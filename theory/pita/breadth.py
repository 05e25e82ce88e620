"""How broad is a split: how many statements are there up to symmetry? Orbits under renaming, commuting and regrouping.

    m          leaves of a statement
    s_pi(m)    statements that the renaming pi of the n atoms leaves as they are, ∧ and ∨ taken as multisets
    breadth    orbits: the mean of s_pi over all renamings (Burnside)

A statement is a leaf, an implication (two parts in order), or ∧ or ∨ of a multiset of at least two parts that are not
of the same kind. Multisets left alone by pi are counted by exp(sum_k x_{pi^k}(z^k) / k). Figure 1c of arXiv:2602.14404
divides the count without renaming by 3!/(3 - min(m, 3))!, which is the same up to statements with few atoms (`paper`).
"""

from functools import cache
from itertools import permutations
from math import perm

from solv.theory.pita.statement_counts import catalan
from solv.theory.validation import require_integer

Renaming = tuple[int, ...]


def full_breadth(leaves: int, atoms: int = 3) -> int:
    """Return the statements of `full` with m leaves up to renaming of atoms and commuting and regrouping of ∧ and ∨.

    Args:
        leaves: m, 1 to 60.
        atoms: n, 1 to 5.

    Raises:
        ValueError: a number out of range.
    """
    leaves, atoms = (
        require_integer("leaves", leaves, least=1, most=60),
        require_integer("atoms", atoms, least=1, most=5),
    )
    renamings = list(permutations(range(atoms)))
    return sum(_left_alone(renaming)(leaves) for renaming in renamings) // len(renamings)


def imply_breadth(leaves: int, atoms: int = 3) -> int:
    """Return the statements of `imply` with m leaves up to renaming of atoms: the mean of (2 + fixed atoms)^m, times C.

    Args:
        leaves: m, 1 to 60.
        atoms: n, 1 to 5.

    Raises:
        ValueError: a number out of range.
    """
    leaves, atoms = (
        require_integer("leaves", leaves, least=1, most=60),
        require_integer("atoms", atoms, least=1, most=5),
    )
    renamings = list(permutations(range(atoms)))
    words = sum((2 + _fixed(renaming)) ** leaves for renaming in renamings) // len(renamings)
    return int(words * catalan(leaves - 1))


def paper_breadth(leaves: int, *, operators: int) -> float:
    """Return the count of figure 1c: statements up to commuting and regrouping, over 3!/(3 - min(m, 3))! renamings.

    Args:
        leaves: m, 1 to 60.
        operators: 3 for `full`, 1 for `imply`.

    Raises:
        ValueError: a number out of range.
    """
    leaves = require_integer("leaves", leaves, least=1, most=60)
    if operators not in (1, 3):
        raise ValueError(f"operators = {operators}; valid: 3 (full), 1 (imply)")
    count = _left_alone((0, 1, 2))(leaves) if operators == 3 else 5**leaves * catalan(leaves - 1)
    return count / perm(3, min(leaves, 3))


def or_breadth(leaves: int) -> int:
    """Return the statements of `or` with m leaves up to symmetry: an atom, and a disjunction that has it or has not.

    Figure 1c counts 2 m.

    Args:
        leaves: m, 3 to 60: two or more of the disjunction, and the atom that implies it.

    Raises:
        ValueError: a number out of range.
    """
    require_integer("leaves", leaves, least=3, most=60)
    return 2


def pigeonhole_paper_breadth(leaves: int) -> int:
    """Return how many statements of `php` figure 1c counts; of them up to symmetry no count of ours is known.

    The sum over even r < m of 2^(l-1) sum_k<=r l!/(l-k)! with l = m - r, which gives 25 224 at m = 10, and 1, 1, 2 up
    to m = 3: as in the authors' public code, which has no derivation of it.

    Args:
        leaves: m, 1 to 60; the figure's axis says atoms.

    Raises:
        ValueError: a number out of range.
    """
    leaves = require_integer("leaves", leaves, least=1, most=60)
    if leaves <= 3:
        return max(leaves - 1, 1)
    clashes = range(2, leaves, 2)
    return sum(2 ** (leaves - r - 1) * sum(perm(leaves - r, k) for k in range(1, r + 1)) for r in clashes)


def _fixed(renaming: Renaming) -> int:
    return sum(image == name for name, image in enumerate(renaming))


class _Counts:
    """s_pi(m) of one renaming, and of those parts that are not conjunctions, by recursion over m."""

    def __init__(self, renaming: Renaming) -> None:
        self._renaming = renaming
        self._wholes: dict[int, int] = {}
        self._conjunctions: dict[int, int] = {}

    def __call__(self, leaves: int) -> int:
        if leaves not in self._wholes:
            self._wholes[leaves] = self._single(leaves) + 2 * self._multisets(leaves)
        return self._wholes[leaves]

    def parts(self, leaves: int) -> int:
        """How many statements are no conjunction (or, by symmetry, no disjunction)."""
        return self(leaves) - self._multisets(leaves)

    def _single(self, leaves: int) -> int:
        if leaves == 1:
            return 2 + _fixed(self._renaming)
        return sum(self(left) * self(leaves - left) for left in range(1, leaves))

    def _multisets(self, leaves: int) -> int:
        """Multisets of at least two parts, of that many leaves in all, that the renaming leaves alone."""
        if leaves < 2:
            return 0
        if leaves not in self._conjunctions:
            whole = [1]
            for size in range(1, leaves + 1):
                total = sum(self._weighted(step, leaves) * whole[size - step] for step in range(1, size + 1))
                whole.append(total // size)
            self._conjunctions[leaves] = whole[leaves]
        return self._conjunctions[leaves]

    def _weighted(self, size: int, limit: int) -> int:
        """Sum over k that divide `size` of size/k times the parts of size/k leaves that pi^k leaves alone."""
        return sum(
            size // k * _left_alone(_power(self._renaming, k)).parts(size // k)
            for k in range(1, size + 1)
            if size % k == 0 and size // k < limit  # a part is smaller than the whole
        )


@cache
def _left_alone(renaming: Renaming) -> _Counts:
    return _Counts(renaming)


def _power(renaming: Renaming, exponent: int) -> Renaming:
    image = tuple(range(len(renaming)))
    for _ in range(exponent):
        image = tuple(renaming[name] for name in image)
    return image
