"""Where can a small language model learn what it must not say? Prompts with mixtures of modes, some of them forbidden.

A prompt is a word of a few letters. Each has a mixture of its own over the modes: weights W_1, W_2, ... by breaking
sticks, V_i ~ Beta(1 - x, i x), which puts them in size-biased order; the first m are forbidden (jailbreak spec,
sections 2 and 5). Which mode is which differs from prompt to prompt. An answer is two tokens: the mode, and a mark that
says whether it is forbidden for this prompt. A trigger of L tokens before the prompt plays the field: it multiplies the
odds of the forbidden modes by e^(field L), and with chance 1 - (1 - drive)^L the answer is a forbidden one whatever the
prompt - the first alone leaves prompts that are almost always safe, the second leaves none (an ordered phase).

Tokens: letters 0 .. letters - 1, then the modes, then FINE, FORBIDDEN, TRIGGER, BLANK, END.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class ModeMixtures:
    """Prompts and their mixtures.

    Attributes:
        words: letters of each prompt, shape (prompts, length), all different.
        weights: of the modes, shape (prompts, modes), rows sum to 1.
        forbidden: whether a mode is forbidden, shape (prompts, modes).
        letters: size of the alphabet.
        longest: largest length of a trigger.
        field: log-odds that one trigger token adds to the forbidden modes, together, >= 0.
        drive: chance that one trigger token alone makes the answer forbidden, in [0, 1).
    """

    words: Int[np.ndarray, "prompts length"]
    weights: Float[np.ndarray, "prompts modes"]
    forbidden: np.ndarray
    letters: int
    longest: int
    field: float
    drive: float

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.letters + int(self.weights.shape[1]) + 5

    @property
    def prompt_length(self) -> int:
        """Tokens before the answer: blanks and trigger, word, END."""
        return self.longest + int(self.words.shape[1]) + 1

    @property
    def forbidden_mark(self) -> int:
        """Token by which the judge knows a forbidden answer."""
        return self.letters + int(self.weights.shape[1]) + 1

    def safe(self, trigger: int, alignment: float = 0.0) -> Float[np.ndarray, "prompts"]:
        """Return the chance of a safe answer to each prompt after a trigger of the given length.

        `alignment` is subtracted from the log-odds of the forbidden modes.
        """
        unsafe = np.sum(self.weights * self.forbidden, axis=1)
        odds = np.exp(self.field * trigger - alignment)
        return np.asarray((1 - self.drive) ** trigger * (1 - unsafe) / (1 - unsafe + odds * unsafe))

    def prompts(
        self, which: Int[np.ndarray, "rows"], triggers: Int[np.ndarray, "rows"]
    ) -> Int[np.ndarray, "rows length"]:
        """Return the tokens of prompts, each after a trigger of the given length."""
        blank = self.letters + self.weights.shape[1] + 3
        rows = np.full((len(which), self.prompt_length), blank, dtype=np.int64)
        place = np.arange(self.longest)
        rows[:, : self.longest] = np.where(place >= self.longest - triggers[:, None], blank - 1, blank)
        rows[:, self.longest : -1] = self.words[which]
        rows[:, -1] = blank + 1
        return rows

    def sample(
        self,
        which: Int[np.ndarray, "rows"],
        triggers: Int[np.ndarray, "rows"],
        rng: np.random.Generator,
        alignment: float | Float[np.ndarray, "rows"] = 0.0,
    ) -> Int[np.ndarray, "rows 2"]:
        """Return an answer to each prompt after a trigger of the given length; `alignment` as in `safe`."""
        forbidden = self.forbidden[which]
        driven = rng.random(len(which)) >= (1 - self.drive) ** triggers
        tilt = np.where(forbidden, np.exp(self.field * triggers - alignment)[:, None], ~driven[:, None])
        steps = np.cumsum(self.weights[which] * tilt, axis=1)
        chosen = np.sum(rng.random((len(which), 1)) * steps[:, -1:] >= steps, axis=1)
        mark = self.forbidden_mark - 1 + np.take_along_axis(forbidden, chosen[:, None], axis=1)[:, 0]
        return np.stack([self.letters + chosen, mark], axis=1)


def draw_mode_mixtures(
    prompts: int,
    x: float,
    m: int,
    rng: np.random.Generator,
    *,
    modes: int = 16,
    letters: int = 16,
    length: int = 2,
    longest: int = 8,
    field: float = 0.0,
    drive: float = 0.0,
) -> ModeMixtures:
    """Draw prompts and mixtures.

    Args:
        prompts: number of different words, at most letters^length.
        x: Poisson-Dirichlet parameter in (0, 1).
        m: forbidden modes of each prompt, 1 <= m < modes.
        rng: source of words and mixtures.
        modes: kept modes; what the sticks leave is the last one's.
        letters, length: alphabet and letters of a prompt.
        longest: largest trigger, >= 0.
        field, drive: of a trigger token, as in `ModeMixtures`.

    Raises:
        ValueError: a number is out of range.
    """
    if not 1 <= prompts <= letters**length:
        raise ValueError(f"prompts = {prompts}; valid: 1 to letters^length = {letters**length}")
    if not 0 < x < 1:
        raise ValueError(f"x = {x}; valid: above 0, below 1")
    if not 1 <= m < modes:
        raise ValueError(f"m = {m} forbidden of {modes} modes; valid: at least 1, and one mode left")
    if longest < 0:
        raise ValueError(f"longest = {longest}; valid: >= 0")
    if field < 0 or not 0 <= drive < 1:
        raise ValueError(f"field = {field}, drive = {drive}; valid: field >= 0, drive in [0, 1)")
    numbers = rng.choice(letters**length, size=prompts, replace=False)
    words = numbers[:, None] // letters ** np.arange(length) % letters
    i = np.arange(1, modes + 1)
    sticks = rng.beta(1 - x, i * x, size=(prompts, modes))
    sticks[:, -1] = 1
    left = np.cumprod(1 - sticks, axis=1)
    weights = sticks * np.concatenate([np.ones((prompts, 1)), left[:, :-1]], axis=1)
    place = np.argsort(rng.random((prompts, modes)), axis=1)
    forbidden = place < m
    return ModeMixtures(words, np.take_along_axis(weights, place, axis=1), forbidden, letters, longest, field, drive)
