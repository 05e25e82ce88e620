import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.anytime.risk import bias_and_variance, excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum, spectrum_of
from solv.theory.anytime.weight_averaging import Average, ema, merge, polynomial_average, tail, uniform, weights_of
from solv.theory.schedules import constant, cosine, inverse_sqrt, polynomial, warmup_stable_decay

SMALL = power_law_spectrum(1.5, 3, 1000, exact=1000)  # the exact case of the spec, section 7
STEPS = np.arange(1, 1001)
AVERAGES = [uniform(), ema(6.25), ema(25), polynomial_average(4), tail(500)]
READ = [10, 100, 1000]
REFERENCE = {  # last, then the averages above; steps 10, 100, 1000
    "constant": """.0793287 .00545696 .00194989  .160488 .0122237 .000778510  .0934138 .00506613 .000502949
        .0804546 .00481620 .000711345  .0897226 .00511524 .000497132  .000503023""",
    "power": """.155828 .0143462 .00255141  .230069 .0296792 .00497191  .173292 .0163345 .00285044
        .156780 .0146313 .00257574  .169583 .0164829 .00288525  .00300387""",
    "offset": """.0807501 .00550908 .000819521  .163039 .0135266 .00118070  .0954093 .00582326 .000627837
        .0819877 .00529754 .000637038  .0916127 .00588433 .000632586  .000660008""",
    "cosine": """.0793322 .00542483 .000597970  .160493 .0122532 .000952317  .0934188 .00508929 .000605832
        .0804585 .00482408 .000601146  .0897274 .00513878 .000607031  .000621360""",
    "stable": """.0793287 .00545696 .000838512  .160488 .0122237 .000780297  .0934138 .00506613 .000512930
        .0804546 .00481620 .000708008  .0897226 .00511524 .000506405  .000507846""",
    "batch 4": """.0506241 .00280035 .000449050  .132630 .00960941 .000527966  .0646372 .00338300 .000211226
        .0520224 .00282371 .000227311  .0608945 .00343407 .000213003  .000223456""",
}
FACTORS = {
    "constant": 0.5 * constant(STEPS),
    "power": 2 * polynomial(STEPS, 0.5),
    "offset": 0.5 * inverse_sqrt(STEPS, 100),
    "cosine": 0.5 * cosine(STEPS, 1000),
    "stable": 0.5 * warmup_stable_decay(STEPS, 1000, 0.9, 0.1),
    "batch 4": 0.5 * constant(STEPS),
}


def one_run(factors, spectrum=SMALL):
    return np.outer(factors, [1 / spectrum.trace])


@pytest.mark.parametrize("name", REFERENCE)
def test_the_exact_small_case_has_its_reference_values(name):
    expected = [float(word) for word in REFERENCE[name].split()]
    found = excess_risk(SMALL, 0.01, one_run(FACTORS[name]), READ, AVERAGES, batch=4 if name == "batch 4" else 1)
    assert [*found.last[:, 0], *found.averaged[:4, :, 0].ravel(), found.averaged[4, 2, 0]] == pytest.approx(
        expected, rel=1e-5
    )


def test_bias_and_variance_have_their_reference_values_and_add_up():
    bias, variance = bias_and_variance(SMALL, 0.01, one_run(FACTORS["constant"]), READ, [uniform()])
    assert bias.last[:, 0] == pytest.approx([0.0783383, 0.00395118, 0.000192741], rel=1e-5)
    assert bias.averaged[0, :, 0] == pytest.approx([0.160109, 0.0119416, 0.000632290], rel=1e-5)
    assert variance.last[:, 0] == pytest.approx([0.000990348, 0.00150579, 0.00175715], rel=1e-5)
    assert variance.averaged[0, :, 0] == pytest.approx([0.000379069, 0.000282095, 0.000146220], rel=1e-5)
    total = excess_risk(SMALL, 0.01, one_run(FACTORS["constant"]), READ, [uniform()])
    assert bias.averaged + variance.averaged == pytest.approx(total.averaged, rel=1e-12)


