"""Part `language` of best-of-k: from small models or the user's to curves, and from curves to the claim."""

import json

import pandas as pd
import pytest

from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.experiments.best_of_k.language.judged_errors import ITSELF
from solv.experiments.best_of_k.language.part import Panels
from solv.experiments.best_of_k.settings import (
    BestOfKConfig,
    LanguageJudge,
    LanguageSettings,
    Pretrained,
    TrainedHere,
)
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import each_curve, parameter, select
from solv.tracking.labels import name_curves
from tests.experiments.best_of_k.test_experiment import language_curves
from tests.experiments.scaffold import Units, context, findings, measured

SMALL = LanguageSettings(
    k=(1, 2, 4),
    temperature=(0.1, 1.0),
    fixed_k=2,
    samples=8,
    questions=20,
    orders=2,
    trained=TrainedHere(modulus=7, terms=3, held_out=0.7, models=2, width=16, steps=40, judge_accuracy=(0.12, 0.5)),
)
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


def configured(settings):
    return BestOfKConfig(language=settings, parts=["language"])


def measure(settings, own):
    return measured(EXPERIMENT, configured(settings), own)


def judged(curves, settings=SMALL):
    return findings(EXPERIMENT, curves, configured(settings))["language-model-shows-the-same"]


def test_the_same_run_gives_the_same_curves_also_from_checkpoint_and_cache(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    def own(folder, unit=None):
        return context(folder, unit=unit, checkpoint=lambda name: TrainingCheckpoint(folder / f"{name}.pt"))

    longer = replace(SMALL, trained=replace(SMALL.trained, look=2))  # looks, and saves, more often
    whole = measure(longer, own(tmp_path / "a"))
    with pytest.raises(KeyboardInterrupt):
        measure(longer, own(tmp_path / "b", Units(dies_after=2)))  # training, one pair of models
    assert (tmp_path / "b" / "language training.pt").exists()
    assert list((tmp_path / "b" / "language answers").iterdir())
    pd.testing.assert_frame_equal(whole, measure(longer, own(tmp_path / "b")), check_exact=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return measure(SMALL, context(tmp_path_factory.mktemp("trained")))


def test_curves_belong_to_panels_and_one_sample_leaves_nothing_to_the_judge(trained):
    assert set(trained["panel"]) == {panel.name.value for panel in EXPERIMENT.panels(configured(SMALL))}
    assert set(trained["source"]) == {"trained"}
    single = select(trained, panel=Panels.SAMPLES, x=1.0)
    assert len(single) == 3
    assert single["y"].nunique() == 1
    assert trained["n"].eq(2).all()
    assert len(select(trained, panel=Panels.TEMPERATURE)) == 3 * 2


def test_judges_are_told_apart_by_the_accuracy_asked_for_and_what_they_reached_is_a_curve(trained):
    for panel in set(Panels) - {Panels.LEFT_OUT}:
        judges = [
            params.get("judge_accuracy", params["judge"]) for params, _ in each_curve(select(trained, panel=panel))
        ]
        assert judges == [0.12, 0.5, ITSELF]
    reached = select(trained, panel=Panels.ACCURACY)
    assert list(reached["x"]) == [0.12, 0.5, 0.3]
    assert reached["y"].between(0, 1).all()
    named = name_curves(trained, EXPERIMENT.panels(configured(SMALL)))
    assert set(named["series"]) == {"judge 0.12 right", "judge 0.5 right", "generator itself"}


def test_another_list_of_samples_is_another_doubling_and_another_reference(trained, tmp_path):
    other = measure(replace(SMALL, k=(1, 8)), context(tmp_path))
    same = set(trained["panel"] + trained["params"]) & set(other["panel"] + other["params"])
    assert {text.partition("{")[0] for text in same} == {Panels.SAMPLES, Panels.TEMPERATURE, Panels.ACCURACY}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"samples": 3}, r"language\.samples = 3"),
        ({"trained": replace(SMALL.trained, heads=3)}, "heads = 3"),
        ({"trained": replace(SMALL.trained, held_out=0.1)}, "more than 200 needed"),
        ({"trained": replace(SMALL.trained, held_out=0.999)}, "none of 343 to train on"),
        ({"judge": LanguageJudge(kind="score")}, "models trained here judge by log-likelihood"),
        ({"judge": LanguageJudge(epsilon=0.1)}, "models trained here judge by log-likelihood"),
        ({"table": "/nowhere/judged.csv"}, "No such file"),
        ({"pretrained": Pretrained(generator="x")}, "questions is not set"),
        ({"pretrained": Pretrained(generator="x"), "judge": LanguageJudge(epsilon=0.1)}, "blurs scores from 0 to 10"),
        ({"pretrained": Pretrained(generator="x"), "judge": LanguageJudge(kind="score")}, "needs language.pretrained"),
        ({"pretrained": Pretrained(generator="x", questions="/nowhere/q.jsonl")}, "No such file"),
    ],
)
def test_settings_that_cannot_work_are_one_clear_line_before_anything_is_measured(fault, words):
    faulty = replace(SMALL, **fault)
    with pytest.raises(ConfigurationError, match=words) as raised:
        EXPERIMENT.require(configured(faulty))
    assert "\n" not in str(raised.value)
    EXPERIMENT.require(BestOfKConfig(language=faulty, parts=["samples"]))  # which asks no language model


