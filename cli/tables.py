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
_WIDE = 120  # columns from which a table also shows a point of each curve


def console() -> Console:
    """Return the console of stdout; in a pipe it is wide enough that no cell is cut."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def print_agreement(curves: Curves, panels: Sequence[Panel]) -> None:
    """Print theory against measurement, part by part, a row per curve; where there is room with a point of each."""
    table = named_agreement(curves, panels)
    if table.empty:
        return
    paired = pair(curves).groupby([*CURVE, "source"], sort=False).last()
    output = console()
    wide = output.width >= _WIDE
    output.print(Text("Theory and measurement", style="bold"))
    for part, rows in table.groupby("part", sort=False):
        last = ["at", "theory", "measured"] if wide else []
        shown = _table("", ["panel", "series", "source", "points", "deviation", "in 2 s.e.", *last])
        output.print(Text(f"\n{part}", style="bold"))
        facet = ""
        for row in rows.to_dict(orient="records"):
            point = paired.loc[tuple(row[name] for name in (*CURVE, "source"))]
            place = [f"{row['x_name']} {point['x']:g}", number(point["theory"]), measured(point["y"], point["y_err"])]
            shown.add_row(
                "" if row["facet"] == facet else row["facet"],
                row["series"],
                row["source"],
                str(row["points"]),
                deviation(float(row["median_error"])),
                "-" if math.isnan(row["within_2_se"]) else f"{100 * row['within_2_se']:.0f} %",
                *(place if wide else []),
            )
            facet = row["facet"]
        output.print(shown)
    output.print(Text(f"\n{MEANING}", style="dim"))


MEANING = (
    "deviation: median of |measured - theory| / theory, on a logarithmic panel of the factor between them; in 2 s.e.: "
    "points whose theory lies within two standard errors."
)


def deviation(error: float) -> str:
    """Return a relative error: in percent, as a factor where it is twice and more."""
    if math.isinf(error) or math.isnan(error):
        return "-"
    if error >= 0.995:
        return f"factor {1 + error:.3g}"
    return f"{100 * error:.0f} %" if error >= 0.0995 else f"{100 * error:.2g} %"


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


def print_curves(curves: Curves, panels: Sequence[Panel], most: int | None = None) -> int:
    """Print curves as one row per point, main panels first; return how many rows are left out.

    Args:
        curves: the rows.
        panels: how they are named.
        most: how many rows are printed at most; whole curves, at least one.
    """
    ordered = [*(panel for panel in panels if panel.main), *(panel for panel in panels if not panel.main)]
    named = name_curves(curves, ordered).reset_index(drop=True)
    if most is not None and len(named) > most:
        curve = (named[CURVE] != named[CURVE].shift()).any(axis=1).cumsum()
        whole = curve.drop_duplicates(keep="last").index.to_numpy() + 1
        named = named.iloc[: max([end for end in whole if end <= most], default=whole[0])]
    table = _table("", ["panel", "series", "x", "", "y", ""])
    for row in named.to_dict(orient="records"):
        x, y = float(row["x"]), float(row["y"])
        table.add_row(row["facet"], row["series"], row["x_name"], f"{x:g}", row["y_name"], number(y))
    console().print(table)
    return len(curves) - len(named)


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
