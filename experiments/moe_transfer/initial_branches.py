"""Part `initial-branches`: how much do the branches add to the stream before anything is learned?

The coordinate check at t = 0, which costs nothing: with W2 of deviation sqrt(N)/H the variance goes as
N / (kappa H E L), so with slopes -1 in layers, experts and hidden units per width, and 0 in the width
(arXiv:2601.20205, section 4).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.residual_networks import (
    DRAW_PASSES,
    Variant,
    network_of,
    shape_of,
    task,
    weights_of,
)
from solv.experiments.moe_transfer.settings import Activation, Down, LimitSettings, MoeTransferConfig
from solv.experiments.moe_transfer.sizes import PASS
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.moe_transfer.initial_branches import initial_branch_variance
from solv.theory.moe_transfer.limit import MoeNetwork
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "initial-branches")
ACTIVATION: Activation = "relu"
DOWNS: tuple[Down, ...] = ("mean-field", "fan-in")
FORWARD_PASSES, DRAW_CALLS = 3, 100  # through the weights, in double precision; kernels of a layer
LEAST_REPEATS = 16  # networks of each size; fewer do not know their scatter
SLOPE_BAND = 0.1  # a slope of the exact law differs from its power by some 0.01 at these sizes
SLOPES: Mapping[str, float] = {"width": 0.0, "experts": -1.0, "layers": -1.0, "hidden ratio": -1.0}
AXES = {"width": "width N", "experts": "experts E", "layers": "layers L", "hidden ratio": "hidden units per width α"}


class Panels(StrEnum):
    """The panel of this part."""

    VARIANCE = "branch-variance"


@dataclass(frozen=True)
class Place:
    """A size at which the branches are measured: N, E, L, alpha, one of which grows."""

    grows: str
    x: int
    width: int
    experts: int
    layers: int
    ratio: int


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the variance of the branches against each size."""
    if "limit" not in config.work:
        return []
    return [
        Panel(
            Panels.VARIANCE,
            "Branches before training, growing {grows}",
            "size that grows",
            "variance of h^L - h^0",
            x_scale="log",
            y_scale="log",
            facets=("grows",),
            series=_down_label,
        )
    ]


def _down_label(params: Params) -> str:
    return {"mean-field": "W2 ~ √N/H", "fan-in": "W2 ~ H^(-1/2)"}[str(params["down"])]


def places(settings: LimitSettings, grows: str, fine: bool = False) -> list[Place]:
    """Return the sizes along one direction: doublings, or, `fine`, all that a line needs."""
    size, top = settings.branch_size, 2**settings.branch_doublings
    factors = sorted({round(each) for each in np.geomspace(1, top, 25 if fine else settings.branch_doublings + 1)})
    found = []
    for factor in factors:
        sizes = {"width": size, "experts": size, "layers": 1, "hidden ratio": 1}
        sizes[grows] *= factor
        found.append(
            Place(grows, sizes[grows], sizes["width"], sizes["experts"], sizes["layers"], sizes["hidden ratio"])
        )
    return found


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the law of the variance along every direction, for both choices of W2."""
    if "limit" not in config.work:
        return
    settings = config.limit
    for down in DOWNS:
        for grows in SLOPES:
            line = places(settings, grows, fine=True)
            y = [
                initial_branch_variance(task(), _network(settings, down, each), each.width, each.experts)
                for each in line
            ]
            x = AXES[grows], [each.x for each in line]
            yield RECORD.theory(Panels.VARIANCE, _params(settings, down, grows), x=x, y=("variance", y))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the variance of networks that were drawn and not trained."""
    if "limit" not in config.work:
        return
    settings = config.limit
    jobs = [(down, grows) for down in DOWNS for grows in SLOPES]
    with context.progress.task("measure initial branches", len(jobs)) as step:
        for down, grows in jobs:
            line = places(settings, grows)
            y, y_err, n = standard_error(_measured(settings, context, down, grows), axis=1)
            at, x = _params(settings, down, grows), (AXES[grows], [each.x for each in line])
            yield RECORD.simulation(Panels.VARIANCE, at, x=x, y=("variance", y), y_err=y_err, n=n)
            step.advance(note=f"{down} {grows}")


def _network(settings: LimitSettings, down: Down, place: Place) -> MoeNetwork:
    variant = Variant(hidden_ratio=place.ratio, down=down, routing_init="router")
    return network_of(settings, ACTIVATION, place.layers, variant)


