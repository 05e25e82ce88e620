"""Are the short cuts of the context sampler exact in distribution?"""

import math

import pytest
import torch

from solv.data.icl_alignment.tasks import (
    LINKS,
    attention_contexts,
    draw_attention_contexts,
    draw_labelled_contexts,
    draw_tasks,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def within_errors(first, second, deviations):
    """Whether the means over axis 0 of two samples agree within so many standard errors, entry by entry."""
    spread = (first.var(dim=0) / len(first) + second.var(dim=0) / len(second)).sqrt()
    return ((first.mean(dim=0) - second.mean(dim=0)).abs() <= deviations * spread).all()


@pytest.mark.parametrize(("d", "length", "rho"), [(3, 2, 0.5), (4, 9, 0.0), (2, 5, 2.0), (3, 1, 0.3)])
def test_short_cut_has_the_moments_of_whole_contexts(d, length, rho):
    # One fixed task, so that moments conditional on it are compared: all of z, x, y up to fourth order in total.
    g = generator(1)
    tasks = torch.randn(1, 1, d, generator=g, dtype=torch.float64)
    n = 100_000
    short = draw_attention_contexts(tasks, n, length, rho, g)
    whole = attention_contexts(draw_labelled_contexts(tasks, n, length, rho, g))

    def moments(contexts):
        z, x, y = contexts.memory[0], contexts.query[0], contexts.target[0][:, None]
        outer = (z[:, :, None] * z[:, None, :]).flatten(start_dim=1)
        features = (x[:, :, None] * z[:, None, :]).flatten(start_dim=1)
        return torch.cat([z, outer, outer * z[:, -1:], features * y, features**2, y**2, x * y], dim=1)

    assert within_errors(moments(short), moments(whole), 4.5)


def test_second_moment_of_memory_over_tasks_is_the_closed_form():
    d, length, rho, n = 6, 8, 0.3, 200_000
    g = generator(2)
    c = torch.tensor([2.0, 1.5, 1.0, 0.8, 0.5, 0.2], dtype=torch.float64)
    z = draw_attention_contexts(draw_tasks((n,), 1, c, g), 1, length, rho, g).memory[:, 0]
    variance = float(c.mean()) + rho
    expected = torch.zeros(d + 1, d + 1, dtype=torch.float64)
    expected[:d, :d] = torch.diag((1 + 1 / length) * c + d / length * variance)
    expected[d, d] = (1 + 2 / length) * (variance**2 + 2 * float(c.square().mean()) / d)
    outer = z[:, :, None] * z[:, None, :]
    error = outer.std(dim=0) / math.sqrt(n)
    assert ((outer.mean(dim=0) - expected).abs() <= 4.5 * error).all()


def test_tasks_have_the_covariance_asked_for_as_diagonal_or_matrix():
    c = torch.tensor([[2.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    w = draw_tasks((3,), 50_000, c, generator(3))
    assert w.shape == (3, 50_000, 3)
    sample = w.mT @ w / w.shape[1]
    # A covariance entry has variance (C_ii C_jj + C_ij^2) / k.
    error = ((torch.outer(c.diagonal(), c.diagonal()) + c**2) / w.shape[1]).sqrt()
    assert ((sample - c).abs() <= 4.5 * error + 1e-12).all()
    diagonal = draw_tasks((1,), 50_000, c.diagonal(), generator(4))
    assert diagonal[..., 2].abs().max() == 0
    assert diagonal.var(dim=1)[0, 0] == pytest.approx(2, rel=4.5 * math.sqrt(2 / 50_000))


def test_contexts_use_each_of_the_fixed_tasks_equally_often():
    # Noiseless and with one token dimension, y / x is the task of the context.
    tasks = torch.tensor([[[1.0], [2.0], [-3.0]]], dtype=torch.float64)
    contexts = draw_attention_contexts(tasks, 30_000, 4, 0.0, generator(5))
    used = contexts.target / contexts.query[..., 0]
    for task in tasks[0, :, 0]:
        share = float(((used - task).abs() < 1e-9).double().mean())
        assert share == pytest.approx(1 / 3, abs=4.5 * math.sqrt(2 / 9 / 30_000))


@pytest.mark.parametrize("link", LINKS)
def test_labels_are_the_link_of_the_field_when_there_is_no_noise(link):
    tasks = torch.randn(2, 1, 5, generator=generator(6), dtype=torch.float64)
    contexts = draw_labelled_contexts(tasks, 7, 3, 0.0, generator(7), link=link)
    assert contexts.x.shape == (2, 7, 4, 5)
    assert contexts.y.shape == (2, 7, 4)
    field = torch.einsum("rnld,rd->rnl", contexts.x, tasks[:, 0])
    expected = {"linear": field, "tanh": field.tanh(), "square": field * field, "cube": field * field * field}[link]
    assert torch.allclose(contexts.y, expected, atol=1e-12)


def test_noise_is_added_after_the_link_with_variance_rho():
    tasks = torch.zeros(1, 1, 2, dtype=torch.float64)
    y = draw_labelled_contexts(tasks, 20_000, 4, 0.7, generator(8), link="tanh").y
    assert y.var() == pytest.approx(0.7, rel=4.5 * math.sqrt(2 / y.numel()))


def test_same_generator_seed_gives_the_same_contexts():
    tasks = draw_tasks((2,), 3, torch.ones(4, dtype=torch.float64), generator())
    first, second = (draw_attention_contexts(tasks, 5, 6, 0.1, generator(9)) for _ in range(2))
    assert torch.equal(first.memory, second.memory)
    assert torch.equal(first.target, second.target)


def test_sizes_noise_links_and_shapes_out_of_range_are_refused():
    tasks = torch.ones(1, 1, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match="n = 0"):
        draw_attention_contexts(tasks, 0, 3, 0.1, generator())
    with pytest.raises(ValueError, match="rho = -1"):
        draw_attention_contexts(tasks, 2, 3, -1, generator())
    with pytest.raises(ValueError, match="link = 'sine'"):
        draw_labelled_contexts(tasks, 2, 3, 0.1, generator(), link="sine")
    with pytest.raises(ValueError, match="k = 0"):
        draw_tasks((1,), 0, torch.ones(2), generator())
    with pytest.raises(ValueError, match="covariance has shape"):
        draw_tasks((1,), 1, torch.ones(2, 3), generator())
