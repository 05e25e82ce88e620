"""What is a formula? A tuple of symbols in postfix order: flat, hashable, and never deeper than its own length.

    p1 ∧ p2 → p3        ("p1", "p2", "∧", "p3", "→")

Leaves are `True`, `False` and atoms (`p` and digits); operators are ∧, ∨, →; the negation of A is A → False. A
subformula is a contiguous slice. Since nothing nests, no operation on a formula can meet Python's recursion limit.
The text is Lean 4's own: → binds weakest, then ∨, then ∧, all associate to the right, no parenthesis is superfluous.
"""

import re
from collections.abc import Iterable
from itertools import permutations

Formula = tuple[str, ...]

TRUE, FALSE = "True", "False"
AND, OR, IMPLIES = "∧", "∨", "→"
OPERATORS = (AND, OR, IMPLIES)

#: How tightly an operator binds; a leaf binds tightest.
PRECEDENCE = {IMPLIES: 25, OR: 30, AND: 35}
LEAF_PRECEDENCE = 100

_ATOM = re.compile(r"p[0-9]+")
_REST = r"(¬|~|not\b)|(∧|/\\|&|and\b|∨|\\/|\||or\b|→|->)|(\()|(\))"
_TOKEN = re.compile(rf"\s*(?:(p[0-9]+|True|False|⊤|⊥)(?![A-Za-z0-9_])|{_REST})")
_ANY_TOKEN = re.compile(rf"\s*(?:(?!(?:and|or|not)\b)([^\W\d][\w']*|⊤|⊥)|{_REST})")
_SPELLINGS = {
    "⊤": TRUE,
    "⊥": FALSE,
    "/\\": AND,
    "&": AND,
    "and": AND,
    "\\/": OR,
    "|": OR,
    "or": OR,
    "->": IMPLIES,
}
_NOT = "¬"


def atom(number: int) -> Formula:
    """The atom `p<number>`."""
    return (f"p{number}",)


def conjunction(left: Formula, right: Formula) -> Formula:
    """`left ∧ right`."""
    return (*left, *right, AND)


def disjunction(left: Formula, right: Formula) -> Formula:
    """`left ∨ right`."""
    return (*left, *right, OR)


def implication(premise: Formula, conclusion: Formula) -> Formula:
    """`premise → conclusion`."""
    return (*premise, *conclusion, IMPLIES)


def negation(formula: Formula) -> Formula:
    """`formula → False`."""
    return (*formula, FALSE, IMPLIES)


def split(formula: Formula) -> tuple[Formula, Formula]:
    """Left and right part of a compound formula. Cost: linear in the right part.

    Raises:
        ValueError: `formula` is a leaf.
    """
    if len(formula) < 3:
        raise ValueError(f"formula = {text(formula)!r} has no parts; valid: a formula with an operator")
    missing, position = 1, len(formula) - 1
    while missing:
        position -= 1
        missing += 1 if formula[position] in PRECEDENCE else -1
    return formula[:position], formula[position:-1]


def is_formula(symbols: Iterable[str]) -> bool:
    """Whether the symbols are one formula in postfix order."""
    height = 0
    for symbol in symbols:
        if symbol in PRECEDENCE:
            height -= 1
        elif symbol in (TRUE, FALSE) or _ATOM.fullmatch(symbol):
            height += 1
        else:
            return False
        if height < 1:
            return False
    return height == 1


def atoms(formula: Formula, *, any_names: bool = False) -> tuple[str, ...]:
    """The distinct atoms in order of first appearance; with `any_names` also those that are not p and digits."""
    if any_names:
        return tuple(dict.fromkeys(symbol for symbol in formula if symbol not in (TRUE, FALSE, *OPERATORS)))
    return tuple(dict.fromkeys(symbol for symbol in formula if symbol[0] == "p"))


def leaves(formula: Formula) -> int:
    """How many leaves the formula has."""
    return (len(formula) + 1) // 2


def canonical(formula: Formula) -> Formula:
    """The formula with its atoms renamed p1, p2, ... in order of first appearance."""
    names = {name: f"p{number}" for number, name in enumerate(atoms(formula), start=1)}
    return tuple(names.get(symbol, symbol) for symbol in formula)


