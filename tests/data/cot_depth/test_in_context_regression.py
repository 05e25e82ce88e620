"""Do the short cuts draw the same contexts as whole inputs would?"""

import math

import pytest
import torch

from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_contexts, draw_pretraining_pairs

DRAWS = 40_000
SIGMAS = 5  # two-sided 6e-7 for each normal statistic; some 300 are tested, all from fixed seeds


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def direct_statistics(d, l, rho, seed):  # noqa: E741
    contexts = draw_contexts((DRAWS,), d, l, rho, seeded(seed), dtype=torch.float64)
    s = contexts.x.mT @ contexts.x / l
    h = torch.einsum("nld,nl->nd", contexts.x, contexts.y) / l
    return s, h, contexts.w


def features_of_pairs(w, h):
    """First, second and some fourth moments of (w, h), one row per context."""
    both = torch.cat([w, h], dim=1)
    products = both[:, :, None] * both[:, None, :]
    fourth = both.square()[:, :, None] * both.square()[:, None, :]
    scatter = (h - w).square().mean(dim=1, keepdim=True)
    return torch.cat([both, products.flatten(1), fourth.flatten(1), scatter, scatter.square()], dim=1)


def features_of_statistics(s, h, w):
    cubic = torch.einsum("nde,ne,nd->n", s, h, w)[:, None]
    inner = torch.stack([(w * h).sum(1), torch.einsum("nde,nde->n", s, s), h.square().sum(1)], dim=1)
    return torch.cat([features_of_pairs(w, h), s.flatten(1), s.flatten(1).square(), cubic, inner], dim=1)


def assert_same_means(first, second):
    gap = first.mean(0) - second.mean(0)
    error = ((first.var(0) + second.var(0)) / len(first)).sqrt()
    assert (gap.abs() <= SIGMAS * error).all()


@pytest.mark.parametrize(("d", "l", "rho"), [(3, 6, 0.4), (3, 1, 0.4), (4, 2, 0.0), (1, 5, 1.0)])
def test_short_cut_pairs_have_the_moments_of_pairs_from_whole_contexts(d, l, rho):  # noqa: E741
    _, h, w = direct_statistics(d, l, rho, seed=1)
    short_w, short_h = draw_pretraining_pairs((1,), DRAWS, d, l, rho, seeded(2))
    assert_same_means(features_of_pairs(w, h), features_of_pairs(short_w[0], short_h[0]))


@pytest.mark.parametrize(("d", "l", "rho"), [(3, 6, 0.4), (3, 1, 0.4), (4, 2, 0.0), (3, 3, 1.0)])
def test_context_statistics_have_the_joint_moments_of_whole_contexts(d, l, rho):  # noqa: E741
    drawn = draw_context_statistics((DRAWS,), d, l, rho, seeded(3))
    assert_same_means(
        features_of_statistics(*direct_statistics(d, l, rho, seed=4)),
        features_of_statistics(drawn.s, drawn.h, drawn.w),
    )


def test_moment_criterion_rejects_a_wrong_noise_level():
    _, h, w = direct_statistics(3, 6, 0.4, seed=5)
    short_w, short_h = draw_pretraining_pairs((1,), DRAWS, 3, 6, 0.6, seeded(6))
    with pytest.raises(AssertionError):
        assert_same_means(features_of_pairs(w, h), features_of_pairs(short_w[0], short_h[0]))


def test_pair_variance_is_the_derived_one():
    # E |h|^2 / d = 1 + (1 + 1/d) / alpha + rho / alpha, exactly at every d.
    d, l, rho = 20, 50, 0.3  # noqa: E741
    _, h = draw_pretraining_pairs((1,), 20_000, d, l, rho, seeded(7))
    per_context = h[0].square().mean(1)
    exact = 1 + (1 + 1 / d + rho) * d / l
    assert abs(per_context.mean() - exact) < SIGMAS * per_context.std() / math.sqrt(20_000)


@pytest.mark.parametrize(("d", "l"), [(6, 4), (6, 6), (6, 9)])
def test_covariances_have_the_rank_of_their_context_and_without_noise_h_is_s_w(d, l):  # noqa: E741
    drawn = draw_context_statistics((2, 3), d, l, 0.0, seeded(8))
    assert drawn.s.shape == (2, 3, d, d)
    assert (torch.linalg.matrix_rank(drawn.s) == min(d, l)).all()
    torch.testing.assert_close(drawn.h, torch.einsum("...de,...e->...d", drawn.s, drawn.w))


def test_whole_contexts_carry_labels_of_their_task():
    contexts = draw_contexts((2, 5), 4, 7, 0.0, seeded(9))
    assert (contexts.x.shape, contexts.y.shape, contexts.w.shape) == ((2, 5, 7, 4), (2, 5, 7), (2, 5, 4))
    assert contexts.x.dtype == torch.float32
    torch.testing.assert_close(contexts.y, (contexts.x @ contexts.w[..., None])[..., 0])


@pytest.mark.parametrize("more", [130, 300, 700])
def test_first_pairs_do_not_depend_on_how_many_are_drawn(more):
    few_w, few_h = draw_pretraining_pairs((2,), 100, 5, 8, 0.2, seeded(10))
    many_w, many_h = draw_pretraining_pairs((2,), more, 5, 8, 0.2, seeded(10))
    assert few_w.shape == few_h.shape == (2, 100, 5)
    assert torch.equal(few_w, many_w[:, :100])
    assert torch.equal(few_h, many_h[:, :100])


def test_a_seed_fixes_every_draw():
    for draw in (
        lambda generator: draw_pretraining_pairs((2,), 10, 5, 8, 0.2, generator)[1],
        lambda generator: draw_context_statistics((2,), 5, 8, 0.2, generator).h,
        lambda generator: draw_contexts((2,), 5, 8, 0.2, generator).y,
    ):
        assert torch.equal(draw(seeded(11)), draw(seeded(11)))
        assert not torch.equal(draw(seeded(11)), draw(seeded(12)))


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        (((2,), 0, 8, 0.1), "d = 0 is out of range; valid: integers >= 1"),
        (((2,), 5, 0, 0.1), "l = 0 is out of range; valid: integers >= 1"),
        (((0,), 5, 8, 0.1), "batch = 0 is out of range; valid: integers >= 1"),
        (((2,), 5, 8, -1), "rho = -1 is out of range; valid: >= 0"),
        (((2,), 5, 8, math.nan), "rho = nan is out of range; valid: >= 0"),
    ],
)
def test_invalid_sizes_are_named_with_their_range(sizes, sentence):
    for draw in (draw_contexts, draw_context_statistics):
        with pytest.raises(ValueError, match=sentence):
            draw(*sizes, seeded(0))


def test_no_pairs_is_refused():
    with pytest.raises(ValueError, match="n = 0 is out of range; valid: integers >= 1"):
        draw_pretraining_pairs((1,), 0, 5, 8, 0.1, seeded(0))
