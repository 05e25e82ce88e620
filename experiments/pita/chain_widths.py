"""Part `chain-widths`: how does the width that a model needs grow with the arms and the levels of the task? (E3)"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import numpy as np

from solv.experiments.pita.answers import ANSWERS, DIRECT, TRACE
from solv.experiments.pita.chain import Cell, cells_by_arms, cells_by_depth, ladder
from solv.experiments.pita.chain_work import cell_work
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context, Part
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.theory.pita.critical_width import DRAWN_EXPONENTS, WidthLaw, crossing, width_formula, width_law
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, within
from solv.tracking.curves import Curves, Recorder, decode_params, parameter, select, standard_error
from solv.tracking.panels import Map, Panel, Slope

RECORD = Recorder("pita", "chain-widths")
LEAST_STEPS = 10_000  # the drawn slopes are those of models trained for 100 000 steps
LEAST_SIZES = 3  # critical widths of an exponent
EXPONENT_TOLERANCE = 0.25  # parts every two of the exponents 1/2, 1 and 2


class Panels(StrEnum):
    """The panels of this part."""

    WIDTH_BY_DEPTH = "width-by-depth"
    WIDTH_BY_ARMS = "width-by-arms"
    CRITICAL_DEPTH = "critical-depth"
    CRITICAL_ARMS = "critical-arms"


CRITICAL = (Panels.CRITICAL_DEPTH, Panels.CRITICAL_ARMS)


def panels(config: PitaConfig) -> list[Panel]:
    """Return accuracy against width, and the width at which it crosses the threshold, by levels and by arms."""
    accuracy = [
        Panel(
            name,
            f"Accuracy, {{answer}}: {symbol} = {{{fixed}}}",
            "width d",
            label,
            x_scale="log",
            y_scale="log",
            facets=("answer", fixed),
            heat=Map(
                row,
                "accuracy",
                "accuracy at the longest trained hop",
                center=config.widths.threshold,
                floor=0.5,
                ceiling=1.0,
            ),
            figure="heat maps of accuracy",
        )
        for name, symbol, fixed, row, label in (
            (Panels.WIDTH_BY_DEPTH, "A", "arms", "depth", "levels D"),
            (Panels.WIDTH_BY_ARMS, "D", "depth", "arms", "arms A"),
        )
    ]
    if all(len(set(ladder(config, answer).widths)) < 2 for answer in ANSWERS):  # a line needs two points
        return accuracy
    critical = [
        Panel(
            name,
            "Critical width; grey: the paper's slopes",
            label,
            "critical width H",
            x_scale="log",
            y_scale="log",
            series=f"{{answer}}, {symbol} = {{{fixed}}}",
            slopes=_slopes(config, name),
            figure="heat maps of accuracy, lines",
        )
        for name, label, symbol, fixed in (
            (Panels.CRITICAL_DEPTH, "levels D", "A", "arms"),
            (Panels.CRITICAL_ARMS, "arms A", "D", "depth"),
        )
    ]
    return [*accuracy, *critical]


def _slopes(config: PitaConfig, name: Panels) -> tuple[Slope, ...]:
    """Return the paper's slopes through the middle of the sizes and widths that are trained."""
    slopes = []
    for answer in ANSWERS:
        trained = ladder(config, answer)
        sizes = trained.depth if name is Panels.CRITICAL_DEPTH else trained.arms
        exponent = DRAWN_EXPONENTS[answer == TRACE, name is Panels.CRITICAL_DEPTH]
        middle, width = (float(np.exp(np.mean(np.log(values)))) for values in (sizes, trained.widths))
        if min(sizes) < max(sizes):
            label = f"slope {exponent:g}, {answer}"
            slopes.append(Slope(exponent, width / middle**exponent, min(sizes), max(sizes), label))
    return tuple(slopes)


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: what is predicted is the slope alone, which the panels draw."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def _lines(config: PitaConfig) -> list[tuple[Panels, str, list[Cell]]]:
    """Return the tasks of every panel and answer; two lines may cross in one of them."""
    return [
        (panel, answer, cells(config, answer))
        for answer in ANSWERS
        for panel, cells in ((Panels.WIDTH_BY_DEPTH, cells_by_depth), (Panels.WIDTH_BY_ARMS, cells_by_arms))
    ]


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield accuracies at every width, and where they cross the threshold."""
    from solv.experiments.pita.chain_training import accuracies

    lines = _lines(config)
    distinct = dict.fromkeys(cell for _, _, cells in lines for cell in cells)
    learned: dict[Cell, np.ndarray] = {}
    training = replace(config.training, seeds=config.widths.seeds)
    with context.progress.task("train chain models of many widths", len(distinct)) as step:
        for cell in distinct:
            learned[cell] = accuracies(training, context, cell, (cell.hops,))["accuracy"][..., 0]
            step.advance(note=cell.name)
    for panel, answer, cells in lines:
        for cell in cells:
            y, y_err, n = standard_error(learned[cell].T)
            at = {"arms": cell.arms, "depth": cell.depth, "hops": cell.hops, **_trained(config, answer)}
            yield RECORD.trained(panel, at, x=("width", cell.widths), y=("accuracy", y), y_err=y_err, n=n)
    if all(len(set(ladder(config, answer).widths)) < 2 for answer in ANSWERS):
        return
    critical = [
        (panel, answer, cells, _critical_widths(config, panel, answer, cells, learned))
        for panel, answer, cells in lines
        if len(cells[0].widths) > 1
    ]
    for _, _, _, widths in critical:
        yield widths
    yield from _by_the_formula(critical)


def _by_the_formula(critical: Sequence[tuple[Panels, str, Sequence[Cell], Curves]]) -> Iterator[Curves]:
    """Yield what one formula with one constant makes of all critical widths: their mean on log scales."""
    formulas = [
        width_formula([cell.arms for cell in cells], [cell.depth for cell in cells], trace=answer == TRACE)
        for _, answer, cells, _ in critical
    ]
    measured = [widths["y"].to_numpy(dtype=float) for *_, widths in critical]
    # infinite where no width, and minus infinite where every width, is right often enough
    found = [(y, formula, np.isfinite(y)) for y, formula in zip(measured, formulas, strict=True) if len(y)]
    known = np.concatenate([np.log(y[finite] / formula[finite]) for y, formula, finite in found])
    if not len(known):
        return
    constant = float(np.exp(known.mean()))
    error = float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else np.nan
    for (panel, _, cells, widths), formula in zip(critical, formulas, strict=True):
        name = Panels.CRITICAL_DEPTH if panel is Panels.WIDTH_BY_DEPTH else Panels.CRITICAL_ARMS
        sizes = [cell.depth if panel is Panels.WIDTH_BY_DEPTH else cell.arms for cell in cells]
        yield RECORD.anchored(
            name,
            decode_params(widths["params"].iloc[0]),
            x=("depth" if panel is Panels.WIDTH_BY_DEPTH else "arms", sizes),
            y=("width", constant * formula),
            y_err=constant * formula * error,
            n=len(known),
        )


def _trained(config: PitaConfig, answer: str) -> dict[str, object]:
    return {
        "answer": answer,
        "attention": config.training.attention,
        "steps": config.training.steps,
        "trace": config.training.trace,
    }


def _critical_widths(
    config: PitaConfig, panel: Panels, answer: str, cells: Sequence[Cell], learned: Mapping[Cell, np.ndarray]
) -> Curves:
    """Return H along one line; inf where the widest model is below the threshold, -inf where the narrowest is not."""
    by_depth, first = panel is Panels.WIDTH_BY_DEPTH, cells[0]
    crossings = [crossing(cell.widths, learned[cell].T, config.widths.threshold) for cell in cells]
    logs, errors = (
        np.array([getattr(each, name) for each in crossings], dtype=float) for name in ("log_width", "error")
    )
    widths = np.where(np.isneginf(logs), -np.inf, np.exp(logs))
    fixed = {"arms": first.arms} if by_depth else {"depth": first.depth}
    share = {"threshold": config.widths.threshold, "hops_per_level": config.widths.hops}
    return RECORD.trained(
        Panels.CRITICAL_DEPTH if by_depth else Panels.CRITICAL_ARMS,
        {**fixed, **share, **_trained(config, answer)},
        x=("depth", [cell.depth for cell in cells]) if by_depth else ("arms", [cell.arms for cell in cells]),
        y=("width", widths),
        y_err=np.where(np.isfinite(logs), np.exp(logs) * errors, np.nan),
        n=config.widths.seeds,
    )


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_exponents(curves: Curves) -> Judgement:
    laws = {(answer, panel): _law(curves, answer, panel) for panel in CRITICAL for answer in ANSWERS}
    steps = int(parameter(curves, "steps").min())
    verdicts = [
        within(law.exponent, DRAWN_EXPONENTS[answer == TRACE, panel is Panels.CRITICAL_DEPTH], EXPONENT_TOLERANCE,
               law.error)
        if law.points >= LEAST_SIZES
        else Verdict.UNDECIDED
        for (answer, panel), law in laws.items()
    ]  # fmt: skip
    deeper = _greater(laws[TRACE, Panels.CRITICAL_DEPTH], laws[DIRECT, Panels.CRITICAL_DEPTH])
    broader = _greater(laws[DIRECT, Panels.CRITICAL_ARMS], laws[TRACE, Panels.CRITICAL_ARMS])
    short = min(law.points for law in laws.values()) < LEAST_SIZES
    return Judgement(
        all_of(verdicts) if steps >= LEAST_STEPS else Verdict.UNDECIDED,
        predicted="depth 2 and 1, arms 0.5 and 0.5 (with a trace, direct)",
        measured=(
            f"depth {_spell(laws, Panels.CRITICAL_DEPTH)}; arms {_spell(laws, Panels.CRITICAL_ARMS)} after {steps} "
            f"steps; a trace's exponent is the larger in depth: {deeper}; the smaller in arms: {broader}"
        ),
        tolerance=f"{EXPONENT_TOLERANCE:g} each, from {LEAST_SIZES} critical widths or more",
        needs=(
            f"training.steps >= {LEAST_STEPS} (the drawn slopes: 100 000), {LEAST_SIZES} critical widths a line: "
            "widths.trace.widths and widths.direct.widths on both sides of the threshold"
        )
        if short
        else "",
    )


def _law(curves: Curves, answer: str, panel: Panels) -> WidthLaw:
    """Return the power law of the critical widths of one kind of model along one axis."""
    rows = select(curves, panel=panel, answer=answer, source="trained")
    rows = rows[np.isfinite(rows["y"])]
    return width_law(rows["x"], np.log(rows["y"]), rows["y_err"] / rows["y"])


def _greater(one: WidthLaw, other: WidthLaw) -> str:
    return exceeds(one.exponent - other.exponent, 0.0, float(np.hypot(one.error, other.error))).value


def _spell(laws: Mapping[tuple[str, Panels], WidthLaw], panel: Panels) -> str:
    along = (laws[answer, panel] for answer in ANSWERS)
    return " and ".join(f"{law.exponent:.2f} ± {law.error:.2f}" if law.points > 1 else "unknown" for law in along)


def work(config: PitaConfig) -> Work:
    """Return the work of all models of all tasks."""
    training = replace(config.training, seeds=config.widths.seeds)
    distinct = {cell for _, _, cells in _lines(config) for cell in cells}
    return sum((cell_work(training, cell, 1) for cell in distinct), Work())


CHAIN_WIDTHS = Part(
    name="chain-widths",
    question="With which power of the arms and of the levels does the width grow that a model needs?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="heat maps of accuracy",
    claims=(
        Claim(
            "critical-width-exponents",
            "The critical width grows as D² A^½ with a trace and as D A^½ without one.",
            reads=CRITICAL,
            judge=_judge_exponents,
            figure="heat maps of accuracy, lines",
            needs={"training.steps": LEAST_STEPS},
        ),
    ),
)
