"""Which Gibbs measures do the enumerated spin glasses of a part have? Batch by batch, each a unit of work."""

from dataclasses import fields

import numpy as np
import torch

from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context
from solv.models.jailbreak.spin_glass import all_energies, sample_couplings
from solv.models.jailbreak.spin_glass_clusters import Clusters, Profiles, Unsafe, cluster_profiles

GLASSES_AT_ONCE, STATES_AT_ONCE = 100, 2**21  # both at most: the streams of a run depend on them
TABLES = tuple(field.name for field in fields(Profiles))


def enumerated_profiles(
    config: JailbreakConfig,
    context: Context,
    name: str,
    spins: int,
    beta: float,
    disorders: int,
    picks: int,
    flip_breaking: float,
    *,
    clusters: Clusters = "overlap",
    unsafe: Unsafe = "drawn",
    random_centre: bool = False,
) -> Profiles:
    """Return the Gibbs measure of independent glasses by their states' overlap with an unsafe centre, on the CPU.

    Args:
        config: its `glass` says the couplings' strength, the clusters' threshold and how many are picked of a glass.
        context: of the run.
        name: of the glasses' random streams and units of work.
        spins: N; all 2^N states are enumerated.
        beta: inverse temperature.
        disorders: independent glasses.
        picks: unsafe clusters of each.
        flip_breaking: field that breaks the flip symmetry, times N^-1/2.
        clusters: how the states are parted.
        unsafe: whether each of the heaviest clusters is taken, or all are drawn.
        random_centre: whether the centre is a uniform state that the couplings do not know.
    """
    glass, batches = config.glass, {}
    batch = max(1, min(GLASSES_AT_ONCE, STATES_AT_ONCE >> spins))
    for start in range(0, disorders, batch):
        count = min(batch, disorders - start)

        def enumerate_glasses(start: int = start, count: int = count) -> dict[str, np.ndarray]:
            stream = context.seeds.torch(name, spins, start, device=context.device)
            couplings = sample_couplings(count, spins, glass.strength, stream)
            breaking = torch.full(
                (count, spins), flip_breaking * spins**-0.5, dtype=torch.float64, device=context.device
            )
            found = cluster_profiles(
                all_energies(couplings, breaking),
                beta,
                glass.threshold,
                picks,
                stream,
                clusters=clusters,
                unsafe=unsafe,
                random_centre=random_centre,
            )
            return {table: getattr(found, table).cpu().numpy() for table in TABLES}

        batches[f"{name} N={spins} {start}+{count}"] = enumerate_glasses
    found = context.units(batches).values()
    return Profiles(**{table: torch.from_numpy(np.concatenate([each[table] for each in found])) for table in TABLES})
