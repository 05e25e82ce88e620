"""Does the object of success against samples say what its fits say, and show itself also where there is none?"""

import numpy as np
import pytest
from matplotlib.figure import Figure

import solv
from solv.harness.success_fits import samples_text
from solv.theory.fits.attack_success import fit_beta_edge


@pytest.fixture(scope="module")
def polynomial():
    rng = np.random.default_rng(2)
    answers = np.full(120, 80)
    unsafe = rng.binomial(80, 1 - rng.beta(1.0, 0.6, 120))
    return answers, unsafe, solv.fit.attack_success(answers, unsafe)


def test_attack_success_says_the_regime_and_what_more_samples_buy(polynomial):
    answers, unsafe, fit = polynomial
    assert fit.word == "polynomial"
    assert fit.chosen.nu == fit_beta_edge(answers, unsafe).chosen.nu
    assert fit.samples_for(0.5) < fit.samples_for(0.99)
    assert fit.contradiction == ""
    frame = fit.frame()
    assert frame["k"].max() == 80 * 100
    assert ((frame["fit_low"] <= frame["fit"]) & (frame["fit"] <= frame["fit_high"])).all()
    assert isinstance(fit.plot(), Figure)
    assert "polynomial" in fit._repr_html_()


def test_a_price_has_an_interval_that_holds_it_and_ends_nowhere_if_prompts_may_never_yield(polynomial):
    fit = polynomial[2]
    cheap, dear = fit.price(0.5), fit.price(0.99)
    assert cheap.low <= cheap.samples <= cheap.high < np.inf
    assert dear.low < dear.samples
    assert (dear.high == np.inf) == (fit.immune.interval[1] >= 0.01 or fit.chosen.gap_interval(1e12)[1] > 0.01)
    with pytest.raises(ValueError, match="success"):
        fit.price(1.0)


def test_without_a_fit_there_is_still_a_table_and_a_picture():
    fit = solv.fit.attack_success([30] * 10, [0] * 10)
    assert fit.regime is None
    assert fit.measured[30][0] == 1.0
    assert fit.frame()["success"].max() == 0
    assert isinstance(fit.plot(), Figure)
    assert "no answer is unsafe" in fit._repr_html_()
    with pytest.raises(ValueError, match="no fit: no answer is unsafe"):
        fit.samples_for(0.5)
    assert isinstance(solv.fit.attack_success([30] * 10, [30] * 10).plot(), Figure)


def test_a_prompt_that_broke_twice_was_not_sampled_until_it_broke():
    with pytest.raises(ValueError, match="2 unsafe answers"):
        solv.fit.attack_success([5] * 6, [2] * 6, until_success=True)


@pytest.mark.parametrize(
    ("samples", "said"), [(1.0, "1"), (12345.0, "12,345"), (2.5e7, "2.5e+07"), (float("inf"), "beyond 10^12")]
)
def test_a_number_of_samples_is_told_as_a_person_reads_it(samples, said):
    assert samples_text(samples) == said
