"""Part `coordinates`: do the learned parts of a transformer's coordinates stay of order one as it grows?"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np

from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import SCALED, SHOWN, coordinate_models, training_work
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.moe_transfer.parameter_tables import TABLES, exponents
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds, within
from solv.tracking.curves import Curves, Params, Recorder, decode_params, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "coordinates")
LEAST_SIZES = 3  # fewer do not tell a power from a cross-over
FLAT = 0.15  # slope of a learned part up to which it counts as of order one
DRIFTING = ("logits", "router0")  # coordinates whose learned part grows with the width in the standard table
GROUPS_OF = {"logits": "unembedding", "router0": "router", "up0": "up", "query0": "query_key", "out0": "output"}


class Panels(StrEnum):
    """The panels of this part."""

    LEARNED = "learned"
    CHANGE = "change"
    SIZES = "coordinate-sizes"


COORDINATES: Mapping[Panels, tuple[str, ...]] = {
    Panels.LEARNED: ("logits", "router0", "up0", "query0", "out0"),
    Panels.CHANGE: ("logits", "router0", "moe output 0", "out0", "residual stream"),
}


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the slopes of the learned parts, those of the changes, and the sizes that they are slopes over."""
    if "coordinates" not in config.work:
        return []
    shown = {
        Panels.LEARNED: ("Learned parts against {direction}", "learned: input times (W - W(0))"),
        Panels.CHANGE: ("Total changes against {direction}", "crosses over from the initial part"),
    }
    return [
        *(
            Panel(
                name,
                title,
                "",
                "slope of log size in log width or depth",
                facets=("direction",),
                series=_table_label,
                category=("coordinate",),
                note=note,
            )
            for name, (title, note) in shown.items()
        ),
        Panel(
            Panels.SIZES,
            "Sizes that were compared",
            "",
            "number of sizes",
            facets=("direction",),
            category=("table",),
            drawn=False,
        ),
    ]


def _table_label(params: Params) -> str:
    return SHOWN[str(params["table"])]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the slopes of learned parts by the calculus of exponents."""
    if "coordinates" not in config.work:
        return
    for table in config.coordinates.tables:
        for direction in config.coordinates.directions:
            groups = exponents(TABLES[table], direction)
            for name in COORDINATES[Panels.LEARNED]:
                at = {"table": table, "direction": direction, "coordinate": name}
                slope = groups[GROUPS_OF[name]].learned
                yield RECORD.theory(Panels.LEARNED, at, x=("coordinate", 0), y=("slope", slope))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the slopes of learned parts and changes against size, in log-log; infinite where a training diverged."""
    if "coordinates" not in config.work:
        return
    from solv.experiments.moe_transfer.transformers import Laboratory

    check = config.coordinates
    laboratory = Laboratory(config.transfer, context)
    grown = {direction: coordinate_models(config.transfer, check, direction) for direction in check.directions}
    jobs = len(check.tables) * sum(map(len, grown.values()))
    with context.progress.task("check coordinates", jobs) as step:
        for table in check.tables:
            for direction, grown_models in grown.items():
                by_size = []
                for model in grown_models:
                    by_size.append(laboratory.coordinates(table, model, check))
                    step.advance(note=f"{table} {model.name}")
                at: dict[str, object] = {"table": table, "direction": direction}
                yield RECORD.trained(Panels.SIZES, at, x=("table", 0), y=("sizes", len(grown_models)), y_err=0, n=1)
                sizes = np.log([model.along for model in grown_models])
                for panel, names in COORDINATES.items():
                    kind = panel.value
                    with np.errstate(divide="ignore"):
                        logs = np.log([[each[f"{kind} {name}"] for name in names] for each in by_size])
                    for name, slope, error, n in zip(names, *_slopes(sizes, logs), strict=True):
                        place = {**at, "coordinate": name}
                        yield RECORD.trained(panel, place, x=("coordinate", 0), y=("slope", slope), y_err=error, n=n)


