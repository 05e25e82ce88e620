"""Is a model trained and asked every bin of lengths, and one that cannot be built refused?"""

import numpy as np
import pytest

from solv.experiments.pita.answers import ANSWERS
from solv.experiments.pita.language_statements import examples, rows
from solv.experiments.pita.language_training import FRACTIONS, require_model, train_and_ask
from solv.experiments.pita.settings import BROAD
from solv.harness.settings import ConfigurationError, replace
from tests.experiments.scaffold import context, preset_of


def settings(**changes):
    return replace(preset_of("pita", "smoke").language, **changes)


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_bin_has_its_fractions(tmp_path, answer):
    own = context(tmp_path)
    drawn = examples(settings(), BROAD, 0, rows(settings(), own)[BROAD, 0], own)
    found = train_and_ask(settings(), drawn, "test", answer, settings().training.steps, own)
    assert set(found) == {*FRACTIONS, "provable"}
    for values in found.values():
        assert values.shape == (len(drawn.tests),)
        known = values[np.isfinite(values)]
        assert np.all((known >= 0) & (known <= 1))
    assert np.all(~(found["valid"] > found["right"]))  # a valid proof of the wrong verdict there is none


def test_a_model_that_cannot_be_built_is_refused(tmp_path):
    require_model(settings(), context(tmp_path))
    with pytest.raises(ConfigurationError, match="heads"):
        require_model(settings(heads=3), context(tmp_path))
