"""Answers that were sampled and judged elsewhere: a table gives the curves, and no model is needed."""

import numpy as np
import pytest

from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.experiments.best_of_k.language.part import Panels
from solv.experiments.best_of_k.settings import LanguageJudge
from solv.harness.settings import ConfigurationError, replace
from solv.tracking.claims import Verdict
from solv.tracking.curves import select
from tests.experiments.best_of_k.test_language import SMALL, configured, judged, measure
from tests.experiments.scaffold import context


def write_table(folder, questions=30, samples=16, scale=1.0):
    """Every second answer is right; its score is higher by `scale`, and all carry the same ripple."""
    rows = ["question,sample,score,correct"]
    for question in range(questions):
        for sample in range(samples):
            right = (question + sample) % 2
            rows.append(f"q{question},{sample},{5 + scale * right + 0.01 * sample:.3f},{right}")
    (folder / "judged.csv").write_text("\n".join(rows))
    return str(folder / "judged.csv")


def test_a_table_of_judged_answers_needs_no_model(tmp_path):
    settings = replace(
        SMALL, table=write_table(tmp_path), k=(1, 2, 16), fixed_k=16, temperature=(0.0, 1.0, 1e6), orders=64
    )
    EXPERIMENT.require(configured(settings))
    curves = measure(settings, context(tmp_path))
    assert set(curves["panel"]) == {panel.name.value for panel in EXPERIMENT.panels(configured(settings))}
    by_k = select(curves, panel=Panels.SAMPLES).set_index("x")["y"]
    assert by_k[16] == 0  # a right answer has the largest score
    assert by_k[2] == pytest.approx(7 / 30, abs=0.05)  # two wrong ones of 16
    assert by_k[1] == pytest.approx(0.5, abs=0.08)
    by_temperature = select(curves, panel=Panels.TEMPERATURE).set_index("x")["y"]
    assert by_temperature[0.0] == 0
    assert by_temperature[1e6] == pytest.approx(0.5, abs=1e-6)
    ripple = np.exp(0.01 * np.arange(16))
    weights = np.array([ripple[::2].sum(), ripple[1::2].sum()])
    mean = np.mean([w / (w + np.e * v) for w, v in (weights, weights[::-1])])
    assert by_temperature[1.0] == pytest.approx(mean, rel=1e-3)  # 1 minus the softmax-weighted accuracy
    assert curves["n"].eq(30).all()
    assert judged(curves, settings).verdict is Verdict.NOT_RUN


def test_the_temperature_at_which_k_is_varied_can_be_set_and_noise_makes_a_judge_worse(tmp_path):
    table = write_table(tmp_path)
    warm = replace(SMALL, table=table, k=(1, 16), fixed_k=16, fixed_temperature=10.0)
    line = select(measure(warm, context(tmp_path)), panel=Panels.SAMPLES, temperature=10)
    assert line.set_index("x")["y"][16] > 0.4
    errors = []
    for epsilon in (0.0, 0.1, 3.0):
        noisy = replace(SMALL, table=table, k=(1, 16), fixed_k=16, judge=LanguageJudge(epsilon=epsilon))
        curves = measure(noisy, context(tmp_path))
        errors.append(select(curves, panel=Panels.SAMPLES, epsilon=epsilon).set_index("x")["y"][16])
    assert errors[0] < errors[1] < errors[2]
    assert errors[2] > 0.25


@pytest.mark.parametrize(
    ("changes", "scale", "words"),
    [
        ({"k": (1, 32)}, 1.0, "a question has 16 answers, fewer than the largest k, 32"),
        ({"judge": LanguageJudge(epsilon=0.1)}, 100.0, "from 5 to 105"),
    ],
)
def test_a_table_that_does_not_do_is_one_clear_line(tmp_path, changes, scale, words):
    settings = replace(SMALL, table=write_table(tmp_path, scale=scale), **changes)
    with pytest.raises(ConfigurationError, match=words) as raised:
        EXPERIMENT.require(configured(settings))
    assert "\n" not in str(raised.value)
