"""How long are the traces of the chain task, and how often is one right to its end?

On A arms of D levels that share a root, a question (a, b) has s hops between the levels of a and b, uniform in
least..most; the level of a is uniform in 0..D-1-s. A trace writes n nodes and then the answer: n + 1 tokens. To the
start these are the ancestors of b on its arm, n = level(a) + s; of a whole arm n = D - 1; a short one stops
at the level of a, n = s, or behind it, n = s + 1, for half of the questions that are off. (pita spec, sections 3 and
4a; arXiv:2602.14404.)

    n      nodes that a trace writes, 0..D
    p(n)   their distribution
    eps    chance that a token of a trace is wrong when all before it is right
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.validation import require_integer, require_real


def trace_lengths(depth: int, least: int, most: int, *, trace: str = "start") -> Float[np.ndarray, "lengths"]:
    """Return p(n), n = 0..depth, for questions of `least` to `most` hops.

    Args:
        depth: D >= 2.
        least, most: hops, 1 <= least <= most <= depth - 1.
        trace: `start`, `arm`, `short`, or `inverted`: as `short`, but a quarter of the questions have a and b
            exchanged, and a trace from a to the root.

    Raises:
        ValueError: a number out of range, or another trace.
    """
    depth = require_integer("depth", depth, least=2)
    least = require_integer("least", least, least=1, most=depth - 1)
    most = require_integer("most", most, least=least, most=depth - 1)
    if trace not in ("start", "arm", "short", "inverted"):
        raise ValueError(f"trace = {trace!r} is unknown; valid: start, arm, short, inverted")
    lengths = np.zeros(depth + 1)
    straight = 0.75 if trace == "inverted" else 1.0
    for hops in range(least, most + 1):
        if trace == "arm":
            lengths[depth - 1] += 1
            continue
        if trace == "start":
            lengths[hops:depth] += 1 / (depth - hops)
            continue
        further = (straight - 0.5) / 2
        lengths[hops] += straight - further
        lengths[hops + 1] += further
        lengths[1 : depth - hops + 1] += (1 - straight) / (depth - hops)
    return lengths / (most - least + 1)


def right_to_the_end(step_error: float, lengths: ArrayLike) -> float:
    """Return the chance E[(1 - eps)^(n + 1)] that all n + 1 tokens of a trace are right (4a).

    Args:
        step_error: eps of every token alike, in [0, 1].
        lengths: p(n), shape (lengths,).

    Raises:
        ValueError: eps out of range.
    """
    step_error = require_real("step_error", step_error, least=0, most=1)
    chances = np.asarray(lengths, dtype=float)
    return float(chances @ (1 - step_error) ** np.arange(1, len(chances) + 1))


def right_answer(step_error: float, answer_error: float, lengths: ArrayLike) -> float:
    """Return the chance of a right answer where the answer errs in another way than the steps.

    A trace that keeps to the arm, with chance (1 - eps)^n, is answered wrongly with chance `answer_error`; one that has
    left it is answered at random, since half of the questions have each answer.

    Args:
        step_error: eps of an ancestor, in [0, 1].
        answer_error: eps of the answer after a right trace, in [0, 1].
        lengths: p(n), shape (lengths,).

    Raises:
        ValueError: an error out of range.
    """
    step_error = require_real("step_error", step_error, least=0, most=1)
    answer_error = require_real("answer_error", answer_error, least=0, most=1)
    chances = np.asarray(lengths, dtype=float)
    kept = float(chances @ (1 - step_error) ** np.arange(len(chances)))
    return kept * (1 - answer_error) + (1 - kept) / 2
