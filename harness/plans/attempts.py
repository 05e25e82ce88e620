"""How many attempts break a share of the prompts, and what do a given number of attempts break? (arXiv:2603.11331)"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from solv.harness.plans.answer import Cell, Plan
from solv.harness.success_fits import AttackSuccess, Chosen, attack_success, price_ends, price_text, samples_text
from solv.theory.fits.immune_share import HALF_CHI_SQUARE_99
from solv.theory.validation import require_real

GOALS = (0.5, 0.9, 0.99, 0.999)
LEADING = 0.9  # the success rate whose price is told by each fit that may be right, or the nearest one that is asked
RESAMPLES = 20  # of the edge law, which no price rests on


def plan_attempts(
    answers: ArrayLike,
    unsafe: ArrayLike,
    goals: Sequence[float] = GOALS,
    budgets: Sequence[int] = (),
    event: str = "unsafe",
    *,
    until_success: bool = False,
) -> Plan:
    """Return the price in attempts of each success rate, and the success rate of each number of attempts.

    Args:
        answers: judged answers of each prompt, >= 1; at least 5 prompts.
        unsafe: how many of them were unsafe (or solved: what counts as success).
        goals: success rates, each in (0, 1).
        budgets: numbers of attempts, each >= 1.
        event: what success is called.
        until_success: whether each prompt was sampled until its first success; otherwise the number of answers must
            not depend on the verdicts.

    Raises:
        ValueError: an argument is out of range; all verdicts alike.

    Cost: that of `attack_success`, a second or two.
    """
    goals = [require_real("goal", goal, above=0, below=1) for goal in goals]
    if any(budget < 1 for budget in budgets):
        raise ValueError(f"budgets = {list(budgets)}; valid: numbers of attempts >= 1")
    found = attack_success(answers, unsafe, until_success=until_success, resamples=RESAMPLES)
    if found.regime is None or found.immune is None:
        raise ValueError(f"no prices: {found.no_fit}")
    n, u, fits = found.answers, found.unsafe, _possible(found)
    sampled = int(n.max() if until_success else n.min())
    rows: list[tuple[Cell, ...]] = []
    decision = [_ends_below_one(found)] if found.never else []
    for goal in goals:
        price = found.price(goal)
        ends = [price_ends(each, 1 - goal) for each in fits.values()]
        low, high = min([price.low, *(low for low, _ in ends)]), max([price.high, *(high for _, high in ends)])
        rows.append(("attempts for", goal, price.samples, low, high, price.samples / sampled))
        beyond = f"; {price.samples / sampled:,.0f} times what was sampled" if sampled < price.samples < np.inf else ""
        said = price_text(type(price)(goal, price.samples, low, high), found)
        decision.append(f"{100 * goal:g} % {event}, attempts a prompt: {said}{beyond}")
    for budget in budgets:
        low, high = _success(fits, budget)
        value = 1 - float(found.chosen.gap(budget))
        rows.append(("success of", budget, value, low, high, budget / sampled))
        decision.append(f"{budget} attempts: {100 * value:.3g} % ({100 * low:.3g} to {100 * high:.3g} %)")
    if found.contradiction:
        decision.insert(0, f"do not believe these prices: {found.contradiction}")
    if len(fits) > 1:
        decision.append(_open(fits, min(goals, key=lambda goal: abs(goal - LEADING)), event))
    twice = 2 * sampled
    low, high = _success(fits, twice)
    each = f"{n.min()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"
    stopped = ", each sampled until it broke" if until_success else ""
    return Plan(
        f"What do attempts buy, from {len(n)} prompts with {each} answers each{stopped}, {int(u.sum())} of "
        f"{int(n.sum())} {event}?",
        ("", "asked", "answer", "95 % from", "95 % to", "times the answers of a prompt"),
        tuple(rows),
        tuple(decision),
        f"the prompts to come are like these; {_assumed(found, fits)}",
        f"{twice} answers a prompt: {100 * (1 - float(found.chosen.gap(twice))):.3g} % of the prompts with at least "
        f"one {event} answer are expected, {100 * low:.3g} to {100 * high:.3g} %; "
        + ("more says that what held out yields, late" if found.never else "fewer says that some prompts never yield"),
    )


def _possible(found: AttackSuccess) -> dict[str, Chosen]:
    """Return the fits that may be right: the chosen one, and those that the likelihood does not reject at 1 %."""
    assert found.regime is not None
    assert found.immune is not None
    gained: dict[str, tuple[Chosen, float]] = {
        "polynomial": (found.regime.polynomial, 0.0),
        "exponential": (found.regime.exponential, found.regime.ratio),
        "bounded": (found.immune, found.immune.ratio),
    }
    most = max(ratio for _, ratio in gained.values())
    return {
        word: fit
        for word, (fit, ratio) in gained.items()
        if word == found.word or (most - ratio < HALF_CHI_SQUARE_99 and (word == "polynomial" or ratio > 0))
    }


def _success(fits: dict[str, Chosen], k: int) -> tuple[float, float]:
    """Return the interval of the success of k attempts, over all fits that may be right."""
    ends = [(1 - float(high), 1 - float(low)) for low, high in (each.gap_interval(k) for each in fits.values())]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _ends_below_one(found: AttackSuccess) -> str:
    assert found.immune is not None
    low, high = found.immune.interval
    return (
        f"success ends at {100 * (1 - found.immune.share):.3g} % ({100 * (1 - high):.3g} to {100 * (1 - low):.3g} %): "
        "the other prompts never yield"
    )


def _open(fits: dict[str, Chosen], goal: float, event: str) -> str:
    prices = [f"if {word} {_attempts(fit, 1 - goal)}" for word, fit in fits.items()]
    return (
        f"it is open how success grows: {100 * goal:g} % {event} take, in attempts, {', '.join(prices)}; the intervals "
        "hold all of these"
    )


def _attempts(fit: Chosen, gap: float) -> str:
    share = getattr(fit, "share", 0.0)
    return "no number of them" if share >= gap else samples_text(fit.samples_for(gap))


def _assumed(found: AttackSuccess, fits: dict[str, Chosen]) -> str:
    assert found.regime is not None
    assert found.immune is not None
    which = found.word if len(fits) == 1 else f"open between {' and '.join(fits)}"
    return (
        "their chances of a safe answer end in a power at an upper edge, at 1 (polynomial) or below (exponential), or "
        f"a share of them never yields (bounded): {which}, by likelihood ratios over the polynomial of "
        f"{found.regime.ratio:.3g} (exponential) and {found.immune.ratio:.3g} (bounded) where "
        f"{HALF_CHI_SQUARE_99:.3g} is sure; what yields once in far more answers than were taken counts as never"
    )
