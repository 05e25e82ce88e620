"""Does the work that parts count follow from what they do?"""

import pytest

from solv.experiments.icl_alignment.counting import FLOAT, SINGLE, fit_steps, fits, transformers
from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import Directions, IclAlignmentConfig, Simulation, Transformer
from solv.harness.compose import settings_for
from solv.harness.work import Work

AT = Sizes(4.0, 2.0, 1.0, 0.01)


def work(part: str, **changed: object) -> Work:
    counted = next(each for each in EXPERIMENT.parts if each.name == part).work
    assert counted is not None
    return counted(IclAlignmentConfig(**changed))


@pytest.mark.parametrize(  # measured at d = 40 on i^-0.9, alpha = kappa = 2, rho = 0.01
    ("tau", "steps"), [(0.2, 46), (0.5, 96), (0.8, 272), (1.2, 219), (2, 59), (4, 29)]
)
def test_conjugate_gradients_need_the_more_steps_the_nearer_to_the_peak(tau, steps):
    assert fit_steps(round(tau * 40**2), 40) == pytest.approx(steps, rel=0.2)


def test_at_the_peak_itself_the_steps_are_those_after_which_a_fit_gives_up():
    assert fit_steps(20 * 21, 20) == 5000


def test_twice_the_repeats_are_twice_the_work_and_fit_beside_each_other():
    one, two = (fits(20, AT, repeats, 3) for repeats in (2, 4))
    assert two.flops == 2 * one.flops
    assert two.memory == 2 * one.memory
    assert fits(200, AT, 4, 3).memory == fits(200, AT, 2, 3).memory == 7 * FLOAT * 4 * 200**3  # one at a time


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("single-directions", {"directions": Directions(repeats=12)}),
        ("diversity", {"simulation": Simulation(repeats=12)}),
        ("diversity", {"rho": [0.01, 0.1]}),
        ("double-descent", {"simulation": Simulation(repeats=12)}),
    ],
)
def test_twice_the_fits_are_nearly_twice_the_work(part, changed):
    assert work(part, **changed).flops == pytest.approx(2 * work(part).flops, rel=0.1)


def test_unlimited_pretraining_is_theory_alone():
    assert work("diversity", tau=[float("inf")]).flops < 0.01 * work("diversity").flops


@pytest.mark.parametrize(("architecture", "steps"), [("encoder", "steps"), ("decoder", "decoder_steps")])
def test_twice_the_steps_are_twice_the_training_and_as_many_tests(architecture, steps):
    short, long, longer = (
        transformers(Transformer(**{steps: count}), architecture, 17) for count in (1000, 2000, 3000)
    )
    assert longer.flops - long.flops == pytest.approx(long.flops - short.flops)
    assert long.flops < 2 * short.flops
    assert long.memory == short.memory


def test_no_transformer_is_no_work():
    assert work("transformer", transformer=Transformer(enabled=False)) == Work()


def test_the_tests_of_the_largest_preset_hold_the_contexts_of_all_copies_twice():
    _, settings = settings_for("icl-alignment", "paper", [])
    needed = {part.name: part.work(settings).memory for part in EXPERIMENT.parts if part.work}
    assert max(needed, key=needed.get) == "transformer"
    copies, contexts, tokens, numbers = 3 * 5 * 4, 65536, 33, 33  # x and y of a token
    assert needed["transformer"] == 2 * SINGLE * copies * contexts * tokens * numbers
