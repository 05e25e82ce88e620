"""What does `solv fit` do? Fits a law of theory to the user's own logs."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solv.cli.arguments import AsFormat, Debug, TableFormat, check_plot_path, finish

if TYPE_CHECKING:
    import numpy as np

    from solv.data.verdicts import Verdicts
    from solv.theory.fits.attack_success import BetaEdge, EdgeLaw, Regime
    from solv.tracking.curves import Curves

fit = typer.Typer(help="Fit a law of theory to logs of your own.", no_args_is_help=True)

GOALS = (0.5, 0.9, 0.99, 0.999)  # success rates whose price in samples is shown
BEYOND = 100  # the curve is continued to this many times the samples of a prompt
RESAMPLES = 1000


@dataclass(frozen=True)
class _Found:
    """What a file of verdicts shows; measured: k -> estimated gap and its 95 % interval over prompts."""

    verdicts: "Verdicts"
    regime: "Regime"
    law: "EdgeLaw | None"
    measured: dict[int, tuple[float, float, float]]

    @property
    def word(self) -> str:
        """The regime in a word."""
        return "exponential" if self.regime.is_exponential else "polynomial"

    @property
    def beyond(self) -> list[int]:
        """Numbers of samples that were not taken."""
        return [max(self.measured) * factor for factor in (2, 5, 10, 30, BEYOND)]


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
        import numpy as np

        from solv.data.verdicts import read_verdicts
        from solv.theory.fits.attack_success import fit_beta_edge, fit_edge_law

        check_plot_path(plot)
        verdicts, faults = read_verdicts(file, skip_bad=skip_bad)
        for fault in faults:
            typer.echo(f"left out, {fault}", err=True)
        regime = fit_beta_edge(verdicts.answers, verdicts.unsafe)
        rng = np.random.default_rng(seed)
        try:
            law = fit_edge_law(verdicts.answers, verdicts.unsafe, rng, resamples=RESAMPLES)
        except ValueError as error:
            law = None
            typer.echo(f"no fit of the edge law: {error}", err=True)
        found = _Found(verdicts, regime, law, _measured(verdicts, rng))
        if output is TableFormat.JSON:
            typer.echo(json.dumps(_as_dictionary(found), indent=1, allow_nan=False))
        else:
            _print(found)
        if plot is not None:
            _draw(found, plot)
            typer.echo(f"figure: {plot}", err=output is TableFormat.JSON)

    finish(body, debug)


def _measured(verdicts: "Verdicts", rng: "np.random.Generator") -> "dict[int, tuple[float, float, float]]":
    """Return k -> estimated gap and its 95 % interval over prompts."""
    import numpy as np

    from solv.theory.fits.success_estimates import bootstrap_gaps, safe_draw_chances

    most = int(verdicts.answers.min())
    k = np.unique(np.geomspace(1, most, 16).round().astype(int))
    chances = safe_draw_chances(verdicts.answers, verdicts.unsafe, k)
    low, high = np.percentile(bootstrap_gaps(chances, RESAMPLES, rng), [2.5, 97.5], axis=0)
    gaps = chances.mean(axis=0)
    return {int(count): (float(gaps[i]), float(low[i]), float(high[i])) for i, count in enumerate(k)}


def _print(found: _Found) -> None:
    from solv.cli.tables import number, print_rows
    from solv.theory.fits.attack_success import HALF_CHI_SQUARE, largest_rate

    answers, chosen = found.verdicts.answers, found.regime.chosen
    each = f"{answers.min()}" if answers.min() == answers.max() else f"{answers.min()} to {answers.max()}"
    unsafe = found.verdicts.unsafe.sum()
    typer.echo(f"{len(answers)} prompts, {each} answers each, {unsafe} of {answers.sum()} unsafe\n")
    rows = [
        [str(k), number(1 - gap), _between((1 - high, 1 - low)), number(1 - float(chosen.gap(k))), ""]
        for k, (gap, low, high) in found.measured.items()
    ]
    for k in found.beyond:
        low_gap, high_gap = (float(end) for end in chosen.gap_interval(k))
        rows.append([str(k), "", "", number(1 - float(chosen.gap(k))), _between((1 - high_gap, 1 - low_gap))])
    print_rows("Success rate", ["samples k", "measured", "95 % over prompts", f"{found.word} fit", "95 %"], rows)
    most = largest_rate(answers, found.verdicts.unsafe, found.regime)
    fits = [
        _row("polynomial", found.regime.polynomial),
        _row("exponential", found.regime.exponential, f"below {number(most)}"),
    ]
    if found.law is not None:
        fits.append(_row("edge law, large k", found.law))
    typer.echo("")
    print_rows("Fits: 1 - success ~ k^-nu e^(-mu k)", ["", "nu", "95 %", "mu", "95 %"], fits)
    typer.echo(
        f"\nregime: {found.word}; twice the log-likelihood gained by mu > 0 is {number(found.regime.ratio)}, and above "
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

    verdicts, regime, chosen = found.verdicts, found.regime, found.regime.chosen
    prices = {f"{goal:g}": chosen.samples_for(1 - goal) for goal in GOALS}
    return {
        "prompts": len(verdicts.answers),
        "answers": int(verdicts.answers.sum()),
        "unsafe": int(verdicts.unsafe.sum()),
        "regime": found.word,
        "likelihood_ratio": regime.ratio,
        "polynomial": edge(regime.polynomial),
        "exponential": edge(regime.exponential),
        "edge_law": None if found.law is None else edge(found.law),
        "measured": [
            {"k": k, "success": 1 - gap, "interval": [1 - high, 1 - low]}
            for k, (gap, low, high) in found.measured.items()
        ],
        "expected": [
            {
                "k": k,
                "success": 1 - float(chosen.gap(k)),
                "interval": [1 - float(end) for end in reversed(chosen.gap_interval(k))],
            }
            for k in [*found.measured, *found.beyond]
        ],
        "samples_for": {goal: price if price < float("inf") else None for goal, price in prices.items()},
    }


class _Panels(StrEnum):
    GAP = "gap"


def _draw(found: _Found, path: Path) -> None:
    import numpy as np

    from solv.tracking.curves import Recorder, join_curves
    from solv.tracking.figures import draw
    from solv.tracking.labels import lay_out
    from solv.tracking.panels import Panel

    record = Recorder("fit", "asr")

    def part(source: str, law: str, k: "np.ndarray", y: "np.ndarray", y_err: "np.ndarray | float" = 0.0) -> "Curves":
        return record.curve(source, _Panels.GAP, {"law": law}, x=("k", k), y=("gap", y), y_err=y_err)

    shown = {k: values for k, values in found.measured.items() if values[0] > 0}
    gap, low, high = np.array(list(shown.values())).T
    k = np.unique(np.geomspace(1, found.beyond[-1], 200).round())
    floor = gap.min() / 100
    parts = [part("trained", "measured", np.array(list(shown)), gap, (high - low) / 4)]
    for name, edge in (("polynomial", found.regime.polynomial), ("exponential", found.regime.exponential)):
        y = edge.gap(k)
        if name == "polynomial" or edge.mu:
            parts.append(part("theory", name, k[y > floor], y[y > floor]))
    title = f"Attack success against samples: {found.word}"
    note = "bars: standard error over prompts"
    panel = Panel(
        _Panels.GAP, title, "samples k", "1 - success rate", x_scale="log", y_scale="log", series="{law}", note=note
    )
    draw(lay_out(join_curves(parts), [panel]), "solv fit asr").savefig(path, dpi=150)