@pytest.mark.parametrize(
    ("b", "gamma", "multiplier", "read_at", "expected"),
    [
        (2.2, 0.0, 0.5, [100, 1000, 5000, 50000], [0.0107897266, 0.00115470657, 0.000326246567, 0.000140112980]),
        (2.2, 0.5, 3.0, [100, 1000, 5000], [0.00954837992, 0.00247980143, 0.00100489808]),
        (1.1, 0.0, 0.002, [1000, 5000, 50000], [7.69229382e-6, 7.13929889e-6, 5.60540145e-6]),
        (1.1, 0.5, 0.02, [1000, 50000], [7.86237388e-6, 6.74678527e-6]),
    ],
)
def test_half_a_thousand_nodes_give_the_published_curves_of_half_a_million_dimensions(
    b, gamma, multiplier, read_at, expected
):
    spectrum = power_law_spectrum(1.1, b, 500_000, normalize=True)
    rates = one_run(multiplier * polynomial(np.arange(1, read_at[-1] + 1), gamma), spectrum)
    found = excess_risk(spectrum, 0.01, rates, read_at, [uniform()])
    assert found.averaged[0, :, 0] == pytest.approx(expected, rel=5e-5)


def plain(spectrum, sigma2, eta, rho, batch):
    """Return risks of the iterate and its average by equations (1) and (2) as they stand."""
    lam, m = spectrum.eigenvalue, spectrum.multiplicity
    s = spectrum.signal / lam
    last, averaged = [], []
    for t in range(len(eta)):
        step = eta[t] * lam
        q = m @ (lam * s)
        s = ((1 - step) ** 2 + step**2 / batch) * s + eta[t] * step * (q + sigma2) / batch
        if t == 0:
            a, c = s.copy(), s.copy()
        else:
            o = (1 - step) * c
            a = (1 - rho[t]) ** 2 * a + rho[t] ** 2 * s + 2 * rho[t] * (1 - rho[t]) * o
            c = (1 - rho[t]) * o + rho[t] * s
        last.append(m @ (lam * s) / 2)
        averaged.append(m @ (lam * a) / 2)
    return np.array(last), np.array(averaged)


@pytest.mark.parametrize(
    "average",
    [uniform(), ema(0.3), ema(400), polynomial_average(50), tail(37), merge([20, 90, 150], [0.2, 0.5, 0.3])],
    ids=lambda average: average.name,
)
@pytest.mark.parametrize("batch", [1, 3])
def test_many_runs_at_once_are_equations_1_and_2_one_by_one(average, batch):
    spectrum = power_law_spectrum(1.3, 2, 3000, exact=10, ratio=1.5)
    steps = np.arange(1, 201)
    eta = np.stack([0.8 * cosine(steps, 200, 0.1), 0.3 * constant(steps), polynomial(steps, 0.6)], axis=1)
    eta /= spectrum.trace
    read_at = [1, 2, 37, 38, 89, 90, 199, 200]
    found = excess_risk(spectrum, 0.1, eta, read_at, [uniform(), average], batch)
    for run in range(3):
        last, averaged = plain(spectrum, 0.1, eta[:, run], average.rates(200), batch)
        assert found.last[:, run] == pytest.approx(last[np.array(read_at) - 1], rel=1e-11)
        first = 0 if not average.name.startswith("merge") else 2  # before its first checkpoint it is the iterate
        assert found.averaged[1, first:, run] == pytest.approx(averaged[np.array(read_at) - 1][first:], rel=1e-10)


