"""Part `seen-subspace`: from how many tasks on is a subspace learned, and what is learned of the rest?

Figure 6 of the paper. Pretraining tasks lie in half of the directions, data and contexts are plenty (alpha = tau = 80).
The error on the seen half falls to the noise where there is a task for each of its directions, kappa = rank / d = 1/2;
what was never seen is never learned.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import power_law_spectrum, projector_spectrum, spiked_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, all_of, missing, within
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "seen-subspace")
SHARE = 0.5  # of the directions that pretraining sees: rank / d
GRID = np.linspace(0.1, 2.2, 106)
SEEN, WHOLE, UNSEEN = "same", "isotropic", "complement"
LEARNED = 0.01  # above the noise, of the error on the seen half at kappa = 1: theory has 0.0068
REFERENCE = {  # of theory at alpha = tau = 80, rho = 0.01, d = 80, on the seen half
    0.3: 0.4196, 0.4: 0.2200, 0.45: 0.1260, 0.5: 0.0566, 0.55: 0.0287, 0.6: 0.0211, 1.0: 0.0168,
}  # fmt: skip
ROUNDING = 5e-5


class Panels(StrEnum):
    """The panels of this part."""

    ERROR = "subspace-error"
    TABLE = "subspace-table"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the error against task diversity, and theory at the diversities of the table."""
    return [
        Panel(
            Panels.ERROR,
            "Pretrained on half of the directions\n(α = {alpha}, τ = {tau}, ρ = {rho}, d = {dimension})",
            "task diversity κ = k/d",
            "test error e",
            y_scale="log",
            facets=("alpha", "tau", "rho", "dimension"),
            series="{test}",
            verticals={SHARE: "rank / d"},
            note="the noise ρ is the least error",
            figure="Fig. 6",
        ),
        Panel(Panels.TABLE, "Theory at α = τ = 80", "task diversity κ", "test error e", drawn=False),
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the error of every test along kappa, and at the paper's sizes at the diversities of the table.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.subspace
    require_tasks("subspace.kappa", size.kappa, size.dimension)
    kappas = np.unique([*np.round(GRID[GRID * size.dimension >= 1], 6), *size.kappa])
    c = projector_spectrum(size.dimension, SHARE)
    for test, t in _tests(config).items():
        y = icl_error(c, t, size.tau, size.alpha, kappas, size.rho).total
        yield RECORD.theory(Panels.ERROR, _params(config, test), x=("kappa", kappas), y=("error", y))
    half, places = projector_spectrum(80, SHARE), np.array(list(REFERENCE))
    at = {"alpha": 80.0, "tau": 80.0, "rho": 0.01, "dimension": 80}
    for test, t in ((SEEN, half), (WHOLE, np.ones(80)), (UNSEEN, half[::-1].copy())):
        y = icl_error(half, t, 80, 80, places, 0.01).total
        yield RECORD.theory(Panels.TABLE, {**at, "test": test}, x=("kappa", places), y=("error", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size, tests, kappas = config.subspace, _tests(config), sorted(config.subspace.kappa)
    c = projector_spectrum(size.dimension, SHARE)
    with context.progress.task("fit linear attention: seen subspace", len(kappas)) as step:
        attention = FittedAttention(config, context, step)
        columns = [
            attention.errors(
                "subspace", c, list(tests.values()), Sizes(size.tau, size.alpha, kappa, size.rho), repeats=size.repeats
            )[:, 0]
            for kappa in kappas
        ]
    errors = np.stack(columns, axis=1)
    for place, test in enumerate(tests):
        y, y_err, n = standard_error(errors[:, :, place])
        yield RECORD.simulation(
            Panels.ERROR, _params(config, test), x=("kappa", kappas), y=("error", y), y_err=y_err, n=n
        )


def _tests(config: IclAlignmentConfig) -> dict[str, np.ndarray]:
    d, p = config.subspace.dimension, config.subspace.p
    power = power_law_spectrum(d, p)
    return {
        SEEN: projector_spectrum(d, SHARE),
        WHOLE: np.ones(d),
        UNSEEN: projector_spectrum(d, SHARE, complement=True),
        f"i^-{p:g}, aligned": power,
        f"i^-{p:g}, reversed": power[::-1].copy(),
        "spike on the first direction": spiked_spectrum(d, (0,), 1.0),
    }


def _params(config: IclAlignmentConfig, test: str) -> dict[str, object]:
    size = config.subspace
    return {"test": test, "alpha": size.alpha, "tau": size.tau, "rho": size.rho, "dimension": size.dimension}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    """Judge theory's numbers exactly, and in simulation the fall on the seen half and the lack of it on the unseen."""
    table = select(curves, panel=Panels.TABLE, test=SEEN).set_index("x")["y"]
    verdicts = [within(float(table[kappa]), value, ROUNDING) for kappa, value in REFERENCE.items()]
    simulated = select(curves, panel=Panels.ERROR, source="simulation")
    seen, unseen = (select(simulated, test=test).sort_values("x") for test in (SEEN, UNSEEN))
    few, many = seen[seen["x"] < SHARE], seen[seen["x"] >= 1]
    if few.empty or many.empty:
        return missing("subspace.kappa includes a value below 0.5 and one from 1 on")
    before, after, never = few.iloc[0], many.iloc[-1], unseen.iloc[-1]
    rho = float(parameter(seen, "rho").iloc[0])
    verdicts += [
        exceeds(before["y"] - after["y"], 0, float(np.hypot(before["y_err"], after["y_err"])), int(seen["n"].min())),
        exceeds(rho + LEARNED - after["y"], 0, after["y_err"], int(after["n"])),
        exceeds(never["y"] - 1, 0, never["y_err"], int(never["n"])),
    ]
    return Judgement(
        all_of(verdicts),
        predicted="e = " + ", ".join(f"{value:g} at κ = {kappa:g}" for kappa, value in REFERENCE.items()),
        measured=(
            f"theory {', '.join(f'{float(table[kappa]):.4f}' for kappa in REFERENCE)}; simulated {before['y']:.3f} at "
            f"κ = {before['x']:g}, {after['y']:.4f} ± {after['y_err']:.4f} at κ = {after['x']:g}, on the unseen half "
            f"{never['y']:.3f} ± {never['y_err']:.3f}"
        ),
        tolerance=f"theory to its digits; simulation below ρ + {LEARNED:g}, above 1 on the unseen half; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits, each tested on every covariance, and of theory along the diversity."""
    size, tests = config.subspace, len(_tests(config))
    fitted = [
        fits(size.dimension, Sizes(size.tau, size.alpha, kappa, size.rho), size.repeats, tests) for kappa in size.kappa
    ]
    return sum(fitted, theory(size.dimension, len(GRID), tests))


SEEN_SUBSPACE = Part(
    name="seen-subspace",
    question="From how many tasks on is a subspace learned, and what is learned of the rest?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 6",
    claims=(
        Claim(
            "diversity-transition-at-rank",
            "With plenty of data the error on the seen half falls to the noise at kappa = rank / d; what was never "
            "seen is never learned.",
            reads=(Panels.ERROR, Panels.TABLE),
            judge=_judge,
            figure="Fig. 6",
            needs={"subspace.repeats": 4, "subspace.dimension": 20},
        ),
    ),
)
