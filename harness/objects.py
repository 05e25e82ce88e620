"""What does the Python API give back? Objects with `.frame()`, `.plot()` and a picture of themselves in a notebook."""

import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import pandas as pd

from solv.harness.drawing import choose, draw_chosen
from solv.harness.pictures import cell, picture
from solv.harness.settings import RunSettings
from solv.tracking import comparison
from solv.tracking.claims import Finding, Verdict, findings_to_json
from solv.tracking.curves import agreement, decode_params, pair, parameter, select
from solv.tracking.figures import SIZES, draw
from solv.tracking.labels import Facet, lay_out, name_curves
from solv.tracking.panels import Highlight, Panel
from solv.tracking.runs import RunDirectory, RunDirectoryError
from solv.tracking.verdict_figures import draw_counts, draw_verdicts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_ABOUT = ("started", "experiment", "preset", "key", "finished")


@dataclass(frozen=True)
class Curves:
    """Predicted and measured curves, and how they are drawn.

    Attributes:
        table: rows of the schema that `solv.tracking.curves` describes.
        panels: the experiment's.
        title: of figures.
    """

    table: pd.DataFrame
    panels: Sequence[Panel]
    title: str

    def __len__(self) -> int:
        return len(self.table)

    def frame(self) -> pd.DataFrame:
        """Return the table with the params as columns of their own, and the names of curves as they are drawn."""
        named = name_curves(self.table, self.panels)
        keys = dict.fromkeys(key for text in self.table["params"].unique() for key in _keys(text))
        columns = {key: parameter(named, key) for key in keys if key not in named.columns}
        return named.assign(**columns).drop(columns="params")

    def select(self, panel: str | None = None, *, source: str | None = None, **params: object) -> "Curves":
        """Return the curves of a panel, of a source, and with these exact params."""
        wanted = {name: value for name, value in (("panel", panel), ("source", source)) if value is not None}
        return Curves(select(self.table, **wanted, **params), self.panels, self.title)

    def pair(self) -> pd.DataFrame:
        """Return measured points beside theory at the same place, as `solv.tracking.curves.pair` does."""
        return pair(self.table)

    def agreement(self) -> pd.DataFrame:
        """Return how well theory and measurement agree, a row a curve."""
        return agreement(self.table)

    def plot(self, panel: str | None = None) -> "Figure":
        """Return a matplotlib figure of all panels, or of one.

        Raises:
            ValueError: there is no curve of that panel, or none that is drawn unless its panel is named.
        """
        facets = self._facets(panel)
        if not facets:
            raise ValueError("there is no curve to draw")
        return draw(facets, self.title)

    def _facets(self, panel: str | None) -> list[Facet]:
        if panel is None:
            return lay_out(self.table, self.panels)
        rows = select(self.table, panel=panel)
        if rows.empty:
            there = ", ".join(self.table["panel"].unique()) or "none"
            raise ValueError(f"no curve of panel {str(panel)!r}; there are {there}")
        return lay_out(rows, [replace(each, drawn=True) for each in self.panels])

    def _repr_html_(self) -> str:
        if not self._facets(None):
            return "<p>no curves</p>" if self.table.empty else str(self.frame().to_html(index=False))
        return picture(self.plot())


