"""`solv fit asr`: success against samples, of attacks or of solving, from a log of judged answers."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli.arguments import AsFormat, Debug, TableFormat, check_plot_path, finish

if TYPE_CHECKING:
    from solv.data.verdicts import Verdicts
    from solv.harness.success_fits import AttackSuccess
    from solv.theory.fits.attack_success import BetaEdge, EdgeLaw

GOALS = (0.5, 0.9, 0.99, 0.999)  # success rates whose price in samples is shown
RESAMPLES = 1000
MOST_CATEGORIES = 40


class Event(StrEnum):
    """What is counted."""

    UNSAFE = "unsafe"
    SOLVED = "solved"


@dataclass(frozen=True)
class _Found:
    """What a log shows: its counts, the fit, and what was said about the reading of it."""

    verdicts: "Verdicts"
    fit: "AttackSuccess"
    event: str
    notes: Sequence[str]


def asr(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Columns prompt, sample, unsafe; or prompt, n, unsafe (counts); or a log of inspect, "
            "lm-evaluation-harness, garak, HarmBench.",
        ),
    ],
    prompt_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column that names the prompt.")] = None,
    sample_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column that names the answer; none: each row is another.")
    ] = None,
    unsafe_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of the verdict; or a tool's metric, scorer, detector.")
    ] = None,
    answers_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of counts: column with the number of answers.")
    ] = None,
    category_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Also show the success of each category.")
    ] = None,
    unsafe_value: Annotated[
        str | None, typer.Option(metavar="WORD", help="The verdict that counts, e.g. C; others do not.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(metavar="SCORE", help="A verdict is a score; from this one on it counts.")
    ] = None,
    event: Annotated[Event, typer.Option(help="What is counted: unsafe answers, or solved tasks (pass@k).")] = (
        Event.UNSAFE
    ),
    until_success: Annotated[
        bool | None,
        typer.Option(
            "--until-success/--all-samples",
            help="Each prompt was sampled until it broke / whatever came (default: told from the log).",
        ),
    ] = None,
    least_answers: Annotated[int, typer.Option(metavar="N", help="Leave out prompts with fewer answers.", min=1)] = 1,
    filter_name: Annotated[
        str | None, typer.Option("--filter", metavar="NAME", help="Filter of lm-evaluation-harness.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the file, e.g. cp1252 (default: told from it).")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the measured gap and the fits (.png, .svg or .pdf).")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read.")] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap over prompts.", min=0)] = 0,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """Success against samples: its regime (polynomial, exponential, bounded), and what more samples would buy."""

    def body() -> None:
        from solv.data.judged_logs import Reading
        from solv.data.verdicts import read_verdicts
        from solv.harness.success_fits import attack_success

        check_plot_path(plot)
        if unsafe_value is not None and threshold is not None:
            raise ValueError("--unsafe-value and --threshold are both given; valid: one of them")
        reading = Reading(
            prompt=prompt_column,
            sample=sample_column,
            verdict=unsafe_column,
            answers=answers_column,
            category=category_column,
            value=unsafe_value,
            threshold=threshold,
            event=event.value,
            encoding=encoding,
            filter=filter_name,
        )
        verdicts, faults = read_verdicts(file, skip_bad=skip_bad, reading=reading)
        for fault in faults:
            typer.echo(f"left out, {fault}", err=True)
        notes = list(verdicts.notes)
        verdicts, stopped = counted_prompts(verdicts, least_answers, until_success, notes)
        fit = attack_success(verdicts.answers, verdicts.unsafe, until_success=stopped, seed=seed, resamples=RESAMPLES)
        found = _Found(verdicts, fit, event.value, notes)
        if output is TableFormat.JSON:
            typer.echo(json.dumps(_as_dictionary(found), indent=1, allow_nan=False))
        else:
            _print(found)
        if plot is not None:
            fit.plot().savefig(plot, dpi=150)
            typer.echo(f"figure: {plot}", err=output is TableFormat.JSON)

    finish(body, debug)


def counted_prompts(
    verdicts: "Verdicts", least: int, until_success: bool | None, notes: list[str]
) -> "tuple[Verdicts, bool]":
    """Return the prompts that count, and whether they were sampled until they broke; decisions go to `notes`.

    Args:
        verdicts: of a log.
        least: prompts with fewer answers are left out.
        until_success: whether they were; None: told from the log.
        notes: is appended to.

    Raises:
        ValueError: no prompt has so many answers, or nobody knows which event of a prompt came first.
    """
    from solv.data.verdicts import first_events
    from solv.theory.fits.until_success import looks_stopped

    everything = verdicts
    if least > 1:
        verdicts = verdicts.with_at_least(least)
        left_out = len(everything.answers) - len(verdicts.answers)
        if not len(verdicts.answers):
            raise ValueError(f"--least-answers {least}: no prompt has so many; the most is {everything.answers.max()}")
        if left_out:
            notes.append(f"{left_out} of {len(everything.answers)} prompts have fewer than {least} answers: left out")
    looks = looks_stopped(everything.answers, everything.unsafe, everything.first)
    stopped = looks if until_success is None else until_success
    if stopped and until_success is None:
        notes.append(
            "sampling stopped at success (every unsafe answer is its prompt's last): u/n would be no estimate, so this "
            "is the share of prompts broken within k attempts; --all-samples if it is chance"
        )
    elif stopped:
        verdicts, dropped = first_events(verdicts)
        if dropped:
            notes.append(f"{dropped} answers after their prompt's first unsafe one are left out")
    elif looks:
        notes.append("every unsafe answer is its prompt's last: if sampling stopped there, say --until-success")
    return verdicts, stopped


def _print(found: _Found) -> None:
    from solv.cli.tables import number, print_rows
    from solv.harness.success_fits import price_text

    answers, fit = found.verdicts.answers, found.fit
    for note in found.notes:
        typer.echo(note)
    each = f"{answers.min()}" if answers.min() == answers.max() else f"{answers.min()} to {answers.max()}"
    happened = found.verdicts.unsafe.sum()
    typer.echo(f"{len(answers)} prompts, {each} answers each, {happened} of {answers.sum()} {found.event}\n")
    unequal = len(set(fit.table.prompts.tolist())) > 1
    rows = []
    for k, reached in zip(fit.table.k.tolist(), fit.table.prompts.tolist(), strict=True):
        gap, low, high = fit.measured[k]
        row = [str(k), *([str(reached)] if unequal else []), _success(gap), _ends(low, high)]
        rows.append([*row, *([_success(float(fit.chosen.gap(k))), ""] if fit.regime else [])])
    for k in fit.beyond if fit.regime else []:
        low_gap, high_gap = (float(end) for end in fit.chosen.gap_interval(k))
        row = [str(k), *([""] if unequal else []), "", ""]
        rows.append([*row, _success(float(fit.chosen.gap(k))), _ends(low_gap, high_gap)])
    measured = "broken within k" if fit.until_success else "measured"
    reach = [("still sampled" if fit.until_success else "prompts")] if unequal else []
    columns = ["samples k", *reach, measured, "95 % over prompts", *([f"{fit.word} fit", "95 %"] if fit.regime else [])]
    print_rows("Success rate", columns, rows)
    most = fit.table.k[-1]
    if unequal and not fit.until_success:
        typer.echo(
            f"\nprompts have unequal numbers of answers: {int((answers < most).sum())} of {len(answers)} have fewer "
            f"than {most}; --least-answers {most} leaves them out"
        )
    if found.verdicts.categories and any(found.verdicts.categories):
        _print_categories(found)
    if fit.regime is None or fit.immune is None:
        typer.echo(f"\nno fit: {fit.no_fit}")
        _print_bounds(found)
        return
    _print_fits(found)
    typer.echo(f"\nregime: {_regime(fit)}")
    if fit.law is None:
        typer.echo(f"no fit of the edge law: {fit.no_law}")
    if fit.contradiction:
        typer.echo(f"caution: the fit does not describe the table: {fit.contradiction}; trust it nowhere beyond")
    if fit.floor is not None:
        typer.echo(
            f"caution: from k = {fit.floor} on fewer than one of {len(answers)} prompts holds out: the gap is at its "
            f"floor 1/{len(answers)}, more prompts would tell"
        )
    typer.echo("")
    prices = [fit.price(goal) for goal in GOALS]
    for price in prices:
        typer.echo(f"samples for a success rate of {price.success:g}: {price_text(price, fit)}")
    low, high = fit.immune.interval
    typer.echo(f"prompts that never yield: {number(fit.immune.share)} of them (95 %: {number(low)} to {number(high)})")


def _print_bounds(found: _Found) -> None:
    """Print what may be said where all answers are alike."""
    from solv.cli.tables import number

    fit, total = found.fit, int(found.verdicts.answers.sum())
    if found.verdicts.unsafe.sum() == 0:
        typer.echo(
            f"0 of {total}: at most {number(fit.sample_bound)} a sample were all prompts alike, and at most "
            f"{number(fit.prompt_bound)} of prompts are of a kind that yields (95 %, one-sided)"
        )
    elif found.verdicts.unsafe.sum() == total and not fit.until_success:
        typer.echo(
            f"{total} of {total}: at least {number(1 - fit.sample_bound)} a sample were all prompts alike, and at most "
            f"{number(fit.prompt_bound)} of prompts are of a kind that holds out (95 %, one-sided)"
        )


def _print_fits(found: _Found) -> None:
    from solv.cli.tables import number, print_rows
    from solv.theory.fits.attack_success import largest_rate

    fit = found.fit
    assert fit.regime is not None
    assert fit.immune is not None
    most = largest_rate(found.verdicts.answers, found.verdicts.unsafe, fit.regime)
    fits = [
        [*_row("polynomial", fit.regime.polynomial), "0"],
        [*_row("exponential", fit.regime.exponential, f"below {number(most)}"), number(fit.regime.ratio)],
        [
            "some never yield",
            number(fit.immune.nu),
            _between(fit.immune.nu_interval),
            "0",
            "",
            number(fit.immune.ratio),
        ],
    ]
    if fit.law is not None:
        fits.append([*_row("edge law, large k", fit.law), ""])
    typer.echo("")
    print_rows(
        "Fits: 1 - success ~ k^-nu e^(-mu k), or a share that never yields",
        ["", "nu", "95 %", "mu", "95 %", "2 log-likelihood gained"],
        fits,
    )


def _regime(fit: "AttackSuccess") -> str:
    from solv.cli.tables import number
    from solv.theory.fits.attack_success import HALF_CHI_SQUARE

    assert fit.regime is not None
    assert fit.immune is not None
    if fit.never:
        low, high = fit.immune.interval
        return (
            f"bounded; a share of {number(fit.immune.share)} (95 %: {number(low)} to {number(high)}) never yields, so "
            f"success ends at {number(1 - fit.immune.share)}"
        )
    return (
        f"{fit.word}; twice the log-likelihood gained by mu > 0 is {number(fit.regime.ratio)}, and above "
        f"{number(HALF_CHI_SQUARE)} the polynomial is rejected at 5 %"
    )


def _print_categories(found: _Found) -> None:
    """Print the success of each category at one sample and at as many as its prompts have."""
    import numpy as np

    from solv.cli.tables import print_rows
    from solv.theory.fits.success_estimates import gap_table

    answers, unsafe = found.verdicts.answers, found.verdicts.unsafe
    names = np.array(found.verdicts.categories)
    rows = []
    for name in dict.fromkeys(found.verdicts.categories):
        own = names == name
        most = int(answers[own].min())
        table = gap_table(answers[own], unsafe[own], sorted({1, most}))
        cells = [_success(float(table.gap[-1])), _ends(float(table.low[-1]), float(table.high[-1]))]
        first = [_success(float(table.gap[0])), _ends(float(table.low[0]), float(table.high[0]))]
        rows.append([name or "(none)", str(int(own.sum())), *first, str(most), *cells])
    typer.echo("")
    columns = ["category", "prompts", "success at 1", "95 %", "most samples", "success there", "95 %"]
    print_rows("By category", columns, rows[:MOST_CATEGORIES])
    if len(rows) > MOST_CATEGORIES:
        typer.echo(f"and {len(rows) - MOST_CATEGORIES} more")


def _row(name: str, of: "BetaEdge | EdgeLaw", bound: str = "") -> list[str]:
    from solv.cli.tables import number

    return [name, number(of.nu), _between(of.nu_interval), number(of.mu), _between(of.mu_interval) if of.mu else bound]


def _success(gap: float) -> str:
    """Return 1 - gap, written as that where success rounds to 1."""
    shown = f"{1 - gap:.5g}"
    return f"1 - {gap:.2g}" if gap > 0 and float(shown) == 1 else shown


def _ends(low_gap: float, high_gap: float) -> str:
    return f"{_success(high_gap)} to {_success(low_gap)}"


def _between(interval: tuple[float, float]) -> str:
    from solv.cli.tables import number

    return f"{number(interval[0])} to {number(interval[1])}"


def _as_dictionary(found: _Found) -> dict[str, Any]:
    verdicts, fit = found.verdicts, found.fit
    said: dict[str, Any] = {
        "event": found.event,
        "prompts": len(verdicts.answers),
        "answers": int(verdicts.answers.sum()),
        "unsafe": int(verdicts.unsafe.sum()),
        "until_success": fit.until_success,
        "regime": fit.word,
        "measured": [
            {"k": k, "success": 1 - gap, "interval": [1 - high, 1 - low], "prompts": reached}
            for (k, (gap, low, high)), reached in zip(fit.measured.items(), fit.table.prompts.tolist(), strict=True)
        ],
        "notes": list(found.notes),
        "no_fit": fit.no_fit or None,
    }
    if verdicts.unsafe.sum() == 0:
        said["bounds"] = {"sample": fit.sample_bound, "prompts": fit.prompt_bound}
    if fit.regime is None or fit.immune is None:
        return said
    return said | {
        "likelihood_ratio": fit.regime.ratio,
        "polynomial": _edge(fit.regime.polynomial),
        "exponential": _edge(fit.regime.exponential),
        "never_yields": {
            "share": fit.immune.share,
            "interval": list(fit.immune.interval),
            "nu": fit.immune.nu,
            "likelihood_ratio": fit.immune.ratio,
        },
        "edge_law": None if fit.law is None else _edge(fit.law),
        "contradiction": fit.contradiction or None,
        "floor_from": fit.floor,
        "expected": [
            {
                "k": k,
                "success": 1 - float(fit.chosen.gap(k)),
                "interval": [1 - float(end) for end in reversed(fit.chosen.gap_interval(k))],
            }
            for k in [*fit.measured, *fit.beyond]
        ],
        "samples_for": {f"{goal:g}": _finite(fit.samples_for(goal)) for goal in GOALS},
        "prices": [
            {
                "success": each.success,
                "samples": _finite(each.samples),
                "interval": [_finite(each.low), _finite(each.high)],
            }
            for each in (fit.price(goal) for goal in GOALS)
        ],
    }


def _edge(of: "BetaEdge | EdgeLaw") -> dict[str, Any]:
    return {"nu": of.nu, "nu_interval": of.nu_interval, "mu": of.mu, "mu_interval": of.mu_interval}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