def _measured(settings: LimitSettings, context: Context, down: Down, grows: str) -> np.ndarray:
    """Return the variances (sizes, networks) along a direction, one unit of work."""
    line = places(settings, grows)
    shapes = [shape_of(_network(settings, down, each), each.width, each.experts) for each in line]

    def compute() -> dict[str, np.ndarray]:
        import torch

        from solv.models.moe_transfer.residual import ResidualShape, draw_residual, initial_branches

        inputs = torch.from_numpy(task().inputs).to(context.device)
        variances = np.empty((len(line), settings.branch_repeats))
        for row, (each, shape) in enumerate(zip(line, shapes, strict=True)):
            sizes = ResidualShape(**shape)
            name = "initial branches", each.width, each.experts, each.layers, each.ratio
            for repeat in range(settings.branch_repeats):  # one at a time: many wide layers at once fill the memory
                stream = context.seeds.torch(*name, repeat, device=context.device)
                drawn = draw_residual(sizes, inputs.shape[1], [stream], settings.whiten)
                variances[row, repeat] = float(initial_branches(sizes, drawn, inputs))
        return {"variance": variances}

    unit = f"initial branches {down} {grows} from={settings.branch_size} doublings={settings.branch_doublings}"
    return context.unit(f"{unit} repeats={settings.branch_repeats}", compute)["variance"]


def _params(settings: LimitSettings, down: Down, grows: str) -> dict[str, object]:
    return {
        "grows": grows,
        "down": down,
        "activation": ACTIVATION,
        "active_fraction": settings.active_fraction,
        "router_std": settings.router_std,
        "norm": settings.norm,
        "smallest": settings.branch_size,
    }


def work(config: MoeTransferConfig) -> Work:
    """Return the work of drawing every network by itself, and of one pass through it."""
    if "limit" not in config.work:
        return Work()
    settings = config.limit
    line = [each for grows in SLOPES for each in places(settings, grows)]
    weights = [weights_of(each.width, each.experts, each.layers, each.ratio) for each in line]
    drawn = PASS * (DRAW_PASSES + FORWARD_PASSES) * sum(weights)
    one = Work(drawn, DRAW_CALLS * sum(each.layers + 1 for each in line), 2 * 8 * max(weights))
    return len(DOWNS) * settings.branch_repeats * one


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_law(curves: Curves) -> Judgement:
    if select(curves, source="simulation")["n"].min() < LEAST_REPEATS:
        return missing(f"limit.branch_repeats >= {LEAST_REPEATS}")
    found = {}
    for grows in SLOPES:
        rows = select(curves, panel=Panels.VARIANCE, source="simulation", down="mean-field", grows=grows)
        found[grows] = _slope(rows)
    verdicts = [within(slope, SLOPES[grows], SLOPE_BAND, error) for grows, (slope, error) in found.items()]
    worst = max(found, key=lambda grows: np.nan_to_num(abs(found[grows][0] - SLOPES[grows]), nan=math.inf))
    return Judgement(
        all_of(verdicts) if verdicts else Verdict.UNDECIDED,
        predicted=", ".join(f"{grows} {slope:g}" for grows, slope in SLOPES.items()),
        measured=", ".join(f"{grows} {slope:.3f}" for grows, (slope, _) in found.items()),
        error=None if math.isnan(found[worst][1]) else found[worst][1],
        tolerance=f"{SLOPE_BAND:g} each (the worst: {worst})",
    )


def _slope(rows: Curves) -> tuple[float, float]:
    """Return the slope in log-log and its standard error, from those of the points."""
    x, y = np.log(rows["x"].to_numpy(float)), np.log(rows["y"].to_numpy(float))
    errors = [known(error, n) / value for error, n, value in zip(rows["y_err"], rows["n"], rows["y"], strict=True)]
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    return float(weights @ y), float(np.sqrt(weights**2 @ np.square(errors)))


INITIAL_BRANCHES = Part(
    name="initial-branches",
    question="How much do the branches of a residual network of experts add before anything is learned?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "initial-variance-law",
            "The variance that branches add at first goes as N/(H E L): slopes -1 in L, E and H/N, 0 in N.",
            reads=(Panels.VARIANCE,),
            judge=_judge_law,
            needs={"limit.branch_repeats": 128},
        ),
    ),
)
