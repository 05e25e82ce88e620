"""Which statements belong to a split, and which is number i? Every split by index, none by list.

full     binary trees of exactly m leaves out of n atoms, True, False; ∧, ∨ or → at every node: (n+2)^m 3^(m-1) C
imply    the same with → alone: (n+2)^m C
or       target → tree of ∨ over k distinct atoms of N = 100 000 (2 <= k <= 29); true if the target is among them:
         k (N)_k C of these, (N)_(k+1) C of the others
php      (every pigeon has a hole) → (two pigeons share one), every bracketing, 2-4 pigeons, 1-4 holes; the larger cases
         with random omissions, 16 draws each: products of C

With `canonical`, statements that differ in the names of their atoms alone are one, whose atoms are p1, p2, ... in order
of appearance: (n+2)^m becomes the number of words of m leaves whose atoms appear in order, (N)_k becomes 1.

As `published`, the splits of the public data set: `full` and `imply` with every m up to 5 and 7 (3 630 455 and
11 015 905 statements); `or` with 2500 draws of each k and verdict, without repetition (140 000, half of them true);
`php` with the omissions that the public generator draws (seed 1130) and the bracketings that it goes through, 2^(c-2)
of c pairs and one of everything else (246 673).

C = Catalan(leaves - 1), (N)_k = N (N-1) ... (N-k+1). (arXiv:2602.14404; spec section 1.) A split is a sequence of
*strata*, statements of one kind that are counted by one formula; the index runs through the strata in order.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache, partial
from itertools import accumulate, chain

import numpy as np

from solv.data.pita.formulas import (
    AND,
    IMPLIES,
    OPERATORS,
    OR,
    Formula,
    atoms,
    canonical,
    conjunction,
    implication,
)
from solv.data.pita.shuffle import bijection
from solv.data.pita.trees import arrangement, arrangement_count, comb_count, combs, fill, tree, tree_count
from solv.data.pita.words import Words

SPLITS = ("full", "imply", "or", "php")

OR_NAMES = 100_000
OR_LEAST, OR_MOST = 2, 29
PHP_PIGEONS, PHP_HOLES, PHP_DRAWS = 4, 4, 16
PUBLISHED_LEAVES = {"full": 5, "imply": 7}
PUBLISHED_OR_DRAWS, PUBLISHED_PHP_SEED = 2500, 1130
MOST_LEAVES, MOST_ATOMS = 1000, 100  # an index then has some 3000 digits, and Python prints no more than 4300


@dataclass(frozen=True)
class SplitSpec:
    """What selects a split: small, hashable, the same in every process.

    Args:
        name: `full`, `imply`, `or` or `php`.
        leaves: leaves of a statement (full, imply; default 6); atoms of the tree (or; default all of 2..29). Published:
            the most leaves (full 5, imply 7).
        atoms: distinct atoms of full and imply (default 3); names that the atoms of or are drawn from (100 000).
        omission_seed: what php leaves out (default 0).
        canonical: number statements up to the names of their atoms.
        published: as the public data set has it (see the module).
    """

    name: str
    leaves: int | None = None
    atoms: int | None = None
    omission_seed: int | None = None
    canonical: bool = False
    published: bool = False

    def __post_init__(self) -> None:
        if self.name not in SPLITS:
            raise ValueError(f"split = {self.name!r} is unknown; valid: {', '.join(SPLITS)}")
        sized = self.name in ("full", "imply")
        if self.published:
            self._complete_published()
        if sized:
            object.__setattr__(self, "leaves", 6 if self.leaves is None else self.leaves)
            object.__setattr__(self, "atoms", 3 if self.atoms is None else self.atoms)
        if self.name == "or":
            object.__setattr__(self, "atoms", OR_NAMES if self.atoms is None else self.atoms)
        if self.name == "php":
            object.__setattr__(self, "omission_seed", 0 if self.omission_seed is None else self.omission_seed)
        ranges = {
            "leaves": (1, MOST_LEAVES) if sized else (OR_LEAST, OR_MOST) if self.name == "or" else None,
            "atoms": (1, MOST_ATOMS) if sized else (self._or_names(), OR_NAMES) if self.name == "or" else None,
            "omission_seed": (0, None) if self.name == "php" else None,
        }
        for key, allowed in ranges.items():
            value = getattr(self, key)
            if value is None:
                continue
            if allowed is None:
                raise ValueError(f"{key} = {value} does not apply to split {self.name}; valid: leave it out")
            least, most = allowed
            if not isinstance(value, int) or isinstance(value, bool) or value < least or (most and value > most):
                valid = f"an integer >= {least}" if most is None else f"an integer from {least} to {most}"
                raise ValueError(f"{key} = {value} is out of range; valid: {valid}")

    def _complete_published(self) -> None:
        for key in ("omission_seed", *(("leaves",) if self.name not in PUBLISHED_LEAVES else ())):
            if getattr(self, key) is not None:
                raise ValueError(
                    f"{key} = {getattr(self, key)} does not apply to what is published; valid: leave it out"
                )
        if self.canonical:
            raise ValueError("canonical does not apply to what is published; valid: leave it out")
        if self.leaves is None and self.name in PUBLISHED_LEAVES:
            object.__setattr__(self, "leaves", PUBLISHED_LEAVES[self.name])
        if self.name == "php":
            object.__setattr__(self, "omission_seed", PUBLISHED_PHP_SEED)

    def _or_names(self) -> int:
        """The fewest names of or: those of the largest tree, and a target that is not among them."""
        return 1 + (self.leaves if isinstance(self.leaves, int) else OR_MOST)

    def as_dict(self) -> dict[str, str | int]:
        """The keys that apply, for a manifest."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Stratum:
    """Statements of one kind, numbered 0 .. count - 1."""

    label: str
    count: int
    unrank: Callable[[int], Formula]


