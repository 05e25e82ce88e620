"""Are EBD's settings those of its tables, line by line, and does every network train by them?"""

import numpy as np
import pytest
import torch

from solv.experiments.sbd.arenas import Data, Problem
from solv.experiments.sbd.ebd_tables import EBD_RECIPES, Recipe, recipe
from solv.experiments.sbd.rules import Plan, broadcast_rule
from solv.experiments.sbd.settings import (
    BP,
    CIFAR10,
    CIFAR100,
    CONVOLUTION,
    DFA,
    DFA_ENTROPY,
    EBD,
    LOCAL,
    MNIST,
    PERCEPTRON,
    SBD,
    SYNTHETIC,
    Training,
)
from solv.experiments.sbd.training import Course, train_rules
from solv.harness.settings import ConfigurationError
from solv.models.sbd.broadcast_layers import Convolution, Dropout, Linear, LocallyConnected, Pool
from solv.models.sbd.score_broadcast import Network
from tests.experiments.scaffold import context


def test_the_perceptron_of_cifar10_is_table_13():
    own = recipe(CIFAR10, PERCEPTRON, EBD)
    assert (own.epochs, own.batch, own.momentum, own.memory, own.entropy_memory) == (120, 20, 0.9999, 0.999999, 0.99999)
    assert own.factors == (4000, 2000, 2000, 3500)
    assert (own.forward, own.l2, own.fixed_zeros, own.gain, own.uniform, own.start) == (
        0.005, 1.6e-4, 0.4, 0.75, True, 1e-2,
    )  # fmt: skip
    assert own.power_target == (0.25, 0.25, 0.25)
    assert own.sparsity == (0.8, 0.3, 0.3)
    assert recipe(MNIST, PERCEPTRON, EBD).fixed_zeros == 0.55
    assert own.schedule(1)(0) == 1
    assert own.schedule(1)(100) == pytest.approx(1 / 16)
    assert own.boost(300_000) == pytest.approx(2)


def test_the_networks_of_maps_are_tables_15_and_16():
    convolution, local = recipe(CIFAR10, CONVOLUTION, EBD), recipe(CIFAR10, LOCAL, EBD)
    assert convolution.adam_rates(5) == pytest.approx((1e-5, 1e-5, 1e-5, 1e-5, 1e-3))
    assert local.adam_rates(5) == pytest.approx((5e-5, 5e-5, 5e-5, 5e-5, 5e-4))
    assert (convolution.start, local.start, local.start_of_maps) == (1e-2, 1e-3, 1e-1)
    assert convolution.schedule(10)(25) == pytest.approx(0.97**2)
    assert convolution.converged(torch.tensor([0.99999]), 100)[0] > 0.999998
    hundred = recipe(CIFAR100, CONVOLUTION, EBD)
    assert (hundred.epochs, hundred.dropout, hundred.translation, hundred.augmented) == (300, 0.075, 2, True)


def test_other_rules_have_their_own_lines():
    assert recipe(CIFAR10, PERCEPTRON, BP).base == 5e-5
    assert recipe(CIFAR10, PERCEPTRON, BP).decay == 0.85
    assert recipe(CIFAR10, LOCAL, BP).adam_rates(5) == (1e-4,) * 5
    direct, with_entropy = recipe(CIFAR10, CONVOLUTION, DFA), recipe(CIFAR10, CONVOLUTION, DFA_ENTROPY)
    assert (direct.entropy, direct.sparsity, with_entropy.sparsity) == ((), (), ())
    assert with_entropy.entropy == recipe(CIFAR10, CONVOLUTION, EBD).entropy
    assert recipe(CIFAR100, CONVOLUTION, DFA).adam_rates(5)[-1] == pytest.approx(50 * 0.25e-4)
    assert recipe(CIFAR10, CONVOLUTION, SBD) == recipe(CIFAR10, CONVOLUTION, EBD)


def test_what_the_tables_lack_is_refused():
    with pytest.raises(ConfigurationError, match="no perceptron on synthetic"):
        recipe(SYNTHETIC, PERCEPTRON, EBD)


def test_regularisers_of_adam_are_in_units_of_the_layer_s_rate():
    rule = broadcast_rule(Training(seeds=2), Plan((EBD,)), 3, torch.zeros(2, 1))
    own = recipe(CIFAR10, CONVOLUTION, EBD)
    assert own.applied(rule, [75, 3200, 256, 14400, 1024]).entropy == pytest.approx((1e-7,) * 4)
    momentum = recipe(CIFAR10, PERCEPTRON, EBD).applied(rule, [3072, 1024, 512, 512])
    assert momentum.sparsity == pytest.approx((0.8 / 3072, 0.3 / 1024, 0.3 / 512))
    assert momentum.entropy == (2.5e-4, 1.5e-3, 1.5e-3)
    assert momentum.rates == (4000, 2000, 2000, 3500)
    assert float(momentum.memory[0]) == pytest.approx(0.999999, abs=1e-7)


SMALL = {
    PERCEPTRON: Network((2, 8, 8), (Linear(8), Linear(8), Linear(8), Linear(3))),
    CONVOLUTION: Network(
        (2, 8, 8),
        (
            Convolution(3, 3, 1, 1), Pool(), Convolution(3, 3, 1, 1), Pool(), Convolution(3, 2, 2), Dropout(0.2),
            Linear(8, bias=False), Linear(3, bias=False),
        ),
    ),
    LOCAL: Network(
        (2, 8, 8),
        (
            LocallyConnected(3, 3, 1, 1), Pool(), LocallyConnected(3, 3, 1, 1), Pool(), LocallyConnected(3, 2, 2),
            Linear(8, bias=False), Linear(3, bias=False),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("images", "network"), [place for place in EBD_RECIPES if place[0] != MNIST])
def test_every_recipe_trains_a_small_network_by_every_kind_of_rule(tmp_path, images, network):
    generator = torch.Generator().manual_seed(0)
    x, labels = torch.randn(40, 2, 8, 8, generator=generator), torch.randint(3, (40,), generator=generator)
    problem = Problem(SMALL[network], Data(x, labels, x, labels))
    found = []
    for rule in (EBD, SBD, DFA_ENTROPY, BP):
        course = Course(2, 10, 0.0, recipe(images, network, rule))
        found.append(train_rules(rule, problem, Plan((rule,)), course, Training(seeds=2), context(tmp_path)))
        assert found[-1].shape == (1, 2)
        assert np.all(np.isfinite(found[-1]))


def test_weights_that_are_fixed_at_zero_stay_there(tmp_path):
    generator = torch.Generator().manual_seed(0)
    x, labels = torch.randn(40, 2, 8, 8, generator=generator), torch.randint(3, (40,), generator=generator)
    problem, seen = Problem(SMALL[PERCEPTRON], Data(x, labels, x, labels)), []
    course = Course(1, 10, 0.0, Recipe(1, 10, factors=(1.0,) * 4, momentum=0.9, fixed_zeros=0.4, base=1.0))

    def look(step, parameters, state):
        seen.append(parameters["weight 0"].detach().clone())

    train_rules("zeros", problem, Plan((EBD,)), course, Training(seeds=2), context(tmp_path), look)
    assert float((seen[0] == 0).double().mean()) == pytest.approx(0.4, abs=0.05)
    assert torch.equal(seen[0] == 0, seen[-1] == 0)
    assert not torch.equal(seen[0], seen[-1])
