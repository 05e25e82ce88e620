"""What does `solv fit` do? Fits a law of theory to the user's own logs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solv.cli.arguments import AsFormat, Debug, TableFormat, check_plot_path, finish

if TYPE_CHECKING:
    from solv.data.verdicts import Verdicts
    from solv.harness.fits import AttackSuccess
    from solv.theory.fits.attack_success import BetaEdge, EdgeLaw

fit = typer.Typer(help="Fit a law of theory to logs of your own.", no_args_is_help=True)

GOALS = (0.5, 0.9, 0.99, 0.999)  # success rates whose price in samples is shown
RESAMPLES = 1000


@dataclass(frozen=True)
class _Found:
    """What a file of verdicts shows."""

    verdicts: "Verdicts"
    fit: "AttackSuccess"


@fit.callback()
def laws() -> None:
    """Fit a law of theory to logs of your own."""


@fit.command()
def asr(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns prompt, sample, unsafe.")],
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the measured gap and both fits (.png, .svg or .pdf).")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read.")] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap over prompts.", min=0)] = 0,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """Attack success against samples: its regime, polynomial or exponential, and what more samples would buy."""

    def body() -> None:
        from solv.data.verdicts import read_verdicts
        from solv.harness.fits import attack_success

        check_plot_path(plot)
        verdicts, faults = read_verdicts(file, skip_bad=skip_bad)
        for fault in faults:
            typer.echo(f"left out, {fault}", err=True)
        found = _Found(verdicts, attack_success(verdicts.answers, verdicts.unsafe, seed=seed, resamples=RESAMPLES))
        if found.fit.law is None:
            typer.echo(f"no fit of the edge law: {found.fit.no_law}", err=True)
        if output is TableFormat.JSON:
            typer.echo(json.dumps(_as_dictionary(found), indent=1, allow_nan=False))
        else:
            _print(found)
        if plot is not None:
            found.fit.plot().savefig(plot, dpi=150)
            typer.echo(f"figure: {plot}", err=output is TableFormat.JSON)

    finish(body, debug)


def _print(found: _Found) -> None:
    from solv.cli.tables import number, print_rows
    from solv.theory.fits.attack_success import HALF_CHI_SQUARE, largest_rate

    answers, fit = found.verdicts.answers, found.fit
    regime, chosen = fit.regime, fit.chosen
    each = f"{answers.min()}" if answers.min() == answers.max() else f"{answers.min()} to {answers.max()}"
    unsafe = found.verdicts.unsafe.sum()
    typer.echo(f"{len(answers)} prompts, {each} answers each, {unsafe} of {answers.sum()} unsafe\n")
    rows = [
        [str(k), number(1 - gap), _between((1 - high, 1 - low)), number(1 - float(chosen.gap(k))), ""]
        for k, (gap, low, high) in fit.measured.items()
    ]
    for k in fit.beyond:
        low_gap, high_gap = (float(end) for end in chosen.gap_interval(k))
        rows.append([str(k), "", "", number(1 - float(chosen.gap(k))), _between((1 - high_gap, 1 - low_gap))])
    print_rows("Success rate", ["samples k", "measured", "95 % over prompts", f"{fit.word} fit", "95 %"], rows)
    most = largest_rate(answers, found.verdicts.unsafe, regime)
    fits = [
        _row("polynomial", regime.polynomial),
        _row("exponential", regime.exponential, f"below {number(most)}"),
    ]
    if fit.law is not None:
        fits.append(_row("edge law, large k", fit.law))
    typer.echo("")
    print_rows("Fits: 1 - success ~ k^-nu e^(-mu k)", ["", "nu", "95 %", "mu", "95 %"], fits)
    typer.echo(
        f"\nregime: {fit.word}; twice the log-likelihood gained by mu > 0 is {number(regime.ratio)}, and above "
        f"{number(HALF_CHI_SQUARE)} the polynomial is rejected at 5 %"
    )
    for goal in GOALS:
        typer.echo(f"samples for a success rate of {goal:g}: {_price(chosen.samples_for(1 - goal))}")


def _row(name: str, of: "BetaEdge | EdgeLaw", bound: str = "") -> list[str]:
    from solv.cli.tables import number

    return [name, number(of.nu), _between(of.nu_interval), number(of.mu), _between(of.mu_interval) if of.mu else bound]


def _between(interval: tuple[float, float]) -> str:
    from solv.cli.tables import number

    return f"{number(interval[0])} to {number(interval[1])}"


def _price(samples: float) -> str:
    return "beyond 10^12" if samples == float("inf") else f"{samples:,.0f}" if samples < 1e6 else f"{samples:.2g}"


def _as_dictionary(found: _Found) -> dict[str, object]:
    def edge(of: "BetaEdge | EdgeLaw") -> dict[str, object]:
        return {"nu": of.nu, "nu_interval": of.nu_interval, "mu": of.mu, "mu_interval": of.mu_interval}

    verdicts, fit = found.verdicts, found.fit
    regime, chosen = fit.regime, fit.chosen
    prices = {f"{goal:g}": chosen.samples_for(1 - goal) for goal in GOALS}
    return {
        "prompts": len(verdicts.answers),
        "answers": int(verdicts.answers.sum()),
        "unsafe": int(verdicts.unsafe.sum()),
        "regime": fit.word,
        "likelihood_ratio": regime.ratio,
        "polynomial": edge(regime.polynomial),
        "exponential": edge(regime.exponential),
        "edge_law": None if fit.law is None else edge(fit.law),
        "measured": [
            {"k": k, "success": 1 - gap, "interval": [1 - high, 1 - low]}
            for k, (gap, low, high) in fit.measured.items()
        ],
        "expected": [
            {
                "k": k,
                "success": 1 - float(chosen.gap(k)),
                "interval": [1 - float(end) for end in reversed(chosen.gap_interval(k))],
            }
            for k in [*fit.measured, *fit.beyond]
        ],
        "samples_for": {goal: price if price < float("inf") else None for goal, price in prices.items()},
    }
