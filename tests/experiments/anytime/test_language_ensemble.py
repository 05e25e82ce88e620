"""Does a batch of language models find what trainings one by one find, and go on after a kill with the same bits?"""

import numpy as np
import pytest

from solv.experiments.anytime.language_ensemble import train_together
from solv.experiments.anytime.language_training import train_all
from solv.harness.settings import ConfigurationError, replace
from tests.experiments.anytime.tiny_language import TINY, context

TOGETHER = replace(TINY, together=True, beta2=(0.95, 0.99))


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    return train_together(TOGETHER, context(tmp_path_factory.mktemp("together")))


def test_every_loss_is_that_of_trainings_one_by_one(together, tmp_path):
    """Also of decays that branch off and of averages; float32 sums in another order are 1e-4 apart after 20 steps."""
    alone = train_all(replace(TOGETHER, together=False), context(tmp_path))
    assert set(together) == set(alone)
    for key, losses in alone.items():
        assert together[key] == pytest.approx(losses, rel=2e-4, nan_ok=True), key


@pytest.mark.parametrize("after", [1, 8, 14, 25, 33])
def test_a_killed_batch_goes_on_with_the_same_bits(together, tmp_path, after):
    taken = []

    def die(*_):
        taken.append(1)
        if len(taken) > after * 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_together(TOGETHER, context(tmp_path, die))
    resumed = train_together(TOGETHER, context(tmp_path))
    for key, losses in together.items():
        assert np.array_equal(resumed[key], losses, equal_nan=True), key
    assert not list((tmp_path / "checkpoints").glob("*.pt"))


@pytest.mark.parametrize("keys", [{"accumulation": 2}, {"bfloat16": True}, {"compiled": True}])
def test_what_only_trainings_one_by_one_know_is_refused(keys, tmp_path):
    with pytest.raises(ConfigurationError, match=r"set language.together=false"):
        train_together(replace(TOGETHER, **keys), context(tmp_path))
