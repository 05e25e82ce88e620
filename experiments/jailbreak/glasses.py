"""Which Gibbs measures do the enumerated spin glasses of a part have? Batch by batch, each a unit of work."""

import numpy as np
import torch

from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context
from solv.models.jailbreak.spin_glass import all_energies, sample_couplings
from solv.models.jailbreak.spin_glass_clusters import Profiles, cluster_profiles

GLASSES_AT_ONCE, STATES_AT_ONCE = 100, 2**21  # both at most: the streams of a run depend on them
TABLES = ("unsafe", "safe", "all_squares")


def enumerated_profiles(
    config: JailbreakConfig,
    context: Context,
    name: str,
    spins: int,
    beta: float,
    disorders: int,
    bias: float,
    *,
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
        bias: field that breaks the flip symmetry, times N^-1/2.
        random_centre: whether the centre is a uniform state that the couplings do not know.
    """
    glass, batches = config.glass, []
    batch = max(1, min(GLASSES_AT_ONCE, STATES_AT_ONCE >> spins))
    for start in range(0, disorders, batch):
        count = min(batch, disorders - start)

        def enumerate_glasses(start: int = start, count: int = count) -> dict[str, np.ndarray]:
            stream = context.seeds.torch(name, spins, start, device=context.device)
            couplings = sample_couplings(count, spins, glass.strength, stream)
            fields = torch.full((count, spins), bias * spins**-0.5, dtype=torch.float64, device=context.device)
            found = cluster_profiles(
                all_energies(couplings, fields), beta, glass.threshold, glass.picks, stream, random_centre=random_centre
            )
            return {table: getattr(found, table).cpu().numpy() for table in TABLES}

        batches.append(context.unit(f"{name} N={spins} {start}+{count}", enumerate_glasses))
    return Profiles(*(torch.from_numpy(np.concatenate([each[table] for each in batches])) for table in TABLES))