@pytest.mark.parametrize("batch", [1, 3])
def test_points_that_stand_for_small_eigenvalues_are_exact_for_all_averages(batch):
    """Long blocks of many nodes, in any order; readings within the blocks and at their ends."""
    spectrum = power_law_spectrum(1.3, 2, 10**5, exact=20, ratio=1.05)
    shuffled = np.random.default_rng(0).permutation(len(spectrum.eigenvalue))
    spectrum = Spectrum(*(each[shuffled] for each in (spectrum.eigenvalue, spectrum.multiplicity, spectrum.signal)))
    steps = np.arange(1, 401)
    eta = np.stack([0.8 * cosine(steps, 400, 0.1), 0.3 * constant(steps), 1e-3 * polynomial(steps, 0.6)], axis=1)
    eta /= spectrum.trace
    read_at = [1, 2, 60, 128, 129, 256, 300, 301, 399, 400]
    averages = [uniform(), ema(6.25), polynomial_average(30), tail(130), merge([20, 290, 400], [0.2, 0.5, 0.3])]
    found = excess_risk(spectrum, 0.1, eta, read_at, averages, batch)
    for run in range(3):
        for place, average in enumerate(averages):
            last, averaged = plain(spectrum, 0.1, eta[:, run], average.rates(400), batch)
            assert found.last[:, run] == pytest.approx(last[np.array(read_at) - 1], rel=1e-11)
            first = 0 if not average.name.startswith("merge") else 2  # before its first checkpoint it is the iterate
            assert found.averaged[place, first:, run] == pytest.approx(
                averaged[np.array(read_at) - 1][first:], rel=1e-10
            )


def test_readings_change_nothing():
    few = excess_risk(SMALL, 0.01, one_run(FACTORS["cosine"]), READ, AVERAGES)
    all_steps = excess_risk(SMALL, 0.01, one_run(FACTORS["cosine"]), STEPS.tolist(), AVERAGES)
    assert few.last.tolist() == all_steps.last[np.array(READ) - 1].tolist()
    assert few.averaged.tolist() == all_steps.averaged[:, np.array(READ) - 1].tolist()


def test_at_rates_of_zero_nothing_moves():
    found = excess_risk(SMALL, 0.01, np.zeros((300, 2)), [1, 300], [uniform()])
    assert found.last == pytest.approx(SMALL.signal.sum() / 2, rel=1e-12)
    assert found.averaged == pytest.approx(SMALL.signal.sum() / 2, rel=1e-12)


def test_a_merge_is_the_double_sum_over_checkpoints():
    """Equation (3), from runs that are read at the checkpoints and the products of 1 - eta lam between them."""
    lam = np.array([1.0, 0.3, 0.05])
    eta = 0.4 * inverse_sqrt(np.arange(1, 61), 20)
    checkpoints, weights = [10, 25, 60], np.array([0.2, 0.3, 0.5])
    total = 0.0
    whole = spectrum_of(lam, np.ones(3))
    second = np.array([_second_moments(whole, 0.2, eta[:t]) for t in checkpoints])
    for j, k in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)):
        between = np.prod(1 - np.outer(eta[checkpoints[j] : checkpoints[k]], lam), axis=0)
        twice = 1 if j == k else 2
        total += twice * weights[j] * weights[k] * (lam @ (between * second[j])) / 2
    found = excess_risk(whole, 0.2, eta[:, None], [60], [merge(checkpoints, weights)])
    assert found.averaged[0, 0, 0] == pytest.approx(total, rel=1e-12)


def _second_moments(spectrum, sigma2, eta):
    s = spectrum.signal / spectrum.eigenvalue
    for rate in eta:
        step = rate * spectrum.eigenvalue
        s = (1 - 2 * step + 2 * step**2) * s + rate * step * (spectrum.eigenvalue @ s + sigma2)
    return s


def test_the_merge_of_one_checkpoint_is_that_iterate():
    found = excess_risk(SMALL, 0.01, one_run(FACTORS["offset"]), [100], [merge([100], [1.0])])
    assert found.averaged[0] == pytest.approx(found.last, rel=1e-13)
    found = excess_risk(SMALL, 0.01, one_run(FACTORS["offset"]), [60, 100], [merge([60], [1.0])])
    assert found.averaged[0, 1] == pytest.approx(found.last[0], rel=1e-12)


def test_an_average_by_its_explicit_weights_is_a_merge_of_every_step():
    average = ema(12.5)
    every = merge(range(1, 51), weights_of(average, 50))
    found = excess_risk(SMALL, 0.01, one_run(FACTORS["cosine"]), [50], [average, every])
    assert found.averaged[0] == pytest.approx(found.averaged[1], rel=1e-10)


