"""What does a run show on a W&B dashboard? Its settings, training metrics, and theory against measurement.

| key                                       | what                                             | against           |
| ----------------------------------------- | ------------------------------------------------ | ----------------- |
| 0-headline/figure                         | the headline of the run                          |                   |
| 0-headline/<n> <picture>                  | one chart of all curves of a picture of it       |                   |
| <part>/<picture>/<curve>/<source>         | a curve: theory, simulation, trained, published  | x/<x>             |
| train/<task>/<metric>                     | training metrics as they come                    | train/<task>/step |
| tables/curves, .../agreement, .../claims  | all numbers, also of maps and of categories      |                   |
| agreement/..., claim/<id>, claims/<verdict> | summary                                        |                   |

A dashboard shows its sections in the order of their names: the headline's begins with a digit.

The record is made by a process of its own (`wandb_run.py`); whatever happens to it, the run goes on.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd

from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import Curves, agreement
from solv.tracking.files import write_text
from solv.tracking.headline import headline
from solv.tracking.labels import Facet, lay_out, name_curves
from solv.tracking.panels import Highlight, Panel
from solv.tracking.wandb_mode import Decision, recorder_environment

HEADLINE, TABLES = "0-headline", "tables"
Kind = Literal["run", "point", "aggregate"]
CLOSE_SECONDS = 45.0  # opening and uploading are bounded by less; past this the recording process is given up
INTERRUPT_SECONDS = 3.0
LONGEST_CHART = 60  # characters of a chart's name: W&B makes the name of an artifact of it, which may have 128
_RECORDER = Path(__file__).with_name("wandb_run.py")


@dataclass(frozen=True)
class Identity:
    """How a run is filed on W&B.

    Attributes:
        label: what the run is called in lists.
        tags: words to filter by: the experiment, the paper's arXiv id and the preset.
        kind: a run by itself, a point of a sweep, or what all points of a sweep say together; W&B's job type.
        group: name shared by the jobs of a sweep; None leaves it to `WANDB_RUN_GROUP`.
    """

    label: str
    tags: tuple[str, ...]
    kind: Kind = "run"
    group: str | None = None


@dataclass
class Dashboard:
    """A record that is being written, or none. Every method returns at once; only `close` waits, within bounds."""

    process: subprocess.Popen[str] | None = None
    fault: str | None = None
    address: str | None = None
    _tasks: set[str] = field(default_factory=set)

    def metrics(self, task: str, step: int, values: Mapping[str, float]) -> None:
        """Record training metrics of one task at one step."""
        if self.process is None:
            return
        section = _undotted(f"train/{task}")
        if task not in self._tasks:
            self._tasks.add(task)
            self._send("define", [_axis(f"{section}/step"), {"name": f"{section}/*", "step_metric": f"{section}/step"}])
        named = {f"{section}/{_undotted(name)}": float(value) for name, value in values.items()}
        self._send("log", {f"{section}/step": step, **named})

    def results(
        self,
        curves: Curves,
        panels: Sequence[Panel],
        findings: Sequence[Finding],
        highlights: Sequence[Highlight],
        figure: Path | None,
    ) -> None:
        """Record what the run found, under the names that `panels` give.

        Args:
            curves, findings: what it found.
            panels: how the curves are drawn.
            highlights: the pictures of its headline.
            figure: the headline as a file; None if it was not drawn.
        """
        if self.process is None:
            return
        lines = line_curves(curves, panels)
        self._send("define", metric_definitions(lines))
        for row in history_rows(lines):
            self._send("log", row)
        tables = {"curves": curves, "agreement": agreement(curves)}
        content = {
            f"{TABLES}/{name}": {"columns": list(table.columns), "rows": table.to_numpy(dtype=object).tolist()}
            for name, table in tables.items()
        }
        content[f"{TABLES}/claims"] = _claims_table(findings)
        pictures = [picture.facet for picture in headline(lay_out(curves, panels), highlights, findings)]
        images = {} if figure is None else {f"{HEADLINE}/figure": str(figure)}
        self._send("results", {"tables": content, "charts": charts(pictures), "images": images})
        self._send("summary", summary(curves, findings))

    def close(self, *, finished: bool) -> str | None:
        """End the record; return one line if anything went wrong with it, else None.

        An interrupted run (`finished` false) leaves the record open to be continued and does not wait for an upload.
        """
        process = self.process
        if process is None:
            return _line(self.fault)
        if finished:
            self._send("close", 0)
        self.process = None
        with suppress(OSError):
            _pipe(process.stdin).close()
        answers, ended = _await(process, CLOSE_SECONDS if finished else INTERRUPT_SECONDS)
        opened = answers.get("opened", {})
        self.address = opened.get("address") or opened.get("folder")
        if not finished:
            return None
        if not ended:
            return _line(f"the recording process did not end within {CLOSE_SECONDS:.0f} s and was given up")
        if "warning" in answers:
            return _line(answers["warning"])
        return None if "closed" in answers else _line("the recording process died")

    def _send(self, kind: str, content: object) -> None:
        if self.process is None or self.fault is not None:
            return
        pipe = _pipe(self.process.stdin)
        try:
            pipe.write(json.dumps({kind: content}) + "\n")
            pipe.flush()
        except OSError:
            self.fault = "the recording process died"


def open_dashboard(
    decision: Decision, run_folder: Path, runs_folder: Path, identity: Identity, config: Mapping[str, Any]
) -> Dashboard:
    """Start the record of a run under `run_folder`/wandb, or go on with the one that is there.

    Args:
        decision: whether and how it is recorded.
        run_folder, runs_folder: the run directory and the folder of all of them, whose `wandb/` gets a link.
        identity: how it is filed.
        config: the resolved configuration.
    """
    if decision.mode == "disabled":
        return Dashboard()
    environment = recorder_environment(decision.mode, (run_folder / "wandb").absolute())
    settings = {
        "root_dir": str(run_folder.absolute()),
        "project": os.environ.get("WANDB_PROJECT") or "solv",
        "run_name": identity.label,
        "run_tags": identity.tags,
        "run_job_type": identity.kind,
        "x_stats_pid": os.getpid(),
        **({"run_group": identity.group} if identity.group else {}),
    }
    try:
        settings |= {"run_id": _run_id(run_folder), "resume": "allow"}
        with (run_folder / "wandb" / "client.log").open("a") as noise:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                [sys.executable, "-P", str(_RECORDER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
                encoding="utf-8",
                env=environment,
                start_new_session=True,  # Ctrl-C is for the run; the record ends when the run closes it
            )
    except OSError as error:
        return Dashboard(fault=f"cannot start recording ({error.strerror or error})")
    dashboard = Dashboard(process)
    gather = str((runs_folder / "wandb").absolute())
    opening = {"mode": decision.mode, "warning": decision.warning, "settings": settings}
    dashboard._send("open", {**opening, "config": dict(config), "gather": gather})
    return dashboard


def metric_definitions(curves: pd.DataFrame) -> list[dict[str, Any]]:
    """Return W&B's metric definitions that draw every curve against its own abscissa."""
    named = curves.assign(key=_keys(curves), axis=_axes(curves))
    pairs = named[["key", "axis"]].drop_duplicates()
    axes = [_axis(name) for name in pairs["axis"].unique()]
    return axes + [
        {"name": _escaped(key), "step_metric": axis, "summary": "none"} for key, axis in pairs.itertuples(index=False)
    ]


