"""Is a statement provable, by another calculus? Dyckhoff's contraction-free LJT (G4ip): the verdict, no trace.

Roy Dyckhoff, Contraction-free sequent calculi for intuitionistic logic, JSL 57 (1992). The left rule for → is split by
the form of the premise, so that every rule makes the sequent smaller and the search ends without a loop check:

    p → B, with p there          B                      (C ∧ D) → B          C → (D → B)
    True → B                     B                      (C ∨ D) → B          C → B,  D → B
    False → B                    nothing                (C → D) → B          choose: D → B, C ⊢ D, and then B ⊢ goal

All rules but the last and the choice of a side of ∨ are invertible and applied at once. Shares nothing with the focused
search but the formula; agreement of the two is what stands behind a verdict.
"""

from collections.abc import Generator

from solv.data.pita.formulas import AND, FALSE, IMPLIES, OR, PRECEDENCE, TRUE, Formula

_Sequent = tuple[int, tuple[int, ...], int]  # saturated hypotheses (bit mask), new hypotheses, goal
_Task = Generator[_Sequent, bool, bool]


def provable(formula: Formula) -> bool:
    """Whether the formula is a theorem of intuitionistic propositional logic.

    Cost: tens of microseconds for a few leaves, exponential at worst; memory grows with the distinct sequents met.
    """
    calculus = _Calculus()
    running = [calculus.prove(0, (), calculus.read(formula))]
    answer: bool | None = None
    while running:  # sub-sequents are asked for by `yield`: the stack is this list, not Python's
        try:
            sequent = running[-1].send(answer)  # type: ignore[arg-type]
        except StopIteration as end:
            running.pop()
            answer = end.value
        else:
            running.append(calculus.prove(*sequent))
            answer = None
    assert answer is not None
    return answer


class _Calculus:
    """Formulas met so far, each once, as numbers, and the saturated sequents decided so far."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._nodes: list[tuple[str, int, int]] = []
        self._decided: dict[tuple[int, int], bool] = {}

    def make(self, symbol: str, left: int = 0, right: int = 0) -> int:
        key = (symbol, left, right)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._nodes)
            self._nodes.append(key)
        return number

    def read(self, formula: Formula) -> int:
        stack: list[int] = []
        for symbol in formula:
            if symbol in PRECEDENCE:
                right = stack.pop()
                stack.append(self.make(symbol, stack.pop(), right))
            else:
                stack.append(self.make(symbol))
        return stack[0]

    def prove(self, held: int, new: tuple[int, ...], goal: int) -> _Task:
        """Decide held, new ⊢ goal; `held` has only atoms, p → B and (C → D) → B, none of which can be simplified."""
        nodes, make = self._nodes, self.make
        pending = list(new)
        while nodes[goal][0] == IMPLIES:
            pending.append(nodes[goal][1])
            goal = nodes[goal][2]
        while pending:
            number = pending.pop()
            symbol, left, right = nodes[number]
            if symbol == FALSE or number == goal:
                return True
            if symbol == AND:
                pending += (left, right)
            elif symbol == OR:
                rest = tuple(pending)
                return (yield held, (*rest, left), goal) and (yield held, (*rest, right), goal)
            elif symbol == IMPLIES:
                premise, first, second = nodes[left]
                if premise == TRUE or held >> left & 1:
                    pending.append(right)
                elif premise == AND:
                    pending.append(make(IMPLIES, first, make(IMPLIES, second, right)))
                elif premise == OR:
                    pending += (make(IMPLIES, first, right), make(IMPLIES, second, right))
                elif premise != FALSE:
                    held |= 1 << number
            elif symbol != TRUE and not held >> number & 1:
                held |= 1 << number
                for waiting in _bits(held):  # an atom releases the implications that waited for it
                    if nodes[waiting][0] == IMPLIES and nodes[waiting][1] == number:
                        held ^= 1 << waiting
                        pending.append(nodes[waiting][2])
        symbol, left, right = nodes[goal]
        if symbol == TRUE or held >> goal & 1:
            return True
        if symbol == AND:
            return (yield held, (), left) and (yield held, (), right)
        known = self._decided.get((held, goal))
        if known is None:
            known = self._decided[held, goal] = yield from self._choose(held, goal)
        return known

    def _choose(self, held: int, goal: int) -> _Task:
        symbol, left, right = self._nodes[goal]
        if symbol == OR and ((yield held, (), left) or (yield held, (), right)):
            return True
        for number in _bits(held):
            symbol, premise, conclusion = self._nodes[number]
            if symbol != IMPLIES or self._nodes[premise][0] != IMPLIES:
                continue
            _, first, second = self._nodes[premise]
            others = held ^ (1 << number)
            if (yield others, (self.make(IMPLIES, second, conclusion), first), second):
                return (yield others, (conclusion,), goal)  # invertible: no other choice can do better
        return False


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
