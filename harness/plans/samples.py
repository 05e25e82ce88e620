"""How many answers should be sampled, and how should a judge choose among them? (arXiv:2512.19905)

Two ways to know. In theory: a Bayesian regression whose judge is off by `mis`, whose error for any number of samples is
known (`theory/best_of_k`). From a table of a person's own, answers that a judge scored and whose errors are known: what
choosing among k of them gives is an average over all ways to draw k of the n, up to k = n and without any model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from solv.harness.plans.answer import Plan
from solv.theory.best_of_k import (
    Equivalents,
    WeightMoments,
    data_versus_samples,
    equivalents_from_moments,
    optimal_samples,
    selection_error,
)
from solv.theory.validation import require_integer

GRID = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # temperatures, in units of the spread of an answer or of the scores
DRAWS = 64  # random orders of the answers of a prompt, for temperatures above 0
FLAT = 1.02  # times the least error: a number of samples from which on more buy almost nothing
LEAST_PROMPTS, LEAST_ANSWERS = 10, 2


def plan_from_theory(
    alpha: float, mis: float = 0.0, budget: int = 64, sigma0: float = 0.1, sigma: float = 0.3, gamma: float = 1.0
) -> Plan:
    """Return how many samples to draw and at which temperature to select, from the quality of the judge.

    Args:
        alpha: training samples per dimension, > 0.
        mis: how far the judge is from the truth, w_R = w_T + mis R, >= 0.
        budget: most samples of a question, >= 2.
        sigma0: label noise of the data, >= 0.
        sigma, gamma: noise and prior deviation that the model believes in, >= 0.

    Raises:
        ValueError: an argument is out of range.

    Cost: some 100 calls of `selection_error`, about 3 s.
    """
    budget = require_integer("budget", budget, least=2)
    moments, isotropic = WeightMoments.of_random_judge(1, mis), np.ones(1)
    found = equivalents_from_moments(alpha, sigma0, sigma, gamma, isotropic, moments)
    ks = _powers(budget)
    s2 = found.predictive_variance
    surface = np.stack([selection_error(found, ks, ratio * s2) for ratio in (*GRID, math.inf)])
    sharp = optimal_samples(found, 0.0, budget)
    best_k = float(ks[int(np.argmin(surface.min(axis=0)))])
    best = _temperature(found, best_k, surface[:, list(ks).index(best_k)]) if best_k >= 2 else None
    rows = tuple(
        (int(k), float(surface[0, column]), float(surface[:, column].min()), _ratio(surface[:, column]))
        for column, k in enumerate(ks)
    )
    trade = data_versus_samples([alpha], [max(budget // 2, 1)], 0.0, sigma0, sigma, gamma, isotropic, moments)
    return Plan(
        f"How many of at most {budget} samples, and which temperature, with a judge that is off by {mis:g}?",
        (
            "samples k",
            "error of the best-scored",
            "error at the best temperature",
            "temperature / variance of an answer",
        ),
        rows,
        (
            _theory_decision(found, best_k, best, surface, ks),
            _sharp(sharp.argument, sharp.error, budget),
            _trade(trade.doubled_data[0, 0], trade.doubled_samples[0, 0], trade.error[0, 0], max(budget // 2, 1)),
        ),
        "a Bayesian regression in a large dimension, inputs without preferred directions; the judge's score "
        "falls with the "
        f"square of the distance to its own answer; labels with noise {sigma0:g}, a model that believes in "
        f"noise {sigma:g}",
        f"the error of the best-scored of {budget} over that of one sample, on questions with known answers: "
        f"{surface[0, -1] / surface[-1, 0]:.3g} is expected",
    )


def _temperature(found: Equivalents, k: float, errors: Float[np.ndarray, "temperatures"]) -> float:
    """Return the best temperature for k samples, between the neighbours of the best one of the grid."""
    place, s2 = int(np.argmin(errors)), found.predictive_variance
    if place in (0, len(GRID), len(GRID) - 1):
        return 0.0 if place == 0 else (math.inf, GRID[-1] * s2)[len(GRID) - place]

    def error_at(log_ratio: float) -> float:
        return float(selection_error(found, k, math.exp(log_ratio) * s2)[0])

    low, high = max(GRID[place - 1], GRID[1] / 2), GRID[place + 1]
    best = minimize_scalar(error_at, bounds=(math.log(low), math.log(high)), method="bounded", options={"xatol": 0.02})
    return math.exp(float(best.x)) * s2


def _powers(most: int) -> Float[np.ndarray, "ks"]:
    return np.unique([*(2**power for power in range(int(math.log2(most)) + 1)), most]).astype(float)


def _ratio(errors: Float[np.ndarray, "temperatures"]) -> float:
    return float((*GRID, math.inf)[int(np.argmax(errors <= errors.min() * (1 + 1e-9)))])


def _theory_decision(
    found: Equivalents,
    k: float,
    temperature: float | None,
    surface: Float[np.ndarray, "temperatures ks"],
    ks: Float[np.ndarray, "ks"],
) -> str:
    one = float(surface[-1, 0])
    if temperature is None:
        return f"take one sample: choosing makes the error, {one:.4g}, larger; the judge is worse than none"
    least = surface.min(axis=0)
    enough = float(ks[int(np.argmax(least <= FLAT * least.min()))])
    ratio = temperature / found.predictive_variance
    said = f"draw {k:g} and select at temperature {ratio:.3g} times the variance of an answer"
    said = said if temperature else f"draw {k:g} and take the best-scored"
    return f"{said}: error {least.min():.4g}, {least.min() / one:.3g} of that of one sample; {enough:g} are within 2 %"


def _sharp(k: float, error: float, budget: int) -> str:
    if k >= budget:
        return f"taking the best-scored gets better up to the whole budget of {budget}"
    return (
        f"always taking the best-scored is best with {k:g} samples, error {error:.4g}: beyond, the judge's fault is "
        "selected"
    )


def _trade(data: float, samples: float, now: float, k: int) -> str:
    better = "more data" if data < samples else "more samples"
    left = f"twice the data leaves {data / now:.3g} of the error, twice the samples {samples / now:.3g}"
    return f"at {k} samples: {better}; {left}"


@dataclass(frozen=True)
class Judged:
    """Answers of a person's own, each with the judge's score and its true error.

    Attributes:
        scores, errors: of each prompt an array, shape (answers,), at least two; errors >= 0.
    """

    scores: tuple[Float[np.ndarray, "answers"], ...]
    errors: tuple[Float[np.ndarray, "answers"], ...]


def plan_from_scores(judged: Judged, seed: int = 0) -> Plan:
    """Return how many samples to draw and at which temperature to select, from a table of scores.

    Prompts count alike. The choice is made on one half of them and its error measured on the other, both ways.

    Args:
        judged: at least 10 prompts of at least two answers.
        seed: of the orders in which answers are drawn, and of the halves.

    Raises:
        ValueError: too few prompts or answers, or scores that are all alike.

    Cost: about 1 s for 1000 prompts of 64 answers.
    """
    least = min(map(len, judged.scores), default=0)
    if len(judged.scores) < LEAST_PROMPTS or least < LEAST_ANSWERS:
        raise ValueError(
            f"{len(judged.scores)} prompts of at least {least} answers decide nothing; valid: at least "
            f"{LEAST_PROMPTS} prompts "
            f"of {LEAST_ANSWERS}"
        )
    spread = float(np.sqrt(np.mean([np.var(scores, ddof=1) for scores in judged.scores])))
    if spread == 0:
        raise ValueError("the judge gives all answers of a prompt the same score: it selects nothing")
    rng = np.random.default_rng(seed)
    ks = _powers(least).astype(int)
    surface = np.stack([_selected(judged, ks, ratio * spread, rng) for ratio in GRID])  # temperatures, prompts, ks
    mean = surface.mean(axis=1)
    one, oracle = mean[0, 0], float(np.mean([errors[:].min() for errors in judged.errors]))
    error_of = surface.std(axis=1, ddof=1) / math.sqrt(surface.shape[1])
    temperature, place = _best(surface)
    honest = _crossed(surface, rng)
    rows = tuple(
        (
            int(k),
            float(mean[0, column]),
            float(error_of[0, column]),
            float(mean[:, column].min()),
            _best_ratio(mean[:, column]),
        )
        for column, k in enumerate(ks)
    )
    return Plan(
        f"How many of at most {least} samples does the judge choose well from, and at which temperature?",
        (
            "samples k",
            "error of the best-scored",
            "± one s.e.",
            "error at the best temperature",
            "temperature / spread of scores",
        ),
        rows,
        (
            _choice(int(ks[place]), GRID[temperature], honest, float(one)),
            _blame(float(mean[temperature, place]), float(one), oracle, least),
            *_rise(mean[0], surface[0], ks),
        ),
        "the prompts of the table are like those to come, and so is the judge; nothing is said of more samples "
        "than the table has",
        f"on new prompts the error of this choice should be {honest[0]:.4g} ± {honest[1]:.2g}, what it was on "
        "the half of the "
        "prompts that did not choose it",
    )


def _selected(
    judged: Judged, ks: np.ndarray, temperature: float, rng: np.random.Generator
) -> Float[np.ndarray, "p ks"]:
    """Return the mean error of what is selected among k answers of each prompt, over the ways to draw them."""
    if temperature == 0:
        return np.stack([_best_scored(s, e, ks) for s, e in zip(judged.scores, judged.errors, strict=True)])
    found = np.empty((len(judged.scores), len(ks)))
    for row, (scores, errors) in enumerate(zip(judged.scores, judged.errors, strict=True)):
        orders = rng.permuted(np.tile(np.arange(len(scores)), (DRAWS, 1)), axis=1)
        weights = np.exp((scores - scores.max()) / temperature)[orders]
        top = np.cumsum(weights * errors[orders], axis=1)
        below = np.cumsum(weights, axis=1)
        found[row] = (top[:, ks - 1] / np.maximum(below[:, ks - 1], np.finfo(float).tiny)).mean(axis=0)
        found[row, ks == 1] = errors.mean()
    return found


def _best_scored(scores: np.ndarray, errors: np.ndarray, ks: np.ndarray) -> Float[np.ndarray, "ks"]:
    """Return the mean error of the best-scored of k, exactly; equal scores are chosen among at random."""
    levels, place = np.unique(scores, return_inverse=True)
    mean = np.bincount(place, errors) / np.bincount(place)
    at_most = np.cumsum(np.bincount(place)).astype(float)  # answers scored no better than each level
    n = float(len(scores))
    chances = np.zeros((len(ks), len(levels) + 1))
    for row, k in enumerate(ks):
        enough = at_most >= k
        log = gammaln(at_most + 1) - gammaln(np.where(enough, at_most - k, 0) + 1) - gammaln(n + 1) + gammaln(n - k + 1)
        chances[row, 1:] = np.where(enough, np.exp(log), 0.0)
    return np.asarray(np.diff(chances, axis=1) @ mean)


def _best(surface: Float[np.ndarray, "temperatures prompts ks"]) -> tuple[int, int]:
    """Return the places of temperature and number of samples of least error; a temperature above 0 has to be worth it.

    It is where it is better than the best-scored, at the same number of samples, by two standard errors over prompts.
    """
    mean = surface.mean(axis=1)
    temperature, place = (int(each) for each in np.unravel_index(int(np.argmin(mean)), mean.shape))
    gain = surface[0, :, place] - surface[temperature, :, place]
    if gain.mean() <= 2 * gain.std(ddof=1) / math.sqrt(len(gain)):
        return 0, int(np.argmin(mean[0]))
    return temperature, place


def _crossed(surface: Float[np.ndarray, "temperatures prompts ks"], rng: np.random.Generator) -> tuple[float, float]:
    """Return error and standard error of the choice made on one half of the prompts, on the other half."""
    prompts = surface.shape[1]
    order = rng.permutation(prompts)
    halves = order[: prompts // 2], order[prompts // 2 :]
    values = []
    for chooses, measures in (halves, halves[::-1]):
        temperature, place = _best(surface[:, chooses])
        values.append(surface[temperature, measures, place])
    every = np.concatenate(values)
    return float(every.mean()), float(every.std(ddof=1) / math.sqrt(prompts))


def _best_ratio(errors: Sequence[float] | np.ndarray) -> float:
    every = np.asarray(errors)
    return GRID[int(np.argmax(every <= every.min() * (1 + 1e-9)))]


def _choice(k: int, ratio: float, honest: tuple[float, float], one: float) -> str:
    how = (
        "take the best-scored"
        if ratio == 0
        else f"select at temperature {ratio:g} times the spread of a prompt's scores"
    )
    said = f"draw {k} and {how}" if k > 1 else "take one sample"
    gain = (one - honest[0]) / honest[1] if honest[1] > 0 else math.inf
    doubt = (
        ""
        if k == 1 or gain > 2
        else "; that is within two standard errors of one sample: the judge may be worth nothing"
    )
    error = f"error {honest[0]:.4g} ± {honest[1]:.2g} on prompts that did not choose it"
    return f"{said}: {error}, one sample {one:.4g}{doubt}"


def _blame(least: float, one: float, oracle: float, n: int) -> str:
    """Say whether the judge or the answers are what to improve."""
    if one <= oracle:
        return "all answers of a prompt are alike: only other answers help, so more data or another model"
    share = (one - least) / (one - oracle)
    better = "a better judge" if (least - oracle) > oracle else "better answers, by more data or another model"
    return (
        f"a perfect judge would reach {oracle:.4g} with {n} samples; this one gets {100 * max(share, 0):.0f} % "
        "of the way from one "
        f"sample: what is left is most improved by {better}"
    )


def _rise(mean: np.ndarray, each: Float[np.ndarray, "prompts ks"], ks: np.ndarray) -> tuple[str, ...]:
    """Say whether more samples harm."""
    place = int(np.argmin(mean))
    difference = each[:, -1] - each[:, place]
    error = float(difference.std(ddof=1) / math.sqrt(len(difference)))
    if place == len(ks) - 1 or error == 0 or difference.mean() <= 2 * error:
        return ()
    return (
        f"the best-scored of {ks[-1]} is worse than that of {ks[place]} by {difference.mean():.3g} ± "
        f"{error:.1g}: the judge is "
        "misled where it may choose freely",
    )
