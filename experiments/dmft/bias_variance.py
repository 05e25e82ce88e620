"""Part `bias-variance`: which parts does the loss have, and which do ensembles and bags remove? E5, (12) and (13)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import FLOAT, NORMAL, PASS, descent_theory
from solv.experiments.dmft.regression_problems import ISOTROPIC, RegressionCell, count, read_steps, regression_cells
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.shared_disorder import (
    FRESH_NOISE,
    NOTHING,
    ONE_MODEL,
    SAME_DATA,
    SAME_FEATURES,
    SHARED,
    Shared,
    averages,
    shared_label,
)
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.bias_variance import descent_bias_variance
from solv.theory.dmft.random_feature_dynamics import Sharing, gradient_descent_losses
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "bias-variance")
COMPONENTS = {
    "bias": "bias B²",
    "features": "features V_A",
    "data": "data V_X",
    "both": "both V_AX",
    "label noise": "label noise",
}
MEAN, FLOOR = "mean of K", "floor"
LEAST_REPEATS = 8  # a standard error from fewer repeats refutes nothing
FLOOR_SLACK, LOSS_SLACK = 0.05, 0.01  # finite size: relative to a floor, and to the largest loss
ROUNDING, FLOOR_ROUNDING = 1e-6, 1e-9  # of theory's parts of the loss, and of its means of models


class Panels(StrEnum):
    """The panels of this part."""

    SHARING = "sharing"
    VARIANCE = "variance"
    MEMBERS = "members"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the cross-correlations, the parts of the loss, and the loss of means of models."""
    facets, cell = ("samples", "features"), "P/D={samples}, N/D={features}"
    return [
        Panel(
            Panels.SHARING, f"Two models that share …: {cell}", "steps", "cross-correlation of their errors",
            x_scale="symlog", facets=facets, main=True,
            series=lambda params: shared_label(
                Shared(params["same_features"], params["shared_data"], params["same_noise"])
            ),
        ),
        Panel(
            Panels.VARIANCE, f"Parts of the loss: {cell}", "steps", "part of the test loss", x_scale="symlog",
            facets=facets, series=lambda params: COMPONENTS[params["component"]], main=True,
        ),
        Panel(
            Panels.MEMBERS, f"Ensembles and bags, last step: {cell}", "members K", "test loss of the mean",
            x_scale="log", facets=facets, series=_members_label, main=True,
        ),
    ]  # fmt: skip


def _members_label(params: Params) -> str:
    kind = "ensemble" if params["average"] == "ensemble" else f"bags, overlap {params['overlap']:g}"
    return f"{kind}, K=∞" if params["curve"] == FLOOR else kind


# -- theory --------------------------------------------------------------------------------------------------------


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield all curves of the first cell of isotropic random features."""
    steps = np.arange(config.steps)
    cell = regression_cells(config, ISOTROPIC)[0]
    model = cell.model(config.ensembles.dimension, config.noise)
    parts = descent_bias_variance(model, config.eta, config.steps)
    cross = {
        ONE_MODEL: parts.full,
        SAME_DATA: parts.same_data,
        SAME_FEATURES: parts.same_features,
        NOTHING: parts.bias,
        FRESH_NOISE: parts.full - parts.noise,
    }
    for overlap in config.overlap:
        sharing = Sharing(samples=overlap)
        cross[Shared(True, overlap)] = gradient_descent_losses(model, config.eta, config.steps, sharing).test
    at = _at(config, cell)
    for shared, loss in cross.items():
        yield RECORD.theory(Panels.SHARING, {**at, **shared.params}, x=("steps", steps), y=("cross-correlation", loss))
    variances = (parts.bias, parts.feature_variance, parts.data_variance, parts.joint_variance, parts.noise)
    for component, loss in zip(COMPONENTS, variances, strict=True):
        yield RECORD.theory(Panels.VARIANCE, {**at, "component": component}, x=("steps", steps), y=("loss", loss))
    members = np.unique(np.concatenate([np.geomspace(1, max(config.members), 33), config.members]))
    for kind in averages(config.overlap):
        floor = cross[kind.members]
        losses = floor[-1] + (parts.full[-1] - floor[-1]) / members  # (13), between whole numbers a guide to the eye
        for curve, y in ((MEAN, losses), (FLOOR, np.full(len(members), floor[-1]))):
            yield RECORD.theory(
                Panels.MEMBERS,
                {**at, **kind.params, "curve": curve, "step": config.steps - 1},
                x=("members", members),
                y=("test loss", y),
            )


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the same of trained models; of infinitely many features there is theory alone."""
    cell, sizes = regression_cells(config, ISOTROPIC)[0], config.ensembles
    if np.isinf(cell.features):
        return
    from solv.experiments.dmft.model_grid import train_grid
    from solv.experiments.dmft.repeats import averaged

    read, at = read_steps(config.steps), _at(config, cell)
    members = [k for k in config.members if k <= min(sizes.sets, sizes.bags)]
    with context.progress.task("train grids of models", 1) as step:
        cross, means = train_grid(config, context, step, cell, members)
    for shared, samples in cross.items():
        correlation = averaged("cross-correlation", samples)
        yield RECORD.simulation(Panels.SHARING, {**at, **shared.params}, x=("steps", read), **correlation)
    full, data, feature, bias, fresh = (cross[shared] for shared in SHARED)
    parts = (bias, feature - bias, data - bias, full - feature - data + bias, full - fresh)
    for component, samples in zip(COMPONENTS, parts, strict=True):
        yield RECORD.simulation(
            Panels.VARIANCE, {**at, "component": component}, x=("steps", read), **averaged("loss", samples)
        )
    for kind, samples in means.items():
        place = {**at, **kind.params, "curve": MEAN, "step": config.steps - 1}
        yield RECORD.simulation(Panels.MEMBERS, place, x=("members", members), **averaged("test loss", samples))