@pytest.mark.parametrize(
    ("poor", "good", "error", "verdict"),
    [
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.2], 0.005, HOLDS),
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.25], 0.005, FAILS),  # the good judge's error rises
        ([0.6, 0.5, 0.4, 0.3], [0.6, 0.4, 0.2, 0.1], 0.005, FAILS),  # more samples never hurt the poor one
        ([0.6, 0.65, 0.7, 0.8], [0.6, 0.4, 0.2, 0.1], 0.005, FAILS),  # or hurt from the first
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.2], 0.2, UNDECIDED),
        # both sides of two standard errors: of a rise of the good judge, and of the poor one's two ends
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.209], 0.005, HOLDS),
        ([0.6, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.211], 0.005, FAILS),
        ([0.6, 0.5, 0.55, 0.511], [0.6, 0.4, 0.2, 0.2], 0.005, HOLDS),
        ([0.6, 0.5, 0.55, 0.509], [0.6, 0.4, 0.2, 0.2], 0.005, UNDECIDED),
        ([0.5156, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.2], 0.005, HOLDS),
        ([0.5127, 0.5, 0.55, 0.6], [0.6, 0.4, 0.2, 0.2], 0.005, UNDECIDED),
    ],
)
def test_the_claim_follows_the_curves(poor, good, error, verdict):
    assert judged(language_curves({0.2: poor, 0.9: good}, error)).verdict is verdict


def test_one_judge_or_two_numbers_of_samples_decide_nothing():
    for errors in ({0.2: [0.6, 0.5, 0.6]}, {0.2: [0.6, 0.5], 0.9: [0.6, 0.4]}):
        found = judged(language_curves(errors))
        assert found.verdict is UNDECIDED
        assert "two judges of known accuracy" in found.needs


def test_models_and_questions_of_the_user_give_curves(tmp_path):
    from tests.models.language.test_huggingface import save_model

    lines = [json.dumps({"question": f"{i} + {i}?", "answer": f"#### {2 * i}"}) for i in range(5)]
    (tmp_path / "q.jsonl").write_text("\n".join([*lines, "broken"]))
    pretrained = Pretrained(
        generator=str(save_model(tmp_path / "generator")),
        judge=str(save_model(tmp_path / "judge", seed=1)),
        questions=str(tmp_path / "q.jsonl"),
        new_tokens=4,
    )
    settings = replace(SMALL, pretrained=pretrained)
    with pytest.raises(ConfigurationError, match="line 6: is not JSON; skip_bad=true"):
        EXPERIMENT.require(configured(settings))
    skipping = replace(settings, pretrained=replace(pretrained, skip_bad=True))
    curves = measure(skipping, context(tmp_path))
    assert set(parameter(curves, "judge")) == {pretrained.judge, ITSELF}
    named = name_curves(curves, EXPERIMENT.panels(configured(skipping)))
    assert set(named["series"]) == {"judge judge", "generator itself", "answers without a stated number"}
    assert curves["n"].eq(5).all()
    assert judged(curves, skipping).verdict is Verdict.NOT_RUN  # nobody knows how right these judges are


@pytest.mark.parametrize("kind", ["score", "process-reward"])
def test_a_judge_of_the_user_scores_from_nought_to_ten_and_what_has_no_number_is_counted(tmp_path, kind):
    from tests.models.language.test_huggingface import save_model
    from tests.models.language.test_judging import save_classifier

    lines = [json.dumps({"question": f"{i} + {i}?", "answer": f"#### {2 * i}"}) for i in range(4)]
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    judge = str(save_model(tmp_path / "judge", seed=1)) if kind == "score" else save_classifier(tmp_path / "judge")
    generator = str(save_model(tmp_path / "generator"))
    pretrained = Pretrained(generator=generator, judge=judge, questions=str(tmp_path / "q.jsonl"), new_tokens=4)
    settings = replace(
        SMALL, pretrained=pretrained, judge=LanguageJudge(kind=kind, epsilon=0.1), temperature=(0.0, 10.0)
    )
    curves = measure(settings, context(tmp_path))
    assert set(curves["panel"]) == {panel.name.value for panel in EXPERIMENT.panels(configured(settings))}
    left_out = select(curves, panel=Panels.LEFT_OUT)
    assert set(parameter(left_out, "what")) == {"answers without a stated number", "answers without a score"}
    assert left_out["y"].between(0, 1).all()
    judged_by = {(each["judge"], each.get("kind"), each.get("epsilon")) for each, _ in each_curve(curves)}
    assert judged_by == {(judge, kind, 0.1), (ITSELF, None, None)}
