"""What does an experiment produce? Curves: one tidy table of predicted and measured points, with a checked schema.

| column                | meaning                                                                            |
| --------------------- | ---------------------------------------------------------------------------------- |
| experiment, panel, series | where the point is drawn; `series` names the curve within the panel            |
| source                | `theory`, `simulation` (samples the theory's own model) or `trained` (a network learned it) |
| x_name, x             | abscissa, finite; the unit is in the name                                          |
| y_name, y             | ordinate; +-inf for a divergence, never NaN                                        |
| y_err, n              | standard error over n independent repeats; 0, 1 for theory; NaN: unknown (n = 1) |
| params                | the values that distinguish this series, as a JSON object                          |
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

Curves: TypeAlias = pd.DataFrame

SOURCES = ("theory", "simulation", "trained")
COLUMNS: dict[str, str] = {
    "experiment": "str",
    "panel": "str",
    "series": "str",
    "source": "str",
    "x_name": "str",
    "x": "float64",
    "y_name": "str",
    "y": "float64",
    "y_err": "float64",
    "n": "int64",
    "params": "str",
}
_PAIRING = ["panel", "series", "x_name", "y_name", "x"]


class CurvesError(ValueError):
    """A table does not follow the curves schema; the message names the column and the first offending row."""


def curve(
    *,
    experiment: str,
    panel: str,
    series: str,
    source: str,
    x_name: str,
    x: ArrayLike,
    y_name: str,
    y: ArrayLike,
    y_err: ArrayLike = 0.0,
    n: ArrayLike = 1,
    params: Mapping[str, object] | None = None,
) -> Curves:
    """Return the rows of one curve.

    Args:
        experiment, panel, series, source, x_name, y_name: as in the schema.
        x, y: the points, shape (points,); a scalar is one point.
        y_err, n: standard error and number of repeats, scalar or shape (points,).
        params: values that distinguish the series; infinities are stored as the string "inf".

    Raises:
        CurvesError: the rows break the schema (NaN in y, infinite x, unknown source, ...).
    """
    abscissa = np.atleast_1d(np.asarray(x, dtype=np.float64))
    columns = {
        "experiment": experiment,
        "panel": panel,
        "series": series,
        "source": source,
        "x_name": x_name,
        "x": abscissa,
        "y_name": y_name,
        "y": np.broadcast_to(np.asarray(y, dtype=np.float64), abscissa.shape),
        "y_err": np.broadcast_to(np.asarray(y_err, dtype=np.float64), abscissa.shape),
        "n": np.broadcast_to(np.asarray(n, dtype=np.int64), abscissa.shape),
        "params": _canonical_json(params or {}),
    }
    return check_curves(pd.DataFrame({name: columns[name] for name in COLUMNS}))


def join_curves(parts: Iterable[Curves]) -> Curves:
    """Return the rows of all parts as one checked table, in the given order."""
    tables = [part for part in parts if len(part)]
    return check_curves(pd.concat(tables, ignore_index=True) if tables else empty_curves())


def empty_curves() -> Curves:
    """Return a table with the schema's columns and no rows."""
    return pd.DataFrame({name: pd.Series(dtype="object" if kind == "str" else kind) for name, kind in COLUMNS.items()})


def check_curves(table: pd.DataFrame) -> Curves:
    """Return the table with its columns in order and of the schema's types, or raise `CurvesError`."""
    missing = [name for name in COLUMNS if name not in table.columns]
    extra = [str(name) for name in table.columns if name not in COLUMNS]
    if missing or extra:
        raise CurvesError(f"curves: missing columns {missing}, unknown columns {extra}; valid: {list(COLUMNS)}")
    columns = {}
    for name, kind in COLUMNS.items():
        try:
            columns[name] = table[name].to_numpy().astype("object" if kind == "str" else kind)
        except (TypeError, ValueError) as error:
            raise CurvesError(f"curves: column {name} does not hold {kind} values ({error})") from None
    checked = pd.DataFrame(columns, index=pd.RangeIndex(len(table)))
    text = [name for name, kind in COLUMNS.items() if kind == "str"]
    for name in text:
        _refuse(checked, name, [not isinstance(value, str) for value in columns[name]], "is not text")
    for name in ("experiment", "panel", "series", "x_name", "y_name"):
        _refuse(checked, name, columns[name] == "", "is empty")
    theory = columns["source"] == "theory"
    y_err = columns["y_err"]
    _refuse(checked, "source", ~np.isin(columns["source"], SOURCES), f"is none of {', '.join(SOURCES)}")
    _refuse(checked, "x", ~np.isfinite(columns["x"]), "is not finite")
    _refuse(checked, "y", np.isnan(columns["y"]), "is NaN; a divergence is inf")
    _refuse(checked, "n", columns["n"] < 1, "is below 1")
    _refuse(checked, "y_err", y_err < 0, "is negative")
    unknown = np.isnan(y_err)
    _refuse(checked, "y_err", unknown & (theory | ((columns["n"] > 1) & np.isfinite(columns["y"]))), "is NaN")
    _refuse(checked, "y_err", theory & (y_err != 0), "is not 0 on a theory row")
    objects = {params: _is_json_object(params) for params in set(columns["params"])}  # long series repeat theirs
    _refuse(checked, "params", [not objects[params] for params in columns["params"]], "is not a JSON object")
    place = ["experiment", *_PAIRING, "source"]
    varying = [name for name in place if name == "x" or (columns[name] != columns[name][:1]).any()]
    _refuse(checked, "x", checked.duplicated(varying), "appears twice in one series of one source")
    return checked


