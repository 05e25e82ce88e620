"""Are models and verdicts of the user's measured, and their texts kept from every curve and message?"""

import json

import numpy as np
import pytest

from solv.experiments.jailbreak.experiment import EXPERIMENT
from solv.experiments.jailbreak.own_answers import OWN_ANSWERS
from solv.experiments.jailbreak.own_curves import ABOVE, LEAST_SQUARES, LIKELIHOOD, Panels
from solv.experiments.jailbreak.settings import JailbreakConfig, LanguageSettings, Pretrained, TrainedHere
from solv.harness.settings import ConfigurationError, replace
from solv.theory.jailbreak.paper_fits import least_squares_edge
from solv.tracking.curves import parameter, select
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
    facet = next(each for each in lay_out(curves, OWN_ANSWERS.panels(settings)) if each.panel.name == Panels.OWN)
    return list(dict.fromkeys(facet.curves["series"]))


def test_verdicts_of_the_user_take_the_place_of_a_model(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"secret {i},{j},{int(rng.random() < i / 20)}" for i in range(20) for j in range(30)]
    (tmp_path / "v.csv").write_text("prompt,sample,unsafe\n" + "\n".join(rows))
    settings = own(verdicts=str(tmp_path / "v.csv"))
    settings = replace(settings, language=replace(settings.language, k=(1, 2, 4, 16)))
    EXPERIMENT.require(settings)
    curves = measured(EXPERIMENT, settings, context(tmp_path))
    assert {str(panel.name) for panel in EXPERIMENT.panels(settings)} == set(Panels)
    assert set(curves["panel"]) == set(Panels) - {Panels.CATEGORY, Panels.RUNS}  # no such columns
    assert names(curves, settings) == ["verdicts"]
    assert "secret" not in curves.to_csv()


def verdict_table(folder, *, prompts=60, answers=60, seed=0):
    """Two attacks on a model in two runs: safe chances Beta(1, 0.5), and the same with edge 0.9; scores of a judge."""
    rng = np.random.default_rng(seed)
    rows = ["model,attack,run,prompt,sample,category,score"]
    for attack, edge in (("none", 1.0), ("behind", 0.9)):
        safe = edge * rng.beta(1, 0.5, prompts)
        for run in (1, 2):
            for prompt in range(prompts):
                for sample in range(answers):
                    score = 8 if rng.random() < safe[prompt] else 2
                    category = "odd" if prompt % 2 else "even"
                    rows.append(f"m,{attack},{run},secret {prompt},{sample},{category},{score}")
    path = folder / "v.csv"
    path.write_text("\n".join(rows))
    return path


def test_a_table_of_verdicts_serves_the_figures_of_the_paper(tmp_path):
    settings = own(verdicts=str(verdict_table(tmp_path)))
    settings = replace(settings, language=replace(settings.language, k=(1, 2, 4, 8, 16, 32), answers=60))
    curves = measured(EXPERIMENT, settings, context(tmp_path))
    assert set(curves["panel"]) == set(Panels)
    assert "secret" not in curves.to_csv()
    assert names(curves, settings) == ["m, none", "m, behind"]
    for attack in ("none", "behind"):
        of = select(curves, attack=attack)
        gap = select(of, panel=Panels.OWN)
        points = select(of, panel=Panels.FIT, source="trained")
        np.testing.assert_allclose(points["y"], np.log(-np.log1p(-gap["y"])), rtol=1e-12)
        assert set(parameter(select(of, panel=Panels.CATEGORY), "category")) == {"odd", "even"}
        assert select(of, panel=Panels.HISTOGRAM)["y"].sum() == pytest.approx(1)
        for fit in (LEAST_SQUARES, LIKELIHOOD):
            line = select(of, panel=Panels.FIT, fit=fit)
            assert np.abs(line["y"].to_numpy() - points["y"].to_numpy()).max() < 0.4
        nu, mu = (select(of, panel=Panels.EDGE, fit=LEAST_SQUARES, y_name=name)["y"].item() for name in ("nu", "mu"))
        fitted = least_squares_edge(gap["x"], gap["y"])
        assert (nu, mu) == (pytest.approx(fitted[0]), pytest.approx(fitted[1]))
    behind = select(curves, panel=Panels.OWN, attack="behind")
    kept = behind[behind["y"] >= 2 / 60]
    assert 4 <= len(kept) < len(behind)
    above = select(curves, panel=Panels.EDGE, attack="behind", fit=ABOVE, y_name="mu")["y"].item()
    assert above == pytest.approx(float(least_squares_edge(kept["x"], kept["y"])[1]))
    rates = [
        select(curves, panel=Panels.EDGE, attack=each, fit=LIKELIHOOD, y_name="mu")["y"].item()
        for each in ("none", "behind")
    ]
    assert rates[0] == 0
    assert rates[1] == pytest.approx(-np.log(0.9), abs=0.06)


def test_runs_tell_nothing_of_how_prompts_differ(tmp_path):
    """Two runs ask the same prompts: between them the success rate scatters less than over prompts."""
    curves = measured(EXPERIMENT, own(verdicts=str(verdict_table(tmp_path))), context(tmp_path))
    runs = select(curves, panel=Panels.RUNS, attack="none")
    between, over = (select(runs, over=name).set_index("x")["y"] for name in ("between runs", "over prompts"))
    assert (over[1.0], between[1.0]) == (pytest.approx(0.04, abs=0.015), pytest.approx(0.0, abs=0.015))


def test_answers_below_five_are_unsafe_and_a_judge_may_say_yes(tmp_path):
    from solv.experiments.jailbreak import own_answers

    class Judge:
        identity = "judge"

        def score(self, questions, answers):
            likely = {"a": "4", "b": "5", "c": "10", "d": "Yes", "e": "No"}
            pairs = zip(questions, answers, strict=True)
            return np.array([float(likely[question] == answer) for question, answer in pairs])

    found = own_answers._unsafe(Judge(), Pretrained(), ["a", "b", "c"], 2, tmp_path)
    assert found.tolist() == [True, False, False]
    assert own_answers._unsafe(Judge(), Pretrained(judge_by="yes"), ["d", "e"], 2, tmp_path).tolist() == [True, False]


def test_models_of_the_user_are_sampled_and_judged_and_no_text_is_shown(tmp_path, capfd):
    from tests.models.language.test_huggingface import save_model

    (tmp_path / "p.jsonl").write_text(
        "\n".join(json.dumps({"prompt": f"secret {i}", "category": "c"}) for i in range(6)) + "\nbroken"
    )
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
    settings = replace(settings, language=replace(settings.language, pretrained=pretrained, answers=16))
    EXPERIMENT.require(settings)
    own_context = context(tmp_path)
    first = measured(EXPERIMENT, settings, own_context)
    assert len(first)
    assert set(parameter(first, "prefix")) <= {"no prefix", "long prefix"}
    assert set(names(first, settings)) <= {"no prefix", "long prefix"}
    assert first.equals(measured(EXPERIMENT, settings, own_context))  # from the cache
    captured = capfd.readouterr()
    assert "secret" not in captured.out + captured.err + first.to_csv()
