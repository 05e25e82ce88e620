"""Part `test-time-context`: how far do longer contexts at the test go, without longer contexts in pretraining?

A figure of the preprint: test context lengths up to 1000 d on logarithmic axes, for pretraining and tests on the
identity and on power laws. Given a fit, the error at every length is exact.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "test-time-context")
FINITE = 8.0  # tolerance of the floor times d: at d = 40 finite size adds some 3.5 / d
LATE = 100.0  # length from which on the floor is reached within a few per cent


class Panels(StrEnum):
    """The panel of this part."""

    ERROR = "test-time-context"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against the context length at test."""
    return [
        Panel(
            Panels.ERROR,
            "Far longer contexts at the test\n(α = {alpha}, τ = {tau}, κ = {kappa}, ρ = {rho}, d = {dimension})",
            "context length at test α_te",
            "test error e",
            x_scale="log",
            y_scale="log",
            facets=("alpha", "tau", "kappa", "rho", "dimension"),
            series=_label,
            figure="test-time scaling (preprint)",
        )
    ]


def _label(params: Params) -> str:
    of = f"C = i^-{params['p']:g}" if params["p"] else "C = I"
    return of + (", α_te = ∞" if "endless" in params else "")


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the error along the length, and the floor that endless test contexts leave.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.long_tests
    require_tasks("long_tests.kappa", [size.kappa], size.dimension)
    lengths = np.unique([*np.geomspace(0.1, 1000, 81), *size.test_alpha])
    for p in size.p:
        c, at = power_law_spectrum(size.dimension, p), (size.tau, size.alpha, size.kappa, size.rho)
        y = icl_error(c, c, *at, test_alpha=lengths).total
        yield RECORD.theory(Panels.ERROR, _params(config, p), x=("test_alpha", lengths), y=("error", y))
        floor = float(icl_error(c, c, *at, test_alpha=np.inf).total)
        endless = {**_params(config, p), "endless": True}
        yield RECORD.theory(Panels.ERROR, endless, x=("test_alpha", lengths[[0, -1]]), y=("error", floor))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention; one pretraining is tested at all lengths."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size = config.long_tests
    at, lengths = Sizes(size.tau, size.alpha, size.kappa, size.rho), sorted(size.test_alpha)
    with context.progress.task("fit linear attention: test-time context", len(size.p)) as step:
        attention = FittedAttention(config, context, step)
        for p in size.p:
            c = power_law_spectrum(size.dimension, p)
            errors = attention.errors(f"long tests p={p}", c, [c], at, test_alphas=lengths)[:, :, 0]
            y, y_err, n = standard_error(errors)
            params = _params(config, p)
            yield RECORD.simulation(Panels.ERROR, params, x=("test_alpha", lengths), y=("error", y), y_err=y_err, n=n)


def _params(config: IclAlignmentConfig, p: float) -> dict[str, object]:
    size = config.long_tests
    at = {"alpha": size.alpha, "tau": size.tau, "kappa": size.kappa, "rho": size.rho}
    return {"p": p, **at, "dimension": size.dimension}


def _judge(curves: Curves) -> Judgement:
    """Judge that the error falls to a floor, which is that of theory for endless test contexts."""
    verdicts, described, tolerance = [], [], 0.0
    for params, rows in each_curve(curves):
        simulated = select(rows, source="simulation").sort_values("x")
        late = simulated[simulated["x"] >= LATE]
        if late.empty or "endless" in params:
            continue
        last, tolerance = late.iloc[-1], FINITE / params["dimension"]
        lines = curves[curves["source"] == "theory"]
        floor = float(select(lines, **params, endless=True)["y"].iloc[0])
        ratio, error = last["y"] / floor, last["y_err"] / floor
        falls = (np.diff(simulated["y"]) < 0).all()
        verdicts += [
            Verdict.HOLDS if falls else Verdict.FAILS,
            within(ratio, 1, tolerance, error, int(last["n"]), comparisons=3),
        ]
        described.append(f"{ratio:.3f} ± {error:.3f} ({_label(params)}, floor {floor:.3f})")
    if not described:
        return missing(f"long_tests.test_alpha includes {LATE:g} and more")
    return Judgement(
        all_of(verdicts),
        predicted="falls at every step to a floor above the noise",
        measured="error at the longest contexts over theory's floor: " + ", ".join(described),
        tolerance=f"no step up (exact, given a fit); {FINITE:g} / d = {tolerance:g} of the floor; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of one fit for each spectrum, tested at all lengths; theory takes no time."""
    size = config.long_tests
    at = Sizes(size.tau, size.alpha, size.kappa, size.rho)
    return len(size.p) * fits(size.dimension, at, config.simulation.repeats, len(size.test_alpha))


TEST_TIME_CONTEXT = Part(
    name="test-time-context",
    question="How far do longer contexts at the test go, without longer contexts in pretraining?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="test-time scaling (preprint)",
    claims=(
        Claim(
            "test-context-has-a-floor",
            "Longer contexts at test alone lower the error to a floor, which only more pretraining lowers further.",
            reads=(Panels.ERROR,),
            judge=_judge,
            figure="test-time scaling (preprint)",
            needs={"simulation.repeats": 6, "long_tests.dimension": 40},
        ),
    ),
)
