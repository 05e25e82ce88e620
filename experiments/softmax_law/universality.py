"""Part `universality`: is the exponent the same for linear students of other classes, dimensions and batches?"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np

from solv.experiments.softmax_law.counting import descent_work, tables_work
from solv.experiments.softmax_law.exponents import EXPONENT, fit_curves, fitted, listed, long_enough, near
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import batches, reading_times, student_rates, variants, window
from solv.experiments.softmax_law.teachers import teacher_samples
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.softmax_law.loss import aligned_flow, loss_exponent
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.curves import Curves, Recorder, select
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "universality")
STUDENT = ("student", 0)  # the abscissa is made from the params


class Panels(StrEnum):
    """The panels of this part; `universality-fits` holds the windows of the fits and their intervals."""

    EXPONENT = "universality"
    FITS = "universality-fits"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return the exponent of each student."""
    return [
        Panel(
            Panels.EXPONENT,
            "Exponent of the loss, one-hot target: linear students",
            "V, d, batch",
            "exponent",
            series="linear student",
            category=("classes", "dimension", "batch"),
            slopes=(Slope(0.0, -1 / 3, -0.5, len(variants(config)) - 0.5, "-1/3"),),
            note="dashes: theory in the window of the fit",
        ),
        Panel(Panels.FITS, "Windows and intervals of these fits", "V, d, batch", "", drawn=False),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield what the aligned flow has in the window of each fit, and that window."""
    for variant in variants(config):
        at, (start, end) = variant.params(), window(config, variant)
        s = reading_times(student_rates(variant, math.inf, config))
        samples = teacher_samples(config, variant.classes, variant.dimension)
        fit = fitted(s, np.stack([aligned_flow(s, math.inf, sample).loss for sample in samples]), start, end)
        exponent = loss_exponent() if fit is None else fit.exponent
        yield RECORD.theory(Panels.EXPONENT, at, x=STUDENT, y=("exponent", exponent))
        yield RECORD.theory(Panels.FITS, at, x=STUDENT, y=("start", start))
        yield RECORD.theory(Panels.FITS, at, x=STUDENT, y=("end", end))


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield the exponents of the trained students."""
    from solv.experiments.softmax_law.descent import every_student

    trained = every_student(config, context)
    for variant in variants(config):
        s = reading_times(student_rates(variant, math.inf, config))
        fit = fitted(s, trained[variant, math.inf]["loss"], *window(config, variant))
        if fit is not None:
            yield from fit_curves(RECORD, Panels.EXPONENT, Panels.FITS, variant.params(), STUDENT, [fit])


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the students that no other part has, of other dimensions and batches, and of their flows."""
    shown = {(config.dimension[0], config.batch), (config.dimension[0], 0)}
    alone = config.parts and "one-third-law" not in config.parts
    own = batches(config).keys() - (set() if alone else shown)
    tables = len(config.dimension[1:]) * tables_work(config, config.classes[0])
    return tables + descent_work(config, sorted(own))


def _judge_universality(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.EXPONENT, source="trained")
    rows = long_enough(rows, select(curves, panel=Panels.FITS))
    if len(rows) < 2:
        return missing("classes, dimension hold several values, with windows that end after s = 600")
    return Judgement(
        all_of(near(row, -1 / 3, EXPONENT) for _, row in rows.iterrows()),
        predicted=-1 / 3,
        measured=listed(rows, _name),
        tolerance=f"{EXPONENT:g} each, for other V and d over s > 8 C^2",
    )


def _name(params: Mapping[str, Any]) -> str:
    return f"V={params['classes']} d={params['dimension']} batch {params['batch']}"


UNIVERSALITY = Part(
    name="universality",
    question="Is the exponent of a linear student the same for other numbers of classes, dimensions and batches?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "universality",
            "The exponent of a linear student's loss is the same for other V, d and batch sizes.",
            reads=(Panels.EXPONENT, Panels.FITS),
            judge=_judge_universality,
            needs={"horizon": 1e4, "repeats": 4},
        ),
    ),
)