def symmetric(formula: Formula) -> str:
    """A form that all formulas have in common which differ in names of atoms, order and grouping of ∧ and ∨ alone.

    Cost: linear in the formula times n! for n atoms.
    """
    names = atoms(formula)
    images = permutations(f"p{number}" for number in range(len(names)))
    renamings = (dict(zip(names, image, strict=True)) for image in images)
    return min(_flat(tuple(renamed.get(symbol, symbol) for symbol in formula)) for renamed in renamings)


def _flat(formula: Formula) -> str:
    """The formula with ∧ and ∨ as sorted lists."""
    stack: list[tuple[str, tuple[str, ...]]] = []  # kind, and the parts of a list
    for symbol in formula:
        if symbol not in PRECEDENCE:
            stack.append(("", (symbol,)))
            continue
        right, left = stack.pop(), stack.pop()
        sides = [side[1] if side[0] == symbol and symbol != IMPLIES else (_listed(side),) for side in (left, right)]
        parts = sides[0] + sides[1]
        stack.append((symbol, parts if symbol == IMPLIES else tuple(sorted(parts))))
    return _listed(stack[0])


def _listed(side: tuple[str, tuple[str, ...]]) -> str:
    return f"{side[0]}({','.join(side[1])})" if side[0] else side[1][0]


def join(symbol: str, left: str, left_precedence: int, right: str, right_precedence: int) -> str:
    """Text of a compound from the text of its parts, with the parentheses it needs."""
    precedence = PRECEDENCE[symbol]
    if left_precedence <= precedence:
        left = f"({left})"
    if right_precedence < precedence:
        right = f"({right})"
    return f"{left} {symbol} {right}"


def text(formula: Formula) -> str:
    """The formula as Lean prints it, e.g. `p1 ∧ p2 → p3`. Inverse of `parse`."""
    stack: list[tuple[str, int]] = []
    for symbol in formula:
        if symbol in PRECEDENCE:
            right, right_precedence = stack.pop()
            left, left_precedence = stack.pop()
            stack.append((join(symbol, left, left_precedence, right, right_precedence), PRECEDENCE[symbol]))
        else:
            stack.append((symbol, LEAF_PRECEDENCE))
    return stack[0][0]


def parse(source: str, *, any_names: bool = False) -> Formula:
    r"""Read a formula.

    Args:
        source: leaves `p1`, `True`/`⊤`, `False`/`⊥`; operators ∧ ∨ → in Unicode or as `and`, `or`, `->`
            (also `/\`, `\/`, `&`, `|`); `¬`/`~`/`not` for negation; parentheses.
            Precedence ¬ > ∧ > ∨ > →; all to the right.
        any_names: whether every other word is an atom.

    Raises:
        ValueError: the text is not a formula; the message says where it stops being one.
    """
    token = _ANY_TOKEN if any_names else _TOKEN
    output: list[str] = []
    waiting: list[str] = []  # operators and open parentheses whose right part is still being read

    def reduce_above(precedence: int) -> None:
        while waiting and waiting[-1] != "(":
            if waiting[-1] != _NOT and PRECEDENCE[waiting[-1]] <= precedence:
                break
            top = waiting.pop()
            output.extend((FALSE, IMPLIES) if top == _NOT else (top,))

    position, operand_next, end = 0, True, len(source.rstrip())
    while position < end:
        match = token.match(source, position)
        if match is None:
            raise _not_a_formula(source, position)
        leaf, negate, operator, opening, closing = match.groups()
        if operand_next != bool(leaf or negate or opening):
            raise _not_a_formula(source, position)
        if leaf:
            output.append(_SPELLINGS.get(leaf, leaf))
            operand_next = False
        elif negate:
            waiting.append(_NOT)
        elif opening:
            waiting.append("(")
        elif closing:
            reduce_above(0)
            if not waiting:
                raise _not_a_formula(source, position)
            waiting.pop()
        else:
            symbol = _SPELLINGS.get(operator, operator)
            reduce_above(PRECEDENCE[symbol])
            waiting.append(symbol)
            operand_next = True
        position = match.end()
    if operand_next:
        raise _not_a_formula(source, end)
    reduce_above(0)
    if waiting:
        raise _not_a_formula(source, end)
    return tuple(output)


def _not_a_formula(source: str, position: int) -> ValueError:
    shown = source if len(source) <= 60 else f"{source[:57]}..."
    return ValueError(
        f"{shown!r} is not a formula (column {position + 1}); valid: p1, True, False, ∧ (and), ∨ (or), → (->), ¬, ( )"
    )