def test_a_large_batch_is_gradient_descent():
    eta = 0.7 / SMALL.trace
    found = excess_risk(SMALL, 0.5, np.full((40, 1), eta), [40], [uniform()], batch=10**12)
    kept = (1 - eta * SMALL.eigenvalue) ** np.arange(1, 41)[:, None]
    assert found.last[0, 0] == pytest.approx(SMALL.signal @ kept[-1] ** 2 / 2, rel=1e-9)
    assert found.averaged[0, 0, 0] == pytest.approx(SMALL.signal @ kept.mean(0) ** 2 / 2, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(0.05, 0.9), st.integers(1, 8))
def test_the_risk_scales_with_noise_and_signal_together(scale, multiplier, batch):
    spectrum = power_law_spectrum(1.4, 2.1, 200, exact=5, ratio=1.5)
    scaled = Spectrum(spectrum.eigenvalue, spectrum.multiplicity, scale * spectrum.signal)
    rates = np.full((30, 1), multiplier / spectrum.trace)
    both = (spectrum, 0.1), (scaled, scale / 10)
    once, again = (excess_risk(of, noise, rates, [3, 30], [ema(6.25)], batch) for of, noise in both)
    assert again.last == pytest.approx(scale * once.last, rel=1e-10)
    assert again.averaged == pytest.approx(scale * once.averaged, rel=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 10), st.floats(0.0, 1.0))
def test_scaling_the_inputs_up_and_the_rates_down_changes_nothing(scale, sigma2):
    lam, target = np.array([1.0, 0.4, 0.1]), np.array([1.0, 2.0, -3.0])
    rates = 0.3 * polynomial(np.arange(1, 21), 0.3)[:, None]
    once = excess_risk(spectrum_of(lam, target), sigma2, rates, [20], [uniform()])
    again = excess_risk(spectrum_of(scale * lam, target / np.sqrt(scale)), sigma2, rates / scale, [20], [uniform()])
    assert again.averaged == pytest.approx(once.averaged, rel=1e-9)


def test_a_run_that_diverges_is_infinite_and_spoils_no_other():
    rates = np.outer(np.ones(3000), [0.5, 10.0]) / SMALL.trace
    both = excess_risk(SMALL, 0.01, rates, [10, 3000], [uniform(), ema(25)])
    alone = excess_risk(SMALL, 0.01, rates[:, :1], [10, 3000], [uniform(), ema(25)])
    assert both.last[1, 1] == np.inf
    assert both.averaged[:, 1, 1].tolist() == [np.inf, np.inf]
    assert both.averaged[:, :, 0] == pytest.approx(alone.averaged[:, :, 0], rel=1e-12)


def test_before_it_begins_a_tail_average_is_the_last_iterate():
    found = excess_risk(SMALL, 0.01, one_run(FACTORS["constant"]), [5, 80, 81, 200], [tail(80)])
    assert found.averaged[0, :3] == pytest.approx(found.last[:3])
    assert found.averaged[0, 3, 0] < found.last[3, 0]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sigma2": -1.0}, "sigma2 = -1.0"),
        ({"batch": 0}, "batch = 0"),
        ({"rates": np.ones(5)}, "rates has shape"),
        ({"rates": -np.ones((5, 1))}, "rates hold values"),
        ({"rates": np.full((5, 1), np.nan)}, "rates hold values"),
        ({"read_at": []}, "read_at = "),
        ({"read_at": [0, 2]}, "read_at = "),
        ({"read_at": [2, 6]}, "read_at = "),
        ({"read_at": [3, 2]}, "read_at = "),
    ],
)
def test_a_value_out_of_range_is_named(changes, named):
    arguments = {"sigma2": 0.1, "rates": 0.1 * np.ones((5, 1)), "read_at": [5], **changes}
    with pytest.raises(ValueError, match=named):
        excess_risk(SMALL, **arguments)


def test_an_average_of_the_user_needs_no_more_than_its_rates():
    last_two = Average("last two", lambda t: np.where(t == 50, 0.5, 1.0))
    found = excess_risk(SMALL, 0.01, one_run(FACTORS["constant"]), [50], [last_two, tail(48)])
    assert found.averaged[0] == pytest.approx(found.averaged[1], rel=1e-12)
