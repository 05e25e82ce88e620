"""What does pita measure on the chain task? Critical widths, accuracy on more hops, and trace against direct."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from solv.data.pita.starfish import Starfish
from solv.experiments.pita.chain import (
    ACCURACY,
    ALIKE,
    APART,
    ARMS,
    DEPTH,
    DIRECT,
    HOPS,
    KINDS,
    PLANE,
    SYMBOL,
    TRACE,
    TRACE_LENGTHS,
    Cell,
    critical_panel,
    hops_panel,
    plane_cells,
    span,
    width_cells,
    width_panel,
)
from solv.experiments.pita.chain_training import Arrays, accuracies
from solv.experiments.pita.proofs import points
from solv.experiments.pita.settings import PitaConfig, Training
from solv.harness.contract import Context
from solv.theory.pita.chain_lengths import right_answer, right_to_the_end, trace_lengths
from solv.theory.pita.critical_width import DRAWN_EXPONENTS, anchored_law, crossing
from solv.tracking.curves import Curves, standard_error

LOOKS = 7  # numbers of hops that are tested, at most
Found = dict[tuple[Cell, tuple[int, ...]], Arrays]
SAMPLED = 20_000  # traces whose lengths are counted


def measure_chain(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield E3, E4 and E5."""
    along = [cell for kind in KINDS for axis in (DEPTH, ARMS) for cell in width_cells(config, kind, axis)]
    settings: dict[tuple[Cell, tuple[int, ...]], Training] = {(cell, (cell.hops,)): config.training for cell in along}
    general = config.generalisation
    for kind, seeds in ((TRACE, general.trace_seeds), (DIRECT, general.direct_seeds)):
        own = replace(config.training, seeds=seeds, tests=general.tests)
        settings |= {(cell, _tested(cell.depth)): own for cell in plane_cells(config, kind)}
    found: Found = {}
    with context.progress.task("train chain models", len(settings)) as step:
        for cell, hops in settings:
            found[cell, hops] = accuracies(settings[cell, hops], context, cell, hops)
            step.advance(note=cell.name)
    yield from _lengths(config, context)
    for axis in (DEPTH, ARMS):
        for kind in KINDS:
            yield from _widths(config, kind, axis, found)
    yield from _plane(config, found)


def _lengths(config: PitaConfig, context: Context) -> Iterator[Curves]:
    general = config.generalisation
    for depth in sorted(set(general.depth)):
        task = Starfish(general.arms[0], depth)
        rng = context.seeds.numpy("trace lengths", depth)
        questions, _ = task.questions(SAMPLED, 1, span(general.hops, depth), rng)
        part = np.bincount(questions[:, 1] // task.arms, minlength=depth)[1:] / SAMPLED
        place = TRACE_LENGTHS, f"D={depth}", "simulation", "ancestors", np.arange(1, depth), "probability", part
        yield points(*place, y_err=np.sqrt(part * (1 - part) / SAMPLED), n=SAMPLED)


def _widths(config: PitaConfig, kind: str, axis: str, trained: Found) -> Iterator[Curves]:
    """E3 along one axis: accuracy against width, and the critical widths."""
    training, threshold = config.training, config.widths.threshold
    sizes, logs, errors = [], [], []
    for cell in width_cells(config, kind, axis):
        found = trained[cell, (cell.hops,)]["accuracy"][..., 0]
        size = cell.depth if axis == DEPTH else cell.arms
        y, y_err, n = standard_error(found.T)
        place = width_panel(kind, axis), f"{SYMBOL[axis]}={size}", "trained"
        yield points(
            *place, "width", cell.widths, ACCURACY, y, y_err=y_err, n=n, params={axis: size, "steps": training.steps}
        )
        if len(cell.widths) < 2:
            continue
        at = crossing(cell.widths, found.T, threshold)
        if np.isfinite(at.log_width):
            sizes.append(size)
            logs.append(at.log_width)
            errors.append(at.error)
    if sizes:
        place = critical_panel(axis), kind, "trained"
        widths = np.exp(logs)
        said = {"kind": kind, "axis": axis, "steps": training.steps, "threshold": threshold}
        yield points(
            *place, axis, sizes, "width", widths, y_err=widths * np.array(errors), n=training.seeds, params=said
        )
    if any(error > 0 for error in errors):
        line = anchored_law(sizes, logs, errors, DRAWN_EXPONENTS[kind == TRACE, axis == DEPTH])
        yield points(critical_panel(axis), kind, "theory", axis, sizes, "width", line, params={"kind": kind})


def _plane(config: PitaConfig, trained: Found) -> Iterator[Curves]:
    """E4 and E5: every kind on every task, tested on all numbers of hops."""
    found = {cell: trained[cell, _tested(cell.depth)] for kind in KINDS for cell in plane_cells(config, kind)}
    for kind in KINDS:
        for cell in plane_cells(config, kind):
            y, y_err, n = standard_error(found[cell]["accuracy"][0])
            series = f"{kind}, A={cell.arms}"
            place = hops_panel(cell.depth), series, "trained"
            yield points(
                *place,
                HOPS,
                _tested(cell.depth),
                ACCURACY,
                y,
                y_err=y_err,
                n=n,
                params={"kind": kind, "arms": cell.arms, "hops": cell.hops},
            )
            if kind == TRACE:
                yield from _accumulation(cell, found[cell])
    for cell in plane_cells(config, TRACE):
        direct = Cell(DIRECT, cell.arms, cell.depth, cell.hops, cell.widths)
        beyond = np.array(_tested(cell.depth)) > cell.hops
        means, errors, seeds = zip(
            *(standard_error(found[each]["accuracy"][0][:, beyond].mean(1)) for each in (cell, direct)), strict=True
        )
        said = {"arms": cell.arms, "depth": cell.depth, "trace": float(means[0]), "direct": float(means[1])}
        place, error = (PLANE, f"A={cell.arms}", "trained"), float(np.hypot(*errors))
        difference = means[0] - means[1]
        yield points(*place, "levels", cell.depth, "difference", difference, y_err=error, n=min(seeds), params=said)


def _tested(depth: int) -> tuple[int, ...]:
    """Return the numbers of hops that are tested, 1 to depth - 1."""
    return tuple(sorted(set(np.linspace(1, depth - 1, LOOKS).round().astype(int).tolist())))


def _accumulation(cell: Cell, found: Arrays) -> Iterator[Curves]:
    """E4: accuracy of written traces, and what the errors of single tokens of true ones predict, seed by seed."""
    hops = _tested(cell.depth)
    accuracy, token, at_step, at_answer = (found[key][0] for key in ("accuracy", "token", "step", "answer"))
    alike, apart = np.empty_like(accuracy), np.empty_like(accuracy)
    for place, hop in enumerate(hops):
        lengths = trace_lengths(cell.depth, hop, hop)
        for seed in range(len(accuracy)):
            alike[seed, place] = right_to_the_end(token[seed, place], lengths)
            apart[seed, place] = right_answer(at_step[seed, place], at_answer[seed, place], lengths)
    series, errors = f"A={cell.arms}, D={cell.depth}", (float(at_step.mean()), float(at_answer.mean()))
    said = {"arms": cell.arms, "depth": cell.depth, "step_error": errors[0], "answer_error": errors[1]}
    for panel, predicted in ((ALIKE, alike), (APART, apart)):
        _, y_err, n = standard_error(accuracy - predicted)
        where = panel, series
        yield points(*where, "theory", HOPS, hops, ACCURACY, predicted.mean(0), params=said)
        yield points(*where, "trained", HOPS, hops, ACCURACY, accuracy.mean(0), y_err=y_err, n=n, params=said)
