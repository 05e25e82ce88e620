"""Which chain tasks are learned? A arms of D levels each: is one node the ancestor of another, some hops away?"""

from dataclasses import dataclass

import numpy as np

from solv.experiments.pita.answers import TRACE
from solv.experiments.pita.settings import DirectWidths, PitaConfig, TraceWidths, Training

NARROW = 36  # widths up to this one are padded to one size: small products are no faster than these
MOST_TESTED = 7  # numbers of hops at which a model is tested, at most


@dataclass(frozen=True)
class Cell:
    """One task and the models that learn it.

    Attributes:
        answer: with a trace or direct.
        arms, depth: A and D of the task.
        hops: most hops of the training questions.
        widths: of the models, in increasing order.
    """

    answer: str
    arms: int
    depth: int
    hops: int
    widths: tuple[int, ...]

    @property
    def name(self) -> str:
        """What tells it from every other cell."""
        return f"{self.answer} A={self.arms} D={self.depth} s<={self.hops} d={self.widths}"


def span(part: float, depth: int) -> int:
    """Return the hops that are a part of the levels, 1 to depth - 1."""
    return min(max(round(part * depth), 1), depth - 1)


def ladder(config: PitaConfig, answer: str) -> TraceWidths | DirectWidths:
    """Return the sizes and widths that are trained in search of critical widths."""
    return config.widths.trace if answer == TRACE else config.widths.direct


def groups(cell: Cell) -> list[tuple[int, ...]]:
    """Return the widths that train as one batch, padded to the widest of them."""
    narrow = tuple(width for width in cell.widths if width <= NARROW)
    return [*([narrow] if narrow else []), *((width,) for width in cell.widths if width > NARROW)]


def batch_size(training: Training, nodes: int) -> int:
    """Return the positions in a training step of one copy, for a task of so many nodes."""
    return max(min(training.batch, training.batch_per_node * nodes), 2)


def cells_by_depth(config: PitaConfig, answer: str) -> list[Cell]:
    """Return the tasks along which the critical width is sought as the depth varies."""
    sizes = ladder(config, answer)
    return [_width_cell(config, answer, sizes.depth_arms, depth) for depth in sorted(set(sizes.depth))]


def cells_by_arms(config: PitaConfig, answer: str) -> list[Cell]:
    """Return the tasks along which the critical width is sought as the number of arms varies."""
    sizes = ladder(config, answer)
    return [_width_cell(config, answer, arms, sizes.arms_depth) for arms in sorted(set(sizes.arms))]


def _width_cell(config: PitaConfig, answer: str, arms: int, depth: int) -> Cell:
    widths = tuple(sorted(set(ladder(config, answer).widths)))
    return Cell(answer, arms, depth, span(config.widths.hops, depth), widths)


def plane_cells(config: PitaConfig, answer: str) -> list[Cell]:
    """Return the tasks on which longer questions are asked: every pair of arms and depth with few enough nodes."""
    settings = config.generalisation
    return [
        Cell(answer, arms, depth, span(settings.hops, depth), (settings.width,))
        for depth in sorted(set(settings.depth))
        for arms in sorted(set(settings.arms))
        if arms * depth <= settings.nodes
    ]


def plane_seeds(config: PitaConfig, cell: Cell) -> int:
    """Return how many models of a task of the plane are trained."""
    return config.generalisation.trace_seeds if cell.answer == TRACE else config.generalisation.direct_seeds


def tested_hops(depth: int) -> tuple[int, ...]:
    """Return the numbers of hops at which a model of the plane is tested, from 1 to depth - 1."""
    return tuple(sorted(set(np.linspace(1, depth - 1, MOST_TESTED).round().astype(int).tolist())))
