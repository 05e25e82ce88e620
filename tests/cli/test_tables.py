"""Are numbers, claims and curves printed as a person or a program reads them?"""

import json
import math

import pytest

from solv.cli.tables import (
    as_text,
    deviation,
    measured,
    number,
    print_agreement,
    print_checks,
    print_claims,
    print_curves,
)
from solv.tracking.curves import join_curves
from solv.tracking.environment import Check, State
from solv.tracking.panels import Panel
from tests.cli.conftest import CLAIMS
from tests.made_curves import Panels, points

PANELS = [Panel(Panels.P, "P", "t", "loss", series="w={w}")]
CURVES = join_curves([points("theory", [1.0, 2.0], w=3), points("simulation", [1.1, 2.0], 0.25, 4, w=3)])


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (1234.5, 56.0, "1234 ± 56"),
        (1.5, None, "1.5"),
        (1.5, 0.0, "1.5"),
        (1.5, math.inf, "1.5"),
        (math.inf, 0.1, "inf"),
        (1.23e-12, 4.5e-14, "1.23e-12 ± 4e-14"),
    ],
)
def test_a_measurement_has_as_many_digits_as_its_error(value, error, shown):
    assert measured(value, error) == shown


def test_a_number_has_five_digits():
    assert [number(value) for value in (math.pi, 1e-7, math.inf)] == ["3.1416", "1e-07", "inf"]


def test_a_claim_is_a_row_and_what_would_decide_it_stands_below(capsys):
    print_claims(CLAIMS)
    lines = capsys.readouterr().out.splitlines()
    assert "0.510 ± 0.010" in next(line for line in lines if line.startswith("one"))
    assert any("to decide: size >= 9" in line for line in lines)


def test_agreement_is_a_row_a_curve_under_its_part_with_its_last_common_point(capsys):
    print_agreement(CURVES, PANELS)
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if "w=3" in line)
    assert "one" in printed.splitlines()
    assert "t 1" in row
    assert "2.00 ± 0.25" in row
    assert "100 %" in row
    print_agreement(points("theory", [1.0], w=3), PANELS)
    assert "w=3" not in capsys.readouterr().out


def test_a_narrow_table_leaves_the_point_out_and_fits_80_columns(capsys, monkeypatch):
    monkeypatch.setattr("solv.cli.tables.PIPE_WIDTH", 80)
    print_agreement(CURVES, PANELS)
    printed = capsys.readouterr().out
    assert "2.00 ± 0.25" not in printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize(
    ("error", "shown"),
    [(0.0123, "1.2 %"), (0.2, "20 %"), (0.99, "99 %"), (0.996, "factor 2"), (4.5, "factor 5.5"), (math.inf, "-")],
)
def test_a_deviation_is_in_percent_and_a_factor_from_two_on(error, shown):
    assert deviation(error) == shown


def test_curves_are_a_row_a_point(capsys):
    print_curves(CURVES, PANELS)
    assert sum("w=3" in line for line in capsys.readouterr().out.splitlines()) == 4


def test_of_many_points_whole_curves_are_printed_those_of_main_panels_first(capsys):
    curves = join_curves(
        [points("theory", [1.0] * 5, panel=panel, w=w) for panel in (Panels.P, Panels.A) for w in (1, 2)]
    )
    panels = [*PANELS, Panel(Panels.A, "A", "t", "loss", series="v={w}", main=True)]
    assert print_curves(curves, panels, most=12) == 10
    printed = capsys.readouterr().out
    assert printed.count("v=1") == printed.count("v=2") == 5
    assert "w=1" not in printed
    assert print_curves(curves, panels, most=3) == 15
    assert print_curves(curves, panels) == 0


def test_a_text_for_programs_holds_every_row():
    assert as_text(CURVES, "csv").count("\n") == 4
    found = json.loads(as_text(CURVES, "json"))
    assert [row["y"] for row in found] == [1.0, 2.0, 1.1, 2.0]


def test_a_check_is_a_row_with_what_mends_it(capsys):
    print_checks([Check("torch", State.BROKEN, "not [installed]", "pip install torch")])
    assert "not [installed]" in capsys.readouterr().out
