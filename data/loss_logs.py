"""What do the logs of trainings say of the loss at each step? Curves of runs, from the files that tools write.

| file | x | curves |
| --- | --- | --- |
| W&B export (CSV) | Step | every `run - metric`, without `__MIN` and `__MAX` |
| TensorBoard export (CSV) | Step | Value |
| `trainer_state.json` of transformers | step | loss, eval_loss |
| nanoGPT | iter, step | loss; train loss and val loss |
| Megatron-LM | iteration, consumed samples | lm loss, validation loss |
| any CSV or JSON lines | step, iteration, tokens, ... | columns with `loss` in their name, or the one that is named |
| other text | numbers after `step` or `iter` | numbers after `loss` |

A curve is cleaned as a person would do it, and what was done is said: a step of 0 cannot take part in a power law, a
loss that is not finite is left out, and after a restart the later loss of a step counts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.data.tables import Table, TableError, open_table, opened, read_json, real

_X = (
    *("step", "_step", "global_step", "global step", "train/global_step", "trainer/global_step", "steps"),
    *("current_steps", "iteration", "iter", "iterations", "it", "consumed samples", "tokens", "samples", "epoch", "x"),
)
_RUNS = ("run", "run_name", "run name", "run_id", "seed")
_NO_CURVE = (
    "wall time",
    "wall_time",
    "time",
    "timestamp",
    "_timestamp",
    "_runtime",
    "runtime",
    "relative time (process)",
)
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)"
_MEGATRON = re.compile(r"^.*?\biteration\s+(\d+)\s*/\s*\d+\s*\|(.*)$")
_MEGATRON_VALIDATION = re.compile(
    rf"validation loss at iteration (\d+)\b.*?\blm loss value:\s*({_NUMBER})", re.IGNORECASE
)
_FIELD = re.compile(rf"\s*([^|:]+?):\s*({_NUMBER})\s*(?:\||$)", re.IGNORECASE)
_STEP = re.compile(r"\b(?:global[_ ])?(?:step|iter(?:ation)?)s?\b[\s:=#]*(\d+)", re.IGNORECASE)
_EPOCH = re.compile(r"\bepoch\b['\"]?[\s:=]*(\d+\.?\d*)", re.IGNORECASE)  # where a log counts nothing else
_LOSS = re.compile(
    rf"\b((?:train(?:ing)?|val(?:id(?:ation)?)?|eval|test|lm)?[ _/]?loss)\b['\"]?\s*[:=]?\s*({_NUMBER})\b",
    re.IGNORECASE,
)
_SHOWN = 3  # steps that a note names
UNORDERED = 0.2  # share of steps that go back from which on a file is not a log with restarts but in no order


class LossLogError(ValueError):
    """A log of losses cannot be read; the message is one line that names the file and what to do."""


@dataclass(frozen=True)
class LossCurve:
    """The losses of one run, by step.

    Attributes:
        name: of the run, or of its column.
        x, y: steps > 0, increasing; finite losses.
        x_name, y_name: what they are.
        notes: what was left out, a sentence each.
    """

    name: str
    x: Float[np.ndarray, "points"]
    y: Float[np.ndarray, "points"]
    x_name: str
    y_name: str
    notes: tuple[str, ...]


def read_loss_log(
    path: Path | str,
    *,
    x: str | None = None,
    y: str | None = None,
    run_column: str | None = None,
    encoding: str | None = None,
) -> list[LossCurve]:
    """Return the curves of a file, in its order.

    Args:
        path: the file.
        x, y: names of the columns (or fields) to take; None: the usual ones.
        run_column: column that tells runs apart, if each row is a step of one of several runs.
        encoding: of the text; None: told from its first bytes, else UTF-8.

    Raises:
        LossLogError: no such file, no such column, or a cell that is no number.
    """
    path = Path(path).expanduser()
    try:
        table = _table_or_none(path, encoding)
        if table is None:
            return _of_text(path, x, y, encoding)
        if table.kind == "json" and "log_history" in table.columns:
            return _of_trainer_state(path, read_json(path, encoding)["log_history"], x, y)
        if table.kind == "csv" and not _looks_like_table(table, x, y):
            return _of_text(path, x, y, encoding)
        return _of_table(table, x, y, run_column)
    except TableError as error:
        raise LossLogError(str(error)) from None


def read_columns(
    path: Path | str, names: Sequence[str], encoding: str | None = None
) -> list[Float[np.ndarray, "rows"]]:
    """Return columns of a table, of the rows in which all of them hold a finite number.

    Raises:
        LossLogError: no such file or column, or a cell that is no number.
    """
    try:
        table = open_table(path, encoding)
        chosen = [_named(table, name) for name in names]
        rows = []
        for line, cells in table.rows(chosen):
            if isinstance(cells, str):
                raise LossLogError(f"{table.path}: line {line} {cells}")
            values = [_cell(table, line, name, cell) for name, cell in zip(chosen, cells, strict=True)]
            if all(value is not None and np.isfinite(value) for value in values):
                rows.append(values)
    except TableError as error:
        raise LossLogError(str(error)) from None
    return list(np.array(rows, dtype=float).reshape(-1, len(names)).T)


def clean(name: str, x: Sequence[float], y: Sequence[float], x_name: str = "step", y_name: str = "loss") -> LossCurve:
    """Return the curve of points in the order in which they were logged.

    Left out, and said: losses that are not finite, x <= 0, and what a restart did again (after x goes back, earlier
    points from there on count no more; an x that is repeated counts once).
    """
    steps, losses = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    notes = []
    finite = np.isfinite(losses) & np.isfinite(steps)
    if not finite.all():
        notes.append(_not_finite(steps, finite, y_name, x_name))
    steps, losses = steps[finite], losses[finite]
    early = steps <= 0
    if early.any():
        notes.append(
            f"{_counted(early.sum(), 'point')} at {x_name} 0 or below cannot take part in a power law: left out"
        )
    steps, losses = steps[~early], losses[~early]
    if len(steps) > 1 and np.all(np.diff(steps) <= 0):
        steps, losses = steps[::-1], losses[::-1]
    back = np.flatnonzero(np.diff(steps) < 0)
    same = int(np.sum(np.diff(np.sort(steps)) == 0))
    if len(back) > max(UNORDERED * len(steps), 1):
        order = np.argsort(steps, kind="stable")
        steps, losses = steps[order], losses[order]
        notes.append(f"the rows are in no order of {x_name}: sorted")
    elif len(back):
        kept = _after_restarts(steps)
        places = ", ".join(f"{each:g}" for each in steps[back + 1][:_SHOWN])
        notes.append(
            f"{_counted(len(back), 'restart')} ({x_name} goes back to {places}): "
            f"{_counted(len(steps) - len(kept), 'earlier point')} from there on left out"
        )
        steps, losses = steps[kept], losses[kept]
        same = int(np.sum(np.diff(np.sort(steps)) == 0))
    last = np.append(np.diff(steps) != 0, True) if len(steps) else np.zeros(0, dtype=bool)
    if same:
        notes.append(f"{_counted(same, f'repeated {x_name}')} counted once, by the last value")
    return LossCurve(name, steps[last], losses[last], x_name, y_name, tuple(notes))


def _after_restarts(steps: Float[np.ndarray, "points"]) -> list[int]:
    """Return the places that no later restart has done again."""
    kept: list[int] = []
    for place, step in enumerate(steps):
        if place and step < steps[place - 1]:
            while kept and steps[kept[-1]] >= step:
                kept.pop()
        kept.append(place)
    return kept


def _not_finite(steps: np.ndarray, finite: np.ndarray, y_name: str, x_name: str) -> str:
    bad = steps[~finite]
    where = ", ".join(f"{each:g}" for each in bad[:_SHOWN]) + (", ..." if len(bad) > _SHOWN else "")
    tail = int(np.argmax(finite[::-1])) if finite.any() else len(finite)
    rest = f"; from {x_name} {steps[len(steps) - tail]:g} on none is finite" if tail > 1 and len(bad) > 1 else ""
    return f"{_counted(len(bad), 'value')} of {y_name} not finite, at {x_name} {where}{rest}: left out"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _table_or_none(path: Path, encoding: str | None) -> Table | None:
    """Return the table that a file is; None of a log whose lines begin like JSON and are not, e.g. `[rank0] step 1`."""
    try:
        return open_table(path, encoding)
    except TableError:
        with opened(path, encoding) as file:
            begins = next((line.strip() for line in file if line.strip()), "")
        if begins[:1] in ("[", "{") and begins[1:].lstrip()[:1] not in ("", "{", "[", '"', "]", "}"):
            return None
        raise


def _looks_like_table(table: Table, x: str | None, y: str | None) -> bool:
    """Return whether a file has a header with the columns that are needed, and is not a log in words."""
    lower = [name.lower() for name in table.columns]
    if x is not None and x.lower() in lower:
        return True
    if len(table.columns) < 2:
        return False
    usual = any(name in _X for name in lower)
    return usual or (y is not None and y.lower() in lower) or _is_header(table)


def _is_header(table: Table) -> bool:
    """Return whether the row after the first holds a number in every second of its cells at least."""
    first = next((cells for _, cells in table.rows(table.columns) if not isinstance(cells, str)), None)
    if first is None:
        return False
    numbers = sum(_is_number(cell) for cell in first)
    return numbers >= max(2, len(first) / 2)


def _is_number(cell: Any) -> bool:
    try:
        real(cell)
    except ValueError:
        return False
    return True


def _of_table(table: Table, x: str | None, y: str | None, run_column: str | None) -> list[LossCurve]:
    """Return the curves of a table with a step a row."""
    x_column = _named(table, x) if x is not None else _usual(table, _X)
    if x_column is None:
        raise LossLogError(f"{table.path}: no column of steps; name one with --x{_shown(table)}")
    columns = _curve_columns(table, x_column, y)
    runs = _named(table, run_column) if run_column is not None else _usual(table, _RUNS)
    if runs in columns or runs == x_column:
        runs = None
    points: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for line, cells in table.rows([x_column, *([runs] if runs else []), *columns]):
        if isinstance(cells, str):
            if cells == "is the header again":
                continue
            raise LossLogError(f"{table.path}: line {line} {cells}")
        step = _cell(table, line, x_column, cells[0])
        if step is None:
            continue
        run = str(cells[1]).strip() if runs else ""
        for name, cell in zip(columns, cells[2 if runs else 1 :], strict=True):
            value = _cell(table, line, name, cell)
            if value is not None:
                steps, losses = points.setdefault((run, name), ([], []))
                steps.append(step)
                losses.append(value)
    found = []
    for (run, name), (steps, losses) in points.items():
        many = len(columns) > 1
        shown = f"{run} - {name}" if run and many else run or name
        found.append(clean(shown, steps, losses, x_column, name))
    if not found:
        raise LossLogError(f"{table.path}: {', '.join(columns)} hold no number")
    return found


def _curve_columns(table: Table, x_column: str, y: str | None) -> list[str]:
    """Return the columns that are curves.

    Raises:
        LossLogError: none, or it is not clear which.
    """
    if y is not None:
        return [_named(table, y)]
    names = [
        name
        for name in table.columns
        if name and name != x_column and not name.endswith(("__MIN", "__MAX"))
        if name.lower() not in (*_NO_CURVE, *_RUNS) and not name.lower().endswith((" - _step", " - step"))
    ]
    of_wandb = any(name.endswith("__MIN") for name in table.columns)
    exported = [name for name in names if of_wandb and " - " in name]
    losses = exported or [name for name in names if "loss" in name.lower()] or (names if len(names) == 1 else [])
    losses = losses or [name for name in names if name.lower() in ("value", "y", "perplexity", "error")]
    if not losses:
        raise LossLogError(f"{table.path}: which column is the loss? name it with --y{_shown(table)}")
    return losses


def _cell(table: Table, line: int, name: str, cell: Any) -> float | None:
    """Return the number of a cell; None of a blank one."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        return real(cell)
    except ValueError:
        raise LossLogError(f"{table.path}: line {line}: {name} is no number") from None


