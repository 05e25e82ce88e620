"""Part `best-pretraining`: on which power law should one pretrain, for a given power law at test?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.settings import ConfigurationError
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error, optimal_power_law
from solv.tracking.claims import Claim, Judgement, all_of
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "best-pretraining")
THEORY_EXPONENTS = 41  # of the line of theory
SEARCH_EVALUATIONS = 100  # of the error, in search of the best exponent


class Panels(StrEnum):
    """The panels of this part."""

    PRETRAINING = "pretraining"
    BEST = "best-power-law"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against the exponent of pretraining, and the table of theory's best exponents."""
    return [
        Panel(
            Panels.PRETRAINING,
            "Which power law to pretrain on, for i^-{test_p} at test\n(τ = {tau}, ρ = {rho})",
            "exponent of pretraining p",
            "log-ratio of error to p = test",
            facets=("test_p", "tau", "rho"),
            series="α={alpha}, κ={kappa}",
            verticals={config.pretraining.test_p: "test"},
        ),
        Panel(Panels.BEST, "Theory's best power law to pretrain on", "test exponent", "best exponent", drawn=False),
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the log-ratio of the error to that of pretraining on the test covariance, and where it is least.

    Raises:
        ConfigurationError: a task diversity of less than one task, or cases that do not pair up.
    """
    size, d = config.pretraining, config.dimension
    require_tasks("pretraining.kappa", size.kappa, d)
    t = power_law_spectrum(d, size.test_p)
    exponents = np.unique([*np.round(np.linspace(0, 2, THEORY_EXPONENTS), 6), *size.p])
    for case in _cases(config):
        params, at = _params(config, case), vars(case)
        own = float(icl_error(t, t, **at).total)
        errors = np.array([float(icl_error(power_law_spectrum(d, p), t, **at).total) for p in exponents])
        yield RECORD.theory(Panels.PRETRAINING, params, x=("p", exponents), y=("log_ratio", np.log(errors / own)))
        best = optimal_power_law(t, **at)
        place = ("test_p", size.test_p)
        yield RECORD.theory(Panels.BEST, params, x=place, y=("best_p", best.location))
        yield RECORD.theory(Panels.BEST, params, x=place, y=("log_ratio", math.log(best.error / own)))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the log-ratio of the errors of fitted linear attention, repeat by repeat on the same draws."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size, d, cases = config.pretraining, config.dimension, _cases(config)
    tests, exponents = [power_law_spectrum(d, size.test_p)], sorted({*size.p, size.test_p})
    with context.progress.task("fit linear attention: best pretraining", len(cases) * len(exponents)) as step:
        attention = FittedAttention(config, context, step)
        for case in cases:
            errors = {
                p: attention.errors(f"pretraining p={p}", power_law_spectrum(d, p), tests, case)[:, 0, 0]
                for p in exponents
            }
            y, y_err, n = standard_error(np.stack([np.log(errors[p] / errors[size.test_p]) for p in size.p], axis=1))
            at = _params(config, case)
            yield RECORD.simulation(Panels.PRETRAINING, at, x=("p", size.p), y=("log_ratio", y), y_err=y_err, n=n)


def _cases(config: IclAlignmentConfig) -> list[Sizes]:
    """Return the sizes of every case.

    Raises:
        ConfigurationError: there are not as many context lengths as task diversities.
    """
    size = config.pretraining
    if len(size.alpha) != len(size.kappa):
        raise ConfigurationError("pretraining.alpha and pretraining.kappa are cases in pairs; give equally many values")
    return [Sizes(size.tau, alpha, kappa, config.rho[0]) for alpha, kappa in zip(size.alpha, size.kappa, strict=True)]


def _params(config: IclAlignmentConfig, case: Sizes) -> dict[str, object]:
    return {**vars(case), "test_p": config.pretraining.test_p, "dimension": config.dimension}


def _judge(curves: Curves) -> Judgement:
    """Judged at the simulated exponent nearest to theory's best, so that no choice is made by the measurement."""
    verdicts, predicted, measured, needs = [], [], [], ""
    cases = list(each_curve(select(curves, panel=Panels.PRETRAINING, source="simulation")))
    for params, simulated in cases:
        table = select(curves, panel=Panels.BEST, source="theory", **params).set_index("y_name")["y"]
        best, gain = float(table["best_p"]), float(table["log_ratio"])
        near = simulated.iloc[int((simulated["x"] - best).abs().argmin())]
        verdicts.append(exceeds(-near["y"], 0, near["y_err"], near["n"], comparisons=len(cases)))
        case = f"α={params['alpha']:g}, κ={params['kappa']:g}"
        predicted.append(f"{case}: best p = {best:.2f}, {100 * math.expm1(gain):+.1f} %")
        measured.append(f"at p = {near['x']:g} {100 * math.expm1(near['y']):+.1f} ± {100 * near['y_err']:.1f} %")
        if near["x"] == params["test_p"]:
            needs = f"pretraining.p includes a value nearer to {best:.2f} than that of the test"
    return Judgement(
        all_of(verdicts),
        predicted="; ".join(predicted),
        measured="; ".join(measured),
        tolerance=f"the paired difference, in every case; {STUDENT}",
        needs=needs,
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits at every exponent, and of theory's line and its search for the best of them."""
    size, d, cases = config.pretraining, config.dimension, _cases(config)
    exponents = len({*size.p, size.test_p})
    fitted = [exponents * fits(d, case, config.simulation.repeats, 1) for case in cases]
    return sum(fitted, theory(d, 1, len(cases) * (THEORY_EXPONENTS + SEARCH_EVALUATIONS)))


BEST_PRETRAINING = Part(
    name="best-pretraining",
    question="Which power law is best to pretrain on, for a given power law at test?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "optimal-pretraining-not-test",
            "The best power law to pretrain on is in general not that of the test: some other one has less error.",
            reads=(Panels.PRETRAINING, Panels.BEST),
            judge=_judge,
            needs={"simulation.repeats": 6},
        ),
    ),
)
