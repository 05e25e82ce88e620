"""Are the enumerated energies those of the Hamiltonian?"""

import pytest
import torch

from solv.models.jailbreak.spin_glass import all_energies, sample_couplings


@pytest.mark.parametrize("spins", [1, 2, 7])
def test_doubling_gives_the_energy_of_every_state(spins):
    generator = torch.Generator().manual_seed(5)
    couplings = sample_couplings(3, spins, 1.0, generator)
    fields = torch.randn(3, spins, generator=generator, dtype=torch.float64)
    state = 1.0 - 2.0 * ((torch.arange(2**spins)[:, None] >> torch.arange(spins)) & 1).double()
    naive = -torch.einsum("bij,si,sj->bs", couplings, state, state) - fields @ state.T
    torch.testing.assert_close(all_energies(couplings, fields), naive, rtol=1e-12, atol=1e-12)


def test_energies_have_the_variance_of_the_random_energy_normalisation():
    """Var E = N j0^2 / 2 over disorder, up to the missing diagonal: (N - 1) j0^2 / 2."""
    generator = torch.Generator().manual_seed(6)
    energies = all_energies(sample_couplings(2000, 8, 1.5, generator), torch.zeros(2000, 8, dtype=torch.float64))
    assert float(energies.square().mean()) == pytest.approx(7 * 1.5**2 / 2, rel=0.05)


def test_too_many_spins_are_refused_before_anything_is_allocated():
    with pytest.raises(ValueError, match="N = 29"):
        all_energies(torch.zeros(1, 29, 29), torch.zeros(1, 29))
