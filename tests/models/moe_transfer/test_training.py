"""Does each copy of an ensemble of expert transformers train as it would alone, and is it what it says?"""

import math
from dataclasses import replace

import pytest
import torch

from solv.models.moe_transfer.training import MoeEnsemble, Recipe, check_coordinates
from solv.models.moe_transfer.transformer import GROUPS, MoeShape

SHAPE = MoeShape(width=16, layers=2, experts=4, active=2, hidden=8, vocabulary=11, context=6, head_width=8)
STDS = dict.fromkeys(GROUPS, 0.25)
FACTORS = dict.fromkeys(GROUPS, 1.0)
RATES = [0.001, 0.01, 0.003]


def generators(seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def batches(step):
    tokens = torch.randint(11, (3, 7), generator=torch.Generator().manual_seed(step))
    return tokens[:, :-1], tokens[:, 1:]


def ensemble(rates=RATES, seeds=(0, 1, 2), **recipe):
    return MoeEnsemble(SHAPE, Recipe(STDS, **{"factors": FACTORS, **recipe}), torch.tensor(rates), generators(seeds))


def test_a_copy_trains_as_it_would_alone():
    together = ensemble().train(batches, 8).losses
    for copy, rate in enumerate(RATES):
        alone = ensemble([rate], [copy]).train(batches, 8).losses
        torch.testing.assert_close(together[copy], alone[0], rtol=1e-4, atol=1e-4)


def test_a_factor_of_a_group_is_a_learning_rate_of_its_own():
    """With all factors 0.5 a copy is one of half the rate; with a group's factor 0 that group stays."""
    halved = ensemble([0.02], [0], factors=dict.fromkeys(GROUPS, 0.5)).train(batches, 5).losses
    torch.testing.assert_close(halved, ensemble([0.01], [0]).train(batches, 5).losses)
    frozen = ensemble([0.01, 0.01], [0, 0], factors={**FACTORS, "up": torch.tensor([0.0, 1.0])})
    start = frozen.ensemble.parameters["up0"].detach().clone()
    frozen.train(batches, 3)
    moved = (frozen.ensemble.parameters["up0"] - start).abs().flatten(1).max(1).values
    assert moved[0] == 0
    assert moved[1] > 0


def test_the_bias_balances_loads():
    free, steered = (ensemble(balance=rate).train(batches, 60).loads for rate in (0.0, 0.1))
    assert float(steered.std(-1).mean()) < float(free.std(-1).mean())
    torch.testing.assert_close(steered.sum(-1), torch.full((3, SHAPE.layers), 2.0))


def test_a_divergence_is_infinite_and_leaves_the_others_alone():
    found = ensemble([0.01, 1e30], [0, 1]).train(batches, 10).losses
    assert torch.isfinite(found[0]).all()
    assert torch.isinf(found[1, -1])


def test_scaling_multiplies_groups_by_copy():
    one = ensemble()
    before = {name: value.detach().clone() for name, value in one.ensemble.parameters.items()}
    one.scale(["up"], torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(one.ensemble.parameters["up1"][2], 3 * before["up1"][2])
    torch.testing.assert_close(one.ensemble.parameters["router0"], before["router0"])


def test_coordinates_are_sizes_of_what_was_learned():
    found = check_coordinates(ensemble(), batches, 2)
    assert {"logits", "router0", "up0", "query0", "out0"} <= set(found["learned"])
    assert {"logits", "moe output 0", "residual stream 1"} <= set(found["change"])
    still = check_coordinates(ensemble([1e-30] * 3), batches, 1)
    assert all(float(size.max()) < 1e-6 for size in still["learned"].values())
    assert all(float(size.min()) > 0 for size in found["learned"].values())


@pytest.mark.parametrize("rates", [[0.0, 0.1, 0.1], [0.1], [math.nan, 0.1, 0.1]])
def test_wrong_rates_are_named(rates):
    with pytest.raises(ValueError, match="rates"):
        ensemble(rates)


def test_the_papers_model_trains_and_its_tied_head_has_a_learned_part():
    shape = replace(SHAPE, model="paper")
    one = MoeEnsemble(shape, Recipe(STDS, FACTORS), torch.tensor([0.01]), generators([0]))
    losses = one.train(batches, 8).losses
    assert float(losses[0, -1]) < float(losses[0, 0])
    fresh = MoeEnsemble(shape, Recipe(STDS, FACTORS), torch.tensor([0.01]), generators([0]))
    assert float(check_coordinates(fresh, batches, 2)["learned"]["logits"]) > 0


def test_a_missing_group_is_named():
    with pytest.raises(ValueError, match="groups"):
        ensemble(factors={"up": 1.0})
