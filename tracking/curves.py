"""What does an experiment produce? Curves: one tidy table of predicted, measured and published points, checked.

| column                  | meaning                                                                          |
| ----------------------- | -------------------------------------------------------------------------------- |
| experiment, part, panel | which paper, which of its parts, which panel of that part                        |
| params                  | the exact values that tell this curve from the others of its panel, as a JSON object |
| source                  | `theory`; `anchored`: theory at parameters that this run measured; `simulation` of the |
|                         | theory's own model; `trained` networks; `published` by the authors               |
| x_name, x               | abscissa, finite; the unit is in the name                                        |
| y_name, y               | ordinate; +-inf for a divergence, never NaN                                      |
| y_err, n                | standard error over n independent repeats; 0, 1 for theory; NaN: unknown (n = 1) |

A curve is what has equal experiment, part, panel, params, source, x_name and y_name. Texts that a person reads are made
when something is drawn or printed (`solv.tracking.labels`); no text is a curve's identity.
"""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

Curves: TypeAlias = pd.DataFrame
Params: TypeAlias = Mapping[str, object]

SOURCES = ("theory", "anchored", "simulation", "trained", "published")
COLUMNS: dict[str, str] = {
    "experiment": "str",
    "part": "str",
    "panel": "str",
    "params": "str",
    "source": "str",
    "x_name": "str",
    "x": "float64",
    "y_name": "str",
    "y": "float64",
    "y_err": "float64",
    "n": "int64",
}
_DTYPES = {"str": "object", "float64": "float64", "int64": "int64"}  # how NumPy holds a column
CURVE = ["experiment", "part", "panel", "params", "x_name", "y_name"]  # with `source`: what makes a curve
_TAKEN = {*COLUMNS, "series", "facet"}  # what a param cannot be called
BEFORE = "before"  # the part of curves that an earlier version wrote
_PAIRING = [*CURVE, "x"]


class CurvesError(ValueError):
    """A table does not follow the curves schema; the message names the column and the first offending row."""


@dataclass(frozen=True)
class Recorder:
    """Makes the curves of one part of an experiment.

        RECORD = Recorder("cot-depth", "depth")
        RECORD.theory(Panels.DEPTH, {"alpha": 2, "tau": 3}, x=("depth", depths), y=("error", errors))

    Attributes:
        experiment: its name.
        part: name of the part; the same as in its `Part`.
    """

    experiment: str
    part: str

    def theory(self, panel: StrEnum, params: Params, *, x: "Axis", y: "Axis") -> Curves:
        """Return a predicted curve; `curve` says what the arguments are."""
        return self.curve("theory", panel, params, x=x, y=y)

    def anchored(
        self, panel: StrEnum, params: Params, *, x: "Axis", y: "Axis", y_err: ArrayLike, n: ArrayLike
    ) -> Curves:
        """Return what theory says at parameters that were measured, with the error that these bring."""
        return self.curve("anchored", panel, params, x=x, y=y, y_err=y_err, n=n)

    def simulation(
        self, panel: StrEnum, params: Params, *, x: "Axis", y: "Axis", y_err: ArrayLike, n: ArrayLike
    ) -> Curves:
        """Return a curve that samples of the theory's own model gave; `curve` says what the arguments are."""
        return self.curve("simulation", panel, params, x=x, y=y, y_err=y_err, n=n)

    def trained(
        self, panel: StrEnum, params: Params, *, x: "Axis", y: "Axis", y_err: ArrayLike, n: ArrayLike
    ) -> Curves:
        """Return a curve that trained networks gave; `curve` says what the arguments are."""
        return self.curve("trained", panel, params, x=x, y=y, y_err=y_err, n=n)

    def published(
        self, panel: StrEnum, params: Params, *, x: "Axis", y: "Axis", y_err: ArrayLike = np.nan, n: ArrayLike = 1
    ) -> Curves:
        """Return a curve of the authors' own numbers; `curve` says what the arguments are."""
        return self.curve("published", panel, params, x=x, y=y, y_err=y_err, n=n)

    def curve(
        self,
        source: str,
        panel: StrEnum,
        params: Params,
        *,
        x: "Axis",
        y: "Axis",
        y_err: ArrayLike = 0.0,
        n: ArrayLike = 1,
    ) -> Curves:
        """Return the rows of one curve.

        Args:
            source: one of `SOURCES`.
            panel: member of the part's enumeration of panels.
            params: the exact values that tell the curve from the others of the panel: numbers, texts, flags, or lists
                of them. Theory and measurement of one curve have equal params. Results do not belong here.
            x: name and values of the abscissa, shape (points,); a scalar is one point.
            y: name and values of the ordinate, of the same shape or a scalar.
            y_err, n: standard error and number of independent repeats, scalar or shape (points,).

        Raises:
            CurvesError: the rows break the schema (NaN in y, infinite x, unknown source, ...).
        """
        if not isinstance(panel, StrEnum):
            raise CurvesError(f"curves: panel {panel!r} is not a member of an enumeration of panels")
        if taken := sorted(_TAKEN & set(params)):
            raise CurvesError(f"curves: a param cannot be called {', '.join(taken)}: tables have a column of that name")
        abscissa = np.atleast_1d(np.asarray(x[1], dtype=np.float64))
        values: dict[str, object] = {
            "experiment": self.experiment,
            "part": self.part,
            "panel": panel.value,
            "params": encode_params(params),
            "source": source,
            "x_name": x[0],
            "x": abscissa,
            "y_name": y[0],
            "y": y[1],
            "y_err": y_err,
            "n": n,
        }
        columns = {}
        for name, kind in COLUMNS.items():
            own = np.asarray(values[name], dtype=_DTYPES[kind])
            columns[name] = np.broadcast_to(own, abscissa.shape).copy()
        return _checked(columns)


