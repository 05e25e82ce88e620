import math

import numpy as np
import pytest
import torch

from solv.models.anytime import simulation as anytime_simulation
from solv.models.anytime.simulation import simulate_descent
from solv.models.language.weight_average import Averaging
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import power_law_spectrum
from solv.theory.anytime.weight_averaging import ema, polynomial_average, tail, uniform, weights_of
from solv.theory.schedules import constant, cosine, inverse_sqrt, warmup_stable_decay

D, STEPS, READ = 30, 150, [10, 75, 150]
SPECTRUM = power_law_spectrum(1.5, 2.5, D, exact=D)
T = np.arange(1, STEPS + 1)
RATES = (
    np.stack(
        [0.5 * constant(T), inverse_sqrt(T, 30), 0.8 * cosine(T, STEPS), 0.5 * warmup_stable_decay(T, STEPS)], axis=1
    )
    / SPECTRUM.trace
)
AVERAGES = [uniform(), ema(6.25), tail(75), polynomial_average(4)]
RULES = [Averaging("uniform"), Averaging("ema", 6.25), Averaging("tail", 75), Averaging("polynomial", 4)]


def simulate(replicas=400, batch=1, seed=0, **changes):
    eigenvalues = torch.as_tensor(SPECTRUM.eigenvalue)
    arguments = {
        "eigenvalues": eigenvalues,
        "target": torch.as_tensor(np.sqrt(SPECTRUM.signal / SPECTRUM.eigenvalue)),
        "sigma2": 0.25,
        "rates": torch.as_tensor(RATES),
        "averages": RULES,
        "read_at": READ,
        "replicas": replicas,
        "batch": batch,
        "generator": torch.Generator().manual_seed(seed),
        **changes,
    }
    return simulate_descent(**arguments)


@pytest.mark.parametrize("batch", [1, 4])
def test_every_schedule_and_average_is_within_four_standard_errors_of_theory(batch):
    risks = simulate(1000, batch).numpy()
    mean, error = risks.mean(-1), risks.std(-1, ddof=1) / math.sqrt(risks.shape[-1])
    theory = excess_risk(SPECTRUM, 0.25, RATES, READ, AVERAGES, batch)
    expected = np.concatenate([theory.last[None], theory.averaged])
    assert np.abs((mean - expected) / error).max() < 4
    assert np.median(error / expected) < 0.02


def test_an_average_is_the_sum_of_the_iterates_with_its_explicit_weights():
    """Of one replica and one step to the next: the last iterates of shorter runs on the same samples."""
    one = torch.ones(1, dtype=torch.float64)
    changes = {"eigenvalues": one, "target": one, "rates": torch.full((STEPS, 1), 0.1)}
    risks = [simulate(1, read_at=[t], averages=[Averaging("ema", 2.0)], **changes) for t in range(1, 6)]
    errors = [-math.sqrt(2 * risk[0, 0, 0, 0]) for risk in risks]  # from -1 towards 0: steps too small to cross it
    expected = (weights_of(ema(2.0), 5) @ np.array(errors)) ** 2 / 2
    assert risks[-1][1, 0, 0, 0] == pytest.approx(expected, rel=1e-12)


def test_schedules_of_a_replica_see_the_same_samples():
    risks = simulate(5, rates=torch.as_tensor(np.repeat(RATES[:, :1], 2, axis=1)))
    torch.testing.assert_close(risks[:, :, 0], risks[:, :, 1])


def test_the_seed_decides_the_result_and_every_replica_differs(monkeypatch):
    assert torch.equal(simulate(5), simulate(5))
    assert not torch.equal(simulate(5), simulate(5, seed=1))
    monkeypatch.setattr(anytime_simulation, "AT_ONCE", 2)
    done = []
    risks = simulate(5, told=done.append)
    assert done == [2, 4, 5]
    assert len(torch.unique(risks[0, -1, 0])) == 5


def test_a_run_that_diverges_has_infinite_risk():
    assert simulate(2, rates=torch.full((STEPS, 1), 1e200, dtype=torch.float64))[0, -1].isinf().all()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"target": torch.ones(3).double()}, "eigenvalues and target"),
        ({"sigma2": -1.0}, "sigma2 = -1.0"),
        ({"rates": -torch.ones(STEPS, 1)}, "rates"),
        ({"read_at": [0]}, "read_at"),
        ({"read_at": [STEPS + 1]}, "read_at"),
        ({"replicas": 0}, "replicas = 0"),
        ({"batch": 0}, "batch = 0"),
    ],
)
def test_an_impossible_simulation_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        simulate(**changes)