@dataclass(frozen=True)
class Split:
    """A numbered set of statements: `split[i]` is statement i, `split.count` how many there are."""

    spec: SplitSpec
    strata: tuple[Stratum, ...]

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(stratum.count for stratum in self.strata))

    @cached_property
    def count(self) -> int:
        """How many statements the split has: a formula, exact at any size."""
        return self._ends[-1]

    def locate(self, index: int) -> tuple[int, int]:
        """Stratum and rank within it of statement `index`.

        Raises:
            ValueError: `index` is not in 0 .. count - 1.
        """
        if not 0 <= index < self.count:
            raise ValueError(f"index = {index} is out of range; valid: 0 to {self.count - 1} (split {self.spec.name})")
        number = bisect_right(self._ends, index)
        return number, index - self.start(number)

    def start(self, stratum: int) -> int:
        """Index of the first statement of a stratum."""
        return self._ends[stratum - 1] if stratum else 0

    def __getitem__(self, index: int) -> Formula:
        number, rank = self.locate(index)
        return self.strata[number].unrank(rank)


@lru_cache(maxsize=16)
def open_split(spec: SplitSpec) -> Split:
    """The split that a specification selects. Cost: microseconds; php draws its omissions, milliseconds."""
    if spec.name == "or":
        assert spec.atoms is not None
        strata = _or_strata(spec.leaves, spec.atoms, spec.canonical)
        if spec.published:
            strata = tuple(map(_drawn, strata))
    elif spec.name == "php":
        assert spec.omission_seed is not None
        if spec.published:
            strata = _published_php_strata(spec.omission_seed)
        else:
            strata = _php_strata(spec.omission_seed, spec.canonical)
    else:
        assert spec.leaves is not None
        assert spec.atoms is not None
        operators = OPERATORS if spec.name == "full" else (IMPLIES,)
        sizes = range(1, spec.leaves + 1) if spec.published else (spec.leaves,)
        assert spec.atoms is not None
        strata = tuple(_tree_stratum(Words(size, spec.atoms, spec.canonical), operators) for size in sizes)
    return Split(spec, strata)


