"""Part `ranking` of sbd: does every rule have the same budget, chosen without the test images, and fair claims?"""

import numpy as np
import pytest

from solv.experiments.sbd import ranking
from solv.experiments.sbd.experiment import EXPERIMENT
from solv.experiments.sbd.ranking import BATCHES, COMPARED, FORGOTTEN, Panels, candidates
from solv.experiments.sbd.settings import DIGITS, SBD, SYNTHETIC, Ranking
from solv.harness.seeds import Seeds
from solv.harness.settings import replace
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, parameter, select
from tests.experiments.scaffold import context, findings, preset_of, smoke

TRAINED = {"trained"}
SOURCES = {
    Panels.ACCURACY: TRAINED,
    Panels.SEARCH: TRAINED,
    Panels.GAIN: TRAINED,
    Panels.CHOSEN: TRAINED,
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "ranking").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "ranking").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("sbd", "ranking").unpaired() == set(SOURCES)


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("sbd", "ranking").claims == (
        "sbd-wins-on-digits",
        "expansion-helps-on-digits",
        "sbd-wins-on-mnist5k",
        "expansion-helps-on-mnist5k",
        "sbd-wins-on-synthetic",
        "expansion-helps-on-synthetic",
    )


def test_a_search_draws_within_its_ranges_and_more_seeds_leave_the_others_alone():
    few, more = (candidates(Ranking(seeds=seeds, candidates=6), DIGITS, Seeds(0)) for seeds in (2, 9))
    for name in few._fields:
        np.testing.assert_array_equal(getattr(few, name), getattr(more, name)[:, :2])
    assert FORGOTTEN[0] < more.forgotten.min() < more.forgotten.max() < FORGOTTEN[1]
    other = candidates(Ranking(seeds=2, candidates=6), SYNTHETIC, Seeds(0))
    assert not np.array_equal(few.rate, other.rate)


def test_every_rule_is_searched_once_with_the_same_settings():
    assert sorted(rule for batch in BATCHES for rule in batch) == sorted(COMPARED)
    rows = select(smoke("sbd", "ranking").curves, panel=Panels.SEARCH, data=DIGITS)
    places = {tuple(group["x"]) for _, group in rows.groupby("params")}
    assert len(places) == 1
    assert len(next(iter(places))) == 4  # two candidates of two seeds


def test_the_network_that_is_best_on_held_out_images_is_tested(monkeypatch, tmp_path):
    """What is picked follows held-out accuracies alone, whatever the test says."""
    config = replace(preset_of("sbd", "smoke"), parts=("ranking",))
    config = replace(config, ranking=replace(config.ranking, data=(DIGITS,)))

    def searched(config, context, name, data, rules, problem, drawn):
        held_out = np.array([[0.1, 0.9], [0.2, 0.3]])  # candidates x seeds: the second, then the first
        test = np.array([[0.7, 0.4], [0.5, 0.8]])
        return {"held out": np.stack([held_out] * len(rules)), "test": np.stack([test] * len(rules))}

    monkeypatch.setattr(ranking, "_searched", searched)
    curves = join_curves(ranking.measure(config, context(tmp_path)))
    found = select(curves, panel=Panels.ACCURACY, rule=SBD).iloc[0]
    assert found["y"] == pytest.approx((0.5 + 0.4) / 2)
    drawn = candidates(config.ranking, DIGITS, Seeds(0))
    chosen = select(curves, panel=Panels.CHOSEN, rule=SBD, setting="rate")
    np.testing.assert_allclose(chosen["y"], [drawn.rate[1, 0], drawn.rate[0, 1]])


def test_held_out_images_are_neither_learned_nor_tested(monkeypatch, tmp_path):
    from solv.experiments.sbd import training

    config = replace(preset_of("sbd", "smoke"), parts=("ranking",))
    config = replace(config, ranking=replace(config.ranking, data=(SYNTHETIC,), held_out=0.25))
    learned, train = [], training.train_copies

    def watched(name, problem, *rest, **options):
        learned.append((len(problem.data.x), len(problem.data.test_x)))
        return train(name, problem, *rest, **options)

    monkeypatch.setattr(training, "train_copies", watched)
    curves = join_curves(ranking.measure(config, context(tmp_path)))
    assert set(learned) == {(45, 15)}
    assert set(parameter(select(curves, panel=Panels.ACCURACY), "rule")) == set(COMPARED)


def test_a_run_without_some_images_says_what_it_needs_for_their_claims():
    curves = smoke("sbd", "ranking").curves
    found = findings(EXPERIMENT, curves, replace(preset_of("sbd", "smoke"), parts=("ranking",)))
    assert found["sbd-wins-on-mnist5k"].needs == "ranking.data includes mnist5k"
    assert found["sbd-wins-on-mnist5k"].verdict is Verdict.UNDECIDED
    assert "ranking.seeds >= 8" in found["sbd-wins-on-digits"].needs


def test_synthetic_images_may_be_searched_more_often_and_the_others_stay_as_they_were(tmp_path):
    config = replace(preset_of("sbd", "smoke"), parts=("ranking",))
    config = replace(config, ranking=replace(config.ranking, data=(DIGITS, SYNTHETIC), synthetic_seeds=4))
    curves = join_curves(ranking.measure(config, context(tmp_path)))
    accuracy = select(curves, panel=Panels.ACCURACY)
    assert set(select(accuracy, data=DIGITS)["n"]) == {2}
    assert set(select(accuracy, data=SYNTHETIC)["n"]) == {4}
    usual = smoke("sbd", "ranking").curves
    own, before = (select(each, panel=Panels.ACCURACY, data=DIGITS) for each in (curves, usual))
    np.testing.assert_array_equal(own["y"], before["y"])
    drawn = candidates(config.ranking, SYNTHETIC, Seeds(0)).rate
    np.testing.assert_array_equal(drawn[:, :2], candidates(preset_of("sbd", "smoke").ranking, SYNTHETIC, Seeds(0)).rate)


def test_searches_on_synthetic_images_decide_their_claims(tmp_path):
    rows = [
        curve
        for rule, y in zip(COMPARED, (-0.004, -0.004, 0.0, 0.004, 0.004, 0.0, 0.0), strict=True)
        for curve in [
            ranking.RECORD.trained(
                Panels.GAIN,
                {"network": "convolution", "data": SYNTHETIC, "candidates": 6, "steps": 4000, "rule": rule},
                x=("rule", 0),
                y=("difference", y),
                y_err=0.004,
                n=16,
            )
        ]
    ]
    found = findings(EXPERIMENT, join_curves(rows), replace(preset_of("sbd", "reference"), parts=("ranking",)))
    assert found["sbd-wins-on-synthetic"].needs == "ranking.synthetic_seeds >= 32"
