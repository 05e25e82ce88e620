"""Do the overlap profiles hold the Gibbs measure that a direct sum over states gives?"""

import math

import pytest
import torch

from solv.models.jailbreak.spin_glass import all_energies, sample_couplings
from solv.models.jailbreak.spin_glass_clusters import cluster_profiles, descent_minima
from solv.theory.jailbreak.spin_glass_field import overlap_rate

SPINS, BETA, THRESHOLD = 7, 1.3, 0.5


def glasses(count, spins=SPINS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    couplings = sample_couplings(count, spins, 1.0, generator)
    return all_energies(couplings, torch.full((count, spins), 0.2, dtype=torch.float64)), generator


def states(spins):
    return 1.0 - 2.0 * ((torch.arange(2**spins)[:, None] >> torch.arange(spins)) & 1).double()


def test_greedy_clusters_are_those_of_the_definition():
    energies, generator = glasses(6)
    profiles = cluster_profiles(energies, BETA, THRESHOLD, 3, generator)
    every = states(SPINS)
    for number, energy in enumerate(energies):
        weight = torch.softmax(-BETA * energy, dim=0)
        free, squares, clusters = torch.ones(2**SPINS, dtype=torch.bool), 0.0, []
        for centre in weight.argsort(descending=True).tolist():
            if free[centre]:
                member = free & (every @ every[centre] / SPINS >= THRESHOLD)
                free &= ~member
                squares += float(weight[member].sum()) ** 2
                clusters.append((centre, member))
        assert float(profiles.all_squares[number]) == pytest.approx(squares, rel=1e-12)
        for pick in range(3):
            found = profiles.unsafe[number, pick]
            assert any(
                torch.allclose(found, level_sums(weight * member, every @ every[centre]), atol=1e-12)
                for centre, member in clusters
            )


def test_basins_are_where_steepest_descent_ends():
    energies, generator = glasses(5)
    minima = descent_minima(energies)
    profiles = cluster_profiles(energies, BETA, THRESHOLD, 4, generator, clusters="basins")
    every = states(SPINS)
    for number, energy in enumerate(energies):
        ends = []
        for state in range(2**SPINS):
            while True:
                neighbours = [state ^ (1 << bit) for bit in range(SPINS)]
                best = min(neighbours, key=lambda other, energy=energy: float(energy[other]))
                if energy[best] >= energy[state]:
                    break
                state = best
            ends.append(state)
        assert minima[number].tolist() == ends
        weight = torch.softmax(-BETA * energy, dim=0)
        of_basin = torch.zeros(2**SPINS, dtype=torch.float64).index_add_(0, torch.tensor(ends), weight)
        assert float(profiles.all_squares[number]) == pytest.approx(float(of_basin.square().sum()), rel=1e-12)
        torch.testing.assert_close(profiles.weights[number], of_basin.sort(descending=True).values[:64])
        centres = sorted(set(ends))
        for pick in range(4):
            candidates = []
            for centre in centres:
                overlap = every @ every[centre] / SPINS
                member = torch.tensor(ends) == centre
                others = [float(overlap[other].abs()) for other in centres if other != centre]
                plain, between = float(overlap[member].mean()), sum(others) / max(len(others), 1)
                candidates.append((level_sums(weight * member, overlap * SPINS), plain, between))
            assert any(
                torch.allclose(profiles.unsafe[number, pick], levels, atol=1e-12)
                and float(profiles.plain_overlap[number, pick]) == pytest.approx(plain)
                and float(profiles.centre_overlap[number, pick]) == pytest.approx(between)
                for levels, plain, between in candidates
            )


def test_without_a_field_against_flips_every_basin_has_a_twin():
    generator = torch.Generator().manual_seed(1)
    energies = all_energies(sample_couplings(20, SPINS, 1.0, generator), torch.zeros(20, SPINS, dtype=torch.float64))
    profiles = cluster_profiles(energies, 3.0, THRESHOLD, 3, generator, clusters="basins")
    assert float(profiles.safe_chances(0.0).min()) > 0.5 - 1e-12
    torch.testing.assert_close(profiles.weights[:, 0], profiles.weights[:, 1])


def test_each_heavy_cluster_with_its_chance_is_the_mean_of_many_draws():
    energies, generator = glasses(20)
    each = cluster_profiles(energies, BETA, THRESHOLD, 6, generator, unsafe="each")
    drawn = cluster_profiles(energies, BETA, THRESHOLD, 400, generator)
    torch.testing.assert_close(each.chances.sum(1), torch.ones(20, dtype=torch.float64))
    heavy = each.chances[:, :-1]
    assert (heavy.diff(dim=1) <= 0).all()
    for strength in (0.0, 2.0):
        exact, sampled = (found.mean(found.safe_chances(strength) ** 3) for found in (each, drawn))
        error = (drawn.safe_chances(strength) ** 3).std(1) / 20 + 1e-3
        assert ((exact - sampled).abs() < 5 * error + each.chances[:, -1]).all()
    everything = cluster_profiles(energies, BETA, 1.0, 2**SPINS, generator, unsafe="each")  # a state is a cluster
    mean = everything.mean(everything.unsafe.sum(-1))
    torch.testing.assert_close(mean, everything.all_squares)


def level_sums(weight, overlap):
    level = ((overlap + SPINS) / 2).round().long()
    return torch.zeros(SPINS + 1, dtype=torch.float64).index_add_(0, level, weight)


def test_a_field_reweighs_states_by_their_overlap():
    """The field along the centre, put into the energies themselves, gives the same chance."""
    energies, generator = glasses(4)
    profiles = cluster_profiles(energies, BETA, 1.0, 1, generator)  # clusters are single states
    every = states(SPINS)
    for number, energy in enumerate(energies):
        weight = torch.softmax(-BETA * energy, dim=0)
        [centre] = (weight - profiles.unsafe[number, 0, -1]).abs().argmin().unsqueeze(0)
        for h in (0.0, 0.3, 2.0):
            field = torch.softmax(-BETA * (energy - h * every @ every[centre]), dim=0)
            expected = 1 - float(field[centre])
            assert float(profiles.safe_chances(BETA * h * SPINS)[number, 0]) == pytest.approx(expected, rel=1e-9)


def test_picks_are_size_biased():
    """A cluster is drawn with its weight: the mean unsafe weight is the mean sum of squares."""
    energies, generator = glasses(100)
    profiles = cluster_profiles(energies, BETA, THRESHOLD, 50, generator)
    drawn = profiles.unsafe.sum(-1)
    error = float(drawn.std()) / math.sqrt(drawn.numel())
    assert abs(float(drawn.mean() - profiles.all_squares.mean())) < 4 * error
    assert drawn.add(profiles.safe.sum(-1)).sub(1).abs().max() < 1e-12


def test_the_rate_of_a_strong_field_approaches_the_replica_symmetric_one():
    """Corrections are of order log(N) / N: twice as large at N = 6 as at N = 14, up to a quarter."""
    h, beta, gaps = 2.0, 1.0, []
    for spins in (6, 14):
        generator = torch.Generator().manual_seed(3)
        energies = all_energies(
            sample_couplings(150, spins, 1.0, generator), torch.zeros(150, spins, dtype=torch.float64)
        )
        profiles = cluster_profiles(energies, beta, THRESHOLD, 4, generator, random_centre=True)
        rate = -float(profiles.safe_chances(beta * h * spins).log().mean()) / spins
        level = math.ceil(THRESHOLD * spins / 2 + spins / 2) - 1
        gaps.append(rate - overlap_rate(beta, h, (2 * level - spins) / spins))
    assert 0 < gaps[1] < gaps[0]
    assert gaps[0] / gaps[1] == pytest.approx(math.log(6) / 6 / (math.log(14) / 14), rel=0.35)


@pytest.mark.parametrize("changes", [{"beta": 0.0}, {"threshold": 0.0}, {"threshold": 1.1}, {"picks": 0}])
def test_numbers_out_of_range_are_named(changes):
    energies, generator = glasses(1)
    with pytest.raises(ValueError, match=next(iter(changes))):
        cluster_profiles(energies, **{"beta": 1.0, "threshold": 0.5, "picks": 1, "generator": generator, **changes})
