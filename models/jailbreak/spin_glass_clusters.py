"""Which part of a spin glass's Gibbs measure lies in its unsafe clusters, and how does a field along them change that?

The states of largest weight are parted into clusters: the likeliest state left is the centre of the next, which takes
all states left whose overlap with it, q = sum_i s_i c_i / N, reaches a threshold. Unsafe clusters are drawn as the
clusters of independent Gibbs states, so their order is size-biased (jailbreak spec, sections 2 and 3). Since a field
along a centre weighs a state by its overlap alone, the measure of safe and unsafe states by overlap tells every field.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

HEAVIEST = 512  # states that are clustered; any other one is a cluster by itself, or goes to an unsafe centre near it


@dataclass(frozen=True)
class Profiles:
    """Gibbs measure by overlap with the centre of a drawn unsafe cluster.

    Attributes:
        unsafe, safe: weight of the states at overlap (2 j - N) / N, j = 0 .. N, in the unsafe cluster and outside it,
            shape (disorders, picks, N + 1); together they sum to 1.
        all_squares: sum of the squared weights of all clusters, the chance that two Gibbs states share one, shape
            (disorders,).
    """

    unsafe: Float[Tensor, "disorders picks levels"]
    safe: Float[Tensor, "disorders picks levels"]
    all_squares: Float[Tensor, "disorders"]

    def safe_chances(self, strength: float) -> Float[Tensor, "disorders picks"]:
        """Return the chance p of a safe state in a field along the centre; `strength` is beta h N, >= 0."""
        levels = self.safe.shape[-1]
        growth = torch.exp(strength * (torch.linspace(-1, 1, levels, dtype=torch.float64, device=self.safe.device) - 1))
        safe, unsafe = (self.safe * growth).sum(-1), (self.unsafe * growth).sum(-1)
        return safe / (safe + unsafe)

    def mean_overlaps(self) -> tuple[float, float]:
        """Return the mean overlap of unsafe and of safe states with the centre, without field."""
        levels = torch.linspace(-1, 1, self.safe.shape[-1], dtype=torch.float64, device=self.safe.device)
        return tuple(float((part @ levels).sum() / part.sum()) for part in (self.unsafe, self.safe))  # type: ignore[return-value]


def cluster_profiles(
    energies: Float[Tensor, "disorders states"],
    beta: float,
    threshold: float,
    picks: int,
    generator: torch.Generator,
    *,
    random_centre: bool = False,
) -> Profiles:
    """Draw unsafe clusters of each glass and return its Gibbs measure by overlap with their centres.

    Args:
        energies: of all 2^N states (`solv.models.jailbreak.spin_glass.all_energies`).
        beta: inverse temperature > 0.
        threshold: least overlap of a cluster's states with its centre, in (0, 1].
        picks: unsafe clusters drawn independently for each glass, >= 1; each is a case of its own (m = 1).
        generator: source of the draws, on the energies' device.
        random_centre: a control: the centre is a uniform state, and unsafe is what reaches the threshold with it.

    Raises:
        ValueError: beta, threshold or picks out of range.

    Cost: a sort and (picks + 1) passes over the states. Memory: a few tables as large as `energies`.
    """
    if beta <= 0 or not 0 < threshold <= 1 or picks < 1:
        raise ValueError(
            f"beta = {beta}, threshold = {threshold}, picks = {picks}; valid: beta > 0, 0 < threshold <= 1, picks >= 1"
        )
    spins = energies.shape[1].bit_length() - 1
    states = torch.arange(energies.shape[1], device=energies.device)
    ones = sum((states >> bit) & 1 for bit in range(spins))
    assert isinstance(ones, Tensor)
    weights = torch.softmax(-beta * energies, dim=1)
    heaviest = weights.topk(min(HEAVIEST, energies.shape[1]), dim=1)
    labels = _greedy_clusters(heaviest.indices, ones, spins, threshold)
    of_state = torch.arange(-1, -1 - energies.shape[1], -1, device=energies.device).expand_as(weights).clone()
    of_state.scatter_(1, heaviest.indices, labels)  # a state by itself has a negative number of its own
    by_cluster = torch.zeros_like(heaviest.values).scatter_add_(1, labels, heaviest.values)
    rest = weights.square().sum(1) - heaviest.values.square().sum(1)
    drawn = torch.multinomial(weights, picks, replacement=True, generator=generator)
    unsafe: list[Tensor] = []
    safe: list[Tensor] = []
    for pick in range(picks):
        mine = of_state.gather(1, drawn[:, pick, None])
        centre = torch.where(  # the first, that is the heaviest, state of the cluster; or the state by itself
            mine[:, 0] >= 0,
            heaviest.indices.gather(1, (labels == mine).int().argmax(1, keepdim=True))[:, 0],
            drawn[:, pick],
        )
        if random_centre:
            centre = torch.randint(len(states), (len(energies),), generator=generator, device=energies.device)
        level = spins - ones[states[None, :] ^ centre[:, None]]
        near = 2 * level - spins >= threshold * spins
        member = near if random_centre else (of_state == mine) | (near & (of_state < 0))
        for part, keep in ((unsafe, member), (safe, ~member)):
            table = weights.new_zeros(len(energies), spins + 1)
            part.append(table.scatter_add_(1, level, weights * keep))
    return Profiles(torch.stack(unsafe, 1), torch.stack(safe, 1), by_cluster.square().sum(1) + rest.clamp(min=0))


def _greedy_clusters(
    states: Int[Tensor, "disorders heaviest"], ones: Int[Tensor, "states"], spins: int, threshold: float
) -> Int[Tensor, "disorders heaviest"]:
    """Return the number of each state's cluster, states given by falling weight."""
    labels = torch.full_like(states, -1)
    for number in range(states.shape[1]):
        free = labels < 0
        if not bool(free.any()):
            break
        first = free.int().argmax(1, keepdim=True)  # where none is left the labels stay as they are
        overlap = spins - 2 * ones[states ^ states.gather(1, first)]
        labels = torch.where(free & (overlap >= threshold * spins), number, labels)
    return labels
