"""Are the digits learned at any depth and width, each rule and seed of a plan for itself?"""

import numpy as np

from solv.experiments.sbd import ladders
from solv.experiments.sbd.ladders import Ladder
from solv.experiments.sbd.rules import Plan
from solv.experiments.sbd.settings import BP, SBD, Ladders, SbdConfig, Training
from tests.experiments.scaffold import context

CONFIG = SbdConfig(training=Training(seeds=2, batch=200), ladders=Ladders(epochs=1))


def test_a_network_has_the_depth_and_width_that_are_asked(tmp_path, monkeypatch):
    asked = []

    def train(name, problem, plan, course, training, own, *, stream):
        asked.append((name, [layer.width for layer in problem.network.parts], course.epochs, course.batch))
        return np.zeros((len(plan.rules), training.seeds))

    monkeypatch.setattr(ladders, "train_rules", train)
    ladder = Ladder(CONFIG, context(tmp_path))
    ladder.train("deep", 4, 7, Plan([SBD]))
    ladder.train("long", 2, 7, Plan([SBD]), epochs=3)
    assert asked == [("deep", [7, 7, 7, 10], 1, 200), ("long", [7, 10], 3, 200)]
    assert ladder.steps(3) == 3 * 7


def test_every_rule_and_seed_has_an_accuracy(tmp_path):
    ladder = Ladder(CONFIG, context(tmp_path))
    found = ladder.train("shallow", 2, 16, Plan([BP]))
    assert found.shape == (1, 2)
    assert np.all((found >= 0) & (found <= 1))
    assert len(np.unique(found)) == 2  # each seed draws its own network
