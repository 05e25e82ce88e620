"""How many attempts break a share of the prompts, and what do a given number of attempts break? (arXiv:2603.11331)"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from solv.harness.plans.answer import Cell, Plan
from solv.theory.fits.attack_success import MOST_SAMPLES, BetaEdge, Regime, fit_beta_edge
from solv.theory.fits.success_estimates import safe_draw_chances
from solv.theory.validation import require_real

GOALS = (0.5, 0.9, 0.99, 0.999)
SURELY_EXPONENTIAL = 5.4119  # likelihood ratio that rejects the polynomial at 1 %: below, both are shown
LEADING = 0.9  # the success rate whose price is told by either regime, or the nearest one that is asked
SURE = 3.0  # standard errors between fit and table from which on the fit is not believed


def plan_attempts(
    answers: ArrayLike,
    unsafe: ArrayLike,
    goals: Sequence[float] = GOALS,
    budgets: Sequence[int] = (),
    event: str = "unsafe",
) -> Plan:
    """Return the price in attempts of each success rate, and the success rate of each number of attempts.

    Args:
        answers: judged answers of each prompt, >= 1; at least 5 prompts. Their number must not depend on the verdicts.
        unsafe: how many of them were unsafe (or solved: what counts as success).
        goals: success rates, each in (0, 1).
        budgets: numbers of attempts, each >= 1.
        event: what success is called.

    Raises:
        ValueError: an argument is out of range; all verdicts alike; prompts that were sampled until the first success.

    Cost: that of `fit_beta_edge`.
    """
    n, u = np.atleast_1d(np.asarray(answers)), np.atleast_1d(np.asarray(unsafe))
    goals = [require_real("goal", goal, above=0, below=1) for goal in goals]
    if any(budget < 1 for budget in budgets):
        raise ValueError(f"budgets = {list(budgets)}; valid: numbers of attempts >= 1")
    _require_fixed_numbers(n, u, event)
    regime = fit_beta_edge(n, u)
    fit, least = regime.chosen, int(n.min())
    open_ = 0 < regime.ratio < SURELY_EXPONENTIAL
    fits = [regime.polynomial, regime.exponential] if open_ else [fit]
    rows: list[tuple[Cell, ...]] = []
    for goal in goals:
        ends = [_price(each, 1 - goal) for each in fits]
        price = fit.samples_for(1 - goal)
        rows.append(
            ("attempts for", goal, price, min(low for low, _ in ends), max(high for _, high in ends), price / least)
        )
    for budget in budgets:
        low, high = _success(fits, budget)
        rows.append(("success of", budget, 1 - float(fit.gap(budget)), low, high, budget / least))
    decision = [_said(goal, row, least, event) for goal, row in zip(goals, rows, strict=False)]
    decision += [f"{row[1]} attempts: {100 * float(row[2]):.3g} % ({_percents(row)})" for row in rows[len(goals) :]]
    off = _contradiction(fit, n, u, least)
    unsure = _two_regimes(regime, min(goals, key=lambda goal: abs(goal - LEADING)), event) if open_ else ""
    word = "which is open" if open_ else "the second" if regime.is_exponential else "the first"
    twice = 2 * least
    low, high = _success(fits, twice)
    return Plan(
        f"What do attempts buy, from {len(n)} prompts with {_range(n)} answers each, {int(u.sum())} of "
        f"{int(n.sum())} {event}?",
        ("", "asked", "answer", "95 % from", "95 % to", "times the answers of a prompt"),
        tuple(rows),
        (*([off] if off else []), *decision, *([unsure] if unsure else [])),
        "the prompts to come are like these; their chances of a safe answer end in a power at an upper edge, at 1 "
        f"(polynomial) or below (exponential): {word}, by a likelihood ratio of {regime.ratio:.3g} where 5.41 "
        "is sure; no share "
        "of them never yields",
        f"{twice} answers a prompt: {100 * (1 - float(fit.gap(twice))):.3g} % of the prompts with at least one "
        f"{event} answer are "
        f"expected, {100 * low:.3g} to {100 * high:.3g} %; fewer says that some prompts never yield",
    )


def _success(fits: Sequence[BetaEdge], k: int) -> tuple[float, float]:
    """Return the interval of the success of k attempts, over all fits that may be right."""
    ends = [(1 - float(high), 1 - float(low)) for low, high in (each.gap_interval(k) for each in fits)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _two_regimes(regime: Regime, goal: float, event: str) -> str:
    prices = [_count(each.samples_for(1 - goal)) for each in (regime.polynomial, regime.exponential)]
    return (
        f"it is open how success grows: {100 * goal:g} % {event} take {prices[0]} attempts if as a power, "
        f"{prices[1]} if "
        "exponentially; the intervals hold both"
    )


def _range(n: np.ndarray) -> str:
    return f"{n.min()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"


def _require_fixed_numbers(n: np.ndarray, u: np.ndarray, event: str) -> None:
    broken = u > 0
    if len(n) and broken.any() and u.max() == 1 and n.min() < n.max() and n[broken].mean() < n.max() and (
        (~broken).sum() == 0 or (n[~broken] == n.max()).all()
    ):  # fmt: skip
        raise ValueError(
            f"every prompt was sampled until its first {event} answer: the number of answers depends on the "
            "verdicts; sample a "
            "number that is fixed before"
        )


def _price(fit: BetaEdge, gap: float) -> tuple[float, float]:
    """Return the attempts whose gap is `gap` by the lower and by the upper end of its interval."""
    low = _least(lambda k: float(fit.gap_interval(k)[0]), gap)
    return low, _least(lambda k: float(fit.gap_interval(k)[1]), gap)


def _least(gap_at: Callable[[float], float], goal: float) -> float:
    low, high = 0.0, 1.0
    while gap_at(high) > goal:
        low, high = high, 2 * high
        if high > MOST_SAMPLES:
            return math.inf
    while high - low > max(1.0, 1e-3 * high):
        middle = (low + high) // 2
        low, high = (middle, high) if gap_at(middle) > goal else (low, middle)
    return high


def _said(goal: float, row: tuple[Cell, ...], least: int, event: str) -> str:
    price, low, high = (float(cell) for cell in row[2:5])
    beyond = f"; {price / least:,.0f} times what was sampled" if least < price < math.inf else ""
    return f"{100 * goal:g} % {event}: {_count(price)} attempts a prompt ({_count(low)} to {_count(high)}){beyond}"


def _count(value: float) -> str:
    return "beyond 10^12" if math.isinf(value) else f"{value:,.0f}" if value < 1e6 else f"{value:.2g}"


def _percents(row: tuple[Cell, ...]) -> str:
    return f"{100 * float(row[3]):.3g} to {100 * float(row[4]):.3g} %"


def _contradiction(fit: BetaEdge, n: np.ndarray, u: np.ndarray, least: int) -> str:
    """Say where the fit is not what the table itself shows."""
    chances = safe_draw_chances(n, u, [least])[:, 0]
    measured, error = float(chances.mean()), float(chances.std(ddof=1) / math.sqrt(len(chances)))
    fitted = float(fit.gap(least))
    if error == 0 or abs(measured - fitted) <= SURE * error:
        return ""
    return (
        f"do not believe these prices: at {least} attempts the table has {100 * (1 - measured):.3g} ± "
        f"{100 * error:.2g} %, the fit "
        f"{100 * (1 - fitted):.3g} %"
    )