def _at(config: DmftConfig, cell: RegressionCell) -> dict[str, object]:
    return {**cell.params, "noise": config.noise, "eta": config.eta, "dimension": config.ensembles.dimension}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_ensembles(curves: Curves) -> Judgement:
    """Judge every mean against its floor and every part of the loss against 0, up to a slack."""
    variances = select(curves, panel=Panels.VARIANCE)
    theory, simulated = (select(variances[variances["x"] > 0], source=source) for source in ("theory", "simulation"))
    if simulated.empty:
        return missing("features begins with a finite value")
    verdicts: list[Verdict] = []
    for params, rows in each_curve(select(curves, panel=Panels.MEMBERS, curve=MEAN)):
        floors = select(curves, panel=Panels.MEMBERS, **{**params, "curve": FLOOR})
        floor = float(floors["y"].iloc[0])
        for row in rows.to_dict("records"):
            slack = FLOOR_ROUNDING if row["source"] == "theory" else FLOOR_SLACK * floor
            verdicts.append(exceeds(row["y"] - floor, -slack, known(row["y_err"], row["n"])))
    verdicts += [exceeds(y, -ROUNDING) for y in theory["y"]]
    one_model = select(curves, panel=Panels.SHARING, source="theory", **ONE_MODEL.params)
    slack = LOSS_SLACK * float(one_model["y"].max())
    for row in simulated.to_dict("records"):
        verdicts.append(exceeds(row["y"], -slack, known(row["y_err"], row["n"])))
    if simulated["n"].min() < LEAST_REPEATS:
        verdicts = [Verdict.UNDECIDED if verdict is Verdict.FAILS else verdict for verdict in verdicts]
    least = simulated.sort_values("y").iloc[0]
    return Judgement(
        all_of(verdicts),
        predicted="all differences >= 0",
        measured=(
            f"theory: least part {theory['y'].min():.2g}; simulation: least part {least['y']:.2g} ± "
            f"{least['y_err']:.1g}; {verdicts.count(Verdict.FAILS)} of {len(verdicts)} below 0"
        ),
        tolerance=(
            f"theory {ROUNDING:g}; simulation by 2 s.e. no further below 0 than finite size brings it "
            f"({100 * FLOOR_SLACK:g} % of a floor, {100 * LOSS_SLACK:g} % of the loss)"
        ),
    )


def work(config: DmftConfig) -> Work:
    """Return the work of grids of models, each by two products with a matrix of few columns a step, and of theory."""
    cell, size, d = regression_cells(config, ISOTROPIC)[0], config.ensembles, config.ensembles.dimension
    correlations = len(SHARED) + len(config.overlap)
    theory = correlations * descent_theory(config.steps, modes=1)
    if np.isinf(cell.features):
        return theory
    samples, features = size.bags * count(cell.samples, d), size.sets * count(cell.features, d)
    grids = 2 + sum(overlap > 0 for overlap in config.overlap)  # independent bags, the same ones with fresh noise, ...
    products = 2 * d * (samples * (PASS + 2 * size.sets) + features * (PASS + 2 * size.bags))
    drawn = NORMAL * d * (features + grids * samples)
    one = Work(drawn + grids * config.steps * products, grids * config.steps * 14, 3 * FLOAT * d * (samples + features))
    return theory + one * size.repeats


BIAS_VARIANCE = Part(
    name="bias-variance",
    question="Which parts does the loss have, and which of them do ensembles and bags remove?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "ensembles",
            "Averaging never beats its floor, the squared bias is below both floors, and every variance is positive.",
            reads=(Panels.SHARING, Panels.VARIANCE, Panels.MEMBERS),
            judge=_judge_ensembles,
            needs={"ensembles.repeats": 12},
        ),
    ),
)
