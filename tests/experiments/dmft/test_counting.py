"""Does the work that parts count follow from what they do?"""

import pytest

from solv.experiments.dmft.counting import FLOAT, MEMORY, descent, descent_theory, repeated, training
from solv.experiments.dmft.experiment import EXPERIMENT
from solv.experiments.dmft.settings import Critical, Deep, DmftConfig, Elliptic, Learning, Repeats
from solv.harness.compose import settings_for
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import DeepLinear

NETWORK = DeepLinear(2, 2.0, 1.5, 2.0, 0.01)


def work(part: str, **changed: object) -> Work:
    counted = next(each for each in EXPERIMENT.parts if each.name == part).work
    assert counted is not None
    return counted(DmftConfig(**changed))


def test_a_descent_of_twice_the_steps_is_twice_the_work_but_for_its_draws():
    short, long, none = (descent(400, 600, 320, steps) for steps in (200, 400, 0))
    assert long.flops - none.flops == pytest.approx(2 * (short.flops - none.flops))
    assert long.calls == 2 * short.calls
    assert long.memory == short.memory


def test_repeats_that_fit_are_one_batch():
    one = Work(flops=10, calls=3, memory=MEMORY / 2)
    assert repeated(one, 2, MEMORY / 2) == Work(flops=20, calls=3, memory=MEMORY)
    assert repeated(one, 5, MEMORY / 2) == Work(flops=50, calls=9, memory=MEMORY)
    assert repeated(one, 2, 10 * MEMORY) == Work(flops=20, calls=6, memory=MEMORY / 2)


def test_a_batch_of_networks_holds_their_weights_of_every_recorded_step():
    width, dimension, samples, repeats = 60, 40, 80, 3
    weights = width * dimension + width**2
    held = training(NETWORK, dimension, repeats, 10, recorded=4).memory
    assert held == FLOAT * repeats * (5 * weights + samples * dimension + width**2)


def test_theory_of_a_power_law_has_a_mode_for_every_dimension():
    products = descent_theory(200, 800).flops - descent_theory(200, 400).flops
    assert products == pytest.approx(descent_theory(200, 400).flops - descent_theory(200, 0).flops)


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("linear-systems", {"elliptic": Elliptic(repeats=24, small_repeats=32)}),
        ("critical-dynamics", {"critical": Critical(repeats=128, size_repeats=32)}),
        ("learning-curves", {"learning": Learning(repeats=64)}),
        ("deep-linear", {"deep": Deep(repeats=40)}),
        ("one-pass-sgd", {"repeats": Repeats(sgd=80)}),
    ],
)
def test_twice_the_simulations_are_nearly_twice_the_work(part, changed):
    assert work(part, **changed).flops == pytest.approx(2 * work(part).flops, rel=0.1)


def test_the_small_matrices_are_counted_where_they_are_simulated_first():
    assert work("linear-systems", elliptic=Elliptic(small_size=500)).flops > 1.2 * work("linear-systems").flops
    assert next(each for each in EXPERIMENT.parts if each.name == "time-grid").work is None


def test_infinitely_many_features_or_units_are_theory_alone():
    infinite = work("bias-variance", features=float("inf"))
    assert infinite == len((*range(5), 0, 0.5)) * descent_theory(200, 1)
    assert work("deep-linear", width=float("inf")).flops < 0.01 * work("deep-linear", width=1.0).flops


def test_the_largest_preset_says_that_its_deep_networks_need_a_machine_of_many_gigabytes():
    _, settings = settings_for("dmft", "paper", [])
    needed = {part.name: part.work(settings).memory for part in EXPERIMENT.parts if part.work}
    assert max(needed, key=needed.get) == "weight-spectrum"
    weights, copies, data = 3000**2, 11, 2 * 3000**2  # H = 1, nu = 1, alpha = 2; the weights at t = 0 and nine steps
    assert needed["weight-spectrum"] == FLOAT * 20 * (copies * weights + data + weights)
