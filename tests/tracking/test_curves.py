"""Is the curves table checked, paired and summarised as its schema says?"""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.tracking.curves import (
    BEFORE,
    COLUMNS,
    CurvesError,
    agreement,
    check_curves,
    decode_params,
    each_curve,
    empty_curves,
    encode_params,
    join_curves,
    pair,
    parameter,
    records,
    select,
    standard_error,
    upgrade,
)
from tests.made_curves import RECORD, Panels, points


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
        ({"panel": "p"}, "panel"),
        ({"x_name": ""}, "x_name"),
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
    curves = points("theory", [1.0, math.inf], tau=math.inf, d=np.int64(3))
    assert records(curves)[1]["y"] == "inf"
    assert records(curves)[1]["params"] == {"d": 3, "tau": "inf"}
    assert parameter(curves, "tau").tolist() == [math.inf, math.inf]


def test_only_points_with_a_theory_value_at_the_same_place_are_paired():
    curves = join_curves(
        [
            points("theory", [1.0, 2.0]),
            points("simulation", [1.1, 2.0, 3.0], 0.05, 4),
            points("trained", [9.0], size=2),
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


def test_select_filters_by_columns_and_by_exact_params():
    curves = join_curves(
        [points("theory", [1.0], tau=1.5), points("theory", [2.0], tau=1.5000001), points("simulation", [1.0], 0.1, 2)]
    )
    assert select(curves, source="theory", tau=1.5)["y"].tolist() == [1.0]
    assert select(curves, panel=Panels.P, tau=1.5000001)["y"].tolist() == [2.0]
    assert select(curves, tau=2).empty
    assert len(select(curves, source="simulation")) == 1


@given(st.integers(1 - 2**53, 2**53 - 1) | st.floats(allow_nan=False))
def test_a_param_is_spelled_exactly_and_alike_whatever_its_type_of_number(value):
    text = encode_params({"value": value})
    assert decode_params(text)["value"] == value
    assert text == encode_params({"value": np.float64(value)}) or float(value) != value


def test_params_have_no_order_and_a_member_of_an_enumeration_is_its_text():
    assert encode_params({"b": 1.0, "a": [Panels.P, 2]}) == encode_params({"a": ["p", 2.0], "b": 1})


@pytest.mark.parametrize("value", [math.nan, {"a": 1}, object()])
def test_what_cannot_tell_curves_apart_is_no_param(value):
    with pytest.raises(CurvesError, match="cannot be spelled"):
        points("theory", [1.0], value=value)


@pytest.mark.parametrize("name", ["part", "n", "series"])
def test_a_param_with_the_name_of_a_column_is_refused(name):
    with pytest.raises(CurvesError, match=f"cannot be called {name}"):
        RECORD.theory(Panels.P, {name: 1}, x=("t", 0), y=("loss", 1))


def test_the_curves_of_a_table_come_one_by_one_with_all_their_sources():
    curves = join_curves([points(source, [1.0], d=d) for source in ("theory", "trained") for d in (3, 2)])
    assert [(params, len(rows)) for params, rows in each_curve(curves)] == [({"d": 3}, 2), ({"d": 2}, 2)]


def test_a_recorder_names_part_and_source():
    curves = RECORD.simulation(Panels.A, {"d": 3}, x=("t", 1), y=("loss", 2.0), y_err=0.1, n=4)
    row = curves.iloc[0]
    assert (row["experiment"], row["part"], row["panel"], row["source"]) == ("e", "one", "a", "simulation")
    assert RECORD.published(Panels.A, {}, x=("t", 1), y=("loss", 2.0))["source"].tolist() == ["published"]


def test_published_numbers_are_paired_with_theory_too():
    curves = join_curves([points("theory", [1.0]), RECORD.published(Panels.P, {}, x=("t", 0), y=("loss", 1.1))])
    assert agreement(curves)["source"].tolist() == ["published"]


def test_a_table_of_an_earlier_version_keeps_its_names_as_params():
    old = pd.DataFrame(
        {
            "experiment": "e", "panel": "p", "series": ["τ=1", "τ=1"], "source": ["theory", "simulation"],
            "x_name": "t", "x": 1.0, "y_name": "loss", "y": 2.0, "y_err": 0.0, "n": 1, "params": ['{"a": 1}', "{}"],
        }
    )  # fmt: skip
    renewed = upgrade(old)
    assert renewed["part"].tolist() == [BEFORE, BEFORE]
    assert len(pair(renewed)) == 1
    assert decode_params(renewed["params"].iloc[0]) == {"series": "τ=1"}
    assert upgrade(points("theory", [1.0])).equals(points("theory", [1.0]))


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


def test_on_a_logarithmic_panel_the_error_is_the_factor_whichever_is_larger():
    curves = join_curves([points("theory", [1.0, 1.0]), points("simulation", [0.5, 2.0], 0.1, 4)])
    [plain], [factor] = agreement(curves).itertuples(), agreement(curves, [str(Panels.P)]).itertuples()
    assert plain.median_error == pytest.approx(0.75)
    assert factor.median_error == factor.worst_error == pytest.approx(1.0)


def test_values_that_a_panel_cannot_tell_apart_are_not_compared():
    theory = points("theory", [1.0, 9e-76, 1e-13])
    measured = points("simulation", [1.1, 2e-100, 1e-3], 0.1, 4)
    [row] = agreement(join_curves([theory, measured])).itertuples()
    assert row.points == 2
    assert row.worst_error == pytest.approx(1e10)
