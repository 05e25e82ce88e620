"""Part `context-length`: how much do longer contexts help, at pretraining and test together and at the test alone?"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits
from solv.experiments.icl_alignment.covariances import CORE_TESTS
from solv.experiments.icl_alignment.fixed_point import core_params, core_spectra, fixed_sizes
from solv.experiments.icl_alignment.log_ratios import log_ratio
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "context-length")


class Panels(StrEnum):
    """The panels of this part."""

    CONTEXT = "context"
    TEST_CONTEXT = "test-context"


VARIED = {Panels.CONTEXT: "alpha", Panels.TEST_CONTEXT: "test_alpha"}


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against context length, of both together and of the test alone."""
    return [
        Panel(
            Panels.CONTEXT,
            "Longer contexts, at pretraining and test\n(C_tr: {train}, τ = {tau}, κ = {kappa}, ρ = {rho})",
            "context length α = l/d",
            "test error e",
            x_scale="log",
            facets=("train", "tau", "kappa", "rho"),
            series="{test}",
        ),
        Panel(
            Panels.TEST_CONTEXT,
            "Longer contexts at the test alone\n(C_tr: {train}, α = {alpha}, τ = {tau}, κ = {kappa}, ρ = {rho})",
            "context length at test α_te",
            "test error e",
            x_scale="log",
            facets=("train", "alpha", "tau", "kappa", "rho"),
            series="{test}",
        ),
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the error along both lengths.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    require_tasks("descent.kappa", [config.descent.kappa], config.dimension)
    c, tests = core_spectra(config)
    lengths = {
        Panels.CONTEXT: np.unique([*np.geomspace(0.25, 16, 40), *config.descent.alpha]),
        Panels.TEST_CONTEXT: np.unique([*np.geomspace(0.25, 64, 40), *config.test_alpha]),
    }
    for panel, x in lengths.items():
        for test, t in tests.items():
            y = icl_error(c, t, **{**asdict(fixed_sizes(config)), VARIED[panel]: x}).total
            at = core_params(config, test, varied=VARIED[panel])
            yield RECORD.theory(panel, at, x=(VARIED[panel], x), y=("error", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention; one pretraining is tested at all lengths of the test."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    (c, tests), at, alphas = core_spectra(config), fixed_sizes(config), config.descent.alpha
    covariances = list(tests.values())
    with context.progress.task("fit linear attention: context length", len(alphas) + 1) as step:
        attention = FittedAttention(config, context, step)
        columns = [attention.errors("context", c, covariances, replace(at, alpha=alpha))[:, 0] for alpha in alphas]
        longer = attention.errors("test-context", c, covariances, at, test_alphas=config.test_alpha)
    measured = {Panels.CONTEXT: (alphas, np.stack(columns, axis=1)), Panels.TEST_CONTEXT: (config.test_alpha, longer)}
    for panel, (x, errors) in measured.items():
        for index, test in enumerate(tests):
            y, y_err, n = standard_error(errors[:, :, index])
            params = core_params(config, test, varied=VARIED[panel])
            yield RECORD.simulation(panel, params, x=(VARIED[panel], x), y=("error", y), y_err=y_err, n=n)


def _judge(curves: Curves) -> Judgement:
    """One fit is tested at all lengths: its errors rise and fall together, so that that of a difference is strict."""
    simulated = select(curves, source="simulation")
    verdicts, gains = [], []
    for params, rows in each_curve(simulated):
        ordered = rows.sort_values("x")
        if len(ordered) < 2:
            continue
        change, error = log_ratio(ordered.iloc[-1], ordered.iloc[0])
        rises = (np.diff(ordered["y"]) > 0).any()
        verdicts.append(Verdict.FAILS if rises else exceeds(-change, 0, error, int(ordered["n"].min()), comparisons=3))
        gains.append(f"{params['test']} {change:+.2f} ± {error:.2f}")
    if not verdicts:
        return missing("test_alpha includes two values")
    lengths = f"{simulated['x'].min():g} to {simulated['x'].max():g}"
    return Judgement(
        all_of(verdicts),
        predicted="falls",
        measured=f"change of log e from alpha_te = {lengths}: " + ", ".join(gains),
        tolerance=f"{STUDENT}; no step up: given a fit, the error at each length is exact",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of a fit for each length, and of one that is tested at all lengths; contexts are not drawn."""
    d, repeats, at, tests = config.dimension, config.simulation.repeats, fixed_sizes(config), len(CORE_TESTS)
    longer = fits(d, at, repeats, tests * len(config.test_alpha))
    return len(config.descent.alpha) * fits(d, at, repeats, tests) + longer


CONTEXT_LENGTH = Part(
    name="context-length",
    question="How much do longer contexts help, at pretraining and test together and at the test alone?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "longer-test-context-helps",
            "With pretraining as it was, longer contexts at test lower the error, whatever the tasks.",
            reads=(Panels.TEST_CONTEXT,),
            judge=_judge,
            needs={"simulation.repeats": 6},
        ),
    ),
)