def _tree_stratum(leaves: Words, operators: tuple[str, ...]) -> Stratum:
    count = tree_count(leaves.size) * len(operators) ** (leaves.size - 1) * leaves.count
    return Stratum(f"leaves={leaves.size}", count, partial(_tree_statement, leaves, operators))


def _tree_statement(leaves: Words, operators: tuple[str, ...], rank: int) -> Formula:
    rank, leaf_rank = divmod(rank, leaves.count)
    shape, operator_rank = divmod(rank, len(operators) ** (leaves.size - 1))
    word = iter(leaves.unrank(leaf_rank))
    symbols: list[str] = []
    for inner in tree(leaves.size, shape):
        if inner:
            operator_rank, digit = divmod(operator_rank, len(operators))
            symbols.append(operators[digit])
        else:
            symbols.append(next(word))
    return tuple(symbols)


def _or_strata(size: int | None, names: int, canonical: bool) -> tuple[Stratum, ...]:
    def named(atoms: int) -> int:
        return 1 if canonical else arrangement_count(names, atoms)

    sizes = range(OR_LEAST, OR_MOST + 1) if size is None else (size,)
    return tuple(
        Stratum(
            f"atoms={atoms},{'in' if inside else 'out'}",
            tree_count(atoms) * (named(atoms) * atoms if inside else named(atoms + 1)),
            partial(_or_statement, atoms, names, inside, canonical),
        )
        for atoms in sizes
        for inside in (False, True)
    )


def _or_statement(atoms: int, names: int, inside: bool, renamed: bool, rank: int) -> Formula:
    rank, shape = divmod(rank, tree_count(atoms))
    place = 0
    if inside:
        rank, place = divmod(rank, atoms)
    drawn = [(f"p{number}",) for number in arrangement(names, atoms + (not inside), rank)]
    target = drawn[place] if inside else drawn.pop()
    statement = implication(target, fill(tree(atoms, shape), drawn, OR))
    return canonical(statement) if renamed else statement


def _drawn(stratum: Stratum) -> Stratum:
    """So many statements of a stratum as are published, drawn without repetition."""
    count = min(PUBLISHED_OR_DRAWS, stratum.count)
    return Stratum(stratum.label, count, partial(_draw, stratum, bijection(stratum.count, 0)))


def _draw(stratum: Stratum, place: Callable[[int], int], rank: int) -> Formula:
    return stratum.unrank(place(rank))


@dataclass(frozen=True)
class _Pigeons:
    """The subformulas of a pigeonhole statement, before bracketing."""

    homes: tuple[tuple[Formula, ...], ...]  # for each pigeon, the holes it may sit in
    clashes: tuple[Formula, ...]  # two pigeons in one hole

    def renamed(self) -> "_Pigeons":
        """With atoms p1, p2, ... in order of appearance, which does not depend on the bracketing."""
        in_order = chain(*(hole for home in self.homes for hole in home), *self.clashes)
        names = {symbol: f"p{number}" for number, symbol in enumerate(atoms(tuple(in_order)), start=1)}

        def rename(formula: Formula) -> Formula:
            return tuple(names.get(symbol, symbol) for symbol in formula)

        return _Pigeons(tuple(tuple(map(rename, home)) for home in self.homes), tuple(map(rename, self.clashes)))


def _php_strata(omission_seed: int, renamed: bool) -> tuple[Stratum, ...]:
    strata = []
    for pigeons in range(2, PHP_PIGEONS + 1):
        for holes in range(1, PHP_HOLES + 1):
            keep = _php_keep(pigeons, holes)
            case = f"pigeons={pigeons},holes={holes}"
            if keep is None:
                parts = _pigeons(pigeons, holes, None)
                strata.append(_php_stratum(case, parts.renamed() if renamed else parts))
                continue
            stream = np.random.default_rng([omission_seed, pigeons, holes])
            draws: dict[_Pigeons, None] = {}
            while len(draws) < PHP_DRAWS:  # a pattern drawn twice counts once
                parts = _pigeons(pigeons, holes, (keep, stream))
                draws[parts.renamed() if renamed else parts] = None
            strata.extend(_php_stratum(f"{case},draw={number}", draw) for number, draw in enumerate(draws))
    return tuple(strata)


