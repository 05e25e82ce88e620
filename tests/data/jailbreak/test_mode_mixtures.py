"""Are the prompts, mixtures and answers of the small language model those that theory describes?"""

import numpy as np
import pytest

from solv.data.jailbreak.mode_mixtures import draw_mode_mixtures
from solv.theory.jailbreak.clusters import asr_gap, safe_moments


def test_safe_chances_have_the_moments_of_the_clusters():
    task = draw_mode_mixtures(10_000, 0.5, 2, np.random.default_rng(0), modes=64, letters=100, field=0.5, longest=4)
    for trigger, expected in ((0, safe_moments(0.5, 2, [1, 5])), (2, asr_gap(0.5, 2, 1.0, [1, 5]))):
        safe = task.safe(trigger)
        for k, value in zip((1, 5), expected, strict=True):
            assert abs((safe**k).mean() - value) < 4 * (safe**k).std() / 100


def test_answers_are_as_safe_as_stated():
    task = draw_mode_mixtures(5, 0.4, 1, np.random.default_rng(1), modes=6, field=0.3, drive=0.2, longest=3)
    rng = np.random.default_rng(2)
    for trigger, alignment in ((0, 0.0), (3, 0.0), (2, 1.5)):
        for prompt in range(5):
            which = np.full(20_000, prompt)
            answers = task.sample(which, np.full(20_000, trigger), rng, alignment)
            safe = np.mean(answers[:, 1] != task.forbidden_mark)
            expected = task.safe(trigger, alignment)[prompt]
            assert abs(safe - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000) + 1e-9
            forbidden = task.forbidden[prompt, answers[:, 0] - task.letters]
            np.testing.assert_array_equal(forbidden, answers[:, 1] == task.forbidden_mark)


def test_prompts_are_all_different_and_show_their_trigger():
    task = draw_mode_mixtures(50, 0.5, 1, np.random.default_rng(3), letters=8, longest=4)
    rows = task.prompts(np.arange(50), np.full(50, 3))
    assert rows.shape == (50, task.prompt_length)
    assert len(np.unique(rows, axis=0)) == 50
    assert rows.max() < task.vocabulary
    trigger = task.forbidden_mark + 1
    np.testing.assert_array_equal((rows == trigger).sum(axis=1), 3)
    np.testing.assert_array_equal((task.prompts(np.arange(50), np.zeros(50, dtype=int)) == trigger).sum(axis=1), 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompts": 300}, "prompts = 300"),
        ({"x": 1.0}, "x = 1.0"),
        ({"m": 16}, "m = 16"),
        ({"longest": -1}, "longest = -1"),
        ({"field": -0.1}, "field = -0.1"),
        ({"drive": 1.0}, "drive = 1.0"),
    ],
)
def test_numbers_out_of_range_are_named(changes, said):
    with pytest.raises(ValueError, match=said):
        draw_mode_mixtures(**{"prompts": 10, "x": 0.5, "m": 1, "rng": np.random.default_rng(0), **changes})
