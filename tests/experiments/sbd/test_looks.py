"""Is what is looked at along training what it is called, and left as it was?"""

import numpy as np
import pytest
import torch

from solv.experiments.sbd.looks import Examples
from solv.models.sbd.broadcast_layers import Linear
from solv.models.sbd.score_broadcast import BroadcastRule, Network, start_state

SEEDS, NUMBER = 2, 40
NETWORK = Network((5,), (Linear(8), Linear(7), Linear(3)))


@pytest.fixture
def world():
    generator = torch.Generator().manual_seed(0)
    parameters = NETWORK.initial(SEEDS, generator)
    x = torch.randn(SEEDS, NUMBER, 5, generator=generator)
    labels = torch.randint(3, (SEEDS, NUMBER), generator=generator)
    rule = BroadcastRule(torch.zeros(SEEDS), torch.full((SEEDS,), 0.9), start=0.5)
    return Examples(NETWORK, rule, x, labels), parameters, start_state(NETWORK, rule, 3, generator)


def test_each_hidden_layer_and_seed_is_looked_at(world):
    examples, parameters, state = world
    for found in (
        examples.correlations(parameters),
        examples.cosines(parameters, state),
        examples.truncations(parameters, state),
        examples.frozen_against_direct(parameters, state),
    ):
        assert found.shape == (2, SEEDS)
        assert np.all(np.isfinite(found))


def test_a_cosine_is_one_at_most_and_a_look_changes_no_state(world):
    examples, parameters, state = world
    before = [r.clone() for r in state.correlations]
    cosines = examples.cosines(parameters, state)
    assert np.all(np.abs(cosines) <= 1 + 1e-6)
    for kept, found in zip(before, state.correlations, strict=True):
        assert torch.equal(kept, found)


def test_a_frozen_correlation_is_direct_feedback_alignment(world):
    examples, parameters, state = world
    assert examples.frozen_against_direct(parameters, state).max() < 1e-5
