"""Are loss, scale and entropy those of logits that are known?"""

import math
from dataclasses import astuple

import pytest
import torch

from solv.models.softmax_law.prediction_statistics import prediction_statistics

TOKENS = torch.tensor([[0, 1, 2, 0], [2, 2, 1, 0]])


def test_equal_logits_lose_log_of_the_vocabulary_at_any_level():
    found = prediction_statistics(lambda read: torch.full((*read.shape, 3), 7.0), [TOKENS])
    assert found.loss == pytest.approx(math.log(3), rel=1e-6)
    assert found.entropy == pytest.approx(math.log(3), rel=1e-6)
    assert found.scale == pytest.approx(0, abs=1e-6)
    assert found.tokens == 6


def test_known_logits_have_their_loss_scale_and_entropy():
    z = torch.tensor([1.0, 0.0, -4.0])
    p = z.softmax(-1)
    found = prediction_statistics(lambda read: z.expand(*read.shape, 3) + 5, [TOKENS])
    wanted = TOKENS[:, 1:].flatten()
    assert found.loss == pytest.approx(float(-p.log()[wanted].mean()), rel=1e-5)
    assert found.scale == pytest.approx(math.sqrt((2**2 + 1**2 + 3**2) / 3), rel=1e-5)
    assert found.entropy == pytest.approx(float(-(p * p.log()).sum()), rel=1e-5)


def test_batches_count_by_their_tokens_and_certainty_has_no_entropy():
    def logits(read):
        return torch.nn.functional.one_hot(read, 3).float() * 1e4

    whole = prediction_statistics(logits, [TOKENS])
    parts = prediction_statistics(logits, [TOKENS[:1], TOKENS[1:]])
    assert astuple(parts) == pytest.approx(astuple(whole), rel=1e-6)  # sums of floats in another order
    assert parts.entropy == whole.entropy == 0


def test_nothing_to_predict_is_an_error():
    with pytest.raises(ValueError, match="at least 2 tokens"):
        prediction_statistics(lambda read: torch.zeros(*read.shape, 3), [])
