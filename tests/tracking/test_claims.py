"""Does a verdict follow from the measured interval alone?"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.tracking.claims import Claim, Verdict, all_of, claims_from_json, claims_to_json, exceeds, within

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("measured", "error", "verdict"),
    [(1.05, 0.0, HOLDS), (1.2, 0.0, FAILS), (1.05, 0.04, UNDECIDED), (1.3, 0.05, FAILS), (math.nan, 0.0, UNDECIDED)],
)
def test_within_compares_the_two_sigma_interval_with_the_band(measured, error, verdict):
    assert within(measured, 1.0, 0.1, error) is verdict


@pytest.mark.parametrize(
    ("measured", "error", "verdict"), [(1.2, 0.05, HOLDS), (1.0, 0.0, FAILS), (1.05, 0.1, UNDECIDED), (0.5, 0.1, FAILS)]
)
def test_exceeds_compares_the_two_sigma_interval_with_the_threshold(measured, error, verdict):
    assert exceeds(measured, 1.0, error) is verdict


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0, 5))
def test_an_exact_measurement_is_never_undecided(measured, predicted, tolerance):
    assert within(measured, predicted, tolerance) is not UNDECIDED


def test_a_conjunction_fails_with_its_weakest_part():
    assert all_of([HOLDS, UNDECIDED, FAILS]) is FAILS
    assert all_of([HOLDS, UNDECIDED]) is UNDECIDED
    assert all_of([HOLDS, HOLDS]) is HOLDS
    assert all_of([]) is UNDECIDED


def test_an_undecided_claim_must_say_what_would_decide_it():
    with pytest.raises(ValueError, match="says what would decide it"):
        Claim("c", "statement", 1.0, 2.0, UNDECIDED)


def test_claims_survive_their_file():
    claims = [
        Claim("a", "one", 1.0, 2.0, FAILS, error=0.1, tolerance="3 s.e."),
        Claim("b", "two", "inf", "large", UNDECIDED, needs="d >= 1000"),
    ]
    assert claims_from_json(claims_to_json(claims)) == claims


@pytest.mark.parametrize("text", ["", "{", '[{"id": "a"}]', '[{"id": "a", "verdict": "maybe"}]', "3"])
def test_a_damaged_claims_file_is_refused(text):
    with pytest.raises(ValueError, match="not a list of claims"):
        claims_from_json(text)
