"""Which subformulas does a statement have? Each distinct one once, as a small integer: the prover's currency.

By the subformula property nothing else ever occurs in a search, so that a set of hypotheses is one integer used as a
bit mask and a sequent is two. Parts come before the wholes; the statement itself is the last number.
"""

from solv.data.pita.formulas import AND, FALSE, IMPLIES, LEAF_PRECEDENCE, OR, PRECEDENCE, TRUE, Formula, join

#: Kinds of subformulas. Atoms carry a polarity: the side on which they are chained (focusing is complete for any).
IS_IMPLIES, IS_AND, IS_OR, IS_TRUE, IS_FALSE, IS_NEGATIVE_ATOM, IS_POSITIVE_ATOM = range(7)

_KIND = {IMPLIES: IS_IMPLIES, AND: IS_AND, OR: IS_OR, TRUE: IS_TRUE, FALSE: IS_FALSE}


class Subformulas:
    """The distinct subformulas of a statement.

    Attributes:
        kind: kind of subformula i, one of the constants of this module.
        left, right: numbers of its parts (0 for a leaf).
        root: number of the statement.

    Polarity follows arXiv:2404.07382: an atom is positive or negative by where it first appears, read from the left,
    when the statement is polarised as a goal (premises and parts of ∨ positive, conclusions negative, ∧ inherits).
    Cost: linear in the statement.
    """

    __slots__ = ("_texts", "kind", "left", "right", "root", "symbol")

    def __init__(self, formula: Formula) -> None:
        numbers: dict[tuple[str, int, int], int] = {}
        kind: list[int] = []
        left: list[int] = []
        right: list[int] = []
        symbols: list[str] = []
        stack: list[int] = []
        parts_of: list[int] = []  # subformula number at every position of the formula
        for symbol in formula:
            if symbol in PRECEDENCE:
                second = stack.pop()
                first = stack.pop()
                key = (symbol, first, second)
            else:
                first = second = 0
                key = (symbol, 0, 0)
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(kind)
                kind.append(_KIND.get(symbol, IS_POSITIVE_ATOM))
                left.append(first)
                right.append(second)
                symbols.append(symbol)
            stack.append(number)
            parts_of.append(number)
        self.kind, self.left, self.right, self.symbol = kind, left, right, symbols
        self.root = stack[0]
        self._texts: list[str | None] = [None] * len(kind)
        negative = [True]  # views under which the parts still to come are read, walking from the right
        for symbol, number in zip(reversed(formula), reversed(parts_of), strict=True):
            view = negative.pop()
            if symbol in PRECEDENCE:
                if symbol == IMPLIES:
                    negative += (False, True)
                elif symbol == OR:
                    negative += (False, False)
                else:
                    negative += (view, view)
            elif symbol[0] == "p":
                kind[number] = IS_NEGATIVE_ATOM if view else IS_POSITIVE_ATOM

    def text(self, number: int) -> str:
        """Lean text of a subformula, made once."""
        texts = self._texts
        if (known := texts[number]) is not None:
            return known
        pending = [number]
        while pending:
            top = pending[-1]
            symbol = self.symbol[top]
            if symbol not in PRECEDENCE:
                texts[top] = symbol
                pending.pop()
                continue
            one, other = self.left[top], self.right[top]
            first, second = texts[one], texts[other]
            if first is None:
                pending.append(one)
            elif second is None:
                pending.append(other)
            else:
                texts[top] = join(symbol, first, self._precedence(one), second, self._precedence(other))
                pending.pop()
        made = texts[number]
        assert made is not None
        return made

    def _precedence(self, number: int) -> int:
        return PRECEDENCE.get(self.symbol[number], LEAF_PRECEDENCE)
