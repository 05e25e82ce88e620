"""What are the energies of all 2^N states of a Sherrington-Kirkpatrick glass in a field? Exact enumeration by doubling.

State number s has spin j up (+1) where bit j of s is 0. Energy: - sum_{i<j} J_ij s_i s_j - sum_i b_i s_i.
"""

import torch
from jaxtyping import Float
from torch import Tensor

MOST_SPINS = 28


def sample_couplings(
    disorders: int, spins: int, strength: float, generator: torch.Generator
) -> Float[Tensor, "disorders spins spins"]:
    """Return J_ij ~ N(0, strength^2 / N) for i < j, 0 elsewhere (spec section 2 at p = 2)."""
    normal = torch.randn(disorders, spins, spins, generator=generator, dtype=torch.float64, device=generator.device)
    couplings: Tensor = torch.triu(normal, diagonal=1) * (strength / spins**0.5)
    return couplings


def all_energies(
    couplings: Float[Tensor, "disorders spins spins"], fields: Float[Tensor, "disorders spins"]
) -> Float[Tensor, "disorders states"]:
    """Return the energy of every state, states = 2^N.

    Each spin added doubles the table: its local field over the states so far is itself a table made by doubling, so
    that no state is visited spin by spin.

    Args:
        couplings: J, of which the entries i < j are used.
        fields: b, of the same type and device.

    Raises:
        ValueError: shapes do not match, or N is not in [1, 28].

    Cost: about 4 x 2^N additions per disorder. Memory: result and one half-size table, 12 x 2^N bytes per disorder in
    float64 (N = 20: 13 MB; N = 24: 0.2 GB; N = 28: 3.2 GB).
    """
    disorders, spins = fields.shape
    if couplings.shape != (disorders, spins, spins):
        raise ValueError(f"couplings has shape {tuple(couplings.shape)}; valid: {(disorders, spins, spins)}")
    if not 1 <= spins <= MOST_SPINS:
        raise ValueError(f"N = {spins} spins is out of range; valid: 1 <= N <= {MOST_SPINS}")
    table = fields.new_empty(disorders, 2**spins)
    table[:, 0] = 0
    local = fields.new_empty(disorders, 2 ** (spins - 1))
    for spin in range(spins):
        states = 2**spin
        local[:, 0] = fields[:, spin]
        for other in range(spin):
            half, strength = 2**other, couplings[:, other, spin, None]
            torch.sub(local[:, :half], strength, out=local[:, half : 2 * half])
            local[:, :half] += strength
        torch.add(table[:, :states], local[:, :states], out=table[:, states : 2 * states])
        table[:, :states] -= local[:, :states]
    return table
