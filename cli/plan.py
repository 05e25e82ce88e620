"""What does `solv plan` do? Theory answers a question of the user's own: no torch, seconds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from solv.cli.arguments import AsFormat, Debug, TableFormat, finish

if TYPE_CHECKING:
    from solv.cli.fit_power import Asked
    from solv.harness.loss_fits import LossCurve
    from solv.harness.plans.answer import Cell, Plan

Number = TypeVar("Number", int, float)
plan = typer.Typer(help="Decide by theory: samples, depth, schedule, attempts, moe.", no_args_is_help=True)


@plan.command()
def samples(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="Judged answers: prompt, score, and error or correct; without it, theory."
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(help="In theory: training samples per dimension.")] = 2.0,
    mis: Annotated[float, typer.Option(help="In theory: how far the judge is from the truth.")] = 0.0,
    budget: Annotated[int, typer.Option(help="In theory: most samples of a question.")] = 64,
    noise: Annotated[float, typer.Option(help="In theory: deviation of the labels' noise.")] = 0.1,
    believed: Annotated[
        float, typer.Option(help="In theory: deviation of the noise that the model believes in.")
    ] = 0.3,
    prompt_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of the prompts.")] = None,
    score_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of the judge's scores.")] = None,
    error_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of the answers' errors.")] = None,
    correct_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of right and wrong.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read.")] = False,
    seed: Annotated[int, typer.Option(help="Of the orders in which answers are drawn.", min=0)] = 0,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """How many answers to sample, at which temperature a judge selects, and when more data are better."""

    def answer() -> "Plan":
        from solv.harness.plans.samples import Judged, plan_from_scores, plan_from_theory

        if file is None:
            return plan_from_theory(alpha, mis, budget, noise, believed)
        from solv.data.judged_scores import read_scores

        found = read_scores(
            file,
            skip_bad=skip_bad,
            prompt=prompt_column,
            score=score_column,
            error=error_column,
            correct=correct_column,
        )
        if found.left_out:
            typer.echo(f"{found.left_out} rows that cannot be read are left out", err=True)
        return plan_from_scores(Judged(found.scores, found.errors), seed)

    finish(lambda: _show(answer, output), debug)


@plan.command()
def depth(
    context: Annotated[float, typer.Option(help="Examples in the context per input dimension.")],
    pretraining: Annotated[float, typer.Option(help="Pretraining contexts per input dimension, > 1, or inf.")],
    noise: Annotated[float, typer.Option(help="Variance of the labels' noise relative to the signal.")] = 0.0,
    test_noise: Annotated[
        float | None, typer.Option(help="That of the contexts it reasons about (default: as in pretraining).")
    ] = None,
    most: Annotated[int, typer.Option(help="Largest depth considered.", min=1, max=2000)] = 200,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """At which depth to stop a chain of thought, given its context and its pretraining."""

    def answer() -> "Plan":
        from solv.harness.plans.depth import plan_depth

        return plan_depth(context, pretraining, noise, test_noise, most)

    finish(lambda: _show(answer, output), debug)


@plan.command()
def schedule(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A loss log, as `solv fit power` reads it: its exponent; without it, --exponent."
        ),
    ] = None,
    exponent: Annotated[
        float | None, typer.Option(help="Of the loss against steps, as `solv fit power` gives it, > 0.")
    ] = None,
    interval: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Of the exponent: both ends are compared, too.")
    ] = None,
    capacity: Annotated[
        float | None,
        typer.Option(help="Eigenvalue i of the inputs falls as i^-capacity, > 1 (default: three are compared)."),
    ] = None,
    horizon: Annotated[int, typer.Option(help="Longest training, steps.", min=100)] = 10000,
    noise: Annotated[float, typer.Option(help="Variance of the labels' noise relative to the target.")] = 0.01,
    batch: Annotated[int, typer.Option(help="Samples a step.", min=1)] = 1,
    x: Annotated[str | None, typer.Option("--x", metavar="NAME", help="Of FILE: column of steps or tokens.")] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="NAME", help="Of FILE: column of the loss.")] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="TEXT", help="Of FILE: the curve whose name holds this text.")
    ] = None,
    run_column: Annotated[
        str | None, typer.Option("--run-column", metavar="NAME", help="Of FILE: column that tells runs apart.")
    ] = None,
    first: Annotated[
        float | None, typer.Option("--from", metavar="X", help="Of FILE: where the fit begins (default: chosen).")
    ] = None,
    last: Annotated[float | None, typer.Option("--to", metavar="X", help="Where it ends (default: the end).")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of FILE, e.g. cp1252 (default: told from it).")] = None,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """Which learning-rate schedule and averaging window to use where the end of training is not known."""

    def answer() -> "Plan":
        from solv.cli.fit_power import Asked
        from solv.harness.plans.schedule import plan_schedule, plan_schedule_from_loss
        from solv.harness.settings import ConfigurationError

        if (file is None) == (exponent is None):
            raise ConfigurationError("give either a loss log FILE or --exponent")
        if exponent is not None:
            if any(each is not None for each in (x, y, run, run_column, first, last, encoding)):
                raise ConfigurationError(
                    "--x, --y, --run, --run-column, --from, --to, --encoding are for a loss log FILE"
                )
            return plan_schedule(exponent, capacity, horizon, noise, batch, _ends(interval))
        if interval is not None:
            raise ConfigurationError("--interval is for --exponent; that of a loss log is fitted")
        assert file is not None
        curve = _one_curve(Asked(x, y, run, run_column, first, last, encoding), file)
        return plan_schedule_from_loss(curve, capacity, horizon, noise, batch)

    finish(lambda: _show(answer, output), debug)


@plan.command()
def attempts(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Judged answers, as `solv fit asr` reads them.")],
    goals: Annotated[
        str, typer.Option("--goals", metavar="P[,P]", help="Success rates whose price is asked.")
    ] = "0.5,0.9,0.99,0.999",
    budgets: Annotated[
        str | None, typer.Option("--budgets", metavar="K[,K]", help="Numbers of attempts whose success is asked.")
    ] = None,
    until_success: Annotated[
        bool | None,
        typer.Option(
            "--until-success/--all-samples",
            help="Each prompt was sampled until it broke / whatever came (default: told from the log).",
        ),
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read.")] = False,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """What a success rate costs in attempts, and what a number of attempts breaks."""

    def answer() -> "Plan":
        from solv.cli.fit_asr import counted_prompts
        from solv.data.verdicts import read_verdicts
        from solv.harness.plans.attempts import plan_attempts

        asked = _numbers("--goals", goals, float)
        bought = _numbers("--budgets", budgets, int) if budgets is not None else []
        verdicts, faults = read_verdicts(file, skip_bad=skip_bad)
        for fault in faults:
            typer.echo(f"left out, {fault}", err=True)
        notes = list(verdicts.notes)
        verdicts, stopped = counted_prompts(verdicts, 1, until_success, notes)
        for note in notes:
            typer.echo(note, err=True)
        return plan_attempts(verdicts.answers, verdicts.unsafe, asked, bought, until_success=stopped)

    finish(lambda: _show(answer, output), debug)


@plan.command()
def moe(
    base: Annotated[
        Path,
        typer.Option("--base", metavar="FILE", help="Sizes and settings of the model that was tuned (YAML, JSON)."),
    ],
    target: Annotated[
        Path, typer.Option("--target", metavar="FILE", help="Sizes of the model to be trained, or its config.json.")
    ],
    table: Annotated[
        str, typer.Option(help="paper, or transfer: the same but for W2, whose deviation goes by its fan-in.")
    ] = "paper",
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """With which initial values, rates and multipliers a larger mixture of experts is trained."""

    def answer() -> "Plan":
        from solv.harness.plans.experts import plan_experts

        return plan_experts(base, target, table)

    finish(lambda: _show(answer, output), debug)


def _one_curve(asked: "Asked", file: Path) -> "LossCurve":
    """Return the fit of the one curve of a log that is asked for."""
    from solv.harness.loss_fits import fit_logged
    from solv.harness.settings import ConfigurationError

    curves = asked.logged([file])
    if len(curves) > 1:
        names = ", ".join(curve.name for curve in curves[:8])
        raise ConfigurationError(f"{len(curves)} curves in {file}: {names}; choose one with --run TEXT or --y NAME")
    for note in curves[0].notes:
        typer.echo(f"{curves[0].name}: {note}", err=True)
    return fit_logged(curves[0], asked.window)


def _ends(interval: str | None) -> tuple[float, float] | None:
    from solv.harness.settings import ConfigurationError

    if interval is None:
        return None
    ends = _numbers("--interval", interval, float)
    if len(ends) != 2 or not 0 <= ends[0] <= ends[1]:
        raise ConfigurationError(f"--interval {interval}: give two numbers, 0 <= LOW <= HIGH, such as 0.4,0.6")
    return ends[0], ends[1]


def _numbers(option: str, text: str, kind: Callable[[str], Number]) -> list[Number]:
    from solv.harness.settings import ConfigurationError

    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise ConfigurationError(f"{option} {text} is not a list of numbers") from None


def _show(answer: "Callable[[], Plan]", output: TableFormat) -> None:
    from solv.cli.tables import print_rows

    found = answer()
    if output is TableFormat.JSON:
        typer.echo(json.dumps(found.as_dictionary(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    typer.echo(f"{found.question}\n")
    print_rows("", found.columns, [[_cell(each) for each in row] for row in found.rows])
    typer.echo("")
    for line in found.decision:
        typer.echo(f"* {line}")
    typer.echo(f"\nit rests on: {found.rests_on}")
    typer.echo(f"to test it: {found.falsified_by}")


def _cell(value: "Cell") -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
