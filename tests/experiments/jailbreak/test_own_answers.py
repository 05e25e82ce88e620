"""Are models and verdicts of the user's measured, and their texts kept from every curve and message?"""

import json

import numpy as np
import pytest

from solv.experiments.jailbreak.experiment import EXPERIMENT
from solv.experiments.jailbreak.own_answers import OWN_ANSWERS, Panels
from solv.experiments.jailbreak.settings import JailbreakConfig, LanguageSettings, Pretrained, TrainedHere
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.curves import parameter
from solv.tracking.labels import lay_out
from tests.experiments.scaffold import context, measured

LANGUAGE = LanguageSettings(answers=40, k=(1, 4, 16))
SMALL = JailbreakConfig(language=LANGUAGE, parts=("language-model", "own-answers"))


def own(**changes):
    return replace(SMALL, language=replace(LANGUAGE, pretrained=Pretrained(**changes)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (replace(SMALL, language=replace(LANGUAGE, answers=16, k=(1, 32))), "largest k, 32"),
        (replace(SMALL, language=replace(LANGUAGE, trained=TrainedHere(prompts=300))), "prompts = 300"),
        (own(generator="x"), "judge is not set"),
        (own(generator="x", judge="y"), "prompts is not set"),
        (own(generator="x", judge="y", prompts="/nowhere/p.jsonl"), "No such file"),
        (own(verdicts="/nowhere/v.csv"), "No such file"),
    ],
)
def test_settings_that_cannot_work_are_one_clear_line_before_anything_is_measured(tmp_path, settings, message):
    for refuse in (EXPERIMENT.require, lambda own_settings: measured(EXPERIMENT, own_settings, context(tmp_path))):
        with pytest.raises(ConfigurationError, match=message) as raised:
            refuse(settings)
        assert "\n" not in str(raised.value)


def test_settings_of_a_part_that_is_left_out_are_not_required():
    EXPERIMENT.require(replace(own(verdicts="/nowhere/v.csv"), parts=("edge",)))


def names(curves, settings):
    (facet,) = lay_out(curves, OWN_ANSWERS.panels(settings))
    return list(dict.fromkeys(facet.curves["series"]))


def test_verdicts_of_the_user_take_the_place_of_a_model(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"secret {i},{j},{int(rng.random() < i / 20)}" for i in range(20) for j in range(30)]
    (tmp_path / "v.csv").write_text("prompt,sample,unsafe\n" + "\n".join(rows))
    settings = own(verdicts=str(tmp_path / "v.csv"))
    EXPERIMENT.require(settings)
    curves = measured(EXPERIMENT, settings, context(tmp_path))
    assert {str(panel.name) for panel in EXPERIMENT.panels(settings)} == set(curves["panel"]) == {Panels.OWN.value}
    assert names(curves, settings) == ["verdicts"]
    assert "secret" not in curves.to_csv()


def test_models_of_the_user_are_sampled_and_judged_and_no_text_is_shown(tmp_path, capfd):
    from tests.models.language.test_huggingface import save_model

    (tmp_path / "p.jsonl").write_text("\n".join(json.dumps({"prompt": f"secret {i}"}) for i in range(6)) + "\nbroken")
    (tmp_path / "x.jsonl").write_text(json.dumps({"name": "long prefix", "prefix": "secret suffix "}))
    settings = own(
        generator=str(save_model(tmp_path / "generator")),
        judge=str(save_model(tmp_path / "judge", seed=1)),
        prompts=str(tmp_path / "p.jsonl"),
        prefixes=str(tmp_path / "x.jsonl"),
        judge_template="{prompt} {answer} bad?",
        new_tokens=4,
    )
    with pytest.raises(ConfigurationError, match="line 7 is not"):
        EXPERIMENT.require(settings)
    pretrained = replace(settings.language.pretrained, skip_bad=True)
    settings = replace(settings, language=replace(settings.language, pretrained=pretrained))
    EXPERIMENT.require(settings)
    own_context = context(tmp_path)
    first = measured(EXPERIMENT, settings, own_context)
    assert len(first)
    assert set(parameter(first, "prefix")) <= {"no prefix", "long prefix"}
    assert set(names(first, settings)) <= {"no prefix", "long prefix"}
    assert first.equals(measured(EXPERIMENT, settings, own_context))  # from the cache
    captured = capfd.readouterr()
    assert "secret" not in captured.out + captured.err + first.to_csv()