Axis: TypeAlias = tuple[str, ArrayLike]


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
            columns[name] = table[name].to_numpy().astype(_DTYPES[kind])
        except (TypeError, ValueError) as error:
            raise CurvesError(f"curves: column {name} does not hold {kind} values ({error})") from None
    return _checked(columns)


def _checked(columns: dict[str, np.ndarray]) -> Curves:
    """Return columns of the schema's types as a table, or raise `CurvesError`."""
    for name in (name for name, kind in COLUMNS.items() if kind == "str"):
        _refuse(columns, name, [not isinstance(value, str) for value in columns[name]], "is not text")
    for name in ("experiment", "part", "panel", "x_name", "y_name"):
        _refuse(columns, name, columns[name] == "", "is empty")
    theory = columns["source"] == "theory"
    y_err = columns["y_err"]
    known = [source in SOURCES for source in columns["source"]]
    _refuse(columns, "source", np.logical_not(known), f"is none of {', '.join(SOURCES)}")
    _refuse(columns, "x", ~np.isfinite(columns["x"]), "is not finite")
    _refuse(columns, "y", np.isnan(columns["y"]), "is NaN; a divergence is inf")
    _refuse(columns, "n", columns["n"] < 1, "is below 1")
    _refuse(columns, "y_err", y_err < 0, "is negative")
    unknown = np.isnan(y_err)
    _refuse(columns, "y_err", unknown & (theory | ((columns["n"] > 1) & np.isfinite(columns["y"]))), "is NaN")
    _refuse(columns, "y_err", theory & (y_err != 0), "is not 0 on a theory row")
    objects = {params: _is_json_object(params) for params in set(columns["params"])}  # long series repeat theirs
    _refuse(columns, "params", [not objects[params] for params in columns["params"]], "is not a JSON object")
    table = pd.DataFrame(columns)
    if len(table) > 1:
        place = [*_PAIRING, "source"]
        varying = [name for name in place if name == "x" or (columns[name] != columns[name][:1]).any()]
        _refuse(columns, "x", table.duplicated(varying), "appears twice in one curve")
    return table


def pair(curves: Curves) -> pd.DataFrame:
    """Return the measured and published points that have a theory value at the same place, with that value.

    Returns:
        The rows whose source is not theory and whose curve has a theory point at the same x, with the added columns
        `theory` and `deviation` = (y - theory) / y_err, NaN where the standard error is 0 or unknown or a value is
        infinite.
    """
    theory = curves[curves["source"] == "theory"]
    measured = curves[curves["source"] != "theory"]
    paired = measured.merge(theory[[*_PAIRING, "y"]].rename(columns={"y": "theory"}), on=_PAIRING, how="inner")
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = (paired["y"] - paired["theory"]) / paired["y_err"]
    return paired.assign(deviation=deviation.where(np.isfinite(deviation)))


