"""How are curves, claims and runs printed? Rich tables on a terminal, the same text without colour in a pipe."""

import json
import math
import sys
from collections.abc import Iterable, Sequence

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from solv.tracking.claims import Finding, Verdict
from solv.tracking.curves import CURVE, Curves, pair
from solv.tracking.environment import Check, State
from solv.tracking.labels import name_curves, named_agreement
from solv.tracking.panels import Panel

_VERDICT_STYLE = {
    Verdict.HOLDS: "green",
    Verdict.FAILS: "bold red",
    Verdict.UNDECIDED: "yellow",
    Verdict.NOT_RUN: "dim",
}
_NEEDS = {Verdict.UNDECIDED: "to decide", Verdict.NOT_RUN: "to run"}
_STATE_STYLE = {State.WORKS: "green", State.MISSING: "yellow", State.BROKEN: "bold red"}
PIPE_WIDTH = 160


def console() -> Console:
    """Return the console of stdout; in a pipe it is wide enough that no cell is cut."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def print_agreement(curves: Curves, panels: Sequence[Panel]) -> None:
    """Print theory against measurement, a row per curve: last common point, and agreement over all."""
    paired = pair(curves)
    table = _table(
        "Theory and measurement",
        ["panel", "series", "source", "at", "theory", "measured", "points", "median dev.", "within 2 s.e."],
    )
    if paired.empty:
        return
    last_points = paired.groupby([*CURVE, "source"], sort=False).last()
    for row in named_agreement(curves, panels).to_dict(orient="records"):
        last = last_points.loc[tuple(row[name] for name in (*CURVE, "source"))]
        median, within = float(row["median_error"]), float(row["within_2_se"])
        table.add_row(
            row["facet"],
            row["series"],
            row["source"],
            f"{row['x_name']} {last['x']:g}",
            number(last["theory"]),
            measured(last["y"], last["y_err"]),
            str(row["points"]),
            "-" if math.isinf(median) else f"{100 * median:.2g} %",
            "-" if math.isnan(within) else f"{100 * within:.0f} %",
        )
    console().print(table)


def print_claims(claims: Iterable[Finding], title: str = "Claims") -> None:
    """Print one row per claim, and under an undecided one what would decide it."""
    table = _table(title, ["claim", "verdict", "statement", "predicted", "measured", "tolerance"])
    for claim in claims:
        statement = claim.statement + (f"\n{claim.at}" if claim.at else "")
        statement += f"\n{_NEEDS[claim.verdict]}: {claim.needs}" if claim.needs else ""
        table.add_row(
            claim.id,
            Text(claim.verdict.value, style=_VERDICT_STYLE[claim.verdict]),
            statement,
            claim.predicted if isinstance(claim.predicted, str) else number(claim.predicted),
            claim.measured if isinstance(claim.measured, str) else measured(claim.measured, claim.error),
            claim.tolerance,
        )
    console().print(table)


def print_curves(curves: Curves, panels: Sequence[Panel]) -> None:
    """Print curves as one row per point, grouped by curve."""
    table = _table("", ["panel", "series", "x", "", "y", ""])
    for row in name_curves(curves, panels).to_dict(orient="records"):
        x, y = float(row["x"]), float(row["y"])
        table.add_row(row["facet"], row["series"], row["x_name"], f"{x:g}", row["y_name"], number(y))
    console().print(table)


def print_checks(checks: Iterable[Check]) -> None:
    """Print one row per check of the machine."""
    table = _table("", ["", "", "", "to mend"])
    for check in checks:
        state = Text(check.state.value, style=_STATE_STYLE[check.state])
        table.add_row(check.name, state, Text(check.found), Text(check.fix))
    console().print(table)


def print_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a plain table."""
    table = _table(title, columns)
    for row in rows:
        table.add_row(*row)
    console().print(table)


def as_text(curves: Curves, kind: str) -> str:
    """Return curves as `csv` or `json` text."""
    from solv.tracking.curves import records

    if kind == "json":
        return json.dumps(records(curves), indent=1, ensure_ascii=False, allow_nan=False)
    return pd.DataFrame(curves).to_csv(index=False, float_format="%.12g").rstrip("\n")


def number(value: float) -> str:
    """Return five significant digits."""
    return f"{value:.5g}"


def measured(value: float, error: float | None) -> str:
    """Return `value +- error` with the error to two digits; the value alone if the error is unknown or 0."""
    if error is None or not math.isfinite(error) or error == 0 or not math.isfinite(value):
        return number(value)
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}" if digits <= 7 else f"{value:.3g} ± {error:.1g}"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold"
    )
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
