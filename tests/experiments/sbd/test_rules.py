"""Does each rule of a batch of copies do with the score what it is called by?"""

import pytest
import torch

from solv.experiments.sbd.rules import Plan, broadcast_rule
from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    BROADCAST,
    DFA,
    EBD,
    FROZEN,
    SBD,
    SBD_P,
    SBD_RANDOM,
    Training,
)
from solv.harness.settings import replace

SETTINGS = Training(seeds=2, memory=0.9, start=0.02, expansion=0.3, random_features=4)
QUERIES = torch.zeros(5, 4)


def test_copies_of_a_rule_lie_beside_each_other():
    plan = Plan([EBD, FROZEN])
    assert plan.where(FROZEN, seeds=2, device="cpu").tolist() == [0, 0, 1, 1]
    assert not plan.backward
    assert Plan([BP]).backward


def test_a_ladder_overrides_memory_and_start_block_by_block():
    plan = Plan([EBD, EBD], memory=[0.5, 0.7], start=[0.1, 0.2], features=[3, 9])
    rule = broadcast_rule(SETTINGS, plan, 3, QUERIES)
    torch.testing.assert_close(rule.memory, torch.tensor([0.5, 0.5, 0.7, 0.7]))
    torch.testing.assert_close(rule.start, torch.tensor([0.1, 0.1, 0.2, 0.2]))
    assert plan.random_features(SETTINGS) == 9
    assert Plan([EBD]).random_features(SETTINGS) == pytest.approx(4)


def test_a_batch_of_rules_gives_every_copy_what_its_rule_says():
    settings, queries = replace(SETTINGS, seeds=2), torch.zeros(64, 3)
    rule = broadcast_rule(settings, Plan(BROADCAST), 10, queries)
    blocks = {name: slice(2 * place, 2 * place + 2) for place, name in enumerate(BROADCAST)}
    assert rule.squared.tolist() == [float(name == EBD) for name in BROADCAST for _ in range(2)]
    for name, block in blocks.items():
        frozen = name in (FROZEN, DFA)
        assert torch.allclose(rule.memory[block], torch.tensor(1.0 if frozen else settings.memory))
        used = {SBD_P: range(10), SBD_RANDOM: range(10, 13)}.get(name, ())
        scales = torch.tensor([settings.expansion if column in used else 0.0 for column in range(13)])
        assert torch.equal(rule.expansion[block], scales.expand(2, -1))
    few = broadcast_rule(settings, Plan([SBD_RANDOM] * 2, features=(1, 3)), 10, queries)
    assert (few.expansion > 0).sum(1).tolist() == [1, 1, 3, 3]
    assert broadcast_rule(settings, Plan((SBD,)), 10, queries).features is None
    assert Plan((BP, BP_SQUARED)).backward
    assert not Plan(BROADCAST).backward