def agreement(curves: Curves, logarithmic: Collection[str] = ()) -> pd.DataFrame:
    """Return how well theory and measurement agree, one row per curve that has paired points.

    Points whose two values differ but lie below 1e-12 of the largest theory value of their panel are left out: nothing
    can be told apart there.

    Args:
        curves: of one or more runs of an experiment.
        logarithmic: names of the panels with a logarithmic ordinate: there an error is max(y / theory, theory / y) - 1.

    Returns:
        Columns `experiment, part, panel, params, x_name, y_name, source, points, median_error, worst_error,
        within_2_se`: the number of paired points, the median and worst |y - theory| / |theory| (both infinite: no
        error; one infinite, or a theory value of 0 that is missed: inf), and the fraction of points with a known
        standard error whose theory value lies within 2 of them (NaN if there is none).
    """
    paired = pair(curves)
    sizes = paired["theory"].abs().where(np.isfinite(paired["theory"]))
    floor = 1e-12 * sizes.groupby(paired["panel"]).transform("max").fillna(0.0)
    seen = (paired["y"].abs() >= floor) | (paired["theory"].abs() >= floor) | (paired["y"] == paired["theory"])
    paired = paired[seen]
    y, theory = paired["y"].to_numpy(), paired["theory"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(y - theory) / np.abs(theory)
        factor = np.exp(np.abs(np.log(y / theory))) - 1
    error = np.where(paired["panel"].isin(list(logarithmic)) & (y > 0) & (theory > 0), factor, error)
    error = np.where(y == theory, 0.0, np.where(np.isinf(y) | np.isinf(theory), np.inf, error))
    paired = paired.assign(error=error, within=(paired["deviation"].abs() <= 2).where(paired["deviation"].notna()))
    groups = paired.groupby([*CURVE, "source"], sort=False)
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
    """Return the rows with the given values: of columns, and of `params` by their exact value.

    `select(curves, panel=Panels.DEPTH, source="theory", tau=3)` is every curve of that panel and source at tau = 3,
    whatever its other params. A key that a row's params do not have is not equal to anything.
    """
    mask = pd.Series(True, index=curves.index)
    wanted = {name: _plain(value) for name, value in equal.items() if name not in COLUMNS}
    for name, value in equal.items():
        if name in COLUMNS:
            mask &= curves[name] == (value.value if isinstance(value, StrEnum) else value)
    if wanted:
        fitting = {}
        for text in curves["params"].unique():
            params = json.loads(text)
            fitting[text] = all(name in params and params[name] == value for name, value in wanted.items())
        mask &= curves["params"].map(fitting).astype(bool)
    return curves[mask]


def each_curve(curves: Curves) -> Iterator[tuple[dict[str, Any], Curves]]:
    """Yield the params and the rows of every curve, in the order of the table; of all sources together."""
    for _, rows in curves.groupby(CURVE, sort=False):
        yield decode_params(rows["params"].iloc[0]), rows


def parameter(curves: Curves, name: str) -> pd.Series:
    """Return the value of one key of `params` for each row (infinities restored; absent: NaN)."""
    decoded = {text: decode_params(text).get(name, np.nan) for text in curves["params"].unique()}
    return curves["params"].map(decoded)


def encode_params(params: Params) -> str:
    """Return params as the text that stands for them: equal values, equal text, whatever their order and number type.

    Numbers are spelled exactly (2 and 2.0 are one value, 1.5 and 1.5000001 are two); infinities as "inf" and "-inf".

    Raises:
        CurvesError: a value is not a number, a text, a flag, None or a list of these, or is NaN.
    """
    try:
        return json.dumps({key: _plain(value) for key, value in params.items()}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CurvesError(f"curves: params {dict(params)!r} cannot be spelled ({error})") from None


def decode_params(text: str) -> dict[str, Any]:
    """Return what `encode_params` encoded: infinities restored, lists as lists."""
    return {key: _restored(value) for key, value in json.loads(text).items()}


def upgrade(table: pd.DataFrame) -> Curves:
    """Return a table of today's schema from one of an earlier version, in which a text named each curve.

    The text (`series`) becomes a param of that name, the part is called `before`; a table of today's schema stays.

    Raises:
        CurvesError: it is neither.
    """
    if "series" not in table.columns:
        return check_curves(table)
    names = {text: encode_params({"series": text}) for text in table["series"].unique()}
    renewed = table.assign(part=BEFORE, params=table["series"].map(names)).drop(columns="series")
    return check_curves(renewed)


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


def _restored(value: object) -> object:
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return float(str(value)) if value in ("inf", "-inf") else value


def _plain(value: object) -> object:
    """Return a param as JSON holds it: one spelling for one value."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("NaN is not a value that tells curves apart")
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if value is not None and not isinstance(value, bool | int | str):
        raise TypeError(f"{type(value).__name__} is no value that tells curves apart")
    return value


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def _refuse(columns: Mapping[str, np.ndarray], column: str, bad: ArrayLike, fault: str) -> None:
    offending = np.flatnonzero(np.asarray(bad, dtype=bool))
    if len(offending):
        row = offending[0]
        raise CurvesError(f"curves: row {row}: {column} = {columns[column][row]!r} {fault}")
