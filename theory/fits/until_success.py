"""What does a log say in which each prompt was sampled until it broke, or its budget ended?

Of n answers the last is unsafe, or none is. Then u / n and C(n - u, k) / C(n, k) are no estimates of anything: n
depends on the verdicts. What is known is when each prompt broke, or up to where it held out; the share broken within k
attempts is one minus the Kaplan-Meier estimate of holding out (Kaplan and Meier 1958), which needs that a budget that
ends has nothing to do with how near the prompt was to breaking.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.special import ndtri

from solv.theory.fits.success_estimates import bounded_interval

CHANCE = 0.05  # of a stop that looks like one, if answers were sampled regardless: below it, it is one


@dataclass(frozen=True)
class BrokenShare:
    """The share of prompts that broke within k attempts.

    Attributes:
        k: numbers of attempts, increasing.
        share: broken within k, in [0, 1], shape (ks,).
        low, high: its 95 % interval (Wilson's, with the number of prompts that the estimate is worth).
        at_risk: prompts that were still being sampled at k.
    """

    k: Int[np.ndarray, "ks"]
    share: Float[np.ndarray, "ks"]
    low: Float[np.ndarray, "ks"]
    high: Float[np.ndarray, "ks"]
    at_risk: Int[np.ndarray, "ks"]


def broken_share(attempts: ArrayLike, broken: ArrayLike, k: ArrayLike, confidence: float = 0.95) -> BrokenShare:
    """Return the share of prompts that broke within k attempts.

    Args:
        attempts: of each prompt, the attempt at which it broke or the last one, >= 1, shape (prompts,).
        broken: whether it broke there, shape (prompts,).
        k: increasing integers >= 1, at most the largest number of attempts.
        confidence: coverage of the interval, in (0, 1).

    Raises:
        ValueError: shapes that differ, or a number out of range.
    """
    times, events, at = np.atleast_1d(attempts), np.atleast_1d(broken).astype(bool), np.atleast_1d(k)
    if times.shape != events.shape or times.ndim != 1 or len(times) == 0:
        raise ValueError(f"attempts and broken have shapes {times.shape} and {events.shape}; valid: (prompts,) both")
    if times.min() < 1:
        raise ValueError(f"attempts = {times.min()} is out of range; valid: integers >= 1")
    if at.min() < 1 or at.max() > times.max() or np.any(np.diff(at) <= 0):
        raise ValueError(f"k = {at.tolist()} is out of range; valid: increasing, 1 to {times.max()}")
    moments = np.unique(times[events])
    ordered = np.sort(times)
    risk = len(times) - np.searchsorted(ordered, moments, side="left")
    deaths = np.array([np.sum(events & (times == moment)) for moment in moments], dtype=float)
    survival = np.cumprod(1 - deaths / risk) if len(moments) else np.ones(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(np.where(risk > deaths, deaths / (risk * (risk - deaths)), 0.0))
    place = np.searchsorted(moments, at, side="right") - 1
    held = np.where(place >= 0, survival[place], 1.0) if len(moments) else np.ones(len(at))
    variance = np.where(place >= 0, greenwood[place], 0.0) * held**2 if len(moments) else np.zeros(len(at))
    at_risk = len(times) - np.searchsorted(ordered, at, side="left")
    worth = np.where(variance > 0, held * (1 - held) / np.where(variance > 0, variance, 1.0), 0.0)
    fewest = np.minimum.accumulate(np.maximum(at_risk, 1))
    worth = np.where((held == 0) | (variance == 0), np.where(held == 0, len(times), fewest), worth)
    z = float(ndtri((1 + confidence) / 2))
    low, high = bounded_interval(1 - held, worth, z)
    return BrokenShare(at, 1 - held, low, high, at_risk)


def looks_stopped(answers: ArrayLike, unsafe: ArrayLike, first: ArrayLike) -> bool:
    """Return whether prompts were sampled until an answer was unsafe.

    So it is if no prompt has two unsafe answers, each unsafe one is its prompt's last, and this would be unlikely (5 %)
    had the answers come regardless. Of counts alone (`first` is 0) so it is if the prompts without unsafe answers have
    the largest number, and the others differ.

    Args:
        answers, unsafe: of each prompt.
        first: place of the first unsafe answer, from 1; 0 if there is none or its place is not known.
    """
    n, u, place = (np.atleast_1d(each) for each in (answers, unsafe, first))
    broke = u > 0
    if not broke.any() or u.max() > 1:
        return False
    if np.any(place[broke] == 0):
        held = n[~broke]
        same = len(held) == 0 or held.min() >= n[broke].max()
        return bool(same and len(np.unique(n[broke])) >= 3)
    return bool(np.all(place[broke] == n[broke]) and np.sum(np.log(n[broke])) > -np.log(CHANCE))
