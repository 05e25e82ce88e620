"""`solv fit power`: exponent and limit of loss curves, or the law of two sizes, from the logs of a person's own."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli.arguments import AsFormat, Debug, TableFormat, check_plot_path, finish

if TYPE_CHECKING:
    from solv.data.loss_logs import LossCurve as Logged
    from solv.harness.loss_fits import LossCurve
    from solv.theory.fits.joint_law import JointLawFit

SHOWN_RUNS = 30  # curves of one command: beyond it the person is asked to choose


def power(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="CSV (W&B, TensorBoard, any), JSON lines, trainer_state.json, a nanoGPT or Megatron log, a run.",
        ),
    ],
    x: Annotated[
        list[str] | None,
        typer.Option("--x", metavar="NAME", help="Column of steps, tokens or sizes; twice: a law of two sizes."),
    ] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="NAME", help="Column of the loss.")] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="TEXT", help="Only curves whose name holds this text.")
    ] = None,
    run_column: Annotated[
        str | None, typer.Option("--run-column", metavar="NAME", help="Column that tells runs apart.")
    ] = None,
    first: Annotated[
        float | None, typer.Option("--from", metavar="X", help="Where the window begins (default: chosen, see below).")
    ] = None,
    last: Annotated[float | None, typer.Option("--to", metavar="X", help="Where it ends (default: the end).")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="X[,X]", help="Where to continue the law; of two sizes: N,D."),
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="C", help="Of two sizes N, D: the best of them at 6 N D = C.")
    ] = None,
    in_log: Annotated[
        bool,
        typer.Option("--in-log", help="Least squares in log y instead, E at most the last y (arXiv:2602.03685)."),
    ] = False,
    drop: Annotated[
        int, typer.Option("--drop", metavar="N", help="With --in-log: the first N readings are left out.", min=0)
    ] = 0,
    confidence: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw curves and laws (.png, .svg or .pdf).")] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap of a law of two sizes.", min=0)] = 0,
    encoding: Annotated[str | None, typer.Option(help="Of the files, e.g. cp1252 (default: told from them).")] = None,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """Exponent and limit of a loss curve, y = E + A x^-nu, and whether it is a power law at all.

    Without --from the window begins as early as the law allows. Two --x fit y = E + A N^-a + B D^-b.
    """

    def body() -> None:
        check_plot_path(plot)
        points = _numbers(at)
        if x is not None and len(x) > 2:
            raise ValueError(f"--x is given {len(x)} times; valid: once, or twice for a law of two sizes")
        if x is not None and len(x) == 2:
            _joint(files, x, y, points, budget, confidence, seed, encoding, plot, output)
            return
        if budget is not None:
            raise ValueError("--budget is for a law of two sizes: --x NAME --x NAME")
        if drop and not in_log:
            raise ValueError("--drop is for --in-log; otherwise --from says where the window begins")
        if in_log:
            if plot is not None or points:
                raise ValueError("--in-log knows neither --plot nor --at")
            _in_log(files, Asked(x[0] if x else None, y, run, run_column, first, last, encoding), drop, output)
            return
        _curves(
            files,
            Asked(x[0] if x else None, y, run, run_column, first, last, encoding),
            points,
            confidence,
            plot,
            output,
        )

    finish(body, debug)


class Asked:
    """Which curves of a log and which part of them are asked for.

    Attributes:
        window: smallest and largest x used; None: chosen by the fit.
    """

    def __init__(
        self,
        x: str | None,
        y: str | None,
        run: str | None,
        run_column: str | None,
        first: float | None,
        last: float | None,
        encoding: str | None,
    ) -> None:
        self.x, self.y, self.run, self.run_column, self.encoding = x, y, run, run_column, encoding
        self.first, self.last = first, last
        low, high = first if first is not None else 0.0, last if last is not None else math.inf
        if not low < high:
            raise ValueError(f"--from {low:g} --to {high:g} is no window; valid: from < to")
        self.window = None if first is None and last is None else (low, high)

    def logged(self, files: Sequence[Path]) -> "list[Logged]":
        """Return the curves of all files that are asked for."""
        from dataclasses import replace

        from solv.harness.loss_fits import read_losses

        found = []
        for file in files:
            for curve in read_losses(file, x=self.x, y=self.y, run_column=self.run_column, encoding=self.encoding):
                found.append(replace(curve, name=f"{file.name}: {curve.name}") if len(files) > 1 else curve)
        chosen = [curve for curve in found if self.run is None or self.run in curve.name]
        if not chosen:
            names = ", ".join(curve.name for curve in found[:8])
            raise ValueError(f"no curve has {self.run!r} in its name; curves: {names}")
        if len(chosen) > SHOWN_RUNS:
            raise ValueError(f"{len(chosen)} curves; choose with --run TEXT or --y NAME, at most {SHOWN_RUNS} at once")
        return chosen


def _curves(
    files: Sequence[Path],
    asked: Asked,
    points: Sequence[float],
    confidence: float,
    plot: Path | None,
    output: TableFormat,
) -> None:
    """Fit each curve by itself and print what was found."""
    from solv.harness.loss_fits import draw_loss_curves, fit_logged

    logged = asked.logged(files)
    fits: list[LossCurve] = []
    failed = []
    for curve in logged:
        for note in curve.notes:
            typer.echo(f"{curve.name}: {note}", err=True)
        try:
            fits.append(fit_logged(curve, asked.window, confidence=confidence))
        except ValueError as error:
            failed.append(f"{curve.name}: no fit, {error}")
    if not fits:
        raise ValueError("; ".join(failed))
    for line in failed:
        typer.echo(line, err=True)
    if output is TableFormat.JSON:
        said = {"confidence": confidence, "runs": [_as_dictionary(fit, points) for fit in fits], "not_fitted": failed}
        typer.echo(json.dumps(said, indent=1, allow_nan=False))
    else:
        for number, fit in enumerate(fits):
            typer.echo("\n" if number else "", nl=False)
            _print(fit, points)
        if len(fits) > 1:
            _print_together(fits)
    if plot is not None:
        draw_loss_curves(fits).savefig(plot, dpi=150)
        typer.echo(f"figure: {plot}", err=output is TableFormat.JSON)


def _in_log(files: Sequence[Path], asked: Asked, drop: int, output: TableFormat) -> None:
    """Fit each curve by itself in its logarithm and print what was found."""
    from solv.cli.tables import number, print_rows
    from solv.theory.fits.log_decay import fit_log_decay

    low, high = asked.window or (0.0, math.inf)
    found = []
    for curve in asked.logged(files):
        for note in curve.notes:
            typer.echo(f"{curve.name}: {note}", err=True)
        inside = (curve.x >= low) & (curve.x <= high)
        found.append((curve, fit_log_decay(curve.x[inside], curve.y[inside], drop_first=drop)))
    if output is TableFormat.JSON:
        rows = [
            {
                "name": curve.name,
                "x": curve.x_name,
                "y": curve.y_name,
                "points": fit.points,
                "exponent": fit.exponent,
                "error": _number(fit.error),
                "amplitude": fit.amplitude,
                "limit": fit.limit,
                "r_squared": _number(fit.r_squared),
            }
            for curve, fit in found
        ]
        typer.echo(json.dumps({"runs": rows}, indent=1, allow_nan=False))
        return
    typer.echo("log y = log(A x^-nu + E), E at most the last y: least squares")
    head = ["run", "x", "points", "nu", "s.e.", "A", "E", "R^2 of log y"]
    numbers = [
        [
            curve.name,
            curve.x_name,
            str(fit.points),
            number(fit.exponent),
            f"{fit.error:.2g}",
            number(fit.amplitude),
            number(fit.limit),
            f"{fit.r_squared:.4f}",
        ]
        for curve, fit in found
    ]
    print_rows("", head, numbers)


def _print(fit: "LossCurve", points: Sequence[float]) -> None:
    from solv.cli.tables import number, print_rows

    percent = f"{100 * fit.confidence:g} %"
    how = "chosen" if fit.chosen else "as asked"
    window = f"{fit.x_name} {fit.window[0]:g} to {fit.window[1]:g}"
    typer.echo(f"{fit.name}: {fit.points} of {len(fit.x)} points, {window} ({how})\n")
    if fit.decays:
        rows = [
            ["exponent nu", number(fit.exponent), _between(fit.exponent_interval)],
            ["limit E", number(fit.limit), _between(fit.limit_interval)],
            ["amplitude A", number(fit.amplitude), ""],
        ]
    else:
        rows = [["exponent nu", "any", "0 to inf"], ["mean", number(fit.limit), ""]]
    typer.echo(f"y = E + A x^-nu, x: {fit.x_name}, y: {fit.y_name}")
    print_rows("", ["", "value", percent], rows)
    typer.echo("")
    laws = [
        [law.name, law.formula, ", ".join(f"{key} = {number(value)}" for key, value in law.parameters.items()),
         f"{law.criterion:.1f}"]
        for law in fit.laws
    ]  # fmt: skip
    print_rows("Is it a power law?", ["law", "y", "parameters", "AICc above the best"], laws)
    typer.echo(f"{fit.answer}\n")
    places = list(points) or fit.beyond
    low, high = fit.interval(places)
    continued = [
        [f"{place:g}", number(float(fit(place))), _between((float(a), float(b)))]
        for place, a, b in zip(places, low, high, strict=True)
    ]
    print_rows("If the law goes on", [fit.x_name, fit.y_name, percent], continued)
    typer.echo(
        f"noise: {fit.noise:.2g} a point, one independent point is worth {fit.correlation_length:.3g} of them"
        if fit.noise > 1e-12 * max(abs(fit.limit), 1e-300)
        else "noise: none but that of rounding"
    )
    for warning in fit.warnings:
        typer.echo(f"caution: {warning}")


def _print_together(fits: "Sequence[LossCurve]") -> None:
    """Print what several runs say together: repeats of one training scatter as their exponents do."""
    import numpy as np
    from scipy.special import stdtrit

    from solv.cli.tables import number, print_rows

    rows = [[fit.name, number(fit.exponent), _between(fit.exponent_interval), number(fit.limit)] for fit in fits]
    typer.echo("")
    print_rows("All runs", ["run", "nu", f"{100 * fits[0].confidence:g} %", "E"], rows)
    exponents = np.array([fit.exponent for fit in fits if fit.decays])
    if len(exponents) > 1:
        half = stdtrit(len(exponents) - 1, (1 + fits[0].confidence) / 2) * exponents.std(ddof=1)
        half /= math.sqrt(len(exponents))
        mean = float(exponents.mean())
        typer.echo(
            f"if these are repeats of one training: nu = {number(mean)} ({_between((mean - half, mean + half))}, "
            "Student's t over runs)"
        )


def _joint(
    files: Sequence[Path],
    x: Sequence[str],
    y: str | None,
    points: Sequence[float],
    budget: float | None,
    confidence: float,
    seed: int,
    encoding: str | None,
    plot: Path | None,
    output: TableFormat,
) -> None:
    """Fit a law of two sizes to the rows of the files."""
    import numpy as np

    from solv.data.loss_logs import read_columns
    from solv.theory.fits.joint_law import fit_joint_law

    if len(points) not in (0, 2):
        raise ValueError(f"--at takes {len(points)} numbers; valid: N,D for a law of two sizes")
    if plot is not None:
        raise ValueError("--plot draws curves of one size; of two sizes there is none")
    names = [*x, y or "loss"]
    columns = [
        np.concatenate(parts) for parts in zip(*(read_columns(file, names, encoding) for file in files), strict=True)
    ]
    fit = fit_joint_law(*columns, confidence=confidence, seed=seed)
    if output is TableFormat.JSON:
        typer.echo(json.dumps(_joint_dictionary(fit, x, points, budget), indent=1, allow_nan=False))
    else:
        _print_joint(fit, names, points, budget)


def _print_joint(fit: "JointLawFit", names: Sequence[str], points: Sequence[float], budget: float | None) -> None:
    from solv.cli.tables import number, print_rows

    percent = f"{100 * fit.confidence:g} %"
    first, second, loss = names
    typer.echo(f"{fit.runs} runs; median deviation of log {loss} from the law: {fit.deviation:.2g}\n")
    rows = [[name, number(getattr(fit, name)), _between(fit.intervals[name])] for name in ("E", "A", "B", "a", "b")]
    typer.echo(f"{loss} = E + A {first}^-a + B {second}^-b")
    print_rows("", ["", "value", percent], rows)
    typer.echo(
        f"\nat a fixed {first} * {second}, the best {first} grows as its power {number(fit.share)} "
        f"({_between(fit.intervals['share'])}), the best {second} as {number(1 - fit.share)}"
    )
    if budget is not None:
        n, d = fit.best_sizes(budget)
        sizes = f"{first} {n:.3g}, {second} {d:.3g}, {loss} {number(float(fit(n, d)))}"
        typer.echo(f"best at 6 * {first} * {second} = {budget:g}: {sizes}")
    if points:
        n, d = points
        typer.echo(
            f"at {first} {n:g}, {second} {d:g}: {loss} {number(float(fit(n, d)))} ({_between(fit.interval(n, d))})"
        )


def _joint_dictionary(
    fit: "JointLawFit", x: Sequence[str], points: Sequence[float], budget: float | None
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "runs": fit.runs,
        "sizes": list(x),
        "confidence": fit.confidence,
        **{name: getattr(fit, name) for name in ("E", "A", "B", "a", "b", "share")},
        "intervals": {name: _finite(pair) for name, pair in fit.intervals.items()},
        "deviation": fit.deviation,
    }
    if budget is not None:
        n, d = fit.best_sizes(budget)
        said["best"] = {"budget": budget, "sizes": [n, d], "loss": float(fit(n, d))}
    if points:
        n, d = points
        said["expected"] = {"sizes": [n, d], "loss": float(fit(n, d)), "interval": _finite(fit.interval(n, d))}
    return said


def _as_dictionary(fit: "LossCurve", points: Sequence[float]) -> dict[str, Any]:
    places = list(points) or fit.beyond
    low, high = fit.interval(places)
    return {
        "name": fit.name,
        "x": fit.x_name,
        "y": fit.y_name,
        "points": fit.points,
        "window": list(fit.window),
        "window_chosen": fit.chosen,
        "decays": fit.decays,
        "exponent": fit.exponent if fit.decays else None,
        "exponent_interval": _finite(fit.exponent_interval),
        "limit": fit.limit,
        "limit_interval": _finite(fit.limit_interval),
        "amplitude": fit.amplitude,
        "noise": fit.noise,
        "correlation_length": fit.correlation_length,
        "power_law": fit.answer,
        "laws": [
            {"name": law.name, "formula": law.formula, "parameters": law.parameters, "criterion": law.criterion}
            for law in fit.laws
        ],
        "later_windows": [
            {"from": each.start, "exponent": _number(each.exponent), "interval": _finite((each.low, each.high))}
            for each in fit.later
        ],
        "expected": [
            {"x": place, "y": float(fit(place)), "interval": _finite((float(a), float(b)))}
            for place, a, b in zip(places, low, high, strict=True)
        ],
        "left_out": list(fit.notes),
        "cautions": fit.warnings,
    }


def _numbers(text: str | None) -> list[float]:
    """Return the numbers > 0 of a comma-separated list."""
    if text is None:
        return []
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < each < math.inf for each in numbers):
        raise ValueError(f"--at {text!r} is no list of numbers > 0")
    return numbers


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _finite(pair: tuple[float, float]) -> list[float | None]:
    return [_number(float(end)) for end in pair]


def _between(interval: tuple[float, float]) -> str:
    from solv.cli.tables import number

    return f"{number(interval[0])} to {number(interval[1])}"
