"""Which statements about pretrain-test alignment does a run show? The claims of the icl-alignment spec, section 5."""

import math

import numpy as np
import pandas as pd

from solv.experiments.icl_alignment.predictions import ALIGNMENT, MEASURES, RANK_PANELS
from solv.tracking.claims import Claim, Verdict, all_of, exceeds, not_measured
from solv.tracking.curves import Curves, parameter, select

BIAS = 0.02  # what is left of the 1/d^2 terms by a line in 1/d from d = 20 on
PEAK = 0.2  # |tau - 1| below which the 1/d expansion is that of a moving peak
ORDERED = 0.8  # rank correlation from which on a measure is said to predict the transformer's errors


def check_claims(curves: Curves) -> list[Claim]:
    """Return the claims, each judged by the curves alone; a claim whose curves are missing is undecided."""
    return [
        _matches_theory(curves),
        _double_descent(curves),
        _diversity_helps_aligned(curves),
        _diversity_harms_misaligned(curves),
        _alignment_predicts_error(curves),
        _transformer_follows_alignment(curves),
        _longer_test_context_helps(curves),
        _optimal_pretraining(curves),
    ]


def _matches_theory(curves: Curves) -> Claim:
    """At one d theory is missed by O(1/d): what is judged is the line in 1/d at 0."""
    statement = "Extrapolated to 1/d = 0, the simulated error is that of theory, below and above the peak."
    simulated = select(curves, panel="finite-size", source="simulation")
    simulated = simulated[(parameter(simulated, "tau").astype(float) - 1).abs() >= PEAK]
    found = [_intercept(rows) for _, rows in simulated.groupby("series", sort=False) if len(rows) >= 2]
    if not found:
        return not_measured("matches-theory", statement, "finite_size.dimension with two values, tau off the peak")
    worst, error = max(found, key=lambda each: abs(each[0] - 1) - 2 * each[1])
    return Claim(
        "matches-theory",
        statement,
        predicted=1.0,
        measured=worst,
        error=error,
        verdict=all_of(_judge_intercept(*each) for each in found),
        tolerance=f"2 s.e. + {BIAS:g}, in each of {len(found)} series (the worst is shown)",
        needs=f"finite_size.repeats so that every s.e. is below {BIAS:g}",
    )


def _judge_intercept(value: float, error: float) -> Verdict:
    if math.isnan(error) or error > BIAS:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if abs(value - 1) <= 2 * error + BIAS else Verdict.FAILS


def _intercept(rows: Curves) -> tuple[float, float]:
    """Return the value at 1/d = 0 of the weighted line through the ratios, and its standard error."""
    x, y, weight = rows["x"].to_numpy(), rows["y"].to_numpy(), 1 / np.maximum(rows["y_err"].to_numpy(), 1e-12)
    design = np.stack([np.ones_like(x), x], axis=1) * weight[:, None]
    covariance = np.linalg.inv(design.T @ design)
    return float((covariance @ design.T @ (y * weight))[0]), float(math.sqrt(covariance[0, 0]))


def _double_descent(curves: Curves) -> Claim:
    statement = "The error falls with pretraining, rises to a peak at tau = 1, where theory diverges, and falls again."
    theory = select(curves, panel="double-descent", source="theory")
    simulated = select(curves, panel="double-descent", source="simulation")
    beside = [simulated.loc[simulated["x"] < 1, "x"], simulated.loc[simulated["x"] > 1, "x"]]
    if theory.empty or min(part.nunique() for part in beside) < 2:
        return not_measured("double-descent-at-tau-1", statement, "descent.tau with two values on each side of 1")
    nearest = {beside[0].max(), beside[1].min()}
    verdicts, rises, falls = [], [], []
    for _, rows in simulated.groupby("series", sort=False):
        peak = rows.iloc[int(rows["y"].argmax())]
        left, right = rows[rows["x"] < peak["x"]], rows[rows["x"] > peak["x"]]
        verdicts.append(Verdict.HOLDS if peak["x"] in nearest else Verdict.FAILS)
        if len(left) and len(right):
            rise, fall = (
                _log_ratio(peak, left.iloc[int(left["y"].argmin())]),
                _log_ratio(peak, right.iloc[int(right["y"].argmin())]),
            )
            verdicts += [exceeds(rise[0], 0, rise[1]), exceeds(fall[0], 0, fall[1])]
            rises.append(rise[0])
            falls.append(fall[0])
    diverges = bool(np.isinf(theory.loc[theory["x"] == 1, "y"]).all())
    verdicts.append(Verdict.HOLDS if diverges else Verdict.FAILS)
    return Claim(
        "double-descent-at-tau-1",
        statement,
        predicted="infinite at tau = 1",
        measured=(
            f"largest next to tau = 1 in {verdicts.count(Verdict.HOLDS)} of {len(verdicts)} checks; "
            f"log e rises to it by {min(rises, default=math.nan):.2f} or more and falls by "
            f"{min(falls, default=math.nan):.2f} or more"
        ),
        verdict=all_of(verdicts),
        tolerance="the simulated tau nearest to 1 on either side; 2 s.e.",
        needs="simulation.repeats >= 6",
    )


