"""Part `alignment-measures`: which measures of alignment order the errors of linear attention, over many covariances?

Many pairs of a pretraining and a test covariance, at several task diversities. Within one pretraining and at a fixed
trace theory's error is a constant plus e_misalign, which therefore orders it by construction: what is measured there is
finite size and how close the rivals come. Pooled over diversities the order is not given by construction.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.covariances import exponent, spiked_directions, train_spectrum
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.rank_correlations import (
    MEASURES,
    MISALIGNMENT,
    RANK_CALLS,
    RESOLVENT,
    Errors,
    Measures,
    Ranking,
    all_measures,
    by_measure,
    listed,
    rank_correlations,
    rank_correlations_within,
    ranks_of,
)
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.seeds import Seeds
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import (
    exponential_spectrum,
    power_law_spectrum,
    random_rotation,
    rotated_covariance,
    spiked_spectrum,
)
from solv.theory.icl_alignment.error import icl_error
from solv.tracking import claims
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "alignment-measures")
MEASURE_CUBES, MEASURE_CALLS = 40, 300  # all measures of a pair: eigenvalues of d x d, in d^3, and calls
SCATTER_LIMITS = (0.0, 1.95)  # knowing nothing is an error of 1 + rho; above it there is room for the legend
EXACT = 1e-9  # of a rank correlation that is one
ORDERED = 0.95  # rank correlation within one pretraining that finite size leaves: theory's is 1


class Panels(StrEnum):
    """The panels of this part."""

    SCATTER = "scatter-alignment"
    OVERLAP = "scatter-overlap"
    BURES_DISTANCE = "scatter-bures-distance"
    RANKS = "rank-correlation"
    RANKS_WITHIN = "rank-correlation-within"


SCATTERS = {MISALIGNMENT: Panels.SCATTER, "overlap (ours)": Panels.OVERLAP, "Bures (ours)": Panels.BURES_DISTANCE}
RANKINGS: dict[Panels, Ranking] = {
    Panels.RANKS_WITHIN: rank_correlations_within,
    Panels.RANKS: rank_correlations,
}


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the errors against e_misalign and two of its rivals, and how well each measure orders them."""
    scatters = [
        Panel(
            panel,
            ("Error against the paper's measure" if name == MISALIGNMENT else f"... and against a rival: {name}")
            + "\n(α = {alpha}, τ = {tau}, ρ = {rho})",
            "e_misalign = ⟨C_te K⟩" if name == MISALIGNMENT else f"{name.split()[0]} of C_te and C_tr",
            "test error e",
            y_limits=SCATTER_LIMITS,
            facets=("alpha", "tau", "rho"),
            series="{train} κ={kappa}",
            ordered=True,
            joined=False,
            note="" if name == MISALIGNMENT else "simulation",
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
            (Panels.RANKS_WITHIN, "Which measure orders the tests of one pretraining?"),
            (Panels.RANKS, "... and the errors of all pairs and diversities?"),
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
    """Return what every measure says of every pair."""
    values, kappas = {}, config.scatter.kappa
    for train in config.scatter.train:
        c, tests = train_spectrum(train, config.scatter.dimension, config.p), _tests(config, train)
        found = all_measures(c, tests, tau, config.alpha[0], kappas, config.rho[0])
        values.update({(train, kappa): each for kappa, each in zip(kappas, found, strict=True)})
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
    """Yield the error against e_misalign at the first tau, and the rank correlations at every tau.

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
                yield RECORD.theory(Panels.SCATTER, at, x=(MISALIGNMENT, measures[key][0]), y=("error", found))


def _theory(config: IclAlignmentConfig, tau: float, train: str, kappa: float) -> np.ndarray:
    """Return theory's errors of the pairs of one pretraining, (tests,)."""
    c = train_spectrum(train, config.scatter.dimension, config.p)
    at = tau, config.alpha[0], kappa, config.rho[0]
    return np.array([float(icl_error(c, test, *at).total) for test in _tests(config, train)])


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention against three measures, and each repeat's rank correlations."""
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
            x = measures[key][MEASURES.index(name)] + (0 if name == MISALIGNMENT else aside)
            at = _scatter_params(config, *key)
            yield RECORD.simulation(panel, at, x=(name, x), y=("error", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _above_the_peak(curves: Curves) -> list[float]:
    return [tau for tau in sorted(float(each) for each in parameter(curves, "tau").unique()) if tau > 1]


def _judge_within(curves: Curves) -> Judgement:
    """Theory's correlation is one by construction; the repeats' may fall short of it by what finite size exchanges."""
    verdicts, described = [], []
    for tau in _above_the_peak(curves):
        theory, simulated = (ranks_of(select(curves, source=source, tau=tau)) for source in ("theory", "simulation"))
        own = simulated[MISALIGNMENT]
        verdicts += [
            claims.within(theory[MISALIGNMENT].value, 1, EXACT),
            exceeds(own.value, ORDERED, own.error, own.n),
        ]
        described.append(f"τ = {tau:g}: {listed(simulated)}; ± {own.error:.3f}; theory: {listed(theory)}")
    if not verdicts:
        return missing("scatter.tau includes a value above 1")
    return Judgement(
        all_of(verdicts),
        predicted="1 in theory, by construction",
        measured="; ".join(described),
        tolerance=f"simulated correlation above {ORDERED:g}; {STUDENT}",
    )


def _judge_pooled(curves: Curves) -> Judgement:
    """Compare with the best of the measures that know the covariances alone, at every tau above the peak."""
    simulated = select(curves, source="simulation")
    verdicts, described = [], []
    for tau in _above_the_peak(simulated):
        ranks = ranks_of(select(simulated, tau=tau))
        rivals = [rank for name, rank in ranks.items() if name not in (MISALIGNMENT, RESOLVENT)]
        own, best = ranks[MISALIGNMENT], max(rivals, key=lambda rank: rank.value)
        lead, error = own.above(best)
        verdicts.append(exceeds(lead, 0, error, own.n, comparisons=len(rivals)))
        described.append(f"τ = {tau:g}: lead {lead:.3f} ± {error:.3f}: {listed(ranks)}")
    if not verdicts:
        return missing("scatter.tau includes a value above 1")
    return Judgement(
        all_of(verdicts),
        predicted="e_misalign before every measure of the covariances alone",
        measured="; ".join(described),
        tolerance=f"difference to the best of them; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits, of every measure of each pair, and of the rank correlations of each repeat."""
    scatter, repeats, d = config.scatter, config.simulation.repeats, config.scatter.dimension
    tests = len(scatter.p) + len(scatter.rate) + len(scatter.share) + len(scatter.angle) + 1  # and the reversed one
    points = [Sizes(tau, config.alpha[0], kappa, config.rho[0]) for tau in scatter.tau for kappa in scatter.kappa]
    fitted = [len(scatter.train) * fits(d, at, repeats, tests) for at in points]
    pretrainings = len(points) * len(scatter.train)
    pairs = 2 * len(scatter.tau) * len(scatter.train) * tests  # measured for theory and for simulation
    measured = pairs * (Work(MEASURE_CUBES * d**3, MEASURE_CALLS) + theory(d, len(scatter.kappa)))
    ranked = Work(calls=RANK_CALLS) * (len(MEASURES) * (1 + repeats) * (pretrainings + len(scatter.tau)))
    return sum(fitted, measured + theory(d, 1, pretrainings * tests) + ranked)


ALIGNMENT_MEASURES = Part(
    name="alignment-measures",
    question="Which measure orders the errors of many pairs of covariances, within one pretraining and over all?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "alignment-orders-linear-errors",
            "Within one pretraining e_misalign orders the errors of linear attention: by construction in theory, and "
            f"in simulation with a rank correlation above {ORDERED:g}, at tau > 1.",
            reads=(Panels.RANKS_WITHIN,),
            judge=_judge_within,
            figure="Fig. 2",
            needs={"simulation.repeats": 6, "scatter.dimension": 40},
        ),
        Claim(
            "alignment-knows-diversity",
            "Over all pairs and task diversities together, e_misalign orders the errors better than any measure of the "
            "two covariances alone, at tau > 1.",
            reads=(Panels.RANKS,),
            judge=_judge_pooled,
            needs={"simulation.repeats": 6},
        ),
    ),
)
