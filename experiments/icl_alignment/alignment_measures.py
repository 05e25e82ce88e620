"""Part `alignment-measures`: does the alignment measure A predict the error, and do its rivals?

Many pairs of a pretraining and a test covariance, at several task diversities. The rivals know neither task diversity
nor the amount of data: within one pretraining they come much closer to A.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.covariances import exponent, spiked_directions, train_spectrum
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.rank_correlations import (
    ALIGNMENT,
    MEASURES,
    Errors,
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
from solv.harness.seeds import Seeds
from solv.theory.icl_alignment.covariances import (
    exponential_spectrum,
    power_law_spectrum,
    random_rotation,
    rotated_covariance,
    spiked_spectrum,
)
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, missing
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "alignment-measures")
SCATTER_LIMITS = (0.0, 1.95)  # knowing nothing is an error of 1 + rho; above it there is room for the legend


class Panels(StrEnum):
    """The panels of this part."""

    SCATTER = "scatter-alignment"
    OVERLAP = "scatter-overlap"
    BURES_DISTANCE = "scatter-bures-distance"
    RANKS = "rank-correlation"
    RANKS_WITHIN = "rank-correlation-within"


SCATTERS = {ALIGNMENT: Panels.SCATTER, "overlap": Panels.OVERLAP, "Bures distance": Panels.BURES_DISTANCE}
RANKINGS: dict[Panels, Ranking] = {
    Panels.RANKS: rank_correlations,
    Panels.RANKS_WITHIN: rank_correlations_within,
}


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the errors against A and against two of its rivals, and how well each measure orders them."""
    scatters = [
        Panel(
            panel,
            ("Error against the alignment measure" if name == ALIGNMENT else f"... and against a rival: {name}")
            + "\n(α = {alpha}, τ = {tau}, ρ = {rho})",
            "A = ⟨C_te F⟩" if name == ALIGNMENT else f"{name} of C_te and C_tr",
            "test error e",
            y_limits=SCATTER_LIMITS,
            facets=("alpha", "tau", "rho"),
            series="{train} κ={kappa}",
            ordered=True,
            joined=False,
            note="" if name == ALIGNMENT else "simulation",
        )
        for name, panel in SCATTERS.items()
    ]
    ranks = [
        Panel(
            panel,
            title + "\n(linear attention, α = {alpha}, ρ = {rho})",
            "measure",
            "rank correlation with the error",
            y_limits=(None, 1.35),
            facets=("alpha", "rho"),
            series="τ={tau}",
            category=("measure",),
            note="1: right about every pair",
        )
        for panel, title in (
            (Panels.RANKS, "Which measure orders the errors of all pairs?"),
            (Panels.RANKS_WITHIN, "Which measure orders the tests of one pretraining?"),
        )
    ]
    return [*scatters, *ranks]


# -- the pairs -----------------------------------------------------------------------------------------------------


def _tests(config: IclAlignmentConfig, train: str) -> list[np.ndarray]:
    """Return the test covariances beside one pretraining covariance: diagonals, or matrices if rotated.

    Rotations are drawn from the run's seed, the same for every pretraining covariance.
    """
    d, scatter = config.scatter.dimension, config.scatter
    c = train_spectrum(train, d, config.p)
    tests = [power_law_spectrum(d, p) for p in scatter.p]
    tests += [exponential_spectrum(d, rate) for rate in scatter.rate]
    tests += [spiked_spectrum(d, spiked_directions(d), share) for share in scatter.share]
    for angle in scatter.angle:
        tests.append(rotated_covariance(c, random_rotation(d, angle, Seeds(config.seed).numpy("rotation", angle))))
    return [*tests, c[::-1].copy()]


def _measures(config: IclAlignmentConfig, tau: float) -> Measures:
    """Return A and its rivals for every pair."""
    values = {}
    for train in config.scatter.train:
        c, tests = train_spectrum(train, config.scatter.dimension, config.p), _tests(config, train)
        others = rivals(c, tests)
        at = tau, config.alpha[0], np.array(config.scatter.kappa), config.rho[0]
        alignments = np.stack([icl_error(c, test, *at).alignment for test in tests], axis=-1)
        for kappa, row in zip(config.scatter.kappa, alignments, strict=True):
            values[train, kappa] = np.array([row, *others])
    return values


def _at(config: IclAlignmentConfig, tau: float) -> dict[str, object]:
    return {"tau": tau, "alpha": config.alpha[0], "rho": config.rho[0], "dimension": config.scatter.dimension}


def _scatter_params(config: IclAlignmentConfig, train: str, kappa: float) -> dict[str, object]:
    return {**_at(config, config.scatter.tau[0]), "train": train, "kappa": kappa, **exponent(config.p, train)}


def _rank_params(config: IclAlignmentConfig, tau: float) -> dict[str, object]:
    """Return the params of a rank correlation: it is about all pairs together."""
    scatter = config.scatter
    return {
        **_at(config, tau),
        **exponent(config.p, *scatter.train),
        "trains": scatter.train,
        "kappas": scatter.kappa,
        "power_laws": scatter.p,
        "rates": scatter.rate,
        "shares": scatter.share,
        "angles": scatter.angle,
    }


