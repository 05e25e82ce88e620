"""Are the user's questions read, as many as are asked, and what cannot be used named?"""

import json

import pytest

from solv.experiments.best_of_k.language.pretrained_models import asked_questions
from solv.harness.settings import ConfigurationError, replace
from tests.experiments.scaffold import preset_of


def settings(**changes):
    base = preset_of("best-of-k", "smoke").language
    return replace(base, questions=2, pretrained=replace(base.pretrained, **changes))


def test_only_as_many_questions_are_asked_as_the_settings_say(tmp_path):
    path = tmp_path / "questions.jsonl"
    rows = [{"question": f"what is {number}?", "answer": str(number)} for number in range(3)]
    path.write_text("\n".join(map(json.dumps, rows)))
    found = asked_questions(settings(questions=str(path)))
    assert [each.answer for each in found] == ["0", "1"]


def test_what_cannot_be_used_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"language\.pretrained\.questions is not set"):
        asked_questions(settings(questions=None))
    with pytest.raises(ConfigurationError, match=r"^language\.pretrained: "):
        asked_questions(settings(questions=str(tmp_path / "none.jsonl")))
