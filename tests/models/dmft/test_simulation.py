"""Do finite regressions and random-feature models behave as the theory says?"""

import numpy as np
import pytest
import torch

from solv.models.dmft.simulation import (
    cross_correlations,
    descend,
    descend_on_grid,
    descend_stochastically,
    draw_training_sets,
    flow_against_hermitian,
    normal,
    regression_flow,
)
from solv.theory.dmft.bias_variance import descent_bias_variance
from solv.theory.dmft.random_feature_dynamics import (
    Sharing,
    gradient_descent_losses,
    gradient_flow_losses,
    hermitian_flow_loss,
)
from solv.theory.dmft.random_features import RandomFeatures, Spectrum, isotropic, power_law
from solv.theory.dmft.stochastic_descent import stochastic_descent_loss


def agree(theory: np.ndarray, samples: torch.Tensor) -> None:
    """Demand |theory - mean| <= max(5 % of theory, 4 standard errors) along the first axis of samples."""
    error = samples.std(0).numpy() / np.sqrt(len(samples))
    assert np.all(np.abs(theory - samples.mean(0).numpy()) <= np.maximum(0.05 * theory, 4 * error))


def draws(spectrum: Spectrum, dimension: int) -> tuple[torch.Tensor, torch.Tensor]:
    if len(spectrum.eigenvalues) == 1:
        return torch.ones(dimension, dtype=torch.float64), torch.full((dimension,), dimension**-0.5).double()
    return torch.tensor(spectrum.eigenvalues), torch.tensor(spectrum.teacher).sqrt()


@pytest.mark.parametrize("features", [None, 120, 320])
@pytest.mark.parametrize("kind", ["isotropic", "power law"])
def test_full_batch_descent_follows_the_theory(features: int | None, kind: str) -> None:
    dimension, samples, eta = 200, 140, 0.05 if kind == "isotropic" else 0.5
    spectrum = isotropic(dimension) if kind == "isotropic" else power_law(dimension, 1.2, 2.2)
    eigenvalues, teacher = draws(spectrum, dimension)
    simulated = descend(
        eigenvalues,
        teacher,
        samples=samples,
        features=features,
        label_noise=0.1,
        eta=eta,
        steps=80,
        seeds=16,
        generator=torch.Generator().manual_seed(3),
    )
    predicted = gradient_descent_losses(RandomFeatures(spectrum, samples, features or np.inf, 0.1), eta, 80)
    agree(predicted.test, simulated.test)
    agree(predicted.train, simulated.train)


@pytest.mark.parametrize("batch", [5, 20])
def test_one_pass_sgd_follows_the_theory(batch: int) -> None:
    spectrum = power_law(150, 1.2, 2.2)
    eigenvalues, teacher = draws(spectrum, 150)
    simulated = descend_stochastically(
        eigenvalues,
        teacher,
        batch=batch,
        features=50,
        label_noise=0.05,
        eta=0.3,
        steps=80,
        seeds=60,
        generator=torch.Generator().manual_seed(4),
    )
    predicted = stochastic_descent_loss(RandomFeatures(spectrum, np.inf, 50, 0.05), batch, 0.3, 80)
    agree(predicted, simulated)


def test_cross_correlations_on_a_grid_follow_the_theory() -> None:
    dimension, samples, features, steps = 150, 75, 100, [10, 40]
    eigenvalues, teacher = draws(isotropic(dimension), dimension)
    generator = torch.Generator().manual_seed(5)
    repeats: dict[tuple[int, int], list[torch.Tensor]] = {}
    for _ in range(8):
        sets = draw_training_sets(
            eigenvalues,
            samples=samples,
            bags=3,
            overlap=0,
            label_noise=0.1,
            share_noise=True,
            generator=generator,
        )
        mixing = normal(generator, 3, features, dimension)
        errors = descend_on_grid(teacher, sets, mixing, eta=0.05, record=torch.tensor(steps))
        for shared, value in cross_correlations(eigenvalues, errors).items():
            repeats.setdefault(shared, []).append(value)
    parts = descent_bias_variance(RandomFeatures(isotropic(dimension), samples, features, 0.1), 0.05, 41)
    expected = {(1, 1): parts.full, (0, 1): parts.same_data, (1, 0): parts.same_features, (0, 0): parts.bias}
    assert repeats.keys() == expected.keys()
    for shared, theory in expected.items():
        agree(theory[steps], torch.stack(repeats[shared]))


@pytest.mark.parametrize(("overlap", "share_noise"), [(0.5, True), (1.0, False)])
def test_bags_that_share_samples_or_only_inputs_follow_the_theory(overlap: float, share_noise: bool) -> None:
    dimension, samples, features = 150, 75, 100
    eigenvalues, teacher = draws(isotropic(dimension), dimension)
    generator = torch.Generator().manual_seed(6)
    values = []
    for _ in range(12):
        sets = draw_training_sets(
            eigenvalues,
            samples=samples,
            bags=3,
            overlap=overlap,
            label_noise=0.5,
            share_noise=share_noise,
            generator=generator,
        )
        errors = descend_on_grid(
            teacher, sets, normal(generator, 1, features, dimension), eta=0.05, record=torch.tensor([30])
        )
        values.append(cross_correlations(eigenvalues, errors)[1, 0])
    model = RandomFeatures(isotropic(dimension), samples, features, 0.5)
    # 75 samples halve into 38 common ones.
    sharing = Sharing(samples=round(overlap * samples) / samples, label_noise=int(share_noise))
    agree(gradient_descent_losses(model, 0.05, 31, sharing).test[[30]], torch.stack(values))


