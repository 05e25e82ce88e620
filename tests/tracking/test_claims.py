"""Does a verdict follow from the measured interval alone?"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.tracking.claims import (
    Claim,
    Finding,
    Judgement,
    MissingCurvesError,
    Verdict,
    all_of,
    exceeds,
    findings_from_json,
    findings_to_json,
    judge,
    known,
    missing,
    not_run,
    within,
)
from solv.tracking.curves import join_curves
from tests.made_curves import Panels, points

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("measured", "error", "verdict"),
    [
        (1.05, 0.0, HOLDS),
        (1.2, 0.0, FAILS),
        (1.05, 0.024, HOLDS),
        (1.05, 0.026, UNDECIDED),  # two standard errors inside
        (1.3, 0.071, FAILS),
        (1.3, 0.072, UNDECIDED),  # 2.81 outside
        (math.nan, 0.0, UNDECIDED),
    ],
)
def test_within_compares_intervals_with_the_band(measured, error, verdict):
    assert within(measured, 1.0, 0.1, error) is verdict


@pytest.mark.parametrize(
    ("measured", "error", "verdict"),
    [
        (1.2, 0.05, HOLDS),
        (1.0, 0.0, FAILS),
        (1.19, 0.1, UNDECIDED),
        (1.21, 0.1, HOLDS),
        (0.71, 0.1, FAILS),
        (0.73, 0.1, UNDECIDED),
    ],
)
def test_exceeds_compares_intervals_with_the_threshold(measured, error, verdict):
    assert exceeds(measured, 1.0, error) is verdict


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0, 5))
def test_an_exact_measurement_is_never_undecided(measured, predicted, tolerance):
    assert within(measured, predicted, tolerance) is not UNDECIDED


def test_a_conjunction_fails_with_its_weakest_part():
    assert all_of([HOLDS, UNDECIDED, FAILS]) is FAILS
    assert all_of([HOLDS, UNDECIDED]) is UNDECIDED
    assert all_of([HOLDS, HOLDS]) is HOLDS
    assert all_of([]) is UNDECIDED


@pytest.mark.parametrize(("sigmas", "verdict"), [(1.9, HOLDS), (2.1, UNDECIDED)])
def test_how_many_standard_errors_count_is_an_argument(sigmas, verdict):
    assert within(1.0, 1.0, 0.2, 0.1, sigmas=sigmas) is verdict
    assert exceeds(1.2, 1.0, 0.1, sigmas=sigmas) is verdict


@pytest.mark.parametrize("error", [None, math.nan])
def test_an_error_that_is_not_known_decides_nothing(error):
    assert within(1.0, 1.0, 0.1, error) is UNDECIDED
    assert exceeds(9.0, 1.0, error) is UNDECIDED


def test_a_scatter_of_exactly_zero_over_repeats_is_not_certainty():
    assert math.isnan(known(0.0, 3))
    assert known(0.0, 1) == 0.0
    assert known(0.1, 3) == 0.1


def claim(judged, **changes):
    return Claim(**{"id": "c", "statement": "S.", "reads": (Panels.P,), "judge": lambda curves: judged, **changes})


def test_a_judge_is_given_the_panels_that_its_claim_reads_and_no_other():
    seen = []

    def look(curves):
        seen.extend(curves["panel"])
        return Judgement(HOLDS, 1.0, 1.0)

    curves = join_curves([points("theory", [1.0]), points("theory", [1.0], panel=Panels.A)])
    assert judge(claim(None, judge=look), curves, {}).verdict is HOLDS
    assert seen == ["p"]


def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault():
    reads = (Panels.P, Panels.Z)
    with pytest.raises(MissingCurvesError, match="claim c reads z"):
        judge(claim(Judgement(HOLDS, 1.0, 1.0), reads=reads), points("theory", [1.0]), {})


@pytest.mark.parametrize(
    ("sizes", "needs"),
    [
        ({"size": 8, "repeats": 64}, "size >= 16"),  # what is short, as the claim says
        ({"size": 16, "repeats": 64}, "size >= 32, repeats >= 128"),  # nothing is short: beyond the run's own
        ({"size": [8, 32], "repeats": 4}, "repeats >= 32"),  # the largest of a list counts
        ({}, "size >= 16, repeats >= 32"),
    ],
)
def test_an_undecided_claim_needs_more_than_the_run_had(sizes, needs):
    vague = claim(Judgement(UNDECIDED, 1.0, 1.0), needs={"size": 16, "repeats": 32})
    assert judge(vague, points("theory", [1.0]), sizes).needs == needs


@pytest.mark.parametrize(
    ("most", "needs"),
    [
        ({"size": 32}, "size >= 32, repeats >= 128"),
        ({"size": 31}, "repeats >= 128"),
        ({"size": 31, "repeats": 9}, "a larger run"),
    ],
)
def test_no_size_is_asked_for_that_cannot_be_set(most, needs):
    vague = claim(Judgement(UNDECIDED, 1.0, 1.0), needs={"size": 16, "repeats": 32})
    assert judge(vague, points("theory", [1.0]), {"size": 16, "repeats": 64}, most=most).needs == needs


@pytest.mark.parametrize(
    ("sizes", "verdict"),
    [
        ({"size": 8, "repeats": 3}, FAILS),  # as large as usual, if not as large as the claim needs
        ({"size": 8, "repeats": 2}, UNDECIDED),
        ({"size": [2, 7], "repeats": 3}, UNDECIDED),
        ({"size": [2, 8], "repeats": 64}, FAILS),
        ({"size": 8, "repeats": 3, "other": 0}, FAILS),  # a size that the claim does not name
        ({}, UNDECIDED),
        ({"size": 8, "repeats": 3, "enough": 5}, FAILS),  # smaller than usual, and as large as the claim needs
        ({"size": 8, "repeats": 3, "enough": 4}, UNDECIDED),
    ],
)
def test_a_run_that_is_smaller_than_usual_in_what_the_claim_needs_does_not_refute_it(sizes, verdict):
    usual, needs = {"size": [1, 8], "repeats": 3, "other": 5, "enough": 9}, {"size": 16, "repeats": 32, "enough": 5}
    sizes = {"enough": 9, **sizes}
    refuted = claim(Judgement(FAILS, 1.0, 2.0), needs=needs)
    assert judge(refuted, points("theory", [1.0]), sizes, usual).verdict is verdict
    confirmed = claim(Judgement(HOLDS, 1.0, 1.0), needs=needs)
    assert judge(confirmed, points("theory", [1.0]), sizes, usual).verdict is HOLDS


def test_a_judge_that_lacks_its_curve_says_what_would_give_it():
    found = judge(claim(missing("alpha includes 1")), points("theory", [1.0]), {})
    assert (found.verdict, found.needs) == (UNDECIDED, "alpha includes 1")


def test_a_claim_that_was_switched_off_is_not_run():
    found = not_run(claim(None), "--part one")
    assert (found.verdict, found.needs) == (Verdict.NOT_RUN, "--part one")


@pytest.mark.parametrize("verdict", [UNDECIDED, Verdict.NOT_RUN])
def test_a_finding_that_decides_nothing_must_say_what_would(verdict):
    with pytest.raises(ValueError, match="without what would decide it"):
        Finding("c", "statement", verdict, 1.0, 2.0)


def test_findings_survive_their_file():
    findings = [
        Finding("a", "one", FAILS, 1.0, 2.0, error=0.1, tolerance="3 s.e.", figure="Fig. 2", at="size=3"),
        Finding("b", "two", UNDECIDED, "inf", "large", needs="d >= 1000"),
    ]
    assert findings_from_json(findings_to_json(findings)) == findings


def test_claims_of_an_earlier_version_are_read():
    text = '[{"id": "a", "statement": "S.", "predicted": 1, "measured": 2, "verdict": "fails", "needs": "d > 9"}]'
    assert findings_from_json(text) == [Finding("a", "S.", FAILS, 1, 2)]


@pytest.mark.parametrize("text", ["", "{", '[{"id": "a"}]', '[{"id": "a", "verdict": "maybe"}]', "3"])
def test_a_damaged_claims_file_is_refused(text):
    with pytest.raises(ValueError, match="not a list of findings"):
        findings_from_json(text)
