"""Which part of a spin glass's Gibbs measure lies in its unsafe clusters, and how does a field along them change that?

Two ways to part the states into clusters:

* `overlap`: the likeliest state left is the centre of the next cluster, which takes all states left whose overlap with
  it, q = sum_i s_i c_i / N, reaches a threshold;
* `basins`, as the authors of arXiv:2603.11331 do: the centre of a state is the local minimum at which steepest descent
  by single flips ends.

The unsafe cluster is that of a Gibbs state, so that it is size-biased (jailbreak spec, sections 2 and 3). Either such
states are drawn, or each of the heaviest clusters is taken with its weight as its chance, and one of the rest is drawn:
the mean without the noise of draws. The two are far apart in a field, where the gap at large k is that of light
clusters, which are drawn once in thousands of glasses. Since a field along a centre weighs a state by its overlap
alone, the measure of safe and unsafe states by overlap tells every field.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

HEAVIEST = 512  # states that `overlap` clusters; any other one is a cluster by itself, or goes to an unsafe centre near
KEPT_WEIGHTS = 64  # heaviest clusters of a glass whose weights are kept

Unsafe: TypeAlias = Literal["each", "drawn"]
Clusters: TypeAlias = Literal["overlap", "basins"]


@dataclass(frozen=True)
class Profiles:
    """Gibbs measure by overlap with the centre of a drawn unsafe cluster.

    Attributes:
        unsafe, safe: weight of the states at overlap (2 j - N) / N, j = 0 .. N, in the unsafe cluster and outside it,
            shape (disorders, picks, N + 1); together they sum to 1.
        chances: that the unsafe cluster is this one, or, for the last, one of those that it was drawn from; they sum to
            1, shape (disorders, picks).
        all_squares: sum of the squared weights of all clusters, the chance that two Gibbs states share one, shape
            (disorders,).
        weights: of the heaviest clusters, falling, 0 where there are fewer, shape (disorders, clusters).
        plain_overlap: mean overlap of the unsafe cluster's states with its centre, every state counted once, shape
            (disorders, picks).
        centre_overlap: mean |overlap| of the unsafe centre with the other clusters' centres, every centre counted once;
            0 where there is none, shape (disorders, picks).
    """

    unsafe: Float[Tensor, "disorders picks levels"]
    safe: Float[Tensor, "disorders picks levels"]
    chances: Float[Tensor, "disorders picks"]
    all_squares: Float[Tensor, "disorders"]
    weights: Float[Tensor, "disorders clusters"]
    plain_overlap: Float[Tensor, "disorders picks"]
    centre_overlap: Float[Tensor, "disorders picks"]

    def safe_chances(self, strength: float) -> Float[Tensor, "disorders picks"]:
        """Return the chance p of a safe state in a field along the centre; `strength` is beta h N, >= 0."""
        levels = self.safe.shape[-1]
        growth = torch.exp(strength * (torch.linspace(-1, 1, levels, dtype=torch.float64, device=self.safe.device) - 1))
        safe, unsafe = (self.safe * growth).sum(-1), (self.unsafe * growth).sum(-1)
        return safe / (safe + unsafe)

    def mean_overlaps(self) -> tuple[float, float]:
        """Return the mean overlap of unsafe and of safe states with the centre, without field."""
        levels = torch.linspace(-1, 1, self.safe.shape[-1], dtype=torch.float64, device=self.safe.device)
        parts = [part * self.chances[..., None] for part in (self.unsafe, self.safe)]
        return tuple(float((part @ levels).sum() / part.sum()) for part in parts)  # type: ignore[return-value]

    def mean(self, values: Float[Tensor, "disorders picks"]) -> Float[Tensor, "disorders"]:
        """Return the mean over the unsafe cluster of a quantity that depends on it, for each glass."""
        return (self.chances * values).sum(dim=1)

    def of_glasses(self, kept: Bool[Tensor, "disorders"]) -> "Profiles":
        """Return the profiles of some of the glasses."""
        return Profiles(**{name: value[kept] for name, value in vars(self).items()})


def cluster_profiles(
    energies: Float[Tensor, "disorders states"],
    beta: float,
    threshold: float,
    picks: int,
    generator: torch.Generator,
    *,
    clusters: Clusters = "overlap",
    unsafe: Unsafe = "drawn",
    random_centre: bool = False,
) -> Profiles:
    """Draw unsafe clusters of each glass and return its Gibbs measure by overlap with their centres.

    Args:
        energies: of all 2^N states (`solv.models.jailbreak.spin_glass.all_energies`).
        beta: inverse temperature > 0.
        threshold: least overlap of a cluster's states with its centre, in (0, 1]; basins have none.
        picks: unsafe clusters of each glass, >= 1, each a case of its own (m = 1).
        generator: source of the draws, on the energies' device.
        clusters: how the states are parted.
        unsafe: `drawn`: all are independent; `each`: the heaviest clusters, and one drawn from the rest.
        random_centre: a control: the centre is a uniform state, and unsafe is what reaches the threshold with it.

    Raises:
        ValueError: beta, threshold or picks out of range.

    Cost: (picks + 1) passes over the states and a sort; basins: N passes and about 5 gathers more. Memory: a few tables
    as large as `energies`.
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
    if clusters == "basins":
        centre_of = descent_minima(energies)
        alone = torch.zeros_like(centre_of, dtype=torch.bool)
    else:
        centre_of, alone = _overlap_centres(weights, ones, spins, threshold)
    is_centre = (centre_of == states) & ~alone
    by_centre = torch.zeros_like(weights).scatter_add_(1, centre_of, weights)
    if unsafe == "each":
        centres, chances = _each_centre(by_centre, picks, generator)
    else:
        centres = centre_of.gather(1, _drawn(weights, picks, generator))
        chances = torch.full_like(centres, 1 / picks, dtype=weights.dtype)
    overlaps = torch.linspace(-1, 1, spins + 1, dtype=weights.dtype, device=energies.device)
    found: dict[str, list[Tensor]] = {name: [] for name in ("unsafe", "safe", "plain_overlap", "centre_overlap")}
    for pick in range(picks):
        centre = centres[:, pick, None]
        if random_centre:
            centre = torch.randint(len(states), (len(energies), 1), generator=generator, device=energies.device)
        level = spins - ones[states[None, :] ^ centre]
        near = 2 * level - spins >= threshold * spins
        member = near if random_centre else (centre_of == centre) | (near & alone)  # other centres are outside
        kind = level + (spins + 1) * (member.long() + 2 * is_centre)
        tables = [
            weights.new_zeros(len(energies), 4 * (spins + 1)).scatter_add_(1, kind, each).view(-1, 2, 2, spins + 1)
            for each in (weights, torch.ones_like(weights))
        ]
        measure, counts = tables[0].sum(1), tables[1]
        found["safe"].append(measure[:, 0])
        found["unsafe"].append(measure[:, 1])
        inside, others = counts.sum(1)[:, 1], counts[:, 1, 0]
        found["plain_overlap"].append((inside @ overlaps) / inside.sum(1))
        found["centre_overlap"].append((others @ overlaps.abs()) / others.sum(1).clamp(min=1))
    return Profiles(
        chances=chances,
        all_squares=by_centre.square().sum(1),
        weights=by_centre.topk(min(KEPT_WEIGHTS, by_centre.shape[1]), dim=1).values,
        **{name: torch.stack(parts, 1) for name, parts in found.items()},
    )


