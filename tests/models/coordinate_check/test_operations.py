"""Is a parameter that no called module covers measured where it meets the activations?"""

import pytest
import torch
from torch import nn
from torch.nn import functional

from solv.models.coordinate_check.operations import Operations

X = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
IDS = torch.tensor([2, 0, 1, 1, 2, 0])


def seen(shapes, run, constants=()):
    """Return for each operation the places of its parameters, and what they learned there."""
    generator = torch.Generator().manual_seed(0)
    now = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    start = [torch.randn(shape, generator=generator) for shape in shapes]
    found = []

    def note(makers, new, old):
        places = tuple(place for place, each in enumerate(now) if any(each is maker for maker in makers))
        found.append((places, [a - b for a, b in zip(new, old, strict=True)]))

    table = {id(each): value for each, value in zip(now, start, strict=True)}
    with Operations(now, table, {id(each) for each in constants}, lambda: True, note):
        run(*now)
    return [each.detach() for each in now], start, found


@pytest.mark.parametrize(
    ("shapes", "run", "expected"),
    [
        ([(3, 4)], lambda w: functional.linear(X, w), lambda w: X @ w.T),
        ([(4, 3)], lambda w: X @ w, lambda w: X @ w),
        ([(3, 4)], lambda w: X @ w.t(), lambda w: X @ w.T),
        ([(3, 4)], lambda w: X @ w.T, lambda w: X @ w.T),
        ([(2, 4, 3)], lambda w: X @ w[1], lambda w: X @ w[1]),
        ([(4, 3)], lambda w: torch.einsum("bi,ij->bj", X, w), lambda w: X @ w),
        ([(8, 3)], lambda w: X @ w.chunk(2)[0], lambda w: X @ w[:4]),
        ([(4, 3)], lambda w: X @ (w * torch.ones(4, 3).tril()), lambda w: X @ w.tril()),
        ([(4, 3)], lambda w: X @ w.tanh(), lambda w: X @ w.tanh()),
        ([(3, 4)], lambda w: w[IDS], lambda w: w[IDS]),
        ([(3, 4)], lambda w: functional.embedding(IDS, w), lambda w: w[IDS]),
        ([(3, 4, 2)], lambda w: torch.einsum("bi,bij->bj", X, w[IDS]), lambda w: torch.einsum("bi,bij->bj", X, w[IDS])),
        ([(9, 4)], lambda w: X + w[:6], lambda w: w[:6]),
        ([(4,)], lambda w: X * w, lambda w: X * w),
        ([()], lambda w: X * w.exp(), lambda w: X * w.exp()),
        ([(1, 1, 4)], lambda w: torch.cat([w.expand(1, -1, -1), X[None]], dim=1), lambda w: _padded(w)),
    ],
)
def test_the_learned_part_is_that_of_the_operation(shapes, run, expected):
    now, start, found = seen(shapes, run)
    [(places, [learned])] = found
    assert places == (0,)
    torch.testing.assert_close(learned, expected(*now) - expected(*start), rtol=1e-5, atol=1e-5)


def _padded(w):
    return torch.cat([w, torch.zeros(1, 6, 4)], dim=1)


def test_weight_and_bias_of_one_operation_are_measured_together_and_of_two_apart():
    together = seen([(3, 4), (3,)], lambda w, b: functional.linear(X, w, b))[2]
    assert [places for places, _ in together] == [(0, 1)]
    apart = seen([(4, 3), (3,)], lambda w, b: X @ w + b)[2]
    assert [places for places, _ in apart] == [(0,), (1,)]


def test_a_low_rank_update_is_one_matrix():
    now, start, found = seen([(4, 3), (4, 1), (1, 3)], lambda w, a, b: X @ (w + a @ b))
    [(places, [learned])] = found
    assert places == (0, 1, 2)
    torch.testing.assert_close(learned, X @ (now[0] + now[1] @ now[2] - start[0] - start[1] @ start[2]))


def test_an_operand_that_is_overwritten_is_used_as_it_was():
    def run(w):
        x = X.clone()
        x *= w
        x.add_(w)

    now, start, found = seen([(4,)], run)
    torch.testing.assert_close(found[0][1][0], X * (now[0] - start[0]))
    torch.testing.assert_close(found[1][1][0], (now[0] - start[0]).expand(6, 4))


def test_assignment_is_seen():
    def run(w):
        x = X.clone()
        x[0] = w

    now, start, found = seen([(4,)], run)
    torch.testing.assert_close(found[0][1][0], now[0] - start[0])


def test_a_mask_that_is_a_buffer_stays_part_of_the_matrix():
    mask = torch.ones(4, 3).tril()
    now, start, found = seen([(4, 3)], lambda w: X @ (mask * w), [mask])
    [(_, [learned])] = found
    torch.testing.assert_close(learned, X @ (mask * (now[0] - start[0])))


def test_a_penalty_on_the_weights_in_the_loss_is_no_part_of_the_model():
    found = seen([(4, 3)], lambda w: (X @ w).square().mean() + 1e-3 * w.square().sum())[2]
    assert len(found) == 1


def test_half_precision_does_not_round_what_was_learned():
    w = nn.Parameter(torch.ones(4, 3, dtype=torch.bfloat16) * (1 + 2**-7))
    found = []
    start = {id(w): torch.ones(4, 3, dtype=torch.bfloat16)}
    with Operations([w], start, set(), lambda: True, lambda makers, new, old: found.append(new[0] - old[0])):
        X.bfloat16() @ w
    expected = X.bfloat16().float().sum(dim=1, keepdim=True).expand(6, 3) * 2**-7
    torch.testing.assert_close(found[0], expected, rtol=1e-3, atol=1e-5)