def _published_php_strata(seed: int) -> tuple[Stratum, ...]:
    """The draws of the public generator, whose stream begins anew with every case; what is drawn twice counts twice."""
    strata = []
    for pigeons in range(2, PHP_PIGEONS + 1):
        for holes in range(1, PHP_HOLES + 1):
            keep = _php_keep(pigeons, holes)
            stream = np.random.default_rng(seed)
            for number in range(1 if keep is None else PHP_DRAWS):
                parts = _pigeons(pigeons, holes, None if keep is None else (keep, stream), published=True)
                label = f"pigeons={pigeons},holes={holes}" + (f",draw={number}" if keep else "")
                strata.append(Stratum(label, comb_count(len(parts.clashes)), partial(_published_php_statement, parts)))
    return tuple(strata)


def _published_php_statement(parts: _Pigeons, rank: int) -> Formula:
    clash = fill(combs(len(parts.clashes), rank), parts.clashes, OR)
    housed = [fill(_comb(len(home)), home, OR) for home in parts.homes]
    return implication(fill(_comb(len(housed)), housed, AND), clash)


def _comb(leaves: int) -> tuple[bool, ...]:
    """A op (b op (c op ...)), the first bracketing that the public generator makes."""
    return combs(leaves, comb_count(leaves) - 1)


def _php_keep(pigeons: int, holes: int) -> float | None:
    if pigeons == 2 and holes == 4:
        return 0.75
    if pigeons == 3 and holes >= 3:
        return 2 / holes
    if pigeons == 4 and holes >= 2:
        return 1 / holes
    return None


def _pigeons(
    pigeons: int, holes: int, omission: tuple[float, np.random.Generator] | None, *, published: bool = False
) -> _Pigeons:
    atoms: list[list[Formula]] = [[(f"p{pigeon}{hole}",) for hole in range(holes)] for pigeon in range(pigeons)]
    clashes = [
        conjunction(atoms[one][hole], atoms[other][hole])
        for one in range(pigeons)
        for other in range(pigeons)
        if one != other
        for hole in range(holes)
    ]
    if omission is None:
        return _Pigeons(tuple(map(tuple, atoms)), tuple(clashes))
    kept = _kept_as_published if published else _kept
    return _Pigeons(tuple(kept(row, *omission) for row in atoms), kept(clashes, *omission))


def _kept_as_published(items: list[Formula], keep: float, stream: np.random.Generator) -> tuple[Formula, ...]:
    """The same by the draws of the public generator."""
    kept = stream.binomial(1, keep, size=len(items)).astype(bool)
    if not kept.any():
        kept[stream.integers(len(items))] = True
    return tuple(item for item, stays in zip(items, kept, strict=True) if stays)


def _kept(items: list[Formula], keep: float, stream: np.random.Generator) -> tuple[Formula, ...]:
    """Each item with probability `keep`, at least one."""
    kept = stream.random(len(items)) < keep
    if not kept.any():
        kept[stream.integers(len(items))] = True
    return tuple(item for item, stays in zip(items, kept, strict=True) if stays)


def _php_stratum(label: str, parts: _Pigeons) -> Stratum:
    count = tree_count(len(parts.homes)) * tree_count(len(parts.clashes))
    for home in parts.homes:
        count *= tree_count(len(home))
    return Stratum(label, count, partial(_php_statement, parts))


def _php_statement(parts: _Pigeons, rank: int) -> Formula:
    rank, shape = divmod(rank, tree_count(len(parts.clashes)))
    clash = fill(tree(len(parts.clashes), shape), parts.clashes, OR)
    housed = []
    for home in parts.homes:
        rank, shape = divmod(rank, tree_count(len(home)))
        housed.append(fill(tree(len(home), shape), home, OR))
    return implication(fill(tree(len(housed), rank), housed, AND), clash)
