"""How far does averaging over disorder go? The parts of dmft, and the claim that reads nearly all of them."""

import numpy as np

from solv.experiments.dmft import (
    ENTRY,
    bias_variance,
    critical_dynamics,
    deep_linear,
    learning_curves,
    linear_systems,
    non_hermitian,
    non_normality,
    one_pass_sgd,
    random_features,
    regression,
    richness,
    spike_dependence,
    time_grid,
    weight_spectrum,
    width,
)
from solv.experiments.dmft.rise_map import RISE_MAP
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Experiment, PaperFigure
from solv.tracking.claims import Claim, Judgement, Verdict, missing
from solv.tracking.curves import Curves, pair
from solv.tracking.panels import Highlight

RELATIVE = 0.05  # of theory, or
SIGMAS = 4  # standard errors, or
CROSSING = 0.001  # of the largest value of a curve that crosses 0
SHARP = 0.5  # fraction of the points that must be known well enough to have failed
LEAST_REPEATS = 4  # a standard error from fewer repeats refutes nothing


def _judge_agreement(curves: Curves) -> Judgement:
    """Judge every paired point; that all lie within their errors says something if most errors are small.

    A point whose 2 standard errors exceed the tolerance could hardly have failed; unless half of the points are known
    better than that, nothing is decided. No point is refuted by few repeats, nor by repeats without any scatter.
    """
    paired = pair(curves)
    if paired.empty:
        return missing("a curve with theory and measurement")
    size = paired["theory"].abs().groupby([paired[name] for name in ("panel", "params", "y_name")]).transform("max")
    tolerance = np.maximum(RELATIVE * paired["theory"].abs(), CROSSING * size)
    outside = (paired["y"] - paired["theory"]).abs() > np.maximum(SIGMAS * paired["y_err"], tolerance)
    refuted = outside & (paired["n"] >= LEAST_REPEATS) & (paired["y_err"] > 0)
    sharp = float((2 * paired["y_err"] <= tolerance).mean())
    verdict = Verdict.HOLDS if sharp >= SHARP and not outside.any() else Verdict.UNDECIDED
    where = f" ({', '.join(sorted(set(paired.loc[outside, 'panel'])))})" if outside.any() else ""
    return Judgement(
        Verdict.FAILS if refuted.any() else verdict,
        predicted="0 points outside",
        measured=f"{int(outside.sum())} of {len(paired)} outside{where}; {100 * sharp:.0f} % known to the tolerance",
        tolerance=(
            f"max({100 * RELATIVE:g} %, {SIGMAS} s.e.) at each point, {100 * CROSSING:g} % of a curve's largest value "
            f"where it crosses 0; half of the points known to that by 2 s.e."
        ),
    )


OURS = "no: the authors' settings are not public"
FIGURES = (
    PaperFigure(
        "Fig. 2",
        "the critical symmetric flow, log-log: theory against finite N",
        "critical-dynamics",
        cost="2 cores, 10 minutes",
        published="no: not public",
        found="R(t) t^(3/2) = .76693, .79488, .79759 at t = 10, 100, 1000 of our units, towards sqrt(2/π) = .79788; "
        "the relative error of N units is A/N with a known A",
    ),
    PaperFigure(
        "warm-up (Sec. 2)",
        "correlation and response of symmetric, antisymmetric and asymmetric matrices",
        "linear-systems",
        cost="2 cores, an hour",
        published=OURS,
        found="C(t, s) = R(t + s) for τ = 1 alone; within 1 to 3 % at N = 400",
    ),
    PaperFigure(
        "linear regression",
        "train and test loss against time for several α, noise included",
        "learning-curves",
        cost="2 cores, minutes",
        published=OURS,
        found="closed form and simulation agree; late, a peak at α = 1; early, none",
    ),
    PaperFigure(
        "random features",
        "test loss that rises again near interpolation; two times needed",
        "rise-map",
        cost="GPU or hours",
        published=OURS,
        found="rises wherever min(P, N) <= .8 D, not from 1.2 D on; the Hermitian flow of equal spectrum never",
    ),
    PaperFigure(
        "kernels, power laws",
        "losses of random features on a power law",
        "random-features",
        cost="GPU or hours",
        published=OURS,
        found="within the errors of the simulation",
    ),
    PaperFigure(
        "SGD",
        "fresh batches: loss by batch size",
        "one-pass-sgd",
        cost="GPU or hours",
        published=OURS,
        found="within one standard error down to B = 5",
    ),
    PaperFigure(
        "ensembles, bagging",
        "bias and variance by averaging over part of the disorder",
        "bias-variance",
        cost="GPU or hours",
        published=OURS,
        found="every mean of K models above its floor; every variance positive",
    ),
    PaperFigure(
        "deep linear networks",
        "losses of networks that learn features",
        "deep-linear",
        cost="GPU or hours",
        published=OURS,
        found="exact for discrete steps; excess over infinite width as 1/ν",
    ),
    PaperFigure(
        "spiked weights",
        "outliers of hidden weights beyond the bulk (also 2605.07870)",
        "weight-spectrum",
        cost="GPU or hours",
        published=OURS,
        found="spikes depend on the initial weights: the formula of independent ones is off by up to .34",
    ),
)

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=DmftConfig,
    parts=(
        linear_systems.LINEAR_SYSTEMS,
        critical_dynamics.CRITICAL_DYNAMICS,
        non_normality.NON_NORMALITY,
        time_grid.TIME_GRID,
        regression.REGRESSION,
        learning_curves.LEARNING_CURVES,
        random_features.RANDOM_FEATURES,
        one_pass_sgd.ONE_PASS_SGD,
        bias_variance.BIAS_VARIANCE,
        non_hermitian.NON_HERMITIAN_FLOW,
        RISE_MAP,
        deep_linear.DEEP_LINEAR,
        width.WIDTH,
        weight_spectrum.WEIGHT_SPECTRUM,
        richness.RICHNESS_SCAN,
        spike_dependence.SPIKE_DEPENDENCE,
    ),
    claims=(
        Claim(
            "agreement",
            "Every simulated mean lies within 5 % or 4 standard errors of theory.",
            reads=(  # without those that are no means which theory gives point by point: spectra, histograms, the map
                linear_systems.Panels.CORRELATION,
                linear_systems.Panels.RESPONSE,
                linear_systems.Panels.TWO_TIME,
                linear_systems.Panels.POWER,
                non_normality.Panels.NORMAL,
                time_grid.Panels.EULER,
                regression.Panels.TEST,
                regression.Panels.TRAIN,
                random_features.Panels.TEST,
                random_features.Panels.TRAIN,
                one_pass_sgd.Panels.SGD,
                *bias_variance.Panels,
                non_hermitian.Panels.FLOW,
                *deep_linear.Panels,
                width.Panels.WIDTH,
                weight_spectrum.Panels.OUTLIERS,
                richness.Panels.RICHNESS,
                spike_dependence.Panels.DEPENDENCE,
            ),
            judge=_judge_agreement,
            needs={
                "dimension": 200,
                "elliptic.repeats": 4,
                "repeats.regression": 4,
                "ensembles.repeats": 4,
                "deep.repeats": 4,
                "spikes.repeats": 4,
            },
        ),
    ),
    figures=FIGURES,
    headline=(
        Highlight("critical-tail", "critical-tail"),
        Highlight("normal", "non-normality"),
        Highlight("flow-losses", "interpolation-peak"),
        Highlight("members", "ensembles"),
        Highlight("deep-test", "agreement", where={"hidden_layers": 2}),
        Highlight("outliers", "spikes-detach"),
    ),
)
