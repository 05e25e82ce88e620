"""What do all points of a sweep say together? One table of curves, its agreement, claims and figure.

The aggregate is a function of the finished points' curves, in the sweep's order, and of nothing else: whatever was
killed on the way, its bits are those of an undisturbed sweep.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from solv.harness.contract import Experiment
from solv.harness.settings import resolve
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, agreement, join_curves
from solv.tracking.figures import Panel, draw, save
from solv.tracking.files import write_text
from solv.tracking.provenance import code_fingerprint, git_commit, versions
from solv.tracking.runs import RunDirectory
from solv.tracking.sweeps import Point, SweepDirectory

_PLACE = ["panel", "series", "source", "x_name", "x", "y_name"]


@dataclass(frozen=True)
class Aggregate:
    """The common result of a sweep's finished points.

    Attributes:
        curves: the rows of all points, each once.
        claims: the experiment's claims, judged by those rows.
        panels: how they are drawn.
        done: the run of every finished point, by its key.
        total: number of points, finished or not.
    """

    curves: Curves
    claims: list[Claim]
    panels: list[Panel]
    done: Mapping[str, RunDirectory]
    total: int

    @property
    def complete(self) -> bool:
        """Whether no point is missing."""
        return len(self.done) == self.total


def aggregate(experiment: Experiment[Any], directory: SweepDirectory) -> Aggregate | None:
    """Join the finished points; None if no point is finished. Nothing is written."""
    points, finished = directory.points(), directory.finished()
    done = {point.key: finished[point.key] for point in points if point.key in finished}
    if not done:
        return None
    joined = [point for point in points if point.key in done]
    curves, panels = join_points(experiment, joined, [run.curves() for run in done.values()])
    return Aggregate(curves, experiment.claims(curves), panels, done, len(points))


def write_aggregate(experiment: Experiment[Any], directory: SweepDirectory, result: Aggregate) -> None:
    """Write an aggregate into the sweep's folder; the manifest, last, only if it holds every point."""
    folder = directory.result
    folder.write_curves(result.curves)
    folder.write_claims(result.claims)
    write_text(folder.path / "agreement.csv", agreement(result.curves).to_csv(index=False))
    save(draw(result.curves, result.panels, experiment.entry.paper.title), folder.path)
    if result.complete:
        _finish(experiment, directory, result)


def join_points(
    experiment: Experiment[Any], points: Sequence[Point], tables: Sequence[Curves]
) -> tuple[Curves, list[Panel]]:
    """Return the curves of several points as one table, and its panels.

    Points of one sweep repeat what their axes do not change: equal rows are kept once. A panel in which two points
    give different values at the same place is drawn once for each value of the axes that tell them apart - as few axes
    as do - and these are added to its name.
    """
    axes = [dict(override.split("=", 1) for override in point.overrides) for point in points]
    tables = [table.assign(point=index) for index, table in enumerate(tables)]
    rows = pd.concat(tables, ignore_index=True)
    declared = [{panel.name: panel for panel in _panels(experiment, point)} for point in points]
    order = list(dict.fromkeys([*(name for panels in declared for name in panels), *rows["panel"]]))
    parts, panels = [], []
    for name in order:
        here = rows[rows["panel"] == name]
        names = _telling_axes(here, axes)
        suffix = here["point"].map(lambda index: ", ".join(f"{key}={axes[index][key]}" for key in names))  # noqa: B023
        for added in dict.fromkeys(suffix):
            part = here[suffix == added].drop_duplicates([c for c in here.columns if c != "point"])
            first = declared[part["point"].iloc[0]].get(name)
            label = f"{name} [{added}]" if added else name
            parts.append(part.drop(columns="point").assign(panel=label))
            if first is not None:
                title = f"{first.title} [{added}]" if added else first.title
                panels.append(dataclasses.replace(first, name=label, title=title))
    joined = join_curves(parts)
    by_series = joined.groupby(["panel", "series", "source", "x_name", "y_name"], sort=False).ngroup()
    ordered = joined.assign(group=by_series).sort_values(["group", "x"], kind="stable").drop(columns="group")
    return join_curves([ordered]), panels


def _telling_axes(rows: Curves, axes: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the fewest axes whose values tell apart the points that disagree at some place."""
    varying = [key for key in axes[0] if len({each.get(key) for each in axes}) > 1] if axes else []
    for count in range(len(varying) + 1):
        for names in itertools.combinations(varying, count):
            marks = rows["point"].map(lambda index: str([axes[index].get(key) for key in names]))  # noqa: B023
            distinct = rows.assign(mark=marks).drop_duplicates([*_PLACE, "y", "y_err", "n", "params", "mark"])
            if not distinct.duplicated([*_PLACE, "mark"]).any():
                return names
    return tuple(varying)


def _panels(experiment: Experiment[Any], point: Point) -> Sequence[Panel]:
    return experiment.panels(resolve(experiment.Config, point.settings))


def _finish(experiment: Experiment[Any], directory: SweepDirectory, result: Aggregate) -> None:
    directory.result.finish(
        {
            "code": code_fingerprint(),
            "versions": versions(),
            "experiment": experiment.entry.name,
            "key": directory.key,
            "sweep": True,
            "commit": git_commit(),
            "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
            "points": {key: run.path.name for key, run in result.done.items()},
            "claims": {claim.id: claim.verdict.value for claim in result.claims},
        }
    )