def _named(table: Table, name: str) -> str:
    wanted = " ".join(name.split())
    found = [each for each in table.columns if each == wanted] or [
        each for each in table.columns if each.lower() == wanted.lower()
    ]
    if not found:
        raise LossLogError(f"{table.path}: no column {name}{_shown(table)}")
    return found[0]


def _usual(table: Table, names: Iterable[str]) -> str | None:
    columns = {column.lower(): column for column in reversed(table.columns)}
    return next((columns[name] for name in names if name in columns), None)


def _shown(table: Table) -> str:
    """Return the columns for a message; the keys of a JSON file may be texts of a person's own."""
    if table.kind == "json":
        return ""
    return "; columns: " + ", ".join(table.columns[:12]) + (", ..." if len(table.columns) > 12 else "")


def _of_trainer_state(path: Path, rows: Sequence[Mapping[str, Any]], x: str | None, y: str | None) -> list[LossCurve]:
    x_name = x or "step"
    names = [y] if y is not None else ["loss", "eval_loss"]
    found = []
    for name in names:
        pairs = [(row[x_name], row[name]) for row in rows if name in row and x_name in row]
        if pairs and (y is not None or name == "loss" or len(pairs) > 1):
            found.append(clean(name, [float(a) for a, _ in pairs], [float(b) for _, b in pairs], x_name, name))
    if not found:
        raise LossLogError(f"{path}: log_history has no {' or '.join(names)} at a {x_name}")
    return found


