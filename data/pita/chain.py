"""What is the chain task? Is one node an ancestor of another, on arms with one root; answered at once or by a trace.

A x D nodes lie on A arms (breadth) of D levels (depth): node v on arm v mod A at level v div A, its parent is v - A,
and that of level 0 the root, which all arms share (pita spec, section 3; arXiv:2602.14404). A question (a, b) is *on* -
b = a + A s, s hops below a - or *off*: b shifted to another arm. Tokens: the nodes, NO, YES, the root and PAD.

Traces, as the public code has them (wtong98/boule-or-baguette, task/graph.py):

arm     all other nodes of the arm of b: down to its start, and on from its end, D - 1 of them. The main results there:
        its `full_trace` counts modulo A D, where notes on the paper say that the trace ends at the start.
start   the ancestors of b down to the start of the arm.
short   the ancestors of b until the level of a is passed: until a is met, or a node before it.
inverted  the same, but half of the questions that are off are on an arm the wrong way round, (b, a), whose trace
        runs to the root.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

TRACES = ("arm", "start", "short", "inverted")


@dataclass(frozen=True)
class ChainTask:
    """The task.

    Attributes:
        arms: A >= 2.
        depth: D >= 2.
        trace: which nodes a trace writes, and of which questions; one of `TRACES`.
    """

    arms: int
    depth: int
    trace: str = "start"

    def __post_init__(self) -> None:
        if self.arms < 2 or self.depth < 2:
            raise ValueError(f"arms = {self.arms}, depth = {self.depth}; valid: at least 2 of each")
        if self.trace not in TRACES:
            raise ValueError(f"trace = {self.trace!r} is unknown; valid: {', '.join(TRACES)}")

    @property
    def nodes(self) -> int:
        """Number of nodes, but for the root."""
        return self.arms * self.depth

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.nodes + 4

    @property
    def no(self) -> int:
        """Token of the answer no; yes is the next one."""
        return self.nodes

    @property
    def root(self) -> int:
        """Token of the root."""
        return self.nodes + 2

    @property
    def pad(self) -> int:
        """Token behind the end of a sequence."""
        return self.nodes + 3

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence with its trace: a, b, the nodes of the trace, the answer."""
        return self.depth + (2 if self.trace in ("arm", "start") else 3)

    def questions(
        self, count: int, least: int, most: int, rng: np.random.Generator
    ) -> tuple[Int[np.ndarray, "count 2"], Bool[np.ndarray, "count"]]:
        """Return questions (a, b) and whether a is an ancestor of b; the first half are.

        Args:
            count: >= 1.
            least, most: hops between the levels of a and b, uniform, 1 <= least <= most <= depth - 1.
            rng: source of the questions.

        Raises:
            ValueError: hops out of range.
        """
        if not 1 <= least <= most <= self.depth - 1:
            raise ValueError(f"hops {least} to {most}; valid: 1 <= least <= most <= depth - 1 = {self.depth - 1}")
        hops = rng.integers(least, most + 1, size=count)
        above = rng.integers(self.arms * (self.depth - hops))
        below = above + self.arms * hops
        on = np.arange(count) < count - count // 2
        shift = rng.integers(1, self.arms, size=count)
        other = below - below % self.arms + (below + shift) % self.arms
        asked = np.stack([above, np.where(on, below, other)], axis=1)
        if self.trace == "inverted":
            around = np.arange(count) >= count - count // 4
            asked[around] = np.stack([below, above], axis=1)[around]
        return asked, on

    def steps(self, questions: Int[np.ndarray, "count 2"]) -> Int[np.ndarray, "count"]:
        """Return how many nodes the traces write.

        Args:
            questions: the questions.
        """
        above, below = questions.T
        levels = below // self.arms
        if self.trace == "arm":
            return np.full(len(questions), self.depth - 1)
        if self.trace == "start":
            return np.asarray(levels)
        passed = -(-(below - above) // self.arms)  # the first ancestor that is not behind a
        return np.asarray(np.where(below >= above, np.minimum(passed, levels + 1), levels + 1))

    def contexts(
        self, questions: Int[np.ndarray, "count 2"], steps: Int[np.ndarray, "count"]
    ) -> tuple[Int[np.ndarray, "count tokens"], Int[np.ndarray, "count"]]:
        """Return what has been said after `steps` nodes of the trace, as a bag, and what follows.

        The bag has its last token first, then the others, a last, and pads: longest - 1 columns. What follows is the
        next node, or the answer where the trace has come to its end.

        Args:
            questions: the questions.
            steps: nodes written so far, 0 to those of the trace.
        """
        above, below = questions.T
        place = np.arange(self.longest - 1)
        said = self._node(below[:, None], steps[:, None] - place)
        rows = np.where(place <= steps[:, None], said, self.pad)
        rows[np.arange(len(rows)), steps + 1] = above
        ended = steps >= self.steps(questions)
        return rows, np.where(ended, self._answers(questions), self._node(below, steps + 1))

    def positions(
        self, count: int, most: int, rng: np.random.Generator, *, answers: float = 0.5
    ) -> tuple[Int[np.ndarray, "count tokens"], Int[np.ndarray, "count"], Float[np.ndarray, "count"]]:
        """Return contexts of random positions of traces with 1 to `most` hops, what follows, and weights.

        The weighted mean of a loss over positions has the expectation of its mean over all tokens of all traces. A
        trace has many steps, which are easy, and one answer, which is not: a part `answers` of the positions are
        answers.

        Args:
            count: >= 1; the first half are on an arm.
            most: largest number of hops, 1 to depth - 1.
            rng: source of the positions.
            answers: part of the positions that are answers, in (0, 1).
        """
        questions, _ = self.questions(count, 1, most, rng)
        written = self.steps(questions)
        last = rng.random(count) < answers
        steps = np.where(last, written, rng.integers(written))
        weights = np.where(last, 1 / answers, written / (1 - answers)) / (1 + self.mean_steps(most))
        return *self.contexts(questions, steps), weights

    def mean_steps(self, most: int) -> float:
        """Return how many nodes a trace writes on average, over questions of 1 to `most` hops."""
        hops = (1 + most) / 2
        if self.trace == "arm":
            return self.depth - 1
        level = (self.depth - 1) / 2 + hops / 2
        if self.trace == "start":
            return level
        back = 1 + level - hops  # the wrong way round: from a to the root
        return (3 * hops + 0.5 + back) / 4 if self.trace == "inverted" else hops + 0.25

    def traced(self, questions: Int[np.ndarray, "count 2"]) -> Int[np.ndarray, "count length"]:
        """Return a, b, the trace, the answer and pads, shape (count, longest).

        Args:
            questions: the questions.
        """
        rows = np.full((len(questions), self.longest), self.pad, dtype=np.int64)
        rows[:, :2] = questions
        written = self.steps(questions)
        place = np.arange(1, self.longest - 2)
        chain = self._node(questions[:, 1:], place)
        rows[:, 2 : self.longest - 1] = np.where(place <= written[:, None], chain, self.pad)
        rows[np.arange(len(rows)), 2 + written] = self._answers(questions)
        return rows

    def _node(self, below: Int[np.ndarray, "..."], steps: Int[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
        """The node so many steps before b; before the start of the arm the root, or the end of the arm."""
        node = below - self.arms * steps
        return np.asarray(node % self.nodes if self.trace == "arm" else np.where(node < 0, self.root, node))

    def _answers(self, questions: Int[np.ndarray, "count 2"]) -> Int[np.ndarray, "count"]:
        above, below = questions.T
        return np.asarray(self.no + ((above % self.arms == below % self.arms) & (above < below)))
