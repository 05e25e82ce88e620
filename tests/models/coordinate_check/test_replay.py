"""Is a call repeated with the same operands and random numbers, and precisely enough where the model is not?"""

import torch
from torch.nn import functional

from solv.models.coordinate_check.replay import both, copied, floats_in, random_state, tensors_in


def test_floats_are_found_in_any_nesting_and_integers_are_not():
    tree = {"a": (torch.ones(2), [torch.arange(3)]), "b": torch.ones(2, dtype=torch.complex64), "c": "text"}
    assert len(tensors_in(tree)) == 3
    assert [tuple(each.shape) for each in floats_in(tree)] == [(2,), (2, 2)]


def test_both_calls_draw_the_same_numbers_and_leave_the_generator_as_it_was():
    random = random_state()
    out = functional.dropout(torch.ones(50), 0.5)
    after = torch.get_rng_state()
    now, initial = both(lambda x: functional.dropout(x, 0.5), torch.ones(50), torch.ones(50), out, random)
    assert torch.equal(now, initial)
    assert torch.equal(after, torch.get_rng_state())


def test_half_precision_is_computed_in_single():
    x, w = torch.randn(4, 8).bfloat16(), torch.randn(8, 3).bfloat16()
    moved = (w.float() * (1 + 2**-7)).bfloat16()
    now, initial = both(lambda pair: pair[0] @ pair[1], (x, moved), (x, w), x @ moved, random_state())
    assert now.dtype == torch.float32
    torch.testing.assert_close(now - initial, x.float() @ (moved.float() - w.float()), rtol=1e-4, atol=1e-5)


def test_what_wants_half_precision_gets_it():
    def picky(x):
        if x.dtype != torch.bfloat16:
            raise ValueError("no")
        return x

    x = torch.ones(2).bfloat16()
    assert both(picky, x, x, x, random_state())[0].dtype == torch.bfloat16


def test_a_copy_does_not_follow_its_original():
    x = torch.ones(2, requires_grad=True)
    kept = copied(x)
    x.data.zero_()
    assert kept.sum() == 2
    assert copied("text") == "text"