def pair(curves: Curves) -> pd.DataFrame:
    """Return the empirical points that have a theory value at the same (panel, series, x), with that value.

    Returns:
        The empirical rows with the added columns `theory` and `deviation` = (y - theory) / y_err, NaN where the
        standard error is 0 or unknown or a value is infinite.
    """
    theory = curves[curves["source"] == "theory"]
    measured = curves[curves["source"] != "theory"]
    keys = ["experiment", *_PAIRING]
    paired = measured.merge(theory[[*keys, "y"]].rename(columns={"y": "theory"}), on=keys, how="inner")
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = (paired["y"] - paired["theory"]) / paired["y_err"]
    return paired.assign(deviation=deviation.where(np.isfinite(deviation)))


def agreement(curves: Curves) -> pd.DataFrame:
    """Return how well theory and measurement agree, one row per (panel, series, y_name, source) with paired points.

    Returns:
        Columns `experiment, panel, series, y_name, source, points, median_error, worst_error, within_2_se`: the number
        of paired points, the median and worst |y - theory| / |theory| (both infinite: no error; one infinite, or a
        theory value of 0 that is missed: inf), and the fraction of points with a known standard error whose theory
        value lies within 2 of them (NaN if there is none).
    """
    paired = pair(curves)
    y, theory = paired["y"].to_numpy(), paired["theory"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(y - theory) / np.abs(theory)
    error = np.where(y == theory, 0.0, np.where(np.isinf(y) | np.isinf(theory), np.inf, error))
    paired = paired.assign(error=error, within=(paired["deviation"].abs() <= 2).where(paired["deviation"].notna()))
    groups = paired.groupby(["experiment", "panel", "series", "y_name", "source"], sort=False)
    return groups.agg(
        points=("error", "size"),
        median_error=("error", "median"),
        worst_error=("error", "max"),
        within_2_se=(
            "within",
            lambda values: float(values.dropna().astype(float).mean()) if values.notna().any() else np.nan,
        ),
    ).reset_index()


def select(curves: Curves, **equal: object) -> Curves:
    """Return the rows whose columns equal the given values, e.g. `select(curves, panel="depth", source="theory")`."""
    mask = pd.Series(True, index=curves.index)
    for name, value in equal.items():
        mask &= curves[name] == value
    return curves[mask]


def parameter(curves: Curves, name: str) -> pd.Series:
    """Return the value of one key of `params` for each row (infinities restored; absent: NaN)."""
    decoded = {text: _restore(json.loads(text).get(name, np.nan)) for text in curves["params"].unique()}
    return curves["params"].map(decoded)


def standard_error(samples: ArrayLike, axis: int = 0) -> tuple[np.ndarray, np.ndarray, int]:
    """Return mean, standard error of the mean and number of repeats along `axis` (NaN error for a single repeat)."""
    values = np.asarray(samples, dtype=np.float64)
    n = values.shape[axis]
    with np.errstate(invalid="ignore", over="ignore"):
        mean = values.mean(axis=axis)
        spread = values.std(axis=axis, ddof=1) / np.sqrt(n) if n > 1 else np.full_like(mean, np.nan)
    diverged = ~np.isfinite(mean)
    return np.where(diverged, np.inf, mean), np.where(diverged, np.nan, spread), n


def geometric_mean(samples: ArrayLike, axis: int = 0) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the geometric mean of positive samples along `axis`, its standard error (delta method) and their number.

    The right average of a quantity whose logarithm is what fluctuates: no single repeat dominates it.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        mean, error, n = standard_error(np.log(np.asarray(samples, dtype=np.float64)), axis)
        value = np.exp(mean)
        return value, np.where(np.isfinite(value), value * error, np.nan), n


def records(curves: Curves) -> list[dict[str, object]]:
    """Return the rows as JSON-ready dictionaries: `params` as an object, infinities as the strings "inf", "-inf"."""
    rows: list[dict[str, object]] = []
    for row in curves.to_dict(orient="records"):
        encoded: dict[str, object] = {str(name): _encode(value) for name, value in row.items()}
        encoded["params"] = json.loads(str(row["params"]))
        rows.append(encoded)
    return rows


def _encode(value: object) -> object:
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return value if np.isfinite(value) else ("inf" if value > 0 else "-inf")
    return value


def _restore(value: object) -> object:
    return float(str(value)) if value in ("inf", "-inf") else value


def _canonical_json(params: Mapping[str, object]) -> str:
    return json.dumps({key: _plain(value) for key, value in params.items()}, sort_keys=True, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return _encode(value)


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def _refuse(table: pd.DataFrame, column: str, bad: ArrayLike, fault: str) -> None:
    offending = np.flatnonzero(np.asarray(bad, dtype=bool))
    if len(offending):
        row = offending[0]
        raise CurvesError(f"curves: row {row}: {column} = {table[column].iloc[row]!r} {fault}")
