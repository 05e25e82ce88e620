"""Are answers counted before and after alignment behind every trigger, and is a decoder that cannot be refused?"""

import numpy as np
import pytest

from solv.experiments.jailbreak.language_model import mode_mixtures
from solv.experiments.jailbreak.language_training import forbidden_answers
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError, replace
from tests.experiments.scaffold import Units, context, preset_of


def settings(**trained):
    base = preset_of("jailbreak", "smoke").language
    return replace(base, trained=replace(base.trained, **trained))


def test_every_trigger_and_prompt_has_a_count_in_both_phases(tmp_path):
    own = settings(steps=2, prompts=8)
    units = Units()
    counts = forbidden_answers(own, mode_mixtures(own.trained, Seeds(0)), [0, 1], context(tmp_path, unit=units))
    assert counts.shape == (2, 2, 8)
    assert np.all((counts >= 0) & (counts <= own.answers))
    assert units.computed == ["language training", "language answers"]


def test_a_decoder_of_no_such_heads_is_refused_before_it_is_trained(tmp_path):
    own, units = settings(heads=7), Units()
    with pytest.raises(ConfigurationError, match=r"language\.trained: .*heads"):
        forbidden_answers(own, mode_mixtures(own.trained, Seeds(0)), [0], context(tmp_path, unit=units))
    assert units.computed == []
