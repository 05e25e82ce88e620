"""How much work are glasses, sampled clusters and fits? Counted from sizes, as `Part.work` asks.

Numbers that go through memory one by one take longer than in a product of matrices: they are counted as the operations
of a product that take the same time on one core.
"""

import math

from solv.experiments.jailbreak.clusters import counts, seen
from solv.experiments.jailbreak.settings import JailbreakConfig, Parting
from solv.harness.work import Work
from solv.theory.jailbreak.clusters import power_law

PASS = 45  # a number of an array is read, changed and written
WORD = 8  # bytes of a float64
BETA = 2600  # a random number of a beta law
POWER, LOST = 140, 3600  # a power of a number, and one that is below the smallest number there is
LOGARITHM = 350
LOST_FROM = 300  # k from which on many p^k are
GLASSES_AT_ONCE, STATES_AT_ONCE = 100, 2**21  # as in `glasses.py`, which needs torch
TABLES = 13  # of the size of the energies, held at once: measure, centres, and what a pick makes of them
OF_STATE, OF_PICK = 30, 27  # passes over all states: energies, measure and heaviest clusters; an unsafe cluster
OF_DESCENT, OF_POINTERS = 6, 15  # ... of steepest descent: for every spin, and to follow pointers to their ends
HEAVIEST, OVERLAP_CLUSTERS, OF_CLUSTER = 512, 30, 20  # states that `overlap` parts, into how many, in passes of each
OF_STICKS = 32 * 64 * 1000  # of a glass: 32 orders of its 64 heaviest clusters, drawn and sorted
EVALUATIONS, EVALUATION_CALLS = 100, 100  # of the likelihood in a fit, and calls of SciPy and NumPy in each
JACKKNIFE = 21 * 6  # passes over the profiles: all glasses, and all but each of 20 groups


def enumerated_glasses(spins: int, disorders: int, picks: int, clusters: Parting = "overlap") -> Work:
    """Return the work of `enumerated_profiles`: all states of every glass, batch by batch."""
    states = 2**spins
    batch = min(disorders, max(1, min(GLASSES_AT_ONCE, STATES_AT_ONCE // states)))
    shared = 3 * spins / batch  # the bits of the states, once a batch
    parted = OF_DESCENT * spins + OF_POINTERS if clusters == "basins" else 0
    alone = HEAVIEST * OVERLAP_CLUSTERS * OF_CLUSTER if clusters == "overlap" else 0
    passes = states * (OF_STATE + shared + parted + OF_PICK * picks) + alone
    calls = spins**2 / 2 + 60 + 25 * picks + (8 * spins if parted else 8 * OVERLAP_CLUSTERS)
    return Work(PASS * passes * disorders, calls * disorders / batch, TABLES * WORD * states * batch)


def jackknifed(spins: int, disorders: int, picks: int, times: int = 1) -> Work:
    """Return the work of so many errors of statistics of the glasses, by leaving out groups of them."""
    profiles = disorders * picks * 2 * (spins + 1)
    return times * Work(PASS * JACKKNIFE * profiles, 21 * 30, 3 * WORD * profiles)


def sampled_powers(config: JailbreakConfig, x: float, m: int, field: float = 0.0, more: int = 1) -> Work:
    """Return the work of sampled clusters, and of p^k where enough of them are seen and at so many k more.

    Where they are seen is read off the asymptote C k^-nu e^(-nu field).
    """
    nu, amplitude = power_law(x, m)
    grid = counts(config)
    k = seen(config, grid, amplitude * (grid * math.exp(field)) ** -nu)
    lost = int((k > LOST_FROM).sum())
    of_sample = BETA * m + (PASS + POWER) * (len(k) - lost + more) + (PASS + LOST) * lost + 5 * PASS
    samples = config.clusters.samples
    return Work(of_sample * samples, 5 * len(k), WORD * samples * (m + 3))


def edge_fits(prompts: int, answers: int, fits: int) -> Work:
    """Return the work of so many likelihood fits of the edge: each evaluation averages over the nodes of a beta law."""
    nodes = 64 + 2.5 * answers**0.5
    rule = 30 * nodes**2  # the eigenvalues of a tridiagonal matrix
    averages = 3 * LOGARITHM * nodes * min(prompts, answers)  # for every count of unsafe answers that there is
    return fits * EVALUATIONS * Work(rule + averages, EVALUATION_CALLS)
