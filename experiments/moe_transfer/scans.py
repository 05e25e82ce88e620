"""How do best rate and best loss move along a list of models? What the parts share that vary one more thing.

A *line* is a list of models, trained under one choice (of a table, a gate, a model); a part has one line or several.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.optima import (
    Optimum,
    optimum_of,
    optimum_table,
    rate_curve,
    read_optima,
    shift_per_doubling,
    tolerance_of,
)
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import Model, seeds_of
from solv.harness.contract import Context
from solv.harness.settings import replace
from solv.tracking.claims import Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Params, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel


@dataclass(frozen=True)
class Line:
    """Models, the smallest first, that are trained under one choice.

    Attributes:
        choice: its name in the params of curves.
        table: parameterization.
        models: their `along` is the abscissa.
        changes: settings of `transfer` that it has otherwise.
    """

    choice: str
    table: str
    models: Sequence[Model]
    changes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Names:
    """The panels of a scan: loss against rate, best rate and best loss against size, and what claims read."""

    rates: StrEnum
    optimum: StrEnum
    best: StrEnum
    optima: StrEnum


def scan_panels(names: Names, title: str, axis: str, shown: Mapping[str, str]) -> list[Panel]:
    """Return the panels of a scan: `title` says what grows, `axis` its abscissa, `shown` what each choice is called."""

    def label(params: Params) -> str:
        return shown[str(params["choice"])]

    return [
        Panel(
            names.rates,
            f"{title}: {{choice}}",
            "log2 learning rate",
            "training loss (nats)",
            facets=("choice",),
            series="N={width} L={layers} E={experts} K={active} H={hidden}",
            ordered=True,
        ),
        Panel(
            names.optimum, f"{title}: best rate", axis, "best learning rate", x_scale="log", y_scale="log", series=label
        ),
        Panel(names.best, f"{title}: best loss", axis, "training loss (nats)", x_scale="log", series=label),
        Panel(names.optima, f"{title}: optima", "size", "log2 of the best rate", facets=("choice",), drawn=False),
    ]


def measure_lines(
    record: Recorder, names: Names, axis: str, lines: Sequence[Line], settings: TransferSettings, context: Context
) -> Iterator[Curves]:
    """Yield the loss of every model at every rate, and the best of both."""
    from solv.experiments.moe_transfer.transformers import Laboratory

    with context.progress.task("train transformers with experts", sum(len(line.models) for line in lines)) as step:
        for line in lines:
            own = replace(settings, **line.changes)
            laboratory = Laboratory(own, context, line.choice if line.changes else "")
            for model in line.models:
                found = laboratory.losses(line.table, model, own.steps, seeds_of(own, model))
                place = {"choice": line.choice, "table": line.table, "steps": own.steps}
                y, y_err, n = standard_error(found["scores"])
                at: Params = {**place, **model.params}
                yield record.trained(names.rates, at, x=("log2 rate", found["rates"]), y=("loss", y), y_err=y_err, n=n)
                optimum = optimum_of(found["rates"], found["scores"])
                yield from rate_curve(record, names.optimum, place, axis, model.along, optimum)
                yield from optimum_table(record, names.optima, place, model.along, optimum)
                least = int(np.argmin(y))
                yield record.trained(
                    names.best, place, x=(axis, model.along), y=("loss", y[least]), y_err=y_err[least], n=n
                )
                step.advance(note=f"{line.choice} {model.name}")


# -- claims --------------------------------------------------------------------------------------------------------


def judge_stays(curves: Curves, panel: StrEnum, needs: str) -> Judgement:
    """Judge whether the best rate is the same at all sizes, under each choice by itself."""
    verdicts, spreads, errors, unknown, tolerance = [], [], [], 0, 0.0
    rows = select(curves, panel=panel)
    for choice in sorted(set(parameter(rows, "choice"))):
        optima = read_optima(select(rows, choice=choice))
        inside = [each for each in optima.values() if not math.isnan(each.log2_rate)]
        vague = sum(each.vague or each.inside < 1 for each in optima.values())
        unknown += vague
        if len(inside) < 2:
            continue
        tolerance = tolerance_of(inside)
        spread, error = float(np.ptp([each.log2_rate for each in inside])), _error(inside)
        verdicts.append(Verdict.UNDECIDED if vague else within(spread, 0.0, tolerance, error))
        spreads.append((spread, choice))
        errors.append(error)
    if not spreads:
        return missing(needs)
    worst = max(range(len(spreads)), key=lambda place: spreads[place][0])
    lost = f"; {unknown} unknown: at an edge of the grid or beside a divergence" if unknown else ""
    return Judgement(
        all_of(verdicts) if not unknown else Verdict.UNDECIDED,
        predicted=0.0,
        measured=spreads[worst][0],
        error=None if math.isnan(errors[worst]) else errors[worst],
        tolerance=f"optima within {tolerance:g} octaves (the worst: {spreads[worst][1]}){lost}",
    )


def shift_of(curves: Curves, panel: StrEnum, choice: str) -> tuple[float, float]:
    """Return the octaves per doubling by which the best rate moves under a choice, and its error; NaN if not known."""
    optima = read_optima(select(curves, panel=panel, choice=choice))
    if len(optima) < 2 or any(math.isnan(each.log2_rate) or each.inside < 1 for each in optima.values()):
        return math.nan, math.nan
    slope, error = shift_per_doubling({size: (each.log2_rate, each.error) for size, each in optima.items()})
    return slope, math.nan if any(each.vague for each in optima.values()) else error


def _error(optima: Sequence[Optimum]) -> float:
    """Return the error of a spread: of two optima of the least known."""
    return math.sqrt(2) * max((each.error for each in optima if not math.isnan(each.error)), default=math.nan)