def history_rows(curves: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield one row per abscissa in increasing order: theory and measurement at the same x stand in the same row."""
    named = curves.assign(key=_keys(curves), axis=_axes(curves))
    for (axis, x), points in named.groupby(["axis", "x"], sort=True):
        yield {str(axis): x, **dict(zip(points["key"], points["y"], strict=True))}


def charts(pictures: Sequence[Facet]) -> dict[str, dict[str, Any]]:
    """Return one chart per picture of lines that lays measurement over theory (finite points only).

    Args:
        pictures: of the headline; a map, a ridgeline and a picture of categories are in its figure alone.
    """
    found: dict[str, dict[str, Any]] = {}
    for place, facet in enumerate(pictures, start=1):
        points = facet.curves[np.isfinite(facet.curves["y"])]
        if not _is_of_lines(facet.panel) or not len(points):
            continue
        several = points["y_name"].nunique() > 1
        lines = [
            {
                "name": " ".join(filter(None, [y_name if several else "", series, str(source)])),
                "x": line["x"].tolist(),
                "y": line["y"].tolist(),
            }
            for (y_name, series, source), line in points.sort_values("x").groupby(
                ["y_name", "series", "source"], sort=False
            )
        ]
        title = f"{facet.panel.title}: {facet.panel.y_label} against {facet.panel.x_label}"
        name = f"{HEADLINE}/{place} {_shortened(facet.key)}"
        found[name] = {"title": title, "x_name": points["x_name"].iloc[0], "lines": lines}
    return found


def line_curves(curves: Curves, panels: Sequence[Panel]) -> pd.DataFrame:
    """Return the curves that are drawn as lines, with the columns `facet` and `series` that name them."""
    other = [str(panel.name) for panel in panels if not (panel.drawn and _is_of_lines(panel))]
    named = name_curves(curves, panels)
    return named[~named["panel"].isin(other)]


def summary(curves: Curves, claims: Sequence[Finding]) -> dict[str, Any]:
    """Return the figures by which runs are compared: agreement over all curves and by part, claims by verdict."""
    table = agreement(curves)
    values: dict[str, Any] = {f"claims/{verdict.value}": 0 for verdict in Verdict}
    for place, rows in [("", table), *((f"/{part}", rows) for part, rows in table.groupby("part", sort=False))]:
        if len(rows):
            values[f"agreement{place}/median_error"] = rows["median_error"].median()
            values[f"agreement{place}/worst_error"] = rows["worst_error"].max()
            values[f"agreement{place}/within_2_se"] = rows["within_2_se"].mean()
    for claim in claims:
        name = f"claim/{claim.id}" + (f" [{claim.at}]" if claim.at else "")
        values[f"claims/{claim.verdict.value}"] += 1
        values[name] = claim.verdict.value
        if not isinstance(claim.measured, str):
            values[f"{name}/measured"] = float(claim.measured)
    return {key: value for key, value in values.items() if not isinstance(value, float) or np.isfinite(value)}


def _is_of_lines(panel: Panel) -> bool:
    return panel.heat is None and panel.ridge is None and not panel.category


def _keys(curves: pd.DataFrame) -> pd.Series:
    """Return the key of each row: its part, picture, curve and source, and its ordinate where a picture has several."""
    several = curves.groupby("facet")["y_name"].transform("nunique") > 1
    ordinate = ("/" + curves["y_name"]).where(several, "")
    series = ("/" + curves["series"]).where(curves["series"] != "", "")
    keys = curves["part"] + "/" + curves["facet"] + ordinate + series + "/" + curves["source"].astype(str)
    return keys.map(_starless)


def _axes(curves: pd.DataFrame) -> pd.Series:
    return "x/" + curves["x_name"].map(_undotted)


def _escaped(key: str) -> str:
    """Return `key` as a definition must spell it: there, not in a row, an unescaped dot means a nested value."""
    return key.replace(".", r"\.")


def _undotted(name: str) -> str:
    """Return `name` as part of a key that is an abscissa or matched by a pattern: W&B cannot have a dot in those."""
    return _starless(name).replace(".", "_")


def _starless(name: str) -> str:
    """Return `name` with another asterisk: W&B takes the usual one for a pattern, and refuses it but at the end."""
    return name.replace("*", "∗")


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_CHART else f"{name[: LONGEST_CHART - 1]}…"


def _axis(name: str) -> dict[str, Any]:
    return {"name": name, "hidden": True, "summary": "none"}


def _claims_table(claims: Sequence[Finding]) -> dict[str, Any]:
    """Return the claims as a table of texts: W&B wants one type a column, and a prediction may be words."""
    columns = ["id", "verdict", "statement", "predicted", "measured", "error", "tolerance", "needs"]
    rows = [[_text(asdict(claim)[name]) for name in columns] for claim in claims]
    return {"columns": columns, "rows": rows}


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _run_id(run_folder: Path) -> str:
    """Return the id kept in the run directory, made from the run's key at the first call: a resumed run finds it."""
    path = run_folder / "wandb" / "id"
    with suppress(FileNotFoundError):
        if kept := path.read_text().strip():
            return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    made = f"{run_folder.name.rpartition('-')[2]}-{secrets.token_hex(4)}"  # one key may be run on many machines
    write_text(path, made + "\n")
    return made


def _await(process: subprocess.Popen[str], seconds: float) -> tuple[dict[str, Any], bool]:
    """Return what the process has said, the first of each kind, and whether it ended in time."""
    answers: dict[str, Any] = {}
    ended = True
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        ended = False
        process.kill()
        process.wait()
    output = _pipe(process.stdout)
    os.set_blocking(output.fileno(), False)
    with output:
        for line in output:
            with suppress(ValueError):
                for kind, content in json.loads(line).items():
                    answers.setdefault(kind, content)
    return answers, ended


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None, "the process was started with pipes"
    return pipe


def _line(fault: str | None) -> str | None:
    return None if fault is None else f"W&B: {fault}; the run itself is complete"
