"""Part `diversity`: when does more task diversity lower the error of the test, and when does it raise it?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.covariances import exponent, test_label, tested_spectrum, train_spectrum
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.log_ratios import log_ratio
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("icl-alignment", "diversity")


class Panels(StrEnum):
    """The panels of this part."""

    DIVERSITY = "diversity"
    MISALIGNMENT = "misalignment"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return error and e_misalign against task diversity, for every pretraining."""
    return [
        Panel(
            name,
            f"{title} {{train}}\n(α = {{alpha}}, τ = {{tau}}, ρ = {{rho}})",
            "task diversity κ = k/d",
            label,
            x_scale="log",
            y_limits=(0.0, None),
            facets=("train", "alpha", "tau", "rho"),
            series=test_label,
            main=True,
        )
        for name, title, label in (
            (Panels.DIVERSITY, "Pretrained on C_tr:", "test error e"),
            (Panels.MISALIGNMENT, "Misalignment with C_tr:", "e_misalign = ⟨C_te K⟩ (small: aligned)"),
        )
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield error and e_misalign of every pretraining and test.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    require_tasks("kappa", config.kappa, config.dimension)
    kappas = np.array(sorted(config.kappa))
    for train, alpha, tau, rho in _cells(config):
        c = train_spectrum(train, config.dimension, config.p)
        for test in _tested_beside(config, train):
            t = tested_spectrum(test, train, config.dimension, config.p)
            found = icl_error(c, t, tau, alpha, kappas, rho)
            at = _params(config, train, test, alpha, tau, rho)
            yield RECORD.theory(Panels.DIVERSITY, at, x=("kappa", kappas), y=("error", found.total))
            yield RECORD.theory(Panels.MISALIGNMENT, at, x=("kappa", kappas), y=("e_misalign", found.misalignment))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of fitted linear attention; unlimited pretraining is known in theory alone."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    kappas, cells = sorted(config.kappa), [cell for cell in _cells(config) if math.isfinite(cell[2])]
    with context.progress.task("fit linear attention: diversity", len(cells) * len(kappas)) as step:
        attention = FittedAttention(config, context, step)
        for train, alpha, tau, rho in cells:
            names = _tested_beside(config, train)
            tests = [tested_spectrum(test, train, config.dimension, config.p) for test in names]
            c = train_spectrum(train, config.dimension, config.p)
            columns = [
                attention.errors(f"diversity {train}", c, tests, Sizes(tau, alpha, kappa, rho))[:, 0]
                for kappa in kappas
            ]
            errors = np.stack(columns, axis=1)
            for index, test in enumerate(names):
                y, y_err, n = standard_error(errors[:, :, index])
                at = _params(config, train, test, alpha, tau, rho)
                yield RECORD.simulation(Panels.DIVERSITY, at, x=("kappa", kappas), y=("error", y), y_err=y_err, n=n)


def _cells(config: IclAlignmentConfig) -> list[tuple[str, float, float, float]]:
    """Return (train, alpha, tau, rho) of each picture."""
    return [
        (train, alpha, tau, rho)
        for train in config.train
        for alpha in config.alpha
        for tau in config.tau
        for rho in config.rho
    ]


def _tested_beside(config: IclAlignmentConfig, train: str) -> list[str]:
    """Return the test covariances beside one pretraining covariance, each once."""
    return [name for name in config.test if not (name == train and "same" in config.test)]


def _params(
    config: IclAlignmentConfig, train: str, test: str, alpha: float, tau: float, rho: float
) -> dict[str, object]:
    fixed = {"dimension": config.dimension, **exponent(config.p, train, test)}
    return {"train": train, "test": test, "alpha": alpha, "tau": tau, "rho": rho, **fixed}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_aligned(curves: Curves) -> Judgement:
    return _along_kappa(select(curves, test="same"), direction=-1, lacking="test includes same")


def _judge_misaligned(curves: Curves) -> Judgement:
    lines = select(curves, train="half", test="reversed")
    return _along_kappa(lines, direction=1, lacking="train includes half, test includes reversed")


def _along_kappa(lines: Curves, *, direction: int, lacking: str) -> Judgement:
    """Judge that the error moves one way along kappa from end to end, and back nowhere in any of the steps."""
    verdicts, described, predicted = [], [], []
    every = int((lines["source"] == "simulation").sum())
    for params, rows in each_curve(lines):
        simulated = select(rows, source="simulation").sort_values("x")
        theory = select(rows, source="theory").sort_values("x")
        if len(simulated) < 2:
            continue
        steps = [log_ratio(simulated.iloc[i + 1], simulated.iloc[i]) for i in range(len(simulated) - 1)]
        repeats = int(simulated["n"].min())
        back = any(
            exceeds(direction * step, 0, error, repeats, comparisons=every) is Verdict.FAILS for step, error in steps
        )
        total, error = log_ratio(simulated.iloc[-1], simulated.iloc[0])
        verdicts.append(Verdict.FAILS if back else exceeds(direction * total, 0, error, repeats, comparisons=every))
        described.append(f"{total:+.3f} ± {error:.3f} ({params['train']})")
        predicted.append(f"{math.log(theory['y'].iloc[-1] / theory['y'].iloc[0]):+.3f}")
    if not verdicts:
        return missing(f"{lacking}, two values of kappa and a finite tau")
    return Judgement(
        all_of(verdicts),
        predicted="change of log e from the least to the largest kappa: " + ", ".join(predicted),
        measured=", ".join(described),
        tolerance=f"from end to end, no step back; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits of every picture at every diversity, and of theory along it."""
    d, repeats, kappas = config.dimension, config.simulation.repeats, config.kappa
    cells = [(len(_tested_beside(config, train)), alpha, tau, rho) for train, alpha, tau, rho in _cells(config)]
    fitted = [
        fits(d, Sizes(tau, alpha, kappa, rho), repeats, tests)
        for tests, alpha, tau, rho in cells
        if math.isfinite(tau)
        for kappa in kappas
    ]
    return sum(fitted, theory(d, len(kappas), sum(cell[0] for cell in cells)))


DIVERSITY = Part(
    name="diversity",
    question="When does more task diversity lower the error of the test, and when does it raise it?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "diversity-helps-aligned",
            "Tested on its own covariance, pretraining on more diverse tasks lowers the error, at every step.",
            reads=(Panels.DIVERSITY,),
            judge=_judge_aligned,
            needs={"simulation.repeats": 6},
        ),
        Claim(
            "diversity-harms-misaligned",
            "Pretrained on half of the directions and tested on the other half, more diverse tasks raise the error.",
            reads=(Panels.DIVERSITY,),
            judge=_judge_misaligned,
            needs={"simulation.repeats": 6},
        ),
    ),
)