def _diversity_helps_aligned(curves: Curves) -> Claim:
    statement = "Tested on its own covariance, pretraining on more diverse tasks lowers the error, at every step."
    return _along_kappa(curves, "diversity-helps-aligned", statement, test="same", train=None, direction=-1)


def _diversity_harms_misaligned(curves: Curves) -> Claim:
    statement = "Pretrained on half of the directions and tested on the other half, more diverse tasks raise the error."
    return _along_kappa(curves, "diversity-harms-misaligned", statement, test="reversed", train="half", direction=1)


def _along_kappa(curves: Curves, name: str, statement: str, *, test: str, train: str | None, direction: int) -> Claim:
    """Judge that the error moves one way along kappa: from end to end by 2 s.e., and back nowhere by 3."""
    rows = curves[curves["panel"].str.startswith("diversity ") & (curves["series"] == test)]
    if train is not None:
        rows = rows[parameter(rows, "train") == train]
    verdicts, described, predicted = [], [], []
    for panel, lines in rows.groupby("panel", sort=False):
        simulated = select(lines, source="simulation").sort_values("x")
        theory = select(lines, source="theory").sort_values("x")
        if len(simulated) < 2:
            continue
        steps = [_log_ratio(simulated.iloc[i + 1], simulated.iloc[i]) for i in range(len(simulated) - 1)]
        back = any(-direction * step > 3 * error for step, error in steps)
        total, error = _log_ratio(simulated.iloc[-1], simulated.iloc[0])
        verdicts += [Verdict.FAILS] if back else [exceeds(direction * total, 0, error)]
        described.append(f"{total:+.3f} ± {error:.3f} ({str(panel).split()[1]})")
        predicted.append(f"{math.log(theory['y'].iloc[-1] / theory['y'].iloc[0]):+.3f}")
    if not verdicts:
        wanted = f"train = {train}, " if train else ""
        return not_measured(name, statement, f"{wanted}test = {test} and two values of kappa")
    return Claim(
        name,
        statement,
        predicted="change of log e from the least to the largest kappa: " + ", ".join(predicted),
        measured=", ".join(described),
        verdict=all_of(verdicts),
        tolerance="end to end by 2 s.e., no step back by 3 s.e.",
        needs="a wider range of kappa or simulation.repeats >= 6",
    )


def _alignment_predicts_error(curves: Curves) -> Claim:
    """The rivals know neither task diversity nor the amount of data: within one pretraining they come much closer."""
    statement = (
        "Over many pairs of covariances and task diversities, the errors are ordered by A better than by any competing "
        "measure, at tau > 1."
    )
    everywhere, within = (
        rows.assign(judged=parameter(rows, "judged").astype(bool))
        for rows in (select(curves, panel=panel, source="simulation") for panel in RANK_PANELS.values())
    )
    judged = everywhere[everywhere["judged"]]
    if judged.empty:
        return not_measured(
            "alignment-predicts-error", statement, "scatter.train and scatter.kappa with several values"
        )
    own, rival, error, name = _lead(judged)
    beside = [f"one pretraining alone {_pair(within[within['judged']])}"]
    beside += [f"τ = {tau:g} {_pair(rows)}" for tau, rows in _by_tau(everywhere[~everywhere["judged"]])]
    return Claim(
        "alignment-predicts-error",
        statement,
        predicted="A first",
        measured=(
            f"rank correlation: A {own:.3f}, {name} {rival:.3f}, difference ± {error:.3f}; for comparison: "
            + "; ".join(beside)
        ),
        verdict=exceeds(own - rival, 0, error),
        tolerance="2 s.e. of the difference to the best rival",
        needs="simulation.repeats >= 6 and more pairs",
    )


def _transformer_follows_alignment(curves: Curves) -> Claim:
    """Undecided where the transformer has not learned in context at all: its error then is the labels' variance."""
    statement = (
        f"A of linear attention orders the errors of the trained transformer over task diversities and tests (rank "
        f"correlation > {ORDERED:g}), better than measures that do not know the diversity, and orders the tests of one "
        "pretraining."
    )
    trained = curves[(curves["panel"] == "transformer linear") & (curves["source"] == "trained")]
    ranks, within = (
        select(curves, panel=panel, source="trained", series="transformer, linear labels")
        for panel in RANK_PANELS.values()
    )
    if trained.empty or ranks.empty or within.empty:
        return not_measured("transformer-follows-alignment", statement, "transformer.link includes linear")
    own, rival, error, name = _lead(ranks)
    (_, own_error), (alone, alone_error) = _of_alignment(ranks), _of_alignment(within)
    most = trained[parameter(trained, "kappa") == parameter(trained, "kappa").max()]
    best = most.iloc[int(most["y"].argmin())]
    variance = 1 + float(parameter(trained, "rho").iloc[0])
    learned = exceeds(variance - best["y"], 0, best["y_err"])
    judged = all_of([exceeds(own, ORDERED, own_error), exceeds(own - rival, 0, error), exceeds(alone, 0, alone_error)])
    return Claim(
        "transformer-follows-alignment",
        statement,
        predicted="A first",
        measured=(
            f"rank correlation: A {own:.3f} ± {own_error:.3f}, {name} {rival:.3f}; one pretraining alone: A "
            f"{alone:.3f} ± {alone_error:.3f}, {_lead(within)[3]} {_lead(within)[1]:.3f}; least error "
            f"{best['y']:.3f} ± {best['y_err']:.3f} of a label variance {variance:g}"
        ),
        verdict=judged if learned is Verdict.HOLDS else Verdict.UNDECIDED,
        tolerance="2 s.e. over trainings",
        needs="transformer.steps >= 1000 and transformer.seeds >= 4",
    )