def _of_text(path: Path, x: str | None, y: str | None, encoding: str | None) -> list[LossCurve]:
    """Return the curves of a log in words."""
    points: dict[str, tuple[list[float], list[float]]] = {}
    x_name = x or "step"
    with opened(path, encoding) as file:
        for line in file:
            for name, step, loss in _of_line(line, x):
                steps, losses = points.setdefault(name, ([], []))
                steps.append(step)
                losses.append(loss)
    if y is not None:
        points = {name: pair for name, pair in points.items() if name.lower() == y.lower()}
    if not points:
        asked = f" {y}" if y else ""
        raise LossLogError(
            f"{path}: no loss{asked} in it; valid: CSV, JSON lines, trainer_state.json, or a log with lines like "
            "`step 100: loss 2.5`"
        )
    return [clean(name, *pair, x_name, name) for name, pair in points.items()]


def _of_line(line: str, x: str | None) -> Iterable[tuple[str, float, float]]:
    """Yield name, step and loss of what a line of a log says."""
    validation = _MEGATRON_VALIDATION.search(line)
    if validation:
        yield "validation loss", float(validation[1]), float(validation[2])
        return
    megatron = _MEGATRON.match(line)
    if megatron:
        values = {name.strip(): float(value) for name, value in _FIELD.findall(megatron[2])}
        step = float(megatron[1]) if x is None or x.lower() in ("iteration", "step") else values.get(x)
        if step is not None:
            yield from ((name, step, value) for name, value in values.items() if name.endswith("loss"))
        return
    step_found = _STEP.search(line) or _EPOCH.search(line)
    if step_found:
        for name, value in _LOSS.findall(line):
            yield " ".join(name.lower().split()), float(step_found[1]), float(value)
