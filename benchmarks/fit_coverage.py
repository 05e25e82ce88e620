"""How often do the intervals of `solv fit power` cover the truth, for noise of many kinds, and how wide are they?

    python -m benchmarks.fit_coverage [TRIALS]

Truth: 2 + 8 / sqrt(x), nominal coverage 95 %. A row for each kind of noise and size of a curve: coverage of exponent,
limit, and the law at a hundred times the last x; share of curves in which a decay is told from noise; median ratio of
the interval's ends; and the coverage of the exponent by the fit that takes points for independent. Some ten minutes at
200 trials.
"""

import math
import sys

import numpy as np
from scipy.signal import lfilter

from solv.theory.fits.loss_curve import fit_loss_curve
from solv.theory.fits.power_law import fit_decay_to_offset

LIMIT, AMPLITUDE, EXPONENT = 2.0, 8.0, 0.5
NOISE = 0.05
KINDS = ("independent", "rho 0.5", "rho 0.9", "rho 0.98", "mean of 10", "on a drift")


def noise(kind: str, points: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise of size 1."""
    before = 500
    drawn = rng.standard_normal(points + before)
    if kind.startswith("rho"):
        rho = float(kind.split()[1])
        drawn = lfilter([math.sqrt(1 - rho**2)], [1, -rho], drawn)
    elif kind == "mean of 10":
        drawn = np.convolve(drawn, np.ones(10) / math.sqrt(10))[: points + before]
    elif kind == "on a drift":
        slow = lfilter([math.sqrt(1 - 0.97**2)], [1, -0.97], rng.standard_normal(points + before))
        drawn = 0.9 * drawn + 0.44 * slow
    return np.asarray(drawn[before:])


def main(trials: int) -> None:
    """Print a row for each kind of noise and size of a curve."""
    names = ("exponent", "limit", "later", "decays", "width", "if independent")
    print(f"{'noise':12} {'points':>6}" + "".join(f"{name:>15}" for name in names))
    for points in (40, 150, 1000):
        x = 10.0 * np.arange(1, points + 1)
        later = 100 * x[-1]
        truth = LIMIT + AMPLITUDE * x**-EXPONENT
        for kind in KINDS:
            rng = np.random.default_rng(0)
            covered, widths, decays, plain = np.zeros(3), [], 0, 0
            for _ in range(trials):
                y = truth + NOISE * noise(kind, points, rng)
                fit = fit_loss_curve(x, y, (0, math.inf), confidence=0.95, compare=False)
                pairs = [
                    (fit.exponent_interval, EXPONENT),
                    (fit.limit_interval, LIMIT),
                    (np.ravel(fit.interval(later)), LIMIT + AMPLITUDE * later**-EXPONENT),
                ]
                covered += [low <= value <= high for (low, high), value in pairs]
                decays += fit.decays
                widths.append(min(fit.exponent_interval[1], 5.0) / max(fit.exponent_interval[0], 0.01))
                other = fit_decay_to_offset(x, y)
                plain += other.low <= EXPONENT <= other.high
            shares = covered / trials
            row = (*shares, decays / trials, np.median(widths), plain / trials)
            print(f"{kind:12} {points:6}" + "".join(f"{value:15.2f}" for value in row), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