# -- theory and measurement ----------------------------------------------------------------------------------------


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the error against A at the first tau, and the rank correlations at every tau.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    scatter = config.scatter
    require_tasks("scatter.kappa", scatter.kappa, scatter.dimension)
    for tau in scatter.tau:
        measures = _measures(config, tau)
        errors = {key: _theory(config, tau, *key) for key in measures}
        for panel, rank in RANKINGS.items():
            for params, (y,) in by_measure(_rank_params(config, tau), rank(measures, errors)):
                yield RECORD.theory(panel, params, x=("measure", 0.0), y=("rank_correlation", y))
        if tau == scatter.tau[0]:
            for key, found in errors.items():
                at = _scatter_params(config, *key)
                yield RECORD.theory(Panels.SCATTER, at, x=(ALIGNMENT, measures[key][0]), y=("error", found))


def _theory(config: IclAlignmentConfig, tau: float, train: str, kappa: float) -> np.ndarray:
    """Return theory's errors of the pairs of one pretraining, (tests,)."""
    c = train_spectrum(train, config.scatter.dimension, config.p)
    at = tau, config.alpha[0], kappa, config.rho[0]
    return np.array([float(icl_error(c, test, *at).total) for test in _tests(config, train)])


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention against A and two rivals, and each repeat's rank correlations."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    scatter, fits = config.scatter, len(config.scatter.tau) * len(config.scatter.train) * len(config.scatter.kappa)
    with context.progress.task("fit linear attention: alignment measures", fits) as step:
        attention = FittedAttention(config, context, step)
        for tau in scatter.tau:
            errors = {}
            for train in scatter.train:
                c, tests = train_spectrum(train, scatter.dimension, config.p), _tests(config, train)
                for kappa in scatter.kappa:
                    at = Sizes(tau, config.alpha[0], kappa, config.rho[0])
                    errors[train, kappa] = attention.errors(f"scatter {train}", c, tests, at)[:, 0]
            measures = _measures(config, tau)
            yield from _ranks(config, tau, measures, errors)
            if tau == scatter.tau[0]:
                yield from _scatter(config, measures, errors)


def _ranks(config: IclAlignmentConfig, tau: float, measures: Measures, errors: Errors) -> Iterator[Curves]:
    """Yield the rank correlations of each repeat's errors, (repeats, tests) of every pretraining, averaged."""
    for panel, rank in RANKINGS.items():
        repeats = range(config.simulation.repeats)
        y, y_err, n = standard_error([rank(measures, {key: each[r] for key, each in errors.items()}) for r in repeats])
        for params, (value, error) in by_measure(_rank_params(config, tau), y, y_err):
            yield RECORD.simulation(panel, params, x=("measure", 0.0), y=("rank_correlation", value), y_err=error, n=n)


def _scatter(config: IclAlignmentConfig, measures: Measures, errors: Errors) -> Iterator[Curves]:
    """Yield the mean errors against the measures that are drawn."""
    for key, repeats in errors.items():
        y, y_err, n = standard_error(repeats)
        aside = 1e-9 * np.arange(len(y))  # two tests of which a rival says the same stay two points
        for name, panel in SCATTERS.items():
            x = measures[key][MEASURES.index(name)] + (0 if name == ALIGNMENT else aside)
            at = _scatter_params(config, *key)
            yield RECORD.simulation(panel, at, x=(name, x), y=("error", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    simulated = select(curves, source="simulation")
    everywhere, within = (select(simulated, panel=panel) for panel in RANKINGS)
    taus = [float(tau) for tau in parameter(everywhere, "tau").unique()]
    if not any(tau > 1 for tau in taus):
        return missing("scatter.tau includes a value above 1")
    leads = {tau: lead(select(everywhere, tau=tau)) for tau in taus}
    judged = {tau: each for tau, each in leads.items() if tau > 1}
    worst = min(judged, key=lambda tau: judged[tau].own - judged[tau].rival)
    first = judged[worst]
    beside = [f"one pretraining alone {lead(select(within, tau=worst))}"]
    beside += [f"τ = {tau:g} {each}" for tau, each in leads.items() if tau != worst]
    return Judgement(
        all_of(exceeds(each.own - each.rival, 0, each.error) for each in judged.values()),
        predicted="A first",
        measured=(
            f"rank correlation: A {first.own:.3f}, {first.rival_name} {first.rival:.3f}, difference ± "
            f"{first.error:.3f}; for comparison: " + "; ".join(beside)
        ),
        tolerance="2 s.e. of the difference to the best rival",
    )


ALIGNMENT_MEASURES = Part(
    name="alignment-measures",
    question="Does the alignment measure order the errors of many pairs of covariances better than its rivals do?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "alignment-predicts-error",
            "Over many pairs of covariances and task diversities, the errors are ordered by A better than by any "
            "competing measure, at tau > 1.",
            reads=(Panels.RANKS, Panels.RANKS_WITHIN),
            judge=_judge,
            needs={"simulation.repeats": 6},
        ),
    ),
)
