"""How do best rate and best loss move along a list of models? What the parts share that vary one more thing.

A *line* is a list of models, trained under one choice (of a table, a gate, a model); a part has one line or several.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.optima import (
    optimum_of,
    optimum_table,
    rate_curve,
    read_optima,
    shift_per_doubling,
    tolerance_of,
    transfer_of,
)
from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import Model, scan_work, seeds_of, trained_first
from solv.harness.contract import Context, Part
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT
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
class Scan:
    """What a part scans, and the panels that show it.

    Attributes:
        record: of the part.
        names: its panels RATES (loss against rate), OPTIMUM and BEST (best rate and best loss against size), and
            OPTIMA, which claims read.
        title: says what grows.
        axis: its abscissa.
        shown: what each choice is called.
        lines: what is trained.
        precise: whether the claim is that the best rate stays, for which it must be known well.
    """

    record: Recorder
    names: type[StrEnum]
    title: str
    axis: str
    shown: Mapping[str, str]
    lines: Callable[[TransferSettings], Sequence[Line]]
    precise: bool = False

    def part(self, question: str, claims: tuple[Claim, ...], figure: str = "") -> Part[MoeTransferConfig]:
        """Return the part; nothing is predicted: where theory says anything, it is that rates stay."""
        return Part(
            name=self.record.part,
            question=question,
            switch="work",
            names=self.names,
            panels=self._panels,
            predict=lambda config: iter(()),
            measure=self._measure,
            work=self._work,
            claims=claims,
            figure=figure,
        )

    def _panels(self, config: MoeTransferConfig) -> list[Panel]:
        if "ablations" not in config.work:
            return []
        names = self.names

        def label(params: Params) -> str:
            return self.shown[str(params["choice"])]

        return [
            Panel(
                names["RATES"],
                f"{self.title}: {{choice}}",
                "log2 learning rate",
                "training loss (nats)",
                facets=("choice",),
                series="N={width} L={layers} E={experts} K={active} H={hidden}",
                ordered=True,
            ),
            Panel(
                names["OPTIMUM"],
                f"{self.title}: best rate",
                self.axis,
                "best learning rate",
                x_scale="log",
                y_scale="log",
                series=label,
            ),
            Panel(
                names["BEST"],
                f"{self.title}: best loss",
                self.axis,
                "training loss (nats)",
                x_scale="log",
                series=label,
            ),
            Panel(
                names["OPTIMA"],
                f"{self.title}: optima",
                "size",
                "log2 of the best rate",
                facets=("choice",),
                drawn=False,
            ),
        ]

    def _measure(self, config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
        """Yield the loss of every model at every rate, and the best of both."""
        if "ablations" not in config.work:
            return
        from solv.experiments.moe_transfer.transformers import Laboratory

        record, names, lines = self.record, self.names, self.lines(config.transfer)
        with context.progress.task("train transformers with experts", sum(len(line.models) for line in lines)) as step:
            for line in lines:
                own = replace(config.transfer, **line.changes)
                laboratory = Laboratory(own, context, line.choice if line.changes else "")
                for model in line.models:
                    found = laboratory.losses(line.table, model, own.steps, seeds_of(own, model), precise=self.precise)
                    place: Params = {"choice": line.choice, "table": line.table, "steps": own.steps}
                    y, y_err, n = standard_error(found["scores"])
                    yield record.trained(
                        names["RATES"],
                        {**place, **model.params},
                        x=("log2 rate", found["rates"]),
                        y=("loss", y),
                        y_err=y_err,
                        n=n,
                    )
                    optimum = optimum_of(found["rates"], found["scores"])
                    yield from rate_curve(record, names["OPTIMUM"], place, self.axis, model.along, optimum)
                    yield from optimum_table(record, names["OPTIMA"], place, model.along, optimum)
                    least = int(np.argmin(y))
                    yield record.trained(
                        names["BEST"], place, x=(self.axis, model.along), y=("loss", y[least]), y_err=y_err[least], n=n
                    )
                    step.advance(note=f"{line.choice} {model.name}")

    def _work(self, config: MoeTransferConfig) -> Work:
        """Return the work of every line's models, less what `learning-rate` trains under the same settings."""
        if "ablations" not in config.work:
            return Work()
        done = Work()
        for line in self.lines(config.transfer):
            own, first = replace(config.transfer, **line.changes), {} if line.changes else trained_first(config)
            new = [model for model in line.models if (line.table, model.name) not in first]
            each = (scan_work(own, line.table, model, own.steps, precise=self.precise) for model in new)
            done += sum(each, Work())
        return done


# -- claims --------------------------------------------------------------------------------------------------------


def judge_stays(curves: Curves, panel: StrEnum, needs: str) -> Judgement:
    """Judge whether the best rate of every size is that of the smallest, under each choice by itself."""
    verdicts, found, unknown, tolerance = [], {}, 0, 0.0
    rows = select(curves, panel=panel)
    for choice in sorted(set(parameter(rows, "choice"))):
        optima = read_optima(select(rows, choice=choice))
        unknown += sum(each.vague or each.inside < 1 for each in optima.values())
        if sum(not math.isnan(each.log2_rate) for each in optima.values()) > 1:
            tolerance = tolerance_of(optima.values())
            found[choice] = transfer_of(optima, tolerance)
            verdicts.append(found[choice].verdict)
    if not found:
        return missing(needs)
    worst = max(found, key=lambda choice: found[choice].farthest)
    lost = f"; {unknown} unknown: at an edge of the grid or beside a divergence" if unknown else ""
    return Judgement(
        all_of(verdicts) if not unknown else Verdict.UNDECIDED,
        predicted=0.0,
        measured=found[worst].shift,
        error=None if math.isnan(found[worst].error) else found[worst].error,
        tolerance=(
            f"best rates within {tolerance:g} octaves of the smallest size's (the worst: {worst}, "
            f"{found[worst].size:g}){lost}; {STUDENT}"
        ),
    )


def shift_of(curves: Curves, panel: StrEnum, choice: str) -> tuple[float, float]:
    """Return the octaves per doubling by which the best rate moves under a choice, and its error; NaN if not known."""
    optima = read_optima(select(curves, panel=panel, choice=choice))
    if len(optima) < 2 or any(math.isnan(each.log2_rate) or each.inside < 1 for each in optima.values()):
        return math.nan, math.nan
    slope, error = shift_per_doubling({size: (each.log2_rate, each.error) for size, each in optima.items()})
    return slope, math.nan if any(each.vague for each in optima.values()) else error
