"""Is the bigram language what its definition says, with the entropy that a sum over all pairs has?"""

import math

import numpy as np
import pytest

from solv.data.softmax_law.bigram_language import draw_bigram_language


def test_unigrams_follow_zipfs_law_and_conditionals_are_distributions():
    language = draw_bigram_language(50, 4.0, np.random.default_rng(0), zipf=1.5)
    assert language.unigram.sum() == pytest.approx(1, abs=1e-12)
    assert language.unigram[7] / language.unigram[1] == pytest.approx(4**-1.5)
    np.testing.assert_allclose(np.exp(language.log_conditional).sum(axis=1), 1, rtol=1e-12)


def test_log_odds_are_beta_times_standard_normals():
    first, second = (draw_bigram_language(300, beta, np.random.default_rng(1)).log_conditional for beta in (1.0, 6.0))
    centred = [each - each.mean(axis=1, keepdims=True) for each in (first, second)]
    np.testing.assert_allclose(centred[1], 6 * centred[0], rtol=1e-9, atol=1e-12)
    assert centred[0].std() == pytest.approx(1, abs=4 / math.sqrt(2 * 300**2))


def test_the_entropy_is_the_least_cross_entropy_and_that_of_a_one_hot_language_is_zero():
    language = draw_bigram_language(20, 3.0, np.random.default_rng(2))
    summed = 0.0
    for i in range(20):
        for j in range(20):
            summed -= language.unigram[i] * math.exp(language.log_conditional[i, j]) * language.log_conditional[i, j]
    assert language.entropy == pytest.approx(summed, rel=1e-12)
    peaked = draw_bigram_language(20, math.inf, np.random.default_rng(2))
    assert peaked.entropy == 0
    assert np.array_equal(peaked.log_conditional.argmax(axis=1), language.log_conditional.argmax(axis=1))


@pytest.mark.parametrize("change", [{"tokens": 1}, {"beta": 0.0}, {"beta": math.nan}, {"zipf": -1.0}])
def test_invalid_arguments_are_named(change):
    arguments = {"tokens": 5, "beta": 1.0, "zipf": 1.0, **change}
    with pytest.raises(ValueError, match=r"tokens >= 2, beta > 0, zipf >= 0"):
        draw_bigram_language(arguments["tokens"], arguments["beta"], np.random.default_rng(0), zipf=arguments["zipf"])
