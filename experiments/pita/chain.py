"""What does pita show on the chain task? Parts E3, E4 and E5: tasks, panels and predictions.

Models with and without a trace on stars of A arms and D levels: the width at which they learn it (E3), their accuracy
on more hops than they were trained on, against the errors of single tokens (E4), and which of the two is better there,
in the plane of breadth and depth (E5). What is measured is in `experiments/pita/chain_measurements.py`, the training in
`experiments/pita/chain_training.py`, the claims in `experiments/pita/chain_claims.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solv.experiments.pita.proofs import points
from solv.experiments.pita.settings import DirectWidths, PitaConfig, TraceWidths
from solv.theory.pita.chain_lengths import trace_lengths
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves
from solv.tracking.figures import Panel

TRACE, DIRECT = "with a trace", "direct"
KINDS = (TRACE, DIRECT)
DEPTH, ARMS = "depth", "arms"
SYMBOL = {DEPTH: "D", ARMS: "A"}
SIZES = {DEPTH: "levels D", ARMS: "arms A"}
TRACE_LENGTHS, ALIKE, APART, PLANE = "trace lengths", "tokens alike", "answer apart", "plane"
ACCURACY, HOPS, EQUAL = "accuracy", "hops", "no difference"


@dataclass(frozen=True)
class Cell:
    """One task with the widths that are trained on it: `kind` of model, arms, depth, most hops of the training."""

    kind: str
    arms: int
    depth: int
    hops: int
    widths: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return what tells it from every other cell but for the widths."""
        return f"{self.kind} A={self.arms} D={self.depth} s<={self.hops} d={self.widths}"


def span(part: float, depth: int) -> int:
    """Return the hops that are a part of the levels, 1 to depth - 1."""
    return min(max(round(part * depth), 1), depth - 1)


def width_cells(config: PitaConfig, kind: str, axis: str) -> list[Cell]:
    """Return the tasks of E3 along one axis."""
    settings, hops = config.widths, config.widths.hops
    ladder: TraceWidths | DirectWidths = settings.trace if kind == TRACE else settings.direct
    widths = tuple(sorted(set(ladder.widths)))
    if axis == DEPTH:
        pairs = [(ladder.depth_arms, depth) for depth in sorted(set(ladder.depth))]
    else:
        pairs = [(arms, ladder.arms_depth) for arms in sorted(set(ladder.arms))]
    return [Cell(kind, arms, depth, span(hops, depth), widths) for arms, depth in pairs]


def plane_cells(config: PitaConfig, kind: str) -> list[Cell]:
    """Return the tasks of E4 and E5: every pair of arms and depth with few enough nodes."""
    settings = config.generalisation
    return [
        Cell(kind, arms, depth, span(settings.hops, depth), (settings.width,))
        for depth in sorted(set(settings.depth))
        for arms in sorted(set(settings.arms))
        if arms * depth <= settings.nodes
    ]


def width_panel(kind: str, axis: str) -> str:
    """Return the name of the panel of accuracy against width."""
    return f"width {kind} {axis}"


def critical_panel(axis: str) -> str:
    """Return the name of the panel of critical widths."""
    return f"critical {axis}"


def hops_panel(depth: int) -> str:
    """Return the name of the panel of accuracy against hops."""
    return f"hops D={depth}"


def chain_panels(config: PitaConfig) -> list[Panel]:
    """Return the panels of E3, E4 and E5."""
    general, half = config.generalisation, (0.4, 1.02)

    def fixed(kind: str, axis: str) -> str:
        ladder: TraceWidths | DirectWidths = config.widths.trace if kind == TRACE else config.widths.direct
        return f"A = {ladder.depth_arms}" if axis == DEPTH else f"D = {ladder.arms_depth}"

    return [
        Panel(TRACE_LENGTHS, "Ancestors in a training trace", "ancestors n", "probability", ordered=True, main=True),
        *(
            Panel(
                width_panel(kind, axis),
                f"E3 {kind.capitalize()}, {fixed(kind, axis)}",
                "width d",
                ACCURACY,
                x_scale="log",
                y_limits=half,
                ordered=True,
            )
            for kind in KINDS
            for axis in (DEPTH, ARMS)
        ),
        *(
            Panel(
                critical_panel(axis),
                "E3 Critical width; lines: the paper's slopes",
                SIZES[axis],
                "critical width H",
                x_scale="log",
                y_scale="log",
            )
            for axis in (DEPTH, ARMS)
        ),
        *(
            Panel(
                hops_panel(depth),
                f"E4 D = {depth}, trained on s ≤ {span(general.hops, depth)}",
                "hops s",
                ACCURACY,
                y_limits=(0.2, 1.05),
            )
            for depth in sorted(set(general.depth))
        ),
        *(
            Panel(
                name, title, "hops s", ACCURACY, y_limits=half, ordered=True, note="bars: of measured minus predicted"
            )
            for name, title in ((ALIKE, "E4 If all tokens erred alike"), (APART, "E4 If the answer errs apart"))
        ),
        Panel(
            PLANE,
            "E5 Trace minus direct, beyond the trained hops",
            "levels D",
            "difference of accuracies",
            x_scale="log",
            ordered=True,
        ),
    ]


def predict_chain(config: PitaConfig) -> Iterator[Curves]:
    """Yield the lengths of traces, and the line that parts the plane."""
    general = config.generalisation
    for depth in sorted(set(general.depth)):
        lengths = trace_lengths(depth, 1, span(general.hops, depth))
        n = np.arange(1, depth)
        yield points(TRACE_LENGTHS, f"D={depth}", "theory", "ancestors", n, "probability", lengths[1:])
    ends = sorted(set(general.depth))
    yield points(PLANE, EQUAL, "theory", "levels", ends, "difference", np.zeros(len(ends)))


def chain_claims(curves: Curves) -> list[Claim]:
    """Return the claims on the chain task."""
    from solv.experiments.pita.chain_claims import check_claims

    return check_claims(curves)
