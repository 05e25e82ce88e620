"""Part `limit-expert-size`: does the limit depend on how many hidden units an expert has?

The headline statement of the paper's theory (arXiv:2601.20205, section 4): it does not, where the down projection W2
starts with the standard deviation sqrt(N)/H. With the customary one over the root of its fan-in it does.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.residual_networks import (
    Variant,
    descend,
    descent_work,
    limit_of,
    limit_work,
    middle_size,
    params_of,
    rate_params,
)
from solv.experiments.moe_transfer.settings import Activation, Down, MoeTransferConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "limit-expert-size")
ACTIVATION: Activation = "relu"  # that of the reference values
LATE = 2 / 3  # of the steps, from which on errors are averaged
LEAST_REPEATS = 8  # networks of each size; fewer do not know their scatter
APART = 0.25  # log ratio of late errors up to which they are alike: a third of what fan-in does from alpha = 1/2 to 4
DOWNS: tuple[Down, ...] = ("mean-field", "fan-in")
TITLES = {"mean-field": "W2 ~ √N/H", "fan-in": "W2 ~ H^(-1/2)"}


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "expert-size-loss"
    LATE = "expert-size-late"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss at several sizes of the experts under both choices, and the late ones that are compared."""
    if "limit" not in config.work:
        return []
    return [
        Panel(
            Panels.LOSS,
            f"{{down}}: limit and networks, N = E = {middle_size(config.limit)}",
            "steps t",
            "mean squared error",
            y_scale="log",
            facets=("down",),
            series="α = H/N = {hidden_ratio}",
            ordered=True,
        ),
        Panel(
            Panels.LATE,
            "Late errors",
            "α = H/N",
            "log of the late error over that of the smallest α",
            x_scale="log",
            series=_down_label,
            drawn=False,
        ),
    ]


def _down_label(params: Params) -> str:
    return TITLES[str(params["down"])]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the loss of the limit for every size of the experts, under both choices of W2, and late ones compared."""
    if "limit" not in config.work:
        return
    settings, t = config.limit, np.arange(config.limit.steps + 1)
    for down in DOWNS:
        first = math.nan
        for ratio in sorted(settings.hidden_ratios):
            variant = Variant(hidden_ratio=ratio, down=down)
            loss = limit_of(settings, ACTIVATION, variant=variant).loss
            yield RECORD.theory(Panels.LOSS, _params(config, variant), x=("t", t), y=("loss", loss))
            late = _late(loss[None])[0]
            if math.isnan(first):
                first = late
            yield RECORD.theory(Panels.LATE, {"down": down}, x=("alpha", ratio), y=("log ratio", late - first))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the same of finite networks; those of all sizes start from the same routers, so that pairs are compared."""
    if "limit" not in config.work:
        return
    settings, size = config.limit, middle_size(config.limit)
    t, ratios = np.arange(settings.steps + 1), sorted(settings.hidden_ratios)
    with context.progress.task("train networks whose experts have many sizes", len(DOWNS) * len(ratios)) as step:
        for down in DOWNS:
            late: dict[float, np.ndarray] = {}
            for ratio in ratios:
                variant = Variant(hidden_ratio=ratio, down=down)
                losses = descend(settings, context, ACTIVATION, size, size, settings.repeats, variant=variant)["loss"]
                y, y_err, n = standard_error(losses)
                at = _params(config, variant)
                yield RECORD.simulation(Panels.LOSS, at, x=("t", t), y=("loss", y), y_err=y_err, n=n)
                late[ratio] = _late(losses)
                step.advance(note=f"{down} alpha = {ratio:g}")
            for ratio in ratios[1:]:
                with np.errstate(invalid="ignore"):  # both diverged
                    y, y_err, n = standard_error(late[ratio] - late[ratios[0]])
                x = "alpha", ratio
                yield RECORD.simulation(Panels.LATE, {"down": down}, x=x, y=("log ratio", y), y_err=y_err, n=n)


def _late(losses: np.ndarray) -> np.ndarray:
    """Return the log of the error of each network, averaged over the last third of the steps."""
    return np.asarray(np.log(losses[:, math.ceil(LATE * (losses.shape[1] - 1)) :].mean(axis=1)))


def _params(config: MoeTransferConfig, variant: Variant) -> dict[str, object]:
    settings, size = config.limit, middle_size(config.limit)
    return params_of(
        settings, ACTIVATION, variant, layers=1, balance=0, width=size, experts=size, **rate_params(settings)
    )


def work(config: MoeTransferConfig) -> Work:
    """Return the work of the limit and of networks for every size of the experts, under both choices of W2."""
    if "limit" not in config.work:
        return Work()
    settings, size = config.limit, middle_size(config.limit)
    ratios = settings.hidden_ratios
    networks = (descent_work(settings, size, size, settings.repeats, hidden_ratio=ratio) for ratio in ratios)
    return len(DOWNS) * (len(ratios) * limit_work(settings, ACTIVATION) + sum(networks, Work()))


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_independent(curves: Curves) -> Judgement:
    found = {(down, source): _largest(curves, down, source) for down in DOWNS for source in ("theory", "simulation")}
    if any(math.isnan(ratio) for ratio, _ in found.values()):
        return missing("limit.hidden_ratios has two values, and no network diverges")
    exact, _ = found["mean-field", "theory"]
    (ours, error), (other, other_error) = found["mean-field", "simulation"], found["fan-in", "simulation"]
    predicted, _ = found["fan-in", "theory"]
    if select(curves, panel=Panels.LATE, source="simulation")["n"].min() < LEAST_REPEATS:
        return missing(f"limit.repeats >= {LEAST_REPEATS}, at networks of N = E >= 32")
    return Judgement(
        all_of(
            [
                within(exact, 0.0, 1e-9),
                within(ours, 0.0, APART, error),
                exceeds(math.copysign(1.0, predicted) * other, APART, other_error),
            ]
        ),
        predicted=f"0 under mean-field, {predicted:.2f} under fan-in",
        measured=f"{ours:.2f} ± {error:.2f}; fan-in {other:.2f} ± {other_error:.2f}",
        error=None if math.isnan(error) else error,
        tolerance=(
            f"log of the late error at the largest alpha over that at the smallest: within {APART:g}, and beyond it "
            "under fan-in"
        ),
    )


def _largest(curves: Curves, down: Down, source: str) -> tuple[float, float]:
    """Return the log ratio at the largest alpha and its standard error."""
    rows = select(curves, panel=Panels.LATE, source=source, down=down).sort_values("x")
    if rows.empty or not np.isfinite(rows["y"]).all():
        return math.nan, math.nan
    last = rows.iloc[-1]
    return float(last["y"]), known(float(last["y_err"]), int(last["n"]))


LIMIT_EXPERT_SIZE = Part(
    name="limit-expert-size",
    question="Does the limit of a residual network of experts depend on how many hidden units an expert has?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "limit-independent-of-expert-size",
            "With W2 of deviation sqrt(N)/H the limit is one for all numbers of hidden units; with fan-in it is not.",
            reads=(Panels.LATE,),
            judge=_judge_independent,
            needs={"limit.repeats": 32},
        ),
    ),
)
