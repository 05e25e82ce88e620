"""Is a statement that somebody types provable, and how, or why not? Read with its own names, and answered in them.

((p -> q) -> p) -> p        theorem peirce (p q : Prop) : ((p → q) → p) → p := by
"""

import re
from dataclasses import dataclass

from solv.data.pita.checker import check
from solv.data.pita.contraction_free import provable
from solv.data.pita.countermodels import CounterModel, counter_model
from solv.data.pita.formulas import Formula, atoms, parse, text
from solv.data.pita.lean import theorem
from solv.data.pita.search import search, successful_path
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import render

_BINDERS = r"(?:\s*[({][^(){}:]*:\s*(?:Prop|Bool)\s*[)}])*"
_HEADER = re.compile(rf"\s*(?:(?:theorem|lemma|def)\s+(?P<name>[^\s({{:]+)|example){_BINDERS}\s*:(?!=)")
_QUANTIFIER = re.compile(r"\s*∀\s*(?:[({][^(){}:]*:\s*Prop\s*[)}]|[^,(){}:]*:\s*Prop)\s*,")
_BODY = re.compile(r":=")
_ATOM = re.compile(r"p[0-9]+")
_HYPOTHESIS = re.compile(r"h[0-9]+")
_STEP = re.compile(r'(?:<tactic>([^<]*)</tactic>)?<state id="([0-9]+)">(.*?)</state>')
_TAGS = re.compile(r"<if>([^<]*)</if>")
_GOAL = re.compile(r"<then>([^<]*)</then>")


@dataclass(frozen=True)
class Question:
    """A statement as it was asked.

    Attributes:
        formula: with atoms p1, p2, ... in order of appearance.
        names: what they were called, in the same order.
        title: name of the theorem.
    """

    formula: Formula
    names: tuple[str, ...]
    title: str

    def said(self, words: str) -> str:
        """Words about the formula, with the names that were asked in."""
        return _ATOM.sub(lambda found: self.names[int(found[0][1:]) - 1], words)

    def __str__(self) -> str:
        return self.said(text(self.formula))


@dataclass(frozen=True)
class ProofStep:
    """One step of a proof: a tactic, how many blocks it is in, and what is to be shown after it ('': nothing)."""

    tactic: str
    depth: int
    hypotheses: tuple[str, ...]
    goal: str


@dataclass(frozen=True)
class Answer:
    """The verdict on a question.

    Attributes:
        proved: whether the statement is provable in intuitionistic logic; two calculi agree.
        steps: of the proof, in the names of the question; none without one.
        lean: the proof as a Lean 4 theorem; '' without one.
        model: a model in which an unprovable statement fails; None where none of up to four worlds was found.
    """

    proved: bool
    steps: tuple[ProofStep, ...]
    lean: str
    model: CounterModel | None


def read(source: str) -> Question:
    r"""Read a statement.

    Args:
        source: a formula with atoms of any names, ∧ ∨ → ¬ or `/\ \/ -> ~`, `and or not`, True and False; as it stands,
            after ∀ p q : Prop, or as the head of a Lean theorem or example.

    Raises:
        ValueError: it is no formula, or an atom has the name of a hypothesis (h1, h2, ...).
    """
    title, words = "statement", source
    if header := _HEADER.match(words):
        title, words = header["name"] or title, words[header.end() :]
    if quantifier := _QUANTIFIER.match(words):
        words = words[quantifier.end() :]
    formula = parse(_BODY.split(words)[0], any_names=True)
    names = atoms(formula, any_names=True)
    if taken := [name for name in names if _HYPOTHESIS.fullmatch(name)]:
        raise ValueError(f"atom {taken[0]} has the name of a hypothesis; valid: names other than h1, h2, ...")
    numbered = {name: f"p{number}" for number, name in enumerate(names, start=1)}
    return Question(tuple(numbered.get(symbol, symbol) for symbol in formula), names, title)


def answer(question: Question, state_limit: int = 100_000) -> Answer:
    """Decide a statement.

    Args:
        question: what is asked.
        state_limit: states after which the search is given up.

    Raises:
        ValueError: the search was given up.
    """
    formulas = Subformulas(question.formula)
    found = search(formulas, state_limit, pruned=True)
    if found.proved is None:
        raise ValueError(f"no verdict after {state_limit} states; valid: a larger --state-limit")
    if provable(question.formula) != found.proved:
        raise RuntimeError(f"two calculi disagree on {question}")
    if not found.proved:
        return Answer(False, (), "", counter_model(question.formula))
    proof = render(formulas, successful_path(found), True).proof
    check(question.formula, proof)
    lean = question.said(theorem("statement", question.formula, proof)).replace("statement", question.title, 1)
    return Answer(True, _steps(question, proof), lean, None)


def _steps(question: Question, proof: str) -> tuple[ProofStep, ...]:
    steps, depth = [], 0
    for tactic, _, state in _STEP.findall(proof):
        if not tactic:
            depth -= 1
            continue
        hypotheses = tuple(question.said(said) for said in _TAGS.findall(state))
        goal = found[1] if (found := _GOAL.search(state)) else ""
        steps.append(ProofStep(question.said(tactic), depth, hypotheses, question.said(goal)))
        depth += tactic.endswith((":= by", "=>"))
    return tuple(steps)
