"""What does a run show on a W&B dashboard? Its settings, training metrics, and theory against measurement.

| key                                  | what                                                    | against          |
| ------------------------------------ | ------------------------------------------------------- | ---------------- |
| theory/<y>/<facet>/<series>          | a predicted curve                                       | x/<x>            |
| empirical/<y>/<facet>/<series>       | a simulated curve; another source is added: `/trained`  | x/<x>            |
| train/<task>/<metric>                | training metrics as they come                           | train/<task>/step |
| overlay/<facet>                      | one chart of all curves of a picture                    |                  |
| curves, agreement, claims            | tables                                                  |                  |
| figure                               | the run's figure                                        |                  |
| agreement/..., claim/<id>, claims/<verdict> | summary                                          |                  |

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
from typing import IO, Any

import numpy as np
import pandas as pd

from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import CURVE, Curves, agreement
from solv.tracking.files import write_text
from solv.tracking.labels import name_curves
from solv.tracking.panels import Panel
from solv.tracking.wandb_mode import Decision, recorder_environment

_NAMED = ("trained", "anchored", "published")  # sources that share their curve with a simulation
CLOSE_SECONDS = 45.0  # opening and uploading are bounded by less; past this the recording process is given up
INTERRUPT_SECONDS = 3.0
_RECORDER = Path(__file__).with_name("wandb_run.py")


@dataclass(frozen=True)
class Identity:
    """How a run is filed on W&B.

    Attributes:
        experiment: its name; W&B's job type.
        label: what the run is called in lists.
        tags: words to filter by: the paper's arXiv id and the preset.
        group: name shared by the jobs of a sweep; None leaves it to `WANDB_RUN_GROUP`.
    """

    experiment: str
    label: str
    tags: tuple[str, ...]
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

    def results(self, curves: Curves, panels: Sequence[Panel], findings: list[Finding], figure: Path | None) -> None:
        """Record what the run found, under the names that `panels` give; `figure` is None if none was drawn."""
        if self.process is None:
            return
        named = name_curves(curves, panels)
        self._send("define", metric_definitions(named))
        for row in history_rows(named):
            self._send("log", row)
        tables = {"curves": curves, "agreement": agreement(curves)}
        content = {
            name: {"columns": list(table.columns), "rows": table.to_numpy(dtype=object).tolist()}
            for name, table in tables.items()
        }
        content["claims"] = _claims_table(findings)
        self._send(
            "results", {"tables": content, "charts": charts(named), "figure": None if figure is None else str(figure)}
        )
        self._send("summary", summary(named, findings))

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
        "run_job_type": identity.experiment,
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


def charts(curves: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return one chart per panel and ordinate that lays measurement over theory (finite points only)."""
    found: dict[str, dict[str, Any]] = {}
    finite = curves[np.isfinite(curves["y"])]
    ordinates = finite.groupby("facet")["y_name"].nunique()
    for (panel, x_name, y_name), points in finite.groupby(["facet", "x_name", "y_name"], sort=False):
        name = f"overlay/{panel}" if ordinates[panel] == 1 else f"overlay/{panel}/{y_name}"
        lines = [
            {"name": f"{source} {series}", "x": line["x"].tolist(), "y": line["y"].tolist()}
            for (series, source), line in points.sort_values("x").groupby(["series", "source"], sort=False)
        ]
        found[name] = {"title": f"{panel}: {y_name} against {x_name}", "x_name": x_name, "lines": lines}
    return found


def summary(curves: pd.DataFrame, claims: list[Finding]) -> dict[str, Any]:
    """Return the figures by which runs are compared: agreement over all series and by series, claims by verdict."""
    table = agreement(curves)
    names = curves.drop_duplicates(CURVE).set_index(CURVE)[["facet", "series"]]
    table = table.join(names, on=CURVE)
    values: dict[str, Any] = {f"claims/{verdict.value}": 0 for verdict in Verdict}
    if len(table):
        values["agreement/median_error"] = table["median_error"].median()
        values["agreement/worst_error"] = table["worst_error"].max()
        values["agreement/within_2_se"] = table["within_2_se"].mean()
    for row in table.itertuples(index=False):
        key = f"agreement/{row.y_name}/{row.facet}/{row.series}" + (f"/{row.source!s}" if row.source in _NAMED else "")
        values |= {f"{key}/median_error": row.median_error, f"{key}/within_2_se": row.within_2_se}
    for claim in claims:
        values[f"claims/{claim.verdict.value}"] += 1
        values[f"claim/{claim.id}"] = claim.verdict.value
        if not isinstance(claim.measured, str):
            values[f"claim/{claim.id}/measured"] = float(claim.measured)
    return {key: value for key, value in values.items() if not isinstance(value, float) or np.isfinite(value)}


def _keys(curves: pd.DataFrame) -> pd.Series:
    side = np.where(curves["source"] == "theory", "theory/", "empirical/")
    ending = curves["source"].map(lambda source: f"/{source}" if source in _NAMED else "")
    keys: pd.Series = side + curves["y_name"] + "/" + curves["facet"] + "/" + curves["series"] + ending
    return keys


def _axes(curves: pd.DataFrame) -> pd.Series:
    return "x/" + curves["x_name"].map(_undotted)


def _escaped(key: str) -> str:
    """Return `key` as a definition must spell it: there, not in a row, an unescaped dot means a nested value."""
    return key.replace(".", r"\.")


def _undotted(name: str) -> str:
    """Return `name` as part of a key that is an abscissa or matched by a pattern: W&B cannot have a dot in those."""
    return name.replace(".", "_")


def _axis(name: str) -> dict[str, Any]:
    return {"name": name, "hidden": True, "summary": "none"}


def _claims_table(claims: list[Finding]) -> dict[str, Any]:
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
    made = f"{run_folder.name.split('-')[2]}-{secrets.token_hex(4)}"  # one key may be run on many machines
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
