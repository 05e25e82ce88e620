"""Is the curves table checked, paired and summarised as its schema says?"""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.tracking.curves import (
    COLUMNS,
    Curves,
    CurvesError,
    agreement,
    check_curves,
    curve,
    empty_curves,
    join_curves,
    pair,
    parameter,
    records,
    select,
    standard_error,
)


def points(source: str, y: list[float], y_err: float | list[float] = 0.0, n: int = 1, **changes: object) -> Curves:
    fields = {"experiment": "e", "panel": "p", "series": "s", "x_name": "t", "x": list(range(len(y))), "y_name": "loss"}
    return curve(**{**fields, "source": source, "y": y, "y_err": y_err, "n": n, **changes})


def test_a_curve_has_the_columns_of_the_schema_in_order():
    assert list(points("theory", [1.0, 2.0]).columns) == list(COLUMNS)
    assert list(empty_curves().columns) == list(COLUMNS)
    assert len(join_curves([])) == 0


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"y": [math.nan]}, "y "),
        ({"x": [math.inf]}, "x "),
        ({"x": [1.0, 1.0], "y": [1.0, 2.0]}, "x "),
        ({"y_err": -1.0}, "y_err"),
        ({"n": 0}, "n "),
        ({"panel": ""}, "panel"),
        ({"source": "guess"}, "source"),
        ({"source": "simulation", "y_err": math.nan, "n": 3}, "y_err"),
        ({"y_err": 0.1}, "y_err"),
    ],
)
def test_a_broken_row_is_refused_with_the_name_of_its_column(change, column):
    arguments = {"source": "theory", "y": [1.0], **change}
    with pytest.raises(CurvesError, match=column):
        points(arguments.pop("source"), arguments.pop("y"), **arguments)


def test_a_table_with_a_missing_or_unknown_column_is_refused():
    with pytest.raises(CurvesError, match="missing columns"):
        check_curves(points("theory", [1.0]).drop(columns="n"))
    with pytest.raises(CurvesError, match="unknown columns"):
        check_curves(points("theory", [1.0]).assign(colour="red"))


def test_infinities_are_allowed_in_y_and_survive_json():
    curves = points("theory", [1.0, math.inf], params={"tau": math.inf, "d": np.int64(3)})
    assert records(curves)[1]["y"] == "inf"
    assert records(curves)[1]["params"] == {"d": 3, "tau": "inf"}
    assert parameter(curves, "tau").tolist() == [math.inf, math.inf]


def test_only_points_with_a_theory_value_at_the_same_place_are_paired():
    curves = join_curves(
        [
            points("theory", [1.0, 2.0]),
            points("simulation", [1.1, 2.0, 3.0], 0.05, 4),
            points("trained", [9.0], series="z"),
        ]
    )
    paired = pair(curves)
    assert paired["theory"].tolist() == [1.0, 2.0]
    assert paired["deviation"].tolist() == pytest.approx([2.0, 0.0])


def test_agreement_counts_points_within_two_standard_errors():
    simulated = points("simulation", [1.0, 2.1, 3.5, 4.0], [0.1, 0.1, 0.1, math.nan], 1)
    row = agreement(join_curves([points("theory", [1.0, 2.0, 3.0, 4.0]), simulated])).iloc[0]
    assert row["points"] == 4
    assert row["within_2_se"] == pytest.approx(2 / 3)
    assert row["worst_error"] == pytest.approx(0.5 / 3)
    assert row["median_error"] == pytest.approx(0.025)


def test_two_divergences_agree_and_one_alone_does_not():
    theory = points("theory", [math.inf, 1.0, 0.0])
    row = agreement(join_curves([theory, points("simulation", [math.inf, math.inf, 0.0], math.nan)])).iloc[0]
    assert row["median_error"] == 0.0
    assert row["worst_error"] == math.inf


def test_select_filters_by_several_columns():
    curves = join_curves([points("theory", [1.0]), points("simulation", [1.0], 0.1, 2, series="b")])
    assert len(select(curves, source="simulation", series="b")) == 1
    assert select(curves, source="simulation", series="s").empty


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_the_standard_error_is_that_of_the_mean(values):
    mean, error, n = standard_error(np.array(values))
    assert n == len(values)
    assert float(mean) == pytest.approx(np.mean(values), abs=1e-6)
    assert float(error) == pytest.approx(pd.Series(values).sem(), abs=1e-6)


def test_a_diverged_repeat_makes_the_mean_infinite_and_its_error_unknown():
    mean, error, _ = standard_error(np.array([[1.0, 1.0], [math.inf, 3.0]]))
    assert mean.tolist() == [math.inf, 2.0]
    assert math.isnan(error[0])
    assert error[1] == pytest.approx(1.0)