def test_grid_member_is_trained_like_any_other_model() -> None:
    generator = torch.Generator().manual_seed(7)
    eigenvalues = torch.linspace(0.5, 2, 12).double()
    teacher = normal(generator, 12)
    sets = draw_training_sets(
        eigenvalues, samples=9, bags=2, overlap=0, label_noise=0.3, share_noise=True, generator=generator
    )
    mixing = normal(generator, 3, 7, 12)
    errors = descend_on_grid(teacher, sets, mixing, eta=0.1, record=torch.tensor([0, 1, 6]))
    inputs, noise, a = sets.inputs[1], sets.noise[1], mixing[2]
    delta = teacher.clone()
    for _ in range(6):
        delta = delta - 0.1 * a.T @ a / 7 @ inputs.T @ (inputs @ delta + noise) / 9
    torch.testing.assert_close(errors[2, 2, 1], delta)
    torch.testing.assert_close(errors[0], teacher.expand(3, 2, 12))


def test_non_hermitian_and_hermitian_flows_follow_the_theory() -> None:
    times = [0.25, 1.0, 4.0, 16.0]
    flow, partner = flow_against_hermitian(
        300, 150, 165, torch.tensor(times).double(), torch.Generator().manual_seed(8)
    )
    model = RandomFeatures(isotropic(300), 150, 165)
    np.testing.assert_allclose(flow, gradient_flow_losses(model, times).test, rtol=0.05)
    np.testing.assert_allclose(partner, hermitian_flow_loss(model, times), rtol=0.01)


def test_exact_flow_is_the_limit_of_small_steps() -> None:
    generator = torch.Generator().manual_seed(9)
    flow, _ = flow_against_hermitian(6, 4, 5, torch.tensor([0.0, 0.7]).double(), generator)
    again = torch.Generator().manual_seed(9)
    mixing, inputs = normal(again, 5, 6), normal(again, 4, 6)
    update = mixing.T @ mixing / 5 @ inputs.T @ inputs / 4
    exact = torch.linalg.matrix_exp(-0.7 * update).square().sum() / 6
    torch.testing.assert_close(flow, torch.stack([torch.tensor(1.0).double(), exact]))


def test_same_generator_state_gives_the_same_run() -> None:
    eigenvalues, teacher = draws(isotropic(20), 20)
    runs = [
        descend(
            eigenvalues,
            teacher,
            samples=10,
            features=15,
            label_noise=0.1,
            eta=0.1,
            steps=5,
            seeds=2,
            generator=torch.Generator().manual_seed(11),
        )
        for _ in range(2)
    ]
    assert torch.equal(runs[0].test, runs[1].test)
    assert runs[0].test.dtype == torch.float64
    assert not torch.equal(runs[0].test[0], runs[0].test[1])


def test_overlap_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"overlap = 1.5"):
        draw_training_sets(
            torch.ones(3).double(),
            samples=4,
            bags=2,
            overlap=1.5,
            label_noise=0,
            share_noise=True,
            generator=torch.Generator(),
        )


def test_one_source_per_seed_makes_a_seed_independent_of_the_others() -> None:
    def losses(names: list[int]) -> torch.Tensor:
        ones = torch.ones(12, dtype=torch.float64)
        sources = [torch.Generator().manual_seed(name) for name in names]
        run = descend(
            ones, ones, samples=8, features=9, label_noise=0.1, eta=0.02, steps=4, seeds=len(names), generator=sources
        )
        return run.test

    assert torch.allclose(losses([1, 2, 3])[[0, 2]], losses([1, 3]), rtol=1e-12)
    assert not torch.allclose(losses([1, 2])[0], losses([1, 2])[1])


def test_sources_that_do_not_match_the_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="2 sources for a first axis of 3"):
        normal([torch.Generator(), torch.Generator()], 3, 4)


def test_regression_flow_is_the_limit_of_small_steps_and_begins_with_the_noise() -> None:
    def stream() -> torch.Generator:
        return torch.Generator().manual_seed(11)

    times = torch.tensor([0.0, 1.0, 4.0], dtype=torch.float64)
    test, train = regression_flow(30, 45, 0.25, times, stream())
    ones = torch.ones(30, dtype=torch.float64)
    steps = descend(
        ones, ones / 30**0.5, samples=45, features=None, label_noise=0.25, eta=1e-3, steps=4001, seeds=1,
        generator=[stream()],
    )  # fmt: skip
    torch.testing.assert_close(test, steps.test[0, [0, 1000, 4000]], rtol=2e-3, atol=0)
    torch.testing.assert_close(train, steps.train[0, [0, 1000, 4000]], rtol=2e-3, atol=0)
    assert float(test[0]) == pytest.approx(1)
