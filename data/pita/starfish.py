"""What is the chain task? Is one node an ancestor of another, on a star of arms; answered at once or by a trace.

A x D nodes lie on A arms (breadth) of D levels (depth): node v on arm v mod A at level v div A, its parent is v - A
(pita spec, section 3; arXiv:2602.14404). A question (a, b) is *on* - b = a + A s, s hops below a - or *off*: b shifted
to another arm. Tokens: the nodes, then NO, YES and PAD.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True)
class Starfish:
    """The task.

    Attributes:
        arms: A >= 2.
        depth: D >= 2.
    """

    arms: int
    depth: int

    def __post_init__(self) -> None:
        if self.arms < 2 or self.depth < 2:
            raise ValueError(f"arms = {self.arms}, depth = {self.depth}; valid: at least 2 of each")

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.arms * self.depth

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.nodes + 3

    @property
    def no(self) -> int:
        """Token of the answer no; yes is the next one."""
        return self.nodes

    @property
    def pad(self) -> int:
        """Token behind the end of a sequence."""
        return self.nodes + 2

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence with its trace: a, b, D - 1 ancestors, the answer."""
        return self.depth + 2

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
        return np.stack([above, np.where(on, below, other)], axis=1), on

    def contexts(
        self, questions: Int[np.ndarray, "count 2"], steps: Int[np.ndarray, "count"]
    ) -> tuple[Int[np.ndarray, "count tokens"], Int[np.ndarray, "count"]]:
        """Return what has been said after `steps` ancestors of b, as a bag, and what follows.

        The bag has its last token first, then the others, a last, and pads: depth + 1 columns. What follows is the next
        ancestor, or the answer where the start of the arm has been reached.

        Args:
            questions: the questions.
            steps: ancestors written so far, 0 to the level of b.
        """
        above, below = questions.T
        place = np.arange(self.depth + 1)
        said = below[:, None] - self.arms * (steps[:, None] - place)
        rows = np.where(place <= steps[:, None], said, self.pad)
        rows[np.arange(len(rows)), steps + 1] = above
        follows = below - self.arms * (steps + 1)
        return rows, np.where(follows >= 0, follows, self._answers(questions))

    def positions(
        self, count: int, most: int, rng: np.random.Generator, *, answers: float = 0.5
    ) -> tuple[Int[np.ndarray, "count tokens"], Int[np.ndarray, "count"], Float[np.ndarray, "count"]]:
        """Return contexts of random positions of traces with 1 to `most` hops, what follows, and weights.

        The weighted mean of a loss over positions has the expectation of its mean over all tokens of all traces, to
        the start of the arm. A trace has many steps, which are easy, and one answer, which is not: a part `answers` of
        the positions are answers.

        Args:
            count: >= 1; the first half are on an arm.
            most: largest number of hops, 1 to depth - 1.
            rng: source of the positions.
            answers: part of the positions that are answers, in (0, 1).
        """
        questions, _ = self.questions(count, 1, most, rng)
        levels = questions[:, 1] // self.arms
        last = rng.random(count) < answers
        steps = np.where(last, levels, rng.integers(levels))
        tokens = 1 + (self.depth - 1) / 2 + (1 + most) / 4  # of a trace, on average: its ancestors and the answer
        weights = np.where(last, 1 / answers, levels / (1 - answers)) / tokens
        return *self.contexts(questions, steps), weights

    def traced(
        self, questions: Int[np.ndarray, "count 2"], *, to_start: bool = True
    ) -> Int[np.ndarray, "count length"]:
        """Return a, b, the ancestors of b, the answer and pads, shape (count, longest).

        Args:
            questions: the questions.
            to_start: whether a trace goes on to the start of the arm when it has met a.
        """
        above, below = questions.T
        rows = np.full((len(questions), self.longest), self.pad, dtype=np.int64)
        rows[:, :2] = questions
        levels = below // self.arms
        met = (above % self.arms == below % self.arms) & (above <= below)
        steps = levels if to_start else np.where(met, (below - above) // self.arms, levels)
        place = np.arange(1, self.depth)
        chain = below[:, None] - self.arms * place
        rows[:, 2 : self.longest - 1] = np.where(place <= steps[:, None], chain, self.pad)
        rows[np.arange(len(rows)), 2 + steps] = self._answers(questions)
        return rows

    def _answers(self, questions: Int[np.ndarray, "count 2"]) -> Int[np.ndarray, "count"]:
        above, below = questions.T
        return np.asarray(self.no + ((above % self.arms == below % self.arms) & (above < below)))
