"""Does the work that the parts of moe-transfer count grow as what they do?"""

import pytest

from solv.experiments.moe_transfer.gates import GATES
from solv.experiments.moe_transfer.horizon import HORIZON
from solv.experiments.moe_transfer.learning_rate import LEARNING_RATE
from solv.experiments.moe_transfer.limit import LIMIT
from solv.experiments.moe_transfer.limit_routing import LIMIT_ROUTING
from solv.experiments.moe_transfer.residual_networks import descent_work, weights_of
from solv.experiments.moe_transfer.settings import LimitSettings, MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import models, training_work
from solv.harness.compose import settings_for
from solv.harness.contract import Part
from solv.harness.work import Work


def counted(part: Part, parts: tuple[str, ...] = (), **transfer: object) -> Work:
    return part.work(MoeTransferConfig(transfer=TransferSettings(**transfer), parts=parts))


def test_twice_the_steps_are_twice_the_work_of_the_trainings():
    once, twice = counted(LEARNING_RATE, steps=1000), counted(LEARNING_RATE, steps=2000)
    assert twice.flops == pytest.approx(2 * once.flops, rel=0.01)  # models are drawn once
    assert twice.calls == 2 * once.calls
    assert twice.memory == once.memory


def test_models_that_several_directions_share_are_counted_once():
    ladder = {"ladder_width": (32,), "ladder_layers": (2,), "width": (32,), "depth": (2,)}
    one = counted(LEARNING_RATE, directions=("ladder",), **ladder)
    assert counted(LEARNING_RATE, directions=("ladder", "width", "depth"), **ladder) == one


def test_a_part_leaves_to_an_earlier_one_what_both_train():
    assert counted(GATES, ("gates",)).flops == pytest.approx(2 * counted(GATES).flops)  # the sigmoid line, too
    assert counted(LIMIT_ROUTING, ("limit-routing",)).flops > 1.5 * counted(LIMIT_ROUTING).flops
    assert counted(HORIZON).flops == 0  # of one model, of which `load` has the longer training


def test_work_that_is_not_chosen_is_none():
    assert LIMIT.work(MoeTransferConfig(work=("coordinates",))) == Work()
    assert GATES.work(MoeTransferConfig(work=("limit",))) == Work()


def test_memory_is_that_of_the_arrays_that_are_held():
    settings = LimitSettings()
    held = descent_work(settings, 64, 64, 128)
    assert weights_of(64, 64, 1, 1.0) == 64 * (64 + 2 * 64 * 64)
    assert held.memory == 4 * 8 * 128 * 64 * (64 + 2 * 64 * 64)  # four arrays of all weights, in double precision
    _, config = settings_for("moe-transfer", "paper", [])
    large = models(config.transfer, "ladder")[-1]
    expert = large.layers * large.experts * 2 * large.width * large.hidden
    training = training_work(config.transfer, large, 1, 1)
    assert 16 * expert < training.memory < 16 * 1.5 * expert + 4 * 64 * 256 * 32 * 1024 * 40  # 40 floats a coordinate
