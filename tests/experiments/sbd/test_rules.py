"""Does each rule of a batch of copies do with the score what it is called by?"""

import pytest
import torch

from solv.experiments.sbd.rules import Plan, broadcast_rule
from solv.experiments.sbd.settings import BP, DFA, EBD, FROZEN, SBD_P, SBD_RANDOM, Training

SETTINGS = Training(seeds=2, memory=0.9, start=0.02, expansion=0.3, random_features=4)
QUERIES = torch.zeros(5, 4)


def test_copies_of_a_rule_lie_beside_each_other():
    plan = Plan([EBD, FROZEN])
    assert plan.where(FROZEN, seeds=2, device="cpu").tolist() == [0, 0, 1, 1]
    assert not plan.backward
    assert Plan([BP]).backward


def test_each_rule_has_its_memory_and_loss():
    rule = broadcast_rule(SETTINGS, Plan([EBD, FROZEN, DFA, SBD_P]), 3, QUERIES)
    assert rule.squared.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    torch.testing.assert_close(rule.memory, torch.tensor([0.9, 0.9, 1, 1, 1, 1, 0.9, 0.9]))
    torch.testing.assert_close(rule.start, torch.full((8,), 0.02))


def test_expansions_use_their_own_features_alone():
    rule = broadcast_rule(SETTINGS, Plan([SBD_P, SBD_RANDOM, EBD]), 3, QUERIES)
    expected = torch.zeros(3, 3 + 4)
    expected[0, :3] = 0.3
    expected[1, 3:] = 0.3
    torch.testing.assert_close(rule.expansion, expected.repeat_interleave(2, dim=0))
    few = broadcast_rule(SETTINGS, Plan([SBD_RANDOM, SBD_RANDOM], features=[1, 4]), 3, QUERIES)
    assert (few.expansion[::2] > 0).sum(1).tolist() == [1, 4]
    assert broadcast_rule(SETTINGS, Plan([EBD]), 3, QUERIES).expansion is None


def test_a_ladder_overrides_memory_and_start_block_by_block():
    plan = Plan([EBD, EBD], memory=[0.5, 0.7], start=[0.1, 0.2], features=[3, 9])
    rule = broadcast_rule(SETTINGS, plan, 3, QUERIES)
    torch.testing.assert_close(rule.memory, torch.tensor([0.5, 0.5, 0.7, 0.7]))
    torch.testing.assert_close(rule.start, torch.tensor([0.1, 0.1, 0.2, 0.2]))
    assert plan.random_features(SETTINGS) == 9
    assert Plan([EBD]).random_features(SETTINGS) == pytest.approx(4)
