"""What do all points of a sweep say together? One table of curves, its agreement, claims and figure.

The aggregate is a function of the finished points' curves, in the sweep's order, and of nothing else: whatever was
killed on the way, its bits are those of an undisturbed sweep.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from solv.harness.contract import Experiment
from solv.harness.drawing import write_pictures
from solv.harness.own_code import code_of
from solv.harness.settings import RunSettings, resolve
from solv.harness.settings import replace as with_values
from solv.tracking.claims import Finding
from solv.tracking.curves import CURVE, Curves, agreement, decode_params, encode_params, join_curves
from solv.tracking.files import write_text
from solv.tracking.panels import Panel
from solv.tracking.provenance import git_commit, versions
from solv.tracking.runs import RunDirectory
from solv.tracking.sweeps import Point, SweepDirectory

SEED = "seed"
_PLACE = [*CURVE, "source", "x"]


@dataclass(frozen=True)
class Aggregate:
    """The common result of a sweep's finished points.

    Attributes:
        curves: the rows of all points, each once; repeats of a seed are joined.
        findings: the experiment's claims, judged by those rows.
        panels: how they are drawn.
        done: the run of every finished point, by its key.
        total: number of points, finished or not.
    """

    curves: Curves
    findings: list[Finding]
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
    settings = [resolve(experiment.Config, {"parts": [], **point.settings}) for point in joined]
    curves, told_by = join_points([_axes(point) for point in joined], [run.curves() for run in done.values()])
    panels = _panels(experiment, settings, told_by)
    findings = judge_points(experiment, curves, settings, told_by)
    return Aggregate(curves, findings, panels, done, len(points))


def write_aggregate(experiment: Experiment[Any], directory: SweepDirectory, result: Aggregate) -> None:
    """Write an aggregate into the sweep's folder; the manifest, last, only if it holds every point."""
    folder = directory.result
    folder.write_curves(result.curves)
    folder.write_findings(result.findings)
    write_text(folder.path / "agreement.csv", agreement(result.curves).to_csv(index=False))
    write_pictures(experiment, result.panels, result.curves, result.findings, folder.path, every=True)
    if result.complete:
        _finish(experiment, directory, result)


def join_points(axes: Sequence[Mapping[str, str]], tables: Sequence[Curves]) -> tuple[Curves, tuple[str, ...]]:
    """Return the curves of several points as one table, and the axes that had to be added to params.

    Points that differ in their seed alone are repeats: their measurements are pooled, so that n grows and the standard
    error is that over all repeats. Points of one sweep repeat what their axes do not change: equal rows are kept once.
    Where two points still give different values at the same place, the values of the axes that tell them apart - as
    few axes as do - are added to the params of the curves of that panel.

    Args:
        axes: the overrides of each point, as typed.
        tables: the curves of each point, in the same order.
    """
    keys = list(dict.fromkeys(key for each in axes for key in each))
    others = [tuple(each.get(key, "") for key in keys if key != SEED) for each in axes]
    places: dict[tuple[str, ...], list[int]] = {}
    for index, other in enumerate(others):
        places.setdefault(other, []).append(index)
    pooled = [pool_repeats([tables[index] for index in indices]) for indices in places.values()]
    heads = [axes[indices[0]] for indices in places.values()]
    rows = pd.concat([table.assign(point=index) for index, table in enumerate(pooled)], ignore_index=True)
    parts, added = [], dict[str, None]()
    for _, here in rows.groupby("panel", sort=False):
        names = _telling_axes(here, heads)
        if names:
            added |= dict.fromkeys(names)
            here = here.assign(params=_with_axes(here, heads, names))
        parts.append(here.drop_duplicates([column for column in here.columns if column != "point"]))
    joined = join_curves([part.drop(columns="point") for part in parts])
    order = joined.groupby([*CURVE, "source"], sort=False).ngroup()
    ordered = joined.assign(group=order).sort_values(["group", "x"], kind="stable").drop(columns="group")
    return join_curves([ordered]), tuple(added)


def pool_repeats(tables: Sequence[Curves]) -> Curves:
    """Return the curves of runs that differ in their seed alone as those of one run with all their repeats.

    At each place the mean of the runs' values is taken, weighted by n, and its standard error follows from the scatter
    within the runs (n (n - 1) y_err^2) and between them; a theory value that depends on the seed is averaged alike. A
    row that is in one run alone, and what the authors published, stays as it is.
    """
    if len(tables) == 1:
        return tables[0]
    rows = pd.concat(tables, ignore_index=True)
    groups = rows.groupby(_PLACE, sort=False)
    n, y, error = (rows[name].to_numpy(dtype=np.float64) for name in ("n", "y", "y_err"))
    with np.errstate(invalid="ignore"):
        weighted = rows.assign(_y=n * y, _within=np.where(n > 1, n * (n - 1) * error**2, 0.0))
        total = weighted.groupby(_PLACE, sort=False)[["n", "_y", "_within"]].sum()
        mean = (total["_y"] / total["n"]).rename("_mean")
        spread = rows.join(mean, on=_PLACE)
        between = (n * (y - spread["_mean"].to_numpy()) ** 2).astype(np.float64)
        between = rows.assign(_between=between).groupby(_PLACE, sort=False)["_between"].sum()
        scatter = np.sqrt((total["_within"] + between) / ((total["n"] - 1) * total["n"]).where(total["n"] > 1))
    first = groups.first()
    repeats = groups.size()
    theory = first.index.get_level_values("source") == "theory"
    alone = ((repeats == 1) | (first.index.get_level_values("source") == "published")).to_numpy()
    value = np.where(alone, first["y"], mean)
    value = np.where(np.isnan(value), np.inf, value)
    made = first.assign(
        y=value,
        y_err=np.where(theory, 0.0, np.where(alone, first["y_err"], np.where(np.isfinite(value), scatter, np.nan))),
        n=np.where(theory, 1, np.where(alone, first["n"], total["n"])).astype(np.int64),
    ).reset_index()
    return join_curves([made])


