"""Why is a statement not provable? A classical valuation or a small Kripke model in which it fails.

A Kripke model is a rooted partial order of worlds and, for every atom, a set of worlds closed upwards. World w forces
A → B when every world above it that forces A forces B; a theorem is forced everywhere. Searched are all models on all
nine rooted orders of up to four worlds at once: one bit for every (order, valuation, world), so that a formula is one
big integer, ∧ and ∨ are & and |, and "every world above" is three shifts. An unprovable statement whose smallest
counter-model is larger has none here: then the exhausted searches of both provers stand for it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from solv.data.pita.formulas import AND, FALSE, IMPLIES, OR, PRECEDENCE, TRUE, Formula, atoms

_MOST_WORLDS = 4
_MOST_BITS = 1 << 20

# Every partial order of 2, 3, 4 worlds with world 0 at the root, worlds numbered upwards: the pairs (lower, upper).
_ORDERS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (1, ()),
    (2, ((0, 1),)),
    (3, ((0, 1), (0, 2), (1, 2))),
    (3, ((0, 1), (0, 2))),
    (4, ((0, 1), (0, 2), (0, 3))),
    (4, ((0, 1), (0, 2), (0, 3), (2, 3))),
    (4, ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3))),
    (4, ((0, 1), (0, 2), (0, 3), (1, 3), (2, 3))),
    (4, ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))),
)


@dataclass(frozen=True)
class CounterModel:
    """A model whose world 0 does not force the statement.

    Attributes:
        worlds: how many worlds; one is a classical valuation.
        above: pairs (lower, upper) of distinct worlds, closed under composition.
        forced: for every atom of the statement, the worlds that force it.
    """

    worlds: int
    above: tuple[tuple[int, int], ...]
    forced: dict[str, tuple[int, ...]]

    def forces(self, formula: Formula, world: int = 0) -> bool:
        """Whether a world forces a formula, by the definition. Cost: worlds^2 times the length of the formula."""
        upper = [{w} | {high for low, high in self.above if low == w} for w in range(self.worlds)]
        stack: list[set[int]] = []
        for symbol in formula:
            if symbol not in PRECEDENCE:
                everywhere = set(range(self.worlds))
                leaf = {TRUE: everywhere, FALSE: set[int]()}
                stack.append(leaf[symbol] if symbol in leaf else set(self.forced.get(symbol, ())))
                continue
            right, left = stack.pop(), stack.pop()
            if symbol == AND:
                stack.append(left & right)
            elif symbol == OR:
                stack.append(left | right)
            else:
                stack.append({w for w in range(self.worlds) if upper[w] & left <= right})
        return world in stack[0]

    def __str__(self) -> str:
        forced = [f"{name} in {{{', '.join(map(str, at))}}}" for name, at in self.forced.items() if at]
        where = "no atom is forced anywhere" if not forced else "; ".join(forced)
        if self.worlds == 1:
            true = ", ".join(name for name, at in self.forced.items() if at)
            return f"classical valuation, true atoms: {true or 'none'}"
        order = ", ".join(f"{low} < {high}" for low, high in self.above)
        return f"{self.worlds} worlds, {order}; forced: {where}"


def counter_model(formula: Formula) -> CounterModel | None:
    """A model in which the formula fails, smallest orders first, or None when none was found.

    Complete for classical refutation with any number of atoms; beyond that for all models of up to four worlds with
    up to five atoms (fewer worlds with more atoms, one world only beyond twelve).
    Cost: some 20 microseconds for three atoms.
    """
    names = atoms(formula)
    space = _model_space(len(names))
    if space is None:
        return _refute_classically(formula)
    value = dict(zip(names, space.atoms, strict=True))
    value[TRUE], value[FALSE] = space.full, 0
    failing = space.roots & ~space.evaluate(formula, value)
    if not failing:
        return None
    place = (failing & -failing).bit_length() - 1
    worlds, above = space.order_at(place)
    return CounterModel(
        worlds,
        above,
        {
            name: tuple(w for w in range(worlds) if bits >> (place + w) & 1)
            for name, bits in zip(names, space.atoms, strict=True)
        },
    )


@dataclass(frozen=True)
class _ModelSpace:
    """All models over n atoms in one integer's bits: blocks of `worlds` bits by order, then by valuation."""

    full: int
    roots: int
    atoms: tuple[int, ...]
    above: tuple[tuple[int, int], ...]  # (shift s, the bits of worlds w that are not below world w + s)
    ends: tuple[int, ...]  # where each order's bits end

    def evaluate(self, formula: Formula, value: dict[str, int]) -> int:
        stack: list[int] = []
        for symbol in formula:
            if symbol not in PRECEDENCE:
                stack.append(value[symbol])
                continue
            right = stack.pop()
            if symbol == AND:
                stack[-1] &= right
            elif symbol == OR:
                stack[-1] |= right
            else:
                here = (self.full ^ stack[-1]) | right
                everywhere = here
                for shift, elsewhere in self.above:
                    everywhere &= (here >> shift) | elsewhere
                stack[-1] = everywhere
        return stack[0]

    def order_at(self, place: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        return next(order for order, end in zip(_ORDERS, self.ends, strict=False) if place < end)


@lru_cache(maxsize=16)
def _model_space(atom_count: int) -> _ModelSpace | None:
    """The models over this many atoms that fit: None when even the classical valuations do not."""
    place = 0
    ends: list[int] = []
    forced: list[list[np.ndarray]] = [[] for _ in range(atom_count)]
    roots: list[np.ndarray] = []
    below: dict[int, list[np.ndarray]] = {shift: [] for shift in range(1, _MOST_WORLDS)}  # worlds w with w < w + shift
    for worlds, pairs in _ORDERS:
        closed = np.array(
            [
                [bool(subset >> world & 1) for world in range(worlds)]
                for subset in range(1 << worlds)
                if all(subset >> high & 1 for low, high in pairs if subset >> low & 1)
            ]
        )
        valuations = len(closed) ** atom_count
        if place + valuations * worlds > _MOST_BITS or (worlds == 1 and atom_count > 12):
            break
        for atom in range(atom_count):
            forced[atom].append(closed[np.arange(valuations) // len(closed) ** atom % len(closed)].ravel())
        roots.append(np.tile(np.arange(worlds) == 0, valuations))
        for shift, masks in below.items():
            masks.append(np.tile([(low, low + shift) in pairs for low in range(worlds)], valuations))
        place += valuations * worlds
        ends.append(place)
    if not ends:
        return None
    full = (1 << place) - 1
    above = tuple((shift, full ^ mask) for shift, masks in below.items() if (mask := _integer(masks)))
    return _ModelSpace(full, _integer(roots), tuple(map(_integer, forced)), above, tuple(ends))


def _integer(bits: list[np.ndarray]) -> int:
    """The integer whose bit i is the i-th truth value."""
    return int.from_bytes(np.packbits(np.concatenate(bits), bitorder="little").tobytes(), "little")


def _refute_classically(formula: Formula) -> CounterModel | None:
    """Signed tableau: what must be true or false for the formula to be false? Complete for any number of atoms."""
    left, right, symbols = _parts(formula)
    branches: list[tuple[tuple[tuple[int, bool], ...], dict[str, bool]]] = [(((len(symbols) - 1, False),), {})]
    while branches:
        todo, values = branches.pop()
        pending, postponed = list(todo), list[tuple[int, bool]]()
        values = dict(values)
        open_branch = True
        while open_branch and (pending or postponed):
            if not pending:  # only then branch
                number, sign = postponed.pop()
                first = (left[number], not sign if symbols[number] == IMPLIES else sign)
                branches.append(((*postponed, (right[number], sign)), values.copy()))
                pending.append(first)
                continue
            number, sign = pending.pop()
            symbol = symbols[number]
            if symbol in (TRUE, FALSE):
                open_branch = sign == (symbol == TRUE)
            elif symbol not in PRECEDENCE:
                open_branch = values.setdefault(symbol, sign) == sign
            elif sign == (symbol == AND):
                pending += [(left[number], not sign if symbol == IMPLIES else sign), (right[number], sign)]
            else:
                postponed.append((number, sign))
        if open_branch:
            return CounterModel(1, (), {name: (0,) if values.get(name) else () for name in atoms(formula)})
    return None


def _parts(formula: Formula) -> tuple[list[int], list[int], list[str]]:
    left, right, stack = [0] * len(formula), [0] * len(formula), list[int]()
    for place, symbol in enumerate(formula):
        if symbol in PRECEDENCE:
            right[place], left[place] = stack.pop(), stack.pop()
        stack.append(place)
    return left, right, list(formula)
