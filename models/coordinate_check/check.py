"""Which parts of a model learn faster or slower as it grows? The coordinate check for any `torch.nn.Module`.

A few training steps are taken at several sizes. For every part of the model two numbers are measured on one batch: its
*learned part*, the output minus what it would be with the initial parameters on the same input; and its *change*, its
output minus that of the untrained model. Under a parameterization whose best learning rate transfers, learned parts
neither grow nor shrink with size (Yang and Hu, arXiv:2011.14522; the moe-transfer spec, section 2.3). The change mixes
in the initial part, and crosses over slowly: it is reported, not judged.

    def build(width: int) -> Subject:
        model = ...
        return Subject(model, torch.optim.Adam(model.parameters(), 1e-3), lambda step: loss_of(model, batch(step)))

    for found in check_coordinates(build, sizes=[64, 128, 256]).modules:
        print(found.module, found.slope, found.error, found.verdict)
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solv.models.coordinate_check.measurement import Measured, Shapes, measure
from solv.models.coordinate_check.slopes import CoordinateSlope, judge

if TYPE_CHECKING:
    from torch import nn


SHOWN = 3  # reasons in an error


@dataclass(frozen=True)
class NotMeasured:
    """Parameters of which nothing is known.

    Attributes:
        module: name of the module that holds them.
        parameters: their names in it.
        why: in words.
    """

    module: str
    parameters: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Coordinates:
    """What a coordinate check found.

    Attributes:
        modules: one result a part, in the model's order.
        not_measured: the parameters that no part of `modules` covers.
        tensors, values: how many parameters the largest model has: tensors, and numbers in them.
        tensors_left_out, values_left_out: of those, how many were not measured.
        notes: what makes the result say less than it seems to.
    """

    modules: tuple[CoordinateSlope, ...]
    not_measured: tuple[NotMeasured, ...]
    tensors: int
    values: int
    tensors_left_out: int
    values_left_out: int
    notes: tuple[str, ...]


def check_coordinates(
    factory: Callable[..., Any], sizes: Sequence[int], steps: int = 6, seeds: int = 3, name: str = "size"
) -> Coordinates:
    """Train a model of every size for a few steps and return the slopes of its parts.

    Parts that are not there at every size (the layers of a deeper model, more experts) are taken together with those
    that have the same name but for a number: `layers.*.attention`.

    Args:
        factory: makes a fresh subject of a size; torch's global seed is set before each call.
        sizes: at least two different ones, > 0.
        steps: training steps, >= 1.
        seeds: initialisations of each size, >= 1; three or more give an error worth having.
        name: what a size is called; the factory's parameter of that name takes it, else its first.

    Raises:
        ValueError: sizes, steps or seeds out of range; models that have no part in common.
        TypeError: the factory returns something else than a subject.
        FactoryError: its code, the model's or that of the loss raises an error.
    """
    if len(set(sizes)) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes = {list(sizes)}; valid: at least two different ones, >= 1")
    if steps < 1 or seeds < 1:
        raise ValueError(f"steps = {steps}, seeds = {seeds}; valid: at least 1")
    ordered = sorted(set(sizes))
    made: list[nn.Module] = []
    found = []
    for seed in range(seeds):
        made.clear()  # models that are gone free their memory; within a seed they are compared
        found.append([measure(factory, size, steps, seed, name, made) for size in ordered])
    return _Table(found, np.array(ordered), steps, name).coordinates()


def row_names(models: Sequence[Mapping[str, Shapes]]) -> list[dict[str, str]]:
    """Return for each size in which row each part is shown.

    A part that every size has is a row. Others share one with the parts of the same pattern, in which numbers are
    stars, and of the same shapes where a pattern has several.

    Args:
        models: of each size, the shapes of the parameters of its parts, by name.
    """
    common = set.intersection(*(set(each) for each in models))
    loose = {_pattern(name) for each in models for name in each if name not in common}
    shapes: dict[str, set[Shapes]] = defaultdict(set)
    for name, each in models[0].items():
        shapes[_pattern(name)].add(each)

    def row(name: str, each: Shapes) -> str:
        pattern = _pattern(name)
        if pattern not in loose:
            return name
        return f"{pattern} ({', '.join(map(_product, each))})" if len(shapes[pattern]) > 1 else pattern

    return [{name: row(name, each) for name, each in model.items()} for model in models]


def _pattern(name: str) -> str:
    return ".".join("*" if part.isdigit() else part for part in name.split("."))


def _product(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "1"


class _Table:
    """Rows out of what was measured at every size and seed."""

    def __init__(self, found: Sequence[Sequence[Measured]], sizes: np.ndarray, steps: int, name: str) -> None:
        self._found, self._sizes, self._steps, self._name = found, sizes, steps, name
        self._every = [each for row in found for each in row]
        self._rows = row_names([each.shapes for each in found[0]])
        both_ways = set().union(*(each.followed for each in self._every))
        self._by_matrix = {
            module for module in both_ways if all(each.followed.get(module, True) for each in self._every)
        }
        self._whole = both_ways - self._by_matrix

    def coordinates(self) -> Coordinates:
        """Return what was found."""
        in_order = [rows[part] for rows, each in zip(self._rows, self._found[0], strict=True) for part in each.shapes]
        shown = [row for row in dict.fromkeys(in_order) if self._is_shown(row)]
        if not shown:
            lost = self._not_measured(list(self._found[0][-1].tensors))
            why = "; ".join(f"{each.module}: {each.why}" for each in lost[:SHOWN])
            raise ValueError(f"no part of the model could be measured at every {self._name} ({why})")
        modules = tuple(self._judged(row) for row in shown)
        covered = {
            parameter
            for row in shown
            for measured, parts in self._cells(row)
            for part in parts
            for parameter in measured.covered[part]
        }
        largest = self._found[0][-1].tensors
        left_out = [each for each in largest if each not in covered]
        gone = [each for measured in self._found[0] for each in measured.tensors if each not in largest]
        return Coordinates(
            modules,
            tuple(self._not_measured([*left_out, *dict.fromkeys(each for each in gone if each not in covered)])),
            len(largest),
            sum(largest.values()),
            len(left_out),
            sum(largest[each] for each in left_out),
            tuple(self._notes(modules)),
        )

    def _cells(self, row: str) -> list[tuple[Measured, list[str]]]:
        """Return what was measured at each seed and size, in this order, and which parts of it the row takes."""
        return [
            (
                measured,
                [
                    part
                    for part in measured.parts
                    if self._rows[column].get(part) == row and self._takes(part, measured)
                ],
            )
            for line in self._found
            for column, measured in enumerate(line)
        ]

    def _takes(self, part: str, measured: Measured) -> bool:
        """Return whether a part is shown: a module as a whole, or its matrices, and not both."""
        return part not in self._by_matrix and measured.owners.get(part, "") not in self._whole

    def _is_shown(self, row: str) -> bool:
        cells = self._cells(row)
        everywhere = all(row in rows.values() for rows in self._rows)
        return everywhere and any(parts for _, parts in cells)

    def _judged(self, row: str) -> CoordinateSlope:
        cells = self._cells(row)
        shape = len(self._found), len(self._sizes)
        sums = [[measured.parts[part] for part in parts] for measured, parts in cells]
        values = np.array([sum(each.values for each in one) for one in sums])
        with np.errstate(invalid="ignore", divide="ignore"):
            learned = np.sqrt(np.array([sum(each.learned for each in one) for one in sums]) / values).reshape(shape)
            change = np.sqrt(np.array([sum(each.change for each in one) for one in sums]) / values).reshape(shape)
        reasons = {
            measured.idle.get(parameter, "")
            for measured, parts in cells
            for part in parts
            for parameter in measured.covered[part]
        }
        none = f"its gradient was 0 in {self._steps} step{'s' * (self._steps > 1)}: more --steps may move it"
        idle = " or ".join(sorted(reasons - {""})) if "" not in reasons else none
        return judge(row or "(model)", self._sizes, learned, change, (values > 0).reshape(shape), idle)

    def _not_measured(self, parameters: Sequence[str]) -> list[NotMeasured]:
        reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
        for parameter in parameters:
            module, _, own = parameter.rpartition(".")
            reasons[module, self._why(parameter)].append(own)
        return [NotMeasured(module or "(model)", tuple(own), why) for (module, why), own in reasons.items()]

    def _why(self, parameter: str) -> str:
        there = [size for size, each in zip(self._sizes, self._found[0], strict=True) if parameter in each.tensors]
        if len(there) < len(self._sizes):
            return f"there only at {self._name} {', '.join(map(str, there))}"
        for each in self._every:
            for module in (each.owners.get(parameter, ""), parameter.rpartition(".")[0]):
                if module in each.refused:
                    return each.refused[module]
        if any(parameter in covered for each in self._every for covered in each.covered.values()):
            return f"not used at every {self._name}"
        return "the loss does not use it, or in a way that cannot be followed"

    def _notes(self, modules: Sequence[CoordinateSlope]) -> list[str]:
        notes = []
        if len(self._found) == 1:
            notes.append("one seed has no error: nothing is decided (--seeds 3)")
        elif all(_alike(each.learned) for each in modules):
            alike = f"all {len(self._found)} seeds gave the same numbers"
            notes.append(f"{alike}: no error is known, nothing is decided; does the factory set a seed itself?")
        if len({tuple(each.tensors.items()) for each in self._found[0]}) == 1:
            notes.append(f"the models of every {self._name} have the same parameters: does the factory use it?")
        return notes


def _alike(values: np.ndarray) -> bool:
    return bool(np.array_equal(values, np.broadcast_to(values[0], values.shape), equal_nan=True))