def judge_points(
    experiment: Experiment[Any], curves: Curves, settings: Sequence[RunSettings], told_by: Sequence[str]
) -> list[Finding]:
    """Return the claims of a sweep's common table; once for each value of the axes that were added to params.

    Args:
        experiment: whose claims they are.
        curves: as `join_points` returned them.
        settings: of the points.
        told_by: the axes that were added to params.
    """
    parts = list(dict.fromkeys(part.name for each in settings for part in experiment.chosen(each.parts)))
    base = with_values(settings[0], parts=parts if len(parts) < len(experiment.parts) else [])
    declared = {str(panel.name) for each in settings for panel in experiment.panels(each)}
    if not told_by:
        return experiment.judge(curves, base, declared)
    params = {text: decode_params(text) for text in curves["params"].unique()}
    variants = list(
        dict.fromkeys(
            tuple(each[axis] for axis in told_by) for each in params.values() if all(axis in each for axis in told_by)
        )
    )
    findings = []
    for values in variants:
        chosen = dict(zip(told_by, values, strict=True))
        fitting = {
            text: all(each.get(axis, value) == value for axis, value in chosen.items()) for text, each in params.items()
        }
        at = ", ".join(f"{axis}={value}" for axis, value in chosen.items())
        part = _without_axes(curves[curves["params"].map(fitting)], told_by)
        findings += [replace(finding, at=at) for finding in experiment.judge(part, base, declared)]
    return findings


def _axes(point: Point) -> dict[str, str]:
    return dict(override.split("=", 1) for override in point.overrides)


def _telling_axes(rows: Curves, axes: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the fewest axes whose values tell apart the points that disagree at some place."""
    keys = [key for key in dict.fromkeys(key for each in axes for key in each) if key != SEED]
    varying = [key for key in keys if len({each.get(key) for each in axes}) > 1]
    for count in range(len(varying) + 1):
        for names in itertools.combinations(varying, count):
            marks = rows["point"].map(lambda index: str([axes[index].get(key) for key in names]))  # noqa: B023
            distinct = rows.assign(mark=marks).drop_duplicates([*_PLACE, "y", "y_err", "n", "mark"])
            if not distinct.duplicated([*_PLACE, "mark"]).any():
                return names
    return tuple(varying)


def _with_axes(rows: Curves, axes: Sequence[Mapping[str, str]], names: Sequence[str]) -> pd.Series:
    texts = {
        (index, text): encode_params({**decode_params(text), **{name: axes[index].get(name, "") for name in names}})
        for index, text in rows[["point", "params"]].drop_duplicates().itertuples(index=False)
    }
    return pd.Series([texts[pair] for pair in zip(rows["point"], rows["params"], strict=True)], index=rows.index)


def _without_axes(curves: Curves, names: Sequence[str]) -> Curves:
    plain = {
        text: encode_params({key: value for key, value in decode_params(text).items() if key not in names})
        for text in curves["params"].unique()
    }
    return curves.assign(params=curves["params"].map(plain)).drop_duplicates()


def _panels(experiment: Experiment[Any], settings: Sequence[RunSettings], told_by: Sequence[str]) -> list[Panel]:
    """Return the panels of all points, each once, with the added axes as facets where a curve has them."""
    declared = {str(panel.name): panel for each in settings for panel in experiment.panels(each)}
    order = {panel: place for place, panel in enumerate(_declared_order(experiment))}
    panels = sorted(declared.values(), key=lambda panel: order.get(str(panel.name), len(order)))
    return [replace(panel, facets=(*panel.facets, *told_by)) for panel in panels]


def _declared_order(experiment: Experiment[Any]) -> list[str]:
    return [panel.value for part in experiment.parts for panel in part.names]


def _finish(experiment: Experiment[Any], directory: SweepDirectory, result: Aggregate) -> None:
    directory.result.finish(
        {
            "code": code_of(experiment),
            "versions": versions(),
            "experiment": experiment.entry.name,
            "key": directory.key,
            "sweep": True,
            "commit": git_commit(),
            "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
            "points": {key: run.path.name for key, run in result.done.items()},
            "claims": {
                finding.id + (f" [{finding.at}]" if finding.at else ""): finding.verdict.value
                for finding in result.findings
            },
        }
    )
