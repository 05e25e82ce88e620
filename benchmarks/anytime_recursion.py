"""How much faster is the exact risk of many learning rates at once than one rate after the other, step by step?

    python -m benchmarks.anytime_recursion [--steps 50000] [--plain-steps 2000]

Per schedule: seconds of `solv.theory.anytime.risk.excess_risk` for 22 learning rates, a uniform average and the 234
nodes of half a million dimensions; seconds of equations (1) and (2) written down as they stand, one rate after the
other, over fewer steps and scaled up; their ratio, both in one process; and the largest relative difference of their
risks.
"""

import argparse
import time

import numpy as np

from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import Spectrum, power_law_spectrum
from solv.theory.anytime.weight_averaging import uniform
from solv.theory.schedules import polynomial

MULTIPLIERS = np.geomspace(1e-4, 1.5, 22)
SIGMA2 = 0.01
SPECTRUM = power_law_spectrum(1.5, 3, 500_000, exact=40, ratio=1.05)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--plain-steps", type=int, default=2000, help="steps of the plain loop")
    options = parser.parse_args()
    print(f"{len(MULTIPLIERS)} rates, {len(SPECTRUM.eigenvalue)} nodes, {options.steps} steps, uniform average")
    print("schedule   all at once s   one by one s   ratio   difference")
    for gamma in (0.0, 0.5):
        fast, slow, difference = race(gamma, options.steps, options.plain_steps)
        print(f"t^-{gamma:<7g} {fast:13.2f} {slow:14.2f} {slow / fast:7.1f} {difference:12.1e}")


def race(gamma: float, steps: int, plain_steps: int) -> tuple[float, float, float]:
    """Return the CPU seconds of all rates at once and of one by one, and the largest relative difference."""
    rates = np.outer(polynomial(np.arange(1, steps + 1), gamma), MULTIPLIERS / SPECTRUM.trace)
    start = time.process_time()
    found = excess_risk(SPECTRUM, SIGMA2, rates, [plain_steps, steps], [uniform()]).averaged[0, 0]
    fast = time.process_time() - start
    start = time.process_time()
    plain = np.array([_plain(SPECTRUM, eta) for eta in rates[:plain_steps].T])
    slow = (time.process_time() - start) * steps / plain_steps
    return fast, slow, float(np.abs(found / plain - 1).max())


def _plain(spectrum: Spectrum, eta: np.ndarray) -> float:
    """Return the risk of the uniform average after the last step, one learning rate at a time."""
    lam, m = spectrum.eigenvalue, spectrum.multiplicity
    s = spectrum.signal / lam
    a, c = np.zeros_like(s), np.zeros_like(s)
    for t, rate in enumerate(eta, start=1):
        step, rho = rate * lam, 1 / t
        q = m @ (lam * s)
        s = (1 - 2 * step + 2 * step**2) * s + rate * step * (q + SIGMA2)
        o = (1 - step) * c
        a = (1 - rho) ** 2 * a + rho**2 * s + 2 * rho * (1 - rho) * o
        c = (1 - rho) * o + rho * s
    return float(m @ (lam * a)) / 2


if __name__ == "__main__":
    main()
