"""Part `transformer`: does the alignment measure of linear attention order the errors of a nonlinear transformer?

Lines beside the trained points are theory of *linear* attention with unlimited pretraining, for linear labels: fresh
contexts at every step.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.covariances import POWER_LAW
from solv.experiments.icl_alignment.rank_correlations import (
    ALIGNMENT,
    Measures,
    Ranking,
    by_measure,
    lead,
    rank_correlations,
    rank_correlations_within,
    rivals,
)
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import IclError, icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "transformer")
LINEAR = "linear"  # the labels that theory is about
ORDERED = 0.8  # rank correlation from which on a measure is said to predict the transformer's errors


class Panels(StrEnum):
    """The panels of this part."""

    ERROR = "transformer"
    RANKS = "transformer-rank-correlation"
    RANKS_WITHIN = "transformer-rank-correlation-within"


RANKINGS: dict[Panels, Ranking] = {
    Panels.RANKS: rank_correlations,
    Panels.RANKS_WITHIN: rank_correlations_within,
}


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against A for every kind of label, and how well each measure orders it; none if switched off."""
    if not config.transformer.enabled:
        return []
    where = "d = {dimension}, pretrained on i^-{p}, α = {alpha}, ρ = {rho}"
    return [
        Panel(
            Panels.ERROR,
            f"Trained transformer, {{link}} labels\n({where})",
            "A of linear attention",
            "test error",
            facets=("link", "dimension", "p", "alpha", "rho"),
            series="κ={kappa}",
            ordered=True,
            note="lines, if any: theory of linear attention, τ = ∞",
        ),
        *(
            Panel(
                panel,
                f"{title}\n({where})",
                "measure",
                "rank correlation with the transformer's error",
                y_limits=(None, 1.35),
                facets=("dimension", "p", "alpha", "rho"),
                series="{link} labels",
                category=("measure",),
                note="1: right about every pair; dashes: theory of linear attention",
            )
            for panel, title in (
                (Panels.RANKS, "Which measure orders the transformer's errors?"),
                (Panels.RANKS_WITHIN, "... and those of one pretraining?"),
            )
        ),
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the errors of linear attention against A, and the rank correlations with them.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.transformer
    if not size.enabled:
        return
    require_tasks("transformer.kappa", size.kappa, size.dimension)
    if LINEAR not in size.link:
        return
    errors = {}
    for kappa in size.kappa:
        theory, at = _linear_attention(config, kappa), _params(config, LINEAR, kappa)
        errors[POWER_LAW, kappa] = np.array([float(each.total) for each in theory])
        x = (ALIGNMENT, [float(each.alignment) for each in theory])
        yield RECORD.theory(Panels.ERROR, at, x=x, y=("error", errors[POWER_LAW, kappa]))
    for panel, rank in RANKINGS.items():
        for params, (y,) in by_measure(_rank_params(config, LINEAR), rank(_measures(config), errors)):
            yield RECORD.theory(panel, params, x=("measure", 0.0), y=("rank_correlation", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the trained transformers' errors against A, and the rank correlation of every measure with them."""
    size = config.transformer
    if not size.enabled:
        return
    from solv.experiments.icl_alignment.transformer_training import train_and_test

    errors = context.unit("transformer", lambda: {"error": train_and_test(config, context)})["error"]
    measures = _measures(config)
    for index, link in enumerate(size.link):
        for column, kappa in enumerate(size.kappa):
            y, y_err, n = standard_error(errors[index, column])
            x, at = measures[POWER_LAW, kappa][0], _params(config, link, kappa)
            yield RECORD.trained(Panels.ERROR, at, x=(ALIGNMENT, x), y=("error", y), y_err=y_err, n=n)
        for panel, rank in RANKINGS.items():
            ranks = [
                rank(measures, dict(zip(measures, errors[index, :, seed], strict=True))) for seed in range(size.seeds)
            ]
            y, y_err, n = standard_error(ranks)
            for params, (value, error) in by_measure(_rank_params(config, link), y, y_err):
                yield RECORD.trained(panel, params, x=("measure", 0.0), y=("rank_correlation", value), y_err=error, n=n)


def _linear_attention(config: IclAlignmentConfig, kappa: float) -> list[IclError]:
    """Return theory of linear attention for each test exponent."""
    size = config.transformer
    c = power_law_spectrum(size.dimension, size.p)
    tests = (power_law_spectrum(size.dimension, p) for p in size.test_p)
    return [icl_error(c, t, math.inf, config.alpha[0], kappa, config.rho[0]) for t in tests]


def _measures(config: IclAlignmentConfig) -> Measures:
    """Return A of linear attention and its rivals for every task diversity and test exponent."""
    size = config.transformer
    c = power_law_spectrum(size.dimension, size.p)
    others = rivals(c, [power_law_spectrum(size.dimension, p) for p in size.test_p])
    return {
        (POWER_LAW, kappa): np.array([[error.alignment for error in _linear_attention(config, kappa)], *others])
        for kappa in size.kappa
    }


def _params(config: IclAlignmentConfig, link: str, kappa: float) -> dict[str, object]:
    return {**_at(config, link), "kappa": kappa}


def _rank_params(config: IclAlignmentConfig, link: str) -> dict[str, object]:
    """Return the params of a rank correlation: it is about all task diversities and tests together."""
    return {**_at(config, link), "kappas": config.transformer.kappa, "tests": config.transformer.test_p}


def _at(config: IclAlignmentConfig, link: str) -> dict[str, object]:
    size = config.transformer
    return {"link": link, "p": size.p, "alpha": config.alpha[0], "rho": config.rho[0], "dimension": size.dimension}


def _judge(curves: Curves) -> Judgement:
    """Undecided where the transformer has not learned in context at all: its error then is the labels' variance."""
    linear = select(curves, source="trained", link=LINEAR)
    if linear.empty:
        return missing("transformer.link includes linear")
    trained = select(linear, panel=Panels.ERROR)
    ranks, alone = (lead(select(linear, panel=panel)) for panel in RANKINGS)
    most = trained[parameter(trained, "kappa") == parameter(trained, "kappa").max()]
    best = most.nsmallest(1, "y").iloc[0]
    variance = 1 + float(parameter(trained, "rho").iloc[0])
    learned = exceeds(variance - best["y"], 0, known(best["y_err"], best["n"]))
    verdict = all_of(
        [
            exceeds(ranks.own, ORDERED, ranks.own_error),
            exceeds(ranks.own - ranks.rival, 0, ranks.error),
            exceeds(alone.own, 0, alone.own_error),
        ]
    )
    return Judgement(
        verdict if learned is Verdict.HOLDS else Verdict.UNDECIDED,
        predicted="A first",
        measured=(
            f"rank correlation: A {ranks.own:.3f} ± {ranks.own_error:.3f}, {ranks.rival_name} {ranks.rival:.3f}; one "
            f"pretraining alone: A {alone.own:.3f} ± {alone.own_error:.3f}, {alone.rival_name} {alone.rival:.3f}; "
            f"least error {best['y']:.3f} ± {best['y_err']:.3f} of a label variance {variance:g}"
        ),
        tolerance="2 s.e. over trainings",
    )


TRANSFORMER = Part(
    name="transformer",
    question="Does the alignment measure of linear attention order the errors of a nonlinear transformer, too?",
    switch="transformer.enabled",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "transformer-follows-alignment",
            f"A of linear attention orders the errors of the trained transformer over task diversities and tests (rank "
            f"correlation > {ORDERED:g}), better than measures that do not know the diversity, and orders the tests of "
            "one pretraining.",
            reads=(Panels.ERROR, Panels.RANKS, Panels.RANKS_WITHIN),
            judge=_judge,
            needs={"transformer.steps": 1000, "transformer.seeds": 4},
        ),
    ),
)
