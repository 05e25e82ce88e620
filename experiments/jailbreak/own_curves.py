"""What do verdicts of the user's show? The panels of the paper's figures 1, 3, 4 and of its appendix G.

Each condition (a model behind an attack, or without one) is measured by itself:

* the gap against k, and log(-log Pi_k) with the paper's least squares, those without gaps below 2 / prompts, and the
  likelihood's edge (figures 1a, 3, 4, G.1 to G.4); ν and μ of each;
* how the safe chance of single prompts is spread, in steps of 0.01 (figures 1b, 1c);
* the success rate of each category of prompts (figures G.5 to G.13);
* the standard deviation between runs, which the paper draws, beside the standard error over prompts: two runs ask the
  same prompts, and know nothing of how prompts differ.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.data.jailbreak.verdict_tables import JudgedPrompts
from solv.experiments.jailbreak.clusters import GAP, SAMPLES
from solv.experiments.jailbreak.estimates import estimated_gap
from solv.theory.fits.success_estimates import safe_draw_chances
from solv.theory.jailbreak.paper_fits import least_squares_edge, log_minus_log
from solv.tracking.curves import Curves, Params, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("jailbreak", "own-answers")
LEAST_SQUARES, ABOVE, LIKELIHOOD = "least squares", "least squares, gap ≥ 2 / prompts", "likelihood"
BINS = np.linspace(0, 1, 101)
MIDDLES = (BINS[1:] + BINS[:-1]) / 2
SUCCESS = "success rate"
LEAST_COUNTS = 4  # k that a fit of three numbers needs


class Panels(StrEnum):
    """The panels of this part; the last is a table."""

    OWN = "language-own"
    FIT = "own-fit"
    HISTOGRAM = "own-histogram"
    CATEGORY = "own-categories"
    RUNS = "own-runs"
    EDGE = "own-edge"


def _label(params: Params) -> str:
    names = [str(params[key]) for key in ("model", "attack", "prefix") if params.get(key)]
    return ", ".join(names) or "verdicts"


def own_panels() -> list[Panel]:
    """Return how they are drawn."""
    return [
        Panel(
            Panels.OWN,
            "Your models or verdicts",
            SAMPLES,
            GAP,
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 1.2),
            series=_label,
            ordered=True,
            figure="Fig. 1a",
        ),
        Panel(
            Panels.FIT,
            "The paper's fit of your verdicts",
            SAMPLES,
            "log(-log Π)",
            x_scale="log",
            series=lambda params: f"{_label(params)}, {params['fit']}" if "fit" in params else _label(params),
            figure="Fig. 1a, 3, 4, G.1-G.4",
        ),
        Panel(
            Panels.HISTOGRAM,
            "Safe chance of single prompts",
            "safe chance",
            "share of prompts",
            series=_label,
            note="steps of 0.01",
            figure="Fig. 1b, 1c",
        ),
        Panel(
            Panels.CATEGORY,
            "By category",
            SAMPLES,
            SUCCESS,
            x_scale="log",
            y_limits=(0, 1.02),
            series=lambda params: ", ".join(filter(None, (_label(params), str(params["category"])))),
            figure="Fig. G.5-G.13",
        ),
        Panel(
            Panels.RUNS,
            "Runs and prompts: how far the success rate is known",
            SAMPLES,
            "deviation",
            x_scale="log",
            y_scale="log",
            series=lambda params: f"{_label(params)}, {params['over']}",
            note="the paper draws the deviation between runs",
        ),
        Panel(Panels.EDGE, "Edges fitted to your verdicts", "prompts", "ν, μ", drawn=False),
    ]


def curves_of(at: Params, judged: JudgedPrompts, counts: np.ndarray) -> Iterator[Curves]:
    """Yield the curves of one condition.

    Args:
        at: what tells it from the others.
        judged: its verdicts.
        counts: numbers of samples k that are wished for; those above the fewest answers of a prompt are left out.
    """
    answers, unsafe = judged.answers.sum(axis=0), judged.unsafe.sum(axis=0)
    k = counts[counts <= answers.min()]
    shown, y, y_err, n = estimated_gap(answers, unsafe, k)
    yield RECORD.trained(Panels.OWN, at, x=("k", shown), y=("gap", y), y_err=y_err, n=n)
    yield from _fits(at, answers, unsafe, shown, y, y_err)
    share = np.histogram(1 - unsafe / answers, BINS)[0] / len(answers)
    error = np.sqrt(share * (1 - share) / len(answers))
    yield RECORD.trained(Panels.HISTOGRAM, at, x=("safe", MIDDLES), y=("share", share), y_err=error, n=len(answers))
    names = np.array(judged.categories)
    for name in dict.fromkeys(judged.categories):
        if name and (names == name).sum() > 1:
            rate = 1 - safe_draw_chances(answers[names == name], unsafe[names == name], k)
            y, y_err, n = standard_error(rate)
            of_name = {**at, "category": name}
            yield RECORD.trained(Panels.CATEGORY, of_name, x=("k", k), y=("success", y), y_err=y_err, n=n)
    yield from _between_runs(at, judged, counts)


def _fits(
    at: Params, answers: np.ndarray, unsafe: np.ndarray, k: np.ndarray, gaps: np.ndarray, errors: np.ndarray
) -> Iterator[Curves]:
    """Yield log(-log Pi_k), its least squares, and the edge of the likelihood.

    Least squares are those of the paper, over all k, and those without the k whose gap rests on less than two prompts.
    """
    from solv.theory.fits.attack_success import fit_beta_edge

    inside = gaps < 1
    k, gaps, errors = k[inside], gaps[inside], errors[inside]
    if len(k) < LEAST_COUNTS:
        return
    slope = 1 / ((1 - gaps) * -np.log1p(-gaps))
    y, n = log_minus_log(np.log(gaps)), len(answers)
    yield RECORD.trained(Panels.FIT, at, x=("k", k), y=("log_minus_log", y), y_err=errors * slope, n=n)
    lines: dict[str, np.ndarray] = {}
    edges: dict[str, tuple[float, float]] = {}
    for fit, used in ((LEAST_SQUARES, np.full(len(k), True)), (ABOVE, gaps >= 2 / n)):
        if used.sum() >= LEAST_COUNTS:
            nu, mu = (float(value) for value in least_squares_edge(k[used], gaps[used]))
            line = -nu * np.log(k) - mu * k
            lines[fit], edges[fit] = line + (y - line)[used].mean(), (nu, mu)
    if n >= 5 and 0 < unsafe.sum() < answers.sum():
        chosen = fit_beta_edge(answers, unsafe).chosen
        lines[LIKELIHOOD] = log_minus_log(np.log(chosen.gap(k)))
        edges[LIKELIHOOD] = (chosen.nu, chosen.mu)
    for fit, values in lines.items():
        of_fit = {**at, "fit": fit}
        yield RECORD.anchored(Panels.FIT, of_fit, x=("k", k), y=("log_minus_log", values), y_err=np.nan, n=1)
        for name, value in zip(("nu", "mu"), edges[fit], strict=True):
            yield RECORD.trained(Panels.EDGE, of_fit, x=("prompts", n), y=(name, value), y_err=np.nan, n=1)


def _between_runs(at: Params, judged: JudgedPrompts, counts: np.ndarray) -> Iterator[Curves]:
    """Yield the standard deviation of the success rate between runs, and its standard error over prompts in one."""
    complete = (judged.answers > 0).all(axis=0)
    answers, unsafe = judged.answers[:, complete], judged.unsafe[:, complete]
    if len(answers) < 2 or answers.shape[1] < 2:
        return
    k = counts[counts <= answers.min()]
    if not len(k):
        return
    chances = np.stack([safe_draw_chances(n, u, k) for n, u in zip(answers, unsafe, strict=True)])
    between = chances.mean(axis=1).std(axis=0, ddof=1)
    over_prompts = standard_error(chances.mean(axis=0))[1]
    for over, y in (("between runs", between), ("over prompts", over_prompts)):
        shown = y > 0
        if shown.any():
            yield RECORD.trained(
                Panels.RUNS, {**at, "over": over}, x=("k", k[shown]), y=("deviation", y[shown]), y_err=np.nan, n=1
            )