@dataclass(frozen=True)
class Claims(Sequence[Finding]):
    """What a run says of every claim of a paper."""

    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.findings)

    @overload
    def __getitem__(self, which: int | str) -> Finding: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Finding]: ...
    def __getitem__(self, which: int | str | slice) -> Finding | Sequence[Finding]:
        """Return a finding by its place or by the claim's id.

        Raises:
            KeyError: there is no claim of that id.
        """
        if not isinstance(which, str):
            return self.findings[which]
        for finding in self.findings:
            if finding.id == which:
                return finding
        raise KeyError(f"no claim {which!r}; there are {', '.join(finding.id for finding in self.findings)}")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings of the claims that fail."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.FAILS)

    def frame(self) -> pd.DataFrame:
        """Return a row a claim."""
        return pd.read_json(io.StringIO(findings_to_json(self.findings)), dtype=False)

    def plot(self) -> "Figure":
        """Return a matplotlib figure with a line a claim: its verdict, what is predicted and what was measured."""
        return draw_verdicts(self.findings)

    def _repr_html_(self) -> str:
        columns = ("id", "verdict", "statement", "predicted", "measured", "error", "tolerance", "needs")
        rows = "".join(
            "<tr>" + "".join(f"<td>{cell(getattr(finding, name))}</td>" for name in columns) + "</tr>"
            for finding in self.findings
        )
        head = "".join(f"<th>{name}</th>" for name in columns)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        directory: where it is on disk.
        settings: that it was started with.
        curves, claims: what it found.
        headline: which pictures its experiment would show in a talk.
        reused: whether it had been finished before; False of one that was loaded.
        resumed: whether it went on from an unfinished one.
        outdated: whether a reused run was made by other code than today's; `fresh=True` runs it again.
    """

    directory: RunDirectory
    settings: RunSettings
    curves: Curves
    claims: Claims
    headline: tuple[Highlight, ...] = ()
    reused: bool = False
    resumed: bool = False
    outdated: bool = False

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.directory.path

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.directory.experiment

    @property
    def key(self) -> str:
        """Key of its scientific settings."""
        return self.directory.key

    @property
    def manifest(self) -> dict[str, object]:
        """Versions, commit, device, seconds and verdicts, as they were recorded."""
        return self.directory.manifest()

    def frame(self) -> pd.DataFrame:
        """Return its curves as a table."""
        return self.curves.frame()

    def agreement(self) -> pd.DataFrame:
        """Return how well theory and measurement agree, a row a curve."""
        return self.curves.agreement()

    def plot(self, *pictures: str, size: str = "slide") -> "Figure":
        """Return a matplotlib figure of the headline, or of panels, parts or single pictures, as `solv figure` does.

        Args:
            pictures: names of panels or parts, keys of pictures, or `all`; none for the headline.
            size: slide, page, column or screen.

        Raises:
            ConfigurationError: there is nothing to draw, or no picture of that name.
            KeyError: there is no such size.
        """
        facets = lay_out(self.curves.table, self.curves.panels)
        chosen = choose(facets, pictures, self.headline, self.claims)
        return draw_chosen(chosen, facets, self.headline, self.claims, self.curves.title, SIZES[size])

    def _repr_html_(self) -> str:
        head = f"<p><b>{html.escape(self.experiment)}</b> <code>{html.escape(str(self.path))}</code>"
        head += " made by other code than today's: fresh=True runs it again</p>" if self.outdated else "</p>"
        return head + picture(self.plot()) + self.claims._repr_html_()


@dataclass(frozen=True)
class Runs(Sequence[RunDirectory]):
    """Run directories, oldest first."""

    directories: tuple[RunDirectory, ...]

    def __len__(self) -> int:
        return len(self.directories)

    @overload
    def __getitem__(self, which: int) -> RunDirectory: ...
    @overload
    def __getitem__(self, which: slice) -> "Runs": ...
    def __getitem__(self, which: int | slice) -> "RunDirectory | Runs":
        return Runs(self.directories[which]) if isinstance(which, slice) else self.directories[which]

    def __iter__(self) -> Iterator[RunDirectory]:
        return iter(self.directories)

    def frame(self) -> pd.DataFrame:
        """Return a row a run: when, what, from which preset, and how many claims have each verdict."""
        rows = []
        for run in self.directories:
            verdicts = verdicts_of(run)
            counts = {verdict.value: verdicts.count(verdict.value) for verdict in Verdict}
            about = {"started": run.started, "experiment": run.experiment, "key": run.key}
            about["preset"] = run.preset if run.finished else ""
            rows.append({**about, "finished": run.finished, **counts, "path": str(run.path)})
        return pd.DataFrame(rows, columns=[*_ABOUT, *(verdict.value for verdict in Verdict), "path"])

    def plot(self) -> "Figure":
        """Return a matplotlib figure of how many claims have each verdict, a bar a finished run, oldest on top."""
        frame = self.frame()
        done = frame[frame["finished"].astype(bool)]
        names = [
            f"{name} {when:%Y-%m-%d %H:%M}" for name, when in zip(done["experiment"], done["started"], strict=True)
        ]
        return draw_counts(names, done[[verdict.value for verdict in Verdict]])

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))


def verdicts_of(run: RunDirectory) -> list[str]:
    """Return the verdicts of a run; none of one that is not finished or whose manifest cannot be read."""
    try:
        return list(run.verdicts.values()) if run.finished else []
    except RunDirectoryError:
        return []


@dataclass(frozen=True)
class Comparison:
    """Runs of one experiment side by side.

    Attributes:
        runs: as they are called in tables and figures.
        panels, title: of the figure.
    """

    runs: Sequence[comparison.Labelled]
    panels: Sequence[Panel]
    title: str

    def settings(self) -> pd.DataFrame:
        """Return the settings that are not the same in all runs, a row a key."""
        return self._table(comparison.differences(self.runs))

    def agreement(self) -> pd.DataFrame:
        """Return agreement with theory, a row a curve, the runs side by side."""
        return comparison.agreements(self.runs, self.panels)

    def verdicts(self) -> pd.DataFrame:
        """Return the verdict of every claim in each run."""
        return self._table(comparison.verdicts(self.runs))

    def frame(self) -> pd.DataFrame:
        """Return agreement with theory, the runs side by side."""
        return self.agreement()

    def plot(self) -> "Figure":
        """Return a matplotlib figure with the runs over each other."""
        return comparison.overlay(self.runs, self.panels, self.title)

    def _table(self, rows: Sequence[comparison.Difference]) -> pd.DataFrame:
        labels = [run.label for run in self.runs]
        return pd.DataFrame([row.values for row in rows], index=[row.key for row in rows], columns=labels)

    def _repr_html_(self) -> str:
        return picture(self.plot()) + str(self.settings().to_html()) + str(self.verdicts().to_html())


@dataclass(frozen=True)
class Sweep:
    """A sweep whose points have been run.

    Attributes:
        path: its folder.
        curves, claims: of all finished points together.
        states: point -> done, failed, started or missing.
    """

    path: Path
    curves: Curves
    claims: Claims
    states: Mapping[str, str]

    def frame(self) -> pd.DataFrame:
        """Return its curves as a table."""
        return self.curves.frame()

    def plot(self, panel: str | None = None) -> "Figure":
        """Return a matplotlib figure of all panels, or of one."""
        return self.curves.plot(panel)

    def _repr_html_(self) -> str:
        return self.curves._repr_html_() + self.claims._repr_html_()


def _keys(text: str) -> list[str]:
    return list(decode_params(text))