def _slopes(sizes: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return slope, standard error and number of seeds of every coordinate, from logs (sizes, coordinates, seeds)."""
    columns = logs.reshape(len(sizes), -1)
    finite = np.isfinite(columns).all(axis=0)
    slopes = np.full(columns.shape[1], np.inf)
    if finite.any():
        slopes[finite] = np.polyfit(sizes, columns[:, finite], 1)[0]
    y, y_err, n = standard_error(slopes.reshape(logs.shape[1:]), axis=1)
    return y, y_err, [n] * len(y)


def work(config: MoeTransferConfig) -> Work:
    """Return the work of a few steps of every model under every table, and of two forward passes: a step's worth."""
    if "coordinates" not in config.work:
        return Work()
    check = config.coordinates
    grown = [model for way in check.directions for model in coordinate_models(config.transfer, check, way)]
    each = (training_work(config.transfer, model, check.seeds, check.steps + 1) for model in grown)
    return len(check.tables) * sum(each, Work())


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_order_one(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.LEARNED, source="trained", table=SCALED)
    if rows.empty:
        return missing("coordinates.tables includes transfer")
    verdict = all_of(within(row.y, 0, FLAT, row.y_err, row.n, comparisons=len(rows)) for row in _rows(rows))
    side = -2 if verdict is Verdict.FAILS else 2  # what refutes it, or what keeps it from being sure
    worst = rows.iloc[int(np.argmax((rows["y"].abs() + side * rows["y_err"]).fillna(-np.inf)))]
    return Judgement(
        verdict if _enough_sizes(curves, SCALED) else Verdict.UNDECIDED,
        predicted=0.0,
        measured=float(worst["y"]),
        error=_error(worst),
        tolerance=(
            f"{FLAT:g}, each of {len(rows)} slopes (the worst: {_where(worst)}); {STUDENT}; finite-size cross-over"
        ),
    )


def _judge_drift(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.LEARNED, source="trained", table="standard", direction="width")
    rows = rows[parameter(rows, "coordinate").isin(DRIFTING)]
    if rows.empty:
        return missing("coordinates.tables includes standard, coordinates.directions width")
    worst = rows.iloc[int(np.argmin((rows["y"] - 2 * rows["y_err"]).fillna(np.inf)))]
    verdicts = [exceeds(row.y, FLAT, row.y_err, row.n, comparisons=len(rows)) for row in _rows(rows)]
    return Judgement(
        all_of(verdicts) if _enough_sizes(curves, "standard", direction="width") else Verdict.UNDECIDED,
        predicted=1.0,
        measured=float(worst["y"]),
        error=_error(worst),
        tolerance=f"both above {FLAT:g}; {STUDENT}; 1 before they saturate (the smaller: {_where(worst)})",
    )


def _enough_sizes(curves: Curves, table: str, **equal: object) -> bool:
    return bool((select(curves, panel=Panels.SIZES, table=table, **equal)["y"] >= LEAST_SIZES).all())


def _rows(rows: Curves) -> Iterator[Any]:
    yield from rows.itertuples()


def _error(row: Any) -> float | None:
    return None if np.isnan(row["y_err"]) else float(row["y_err"])


def _where(row: Any) -> str:
    params = decode_params(row["params"])
    return f"{params['coordinate']} against {params['direction']}"


COORDINATE_CHECK = Part(
    name="coordinates",
    question="Which coordinates of a transformer with experts grow or shrink with its size, as it learns?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "coordinates-stay-order-one",
            "Under the transferring parameterization learned parts neither grow nor shrink with size.",
            reads=(Panels.LEARNED, Panels.SIZES),
            judge=_judge_order_one,
            needs={"coordinates.width": 256, "coordinates.seeds": 8},
        ),
        Claim(
            "sp-coordinates-drift",
            "Under the standard parameterization the learned parts of logits and router grow with the width.",
            reads=(Panels.LEARNED, Panels.SIZES),
            judge=_judge_drift,
            needs={"coordinates.width": 256, "coordinates.seeds": 8},
        ),
    ),
)