def _by_tau(rows: Curves) -> list[tuple[float, Curves]]:
    taus = parameter(rows, "tau")
    return [(float(tau), rows[taus == tau]) for tau in taus.unique()]


def _of_alignment(ranks: Curves) -> tuple[float, float]:
    own = ranks[ranks["x"] == MEASURES.index(ALIGNMENT)].iloc[0]
    return float(own["y"]), float(own["y_err"])


def _lead(ranks: Curves) -> tuple[float, float, float, str]:
    """Return A's rank correlation, that of the best rival, the error of the difference (an upper bound), the rival.

    The repeats of A and its rivals are the same, so that adding their variances exaggerates.
    """
    own = ranks[ranks["x"] == MEASURES.index(ALIGNMENT)].iloc[0]
    rivals = ranks[ranks["x"] != MEASURES.index(ALIGNMENT)]
    best = rivals.iloc[int(rivals["y"].argmax())]
    error = math.hypot(own["y_err"], best["y_err"])
    return float(own["y"]), float(best["y"]), error, MEASURES[int(best["x"])]


def _pair(ranks: Curves) -> str:
    own, rival, _, name = _lead(ranks)
    return f"A {own:.3f}, {name} {rival:.3f}"


def _longer_test_context_helps(curves: Curves) -> Claim:
    """One fit is tested at all lengths: its errors rise and fall together, so that 2 s.e. of a difference is strict."""
    statement = "With pretraining as it was, longer contexts at test lower the error, whatever the tasks."
    simulated = select(curves, panel="test-context", source="simulation")
    verdicts, gains = [], []
    for test, rows in simulated.groupby("series", sort=False):
        ordered = rows.sort_values("x")
        if len(ordered) < 2:
            continue
        change, error = _log_ratio(ordered.iloc[-1], ordered.iloc[0])
        rises = (np.diff(ordered["y"]) > 0).any()
        verdicts.append(Verdict.FAILS if rises else exceeds(-change, 0, error))
        gains.append(f"{test} {change:+.2f} ± {error:.2f}")
    if not verdicts:
        return not_measured("longer-test-context-helps", statement, "two values of test_alpha")
    lengths = f"{simulated['x'].min():g} to {simulated['x'].max():g}"
    return Claim(
        "longer-test-context-helps",
        statement,
        predicted="falls",
        measured=f"change of log e from alpha_te = {lengths}: " + ", ".join(gains),
        verdict=all_of(verdicts),
        tolerance="2 s.e.; no step up",
        needs="simulation.repeats >= 6",
    )


def _optimal_pretraining(curves: Curves) -> Claim:
    """Judged at the simulated exponent nearest to theory's best, so that no choice is made by the measurement."""
    statement = "The best power law to pretrain on is in general not that of the test: some other one has less error."
    rows = select(curves, panel="pretraining")
    verdicts, predicted, measured = [], [], []
    for case, line in rows.groupby("series", sort=False):
        theory, simulated = select(line, source="theory"), select(line, source="simulation")
        if theory.empty or simulated.empty:
            continue
        best, gain = float(parameter(theory, "best_p").iloc[0]), float(parameter(theory, "best_gain").iloc[0])
        near = simulated.iloc[int((simulated["x"] - best).abs().argmin())]
        verdicts.append(exceeds(-near["y"], 0, near["y_err"]))
        predicted.append(f"{case}: best p = {best:.2f}, {100 * math.expm1(gain):+.1f} %")
        measured.append(f"at p = {near['x']:g} {100 * math.expm1(near['y']):+.1f} ± {100 * near['y_err']:.1f} %")
    if not verdicts:
        return not_measured("optimal-pretraining-not-test", statement, "the panel `pretraining`")
    return Claim(
        "optimal-pretraining-not-test",
        statement,
        predicted="; ".join(predicted),
        measured="; ".join(measured),
        verdict=all_of(verdicts),
        tolerance="2 s.e. of the paired difference, in every case",
        needs="simulation.repeats >= 6 and pretraining.p near theory's best",
    )


def _log_ratio(top: pd.Series, bottom: pd.Series) -> tuple[float, float]:
    """Return log(y_top / y_bottom) of two points and its standard error, as if they were independent."""
    error = math.hypot(top["y_err"] / top["y"], bottom["y_err"] / bottom["y"])
    return math.log(top["y"] / bottom["y"]), error