def descent_minima(energies: Float[Tensor, "disorders states"]) -> Int[Tensor, "disorders states"]:
    """Return the local minimum at which steepest descent by single flips ends, from every state.

    Every state points to its neighbour of lowest energy, if that is lower than its own; pointers are then doubled.
    Cost: N comparisons of the whole table and log2 of the longest descent many gathers.
    """
    disorders, count = energies.shape
    states = torch.arange(count, device=energies.device)
    target = states.expand(disorders, -1).clone()
    lowest = energies.clone()
    for bit in range(count.bit_length() - 1):
        neighbour = energies.view(disorders, -1, 2, 2**bit).flip(2).reshape(disorders, count)
        lower = neighbour < lowest
        target = torch.where(lower, states ^ (1 << bit), target)
        lowest = torch.where(lower, neighbour, lowest)
    while True:
        further = target.gather(1, target)
        if torch.equal(further, target):
            return target
        target = further


def _drawn(
    weights: Float[Tensor, "disorders states"], draws: int, generator: torch.Generator
) -> Int[Tensor, "disorders draws"]:
    """Return independent states by their weights (`torch.multinomial` ends at 2^24 of them)."""
    steps = weights.cumsum(1)
    places = torch.rand(len(weights), draws, generator=generator, dtype=weights.dtype, device=weights.device)
    return torch.searchsorted(steps, places * steps[:, -1:]).clamp(max=weights.shape[1] - 1)


def _each_centre(
    by_centre: Float[Tensor, "disorders states"], picks: int, generator: torch.Generator
) -> tuple[Int[Tensor, "disorders picks"], Float[Tensor, "disorders picks"]]:
    """Return the centres of the heaviest clusters and of one drawn by weight from the rest, and their chances."""
    heaviest = by_centre.topk(min(picks - 1, by_centre.shape[1] - 1), dim=1)
    rest = by_centre.scatter(1, heaviest.indices, 0.0)
    chances = torch.cat([heaviest.values, rest.sum(1, keepdim=True)], dim=1)
    centres = torch.cat([heaviest.indices, _drawn(rest, 1, generator)], dim=1)
    return centres, chances / chances.sum(1, keepdim=True)


def _overlap_centres(
    weights: Float[Tensor, "disorders states"], ones: Int[Tensor, "states"], spins: int, threshold: float
) -> tuple[Int[Tensor, "disorders states"], Bool[Tensor, "disorders states"]]:
    """Return the centre of every state's cluster, and which states were left by themselves."""
    heaviest = weights.topk(min(HEAVIEST, weights.shape[1]), dim=1).indices
    centre_of = torch.arange(weights.shape[1], device=weights.device).expand_as(weights).clone()
    alone = torch.ones_like(weights, dtype=torch.bool).scatter_(1, heaviest, False)
    free = torch.ones_like(heaviest, dtype=torch.bool)
    centres = heaviest.clone()
    while bool(free.any()):
        first = heaviest.gather(1, free.int().argmax(1, keepdim=True))  # where none is left nothing is taken
        taken = free & (spins - 2 * ones[heaviest ^ first] >= threshold * spins)
        centres = torch.where(taken, first, centres)
        free &= ~taken
    return centre_of.scatter_(1, heaviest, centres), alone
