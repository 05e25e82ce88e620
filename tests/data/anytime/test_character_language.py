"""Is the generated language what its formula says, and its entropy rate exact?"""

import numpy as np
import pytest

from solv.data.anytime.character_language import CharacterLanguage


def test_rows_are_mixtures_of_shuffled_zipf_laws():
    zipf = np.arange(1, 28) ** -1.8
    zipf /= zipf.sum()
    alone = CharacterLanguage(mix=0).transition
    assert np.allclose(np.sort(alone, axis=-1)[..., ::-1], zipf)
    first = CharacterLanguage(mix=1).transition
    assert np.allclose(np.sort(first, axis=-1)[..., ::-1], zipf)
    assert (first == first[:1]).all()  # the symbol before the last says nothing
    assert np.allclose(CharacterLanguage(mix=0.5).transition, (alone + first) / 2)
    assert len(np.unique(alone.argmax(-1))) == 27  # every row has an order of its own


def test_the_stationary_pairs_stay_as_they_are():
    language = CharacterLanguage()
    pairs = language.stationary
    assert pairs.sum() == pytest.approx(1, abs=1e-14)
    assert np.abs(np.einsum("ab,abc->bc", pairs, language.transition) - pairs).max() < 1e-15


def test_the_entropy_of_a_memoryless_language_is_that_of_zipf():
    language = CharacterLanguage(symbols=4, exponent=0)
    assert language.entropy_rate == pytest.approx(np.log(4))
    first = CharacterLanguage(symbols=2, exponent=1, mix=1)
    chance = np.array([2 / 3, 1 / 3])
    assert first.entropy_rate == pytest.approx(-np.sum(chance * np.log(chance)))


def test_the_second_order_part_takes_entropy_off():
    language = CharacterLanguage()
    assert language.entropy_rate == pytest.approx(2.16, abs=0.02)  # 2.156 to 2.164 over draws
    assert language.first_order_entropy > language.entropy_rate + 0.4
    assert CharacterLanguage(mix=1).first_order_entropy == pytest.approx(CharacterLanguage(mix=1).entropy_rate)


def test_a_sampled_text_has_the_entropy_rate_and_the_pairs():
    language = CharacterLanguage()
    text = language.sample(200_000, np.random.default_rng(1)).astype(int)
    surprise = -np.log(language.transition[text[:-2], text[1:-1], text[2:]])
    error = surprise.std() / np.sqrt(len(surprise))  # the surprises of a Markov chain hardly correlate
    assert abs(surprise.mean() - language.entropy_rate) < 4 * error
    counts = np.bincount(text[:-1] * 27 + text[1:], minlength=27**2).reshape(27, 27) / (len(text) - 1)
    assert np.abs(counts - language.stationary).max() < 0.002


def test_texts_have_seeds_apart_from_the_languages():
    language, other = CharacterLanguage(seed=0), CharacterLanguage(seed=1)
    texts = [language.sample(1000, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (texts[0] == texts[1]).all()
    assert (texts[0] != texts[2]).any()
    assert not np.allclose(language.transition, other.transition)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"symbols": 1}, "symbols = 1"),
        ({"mix": 1.5}, "mix = 1.5"),
        ({"exponent": -1}, "exponent = -1"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_wrong_setting_is_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        CharacterLanguage(**wrong)


def test_a_text_has_at_least_its_first_pair():
    with pytest.raises(ValueError, match="length = 1"):
        CharacterLanguage().sample(1, np.random.default_rng(0))
