"""Is every reading of a language training that of one which stops there, from the same weights and batches?"""

from functools import partial

import numpy as np
import pytest

from solv.experiments.anytime.language_runs import (
    Training,
    trainings,
)
from solv.experiments.anytime.language_training import Laboratory
from solv.theory import schedules
from solv.tracking.progress import SilentReporter
from tests.experiments.anytime.tiny_language import TASK, TINY, context


@pytest.fixture
def laboratory(tmp_path):
    with SilentReporter().task(TASK, 1) as step:
        yield partial(Laboratory, TINY, context(tmp_path), step=step)


def test_a_reading_is_the_loss_of_a_training_that_stops_there(laboratory):
    one = laboratory(seed=0)
    run = Training("constant", 5e-3, 0.99)
    read = one.read(run)
    factors = schedules.constant(np.arange(1, 21), 3)
    for horizon in (6, 10, 20):
        fresh = one.trainer(run, lambda step: float(factors[step]), TINY.labels)
        fresh.train(one.batches, horizon)
        held = list(one.held())
        assert read["last", horizon] == fresh.evaluate(held)
        assert read["25", horizon] == fresh.evaluate(held, average="25")


def test_a_decay_that_branches_is_the_whole_schedule_from_the_start(laboratory):
    """With the constant run's moments and batches the branch has the same bits; without them it has not."""
    one = laboratory(seed=0)
    run = Training("constant", 5e-3, 0.99)
    read = one.read(run)
    for horizon in (6, 10, 20):
        factors = schedules.warmup_stable_decay(np.arange(1, horizon + 1), horizon, 0.9, 0.1, 3)
        fresh = one.trainer(run, lambda step, factors=factors: float(factors[step]), ())
        fresh.train(one.batches, horizon)
        assert read["wsd", horizon] == fresh.evaluate(one.held())


def test_all_schedules_of_a_seed_start_from_the_same_weights_and_batches(laboratory):
    first, second = laboratory(seed=0), laboratory(seed=1)
    ones = [first.trainer(run, lambda step: 1.0, ()).model.state_dict() for run in trainings(TINY)]
    for other in ones[1:]:
        assert all((other[name] == weights).all() for name, weights in ones[0].items())
    different = second.trainer(trainings(TINY)[0], lambda step: 1.0, ()).model.state_dict()
    assert any((different[name] != weights).any() for name, weights in ones[0].items())
    assert (first.batches(3) == first.batches(3)).all()
    assert (first.batches(3) != second.batches(3)).any()
