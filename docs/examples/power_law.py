"""Which exponent does a loss curve have? One curve with an irreducible part, and five trainings without one."""

import numpy as np

from solv.theory.fits.power_law import fit_decay_to_offset, fit_power_law

steps = np.geomspace(100, 100_000, 30)
rng = np.random.default_rng(0)

one = 1.7 + 8 * steps**-0.4 + 0.004 * rng.standard_normal(30)  # true: exponent 0.4, limit 1.7
fit = fit_decay_to_offset(steps, one, (100, 1e5))
print(f"to a limit   {fit.exponent:.3f} (95 %: {fit.low:.3f} to {fit.high:.3f}), limit {fit.offset:.3f}")

early = fit_decay_to_offset(steps, one, (100, 1e3))
print(f"first decade {early.exponent:.3f} (95 %: {early.low:.3f} to {early.high:.3f}), limit {early.offset:.3f}")

wrong = fit_power_law(steps, one, (100, 1e5))
print(f"no limit     {wrong.exponent:.3f}")

many = 3 * steps ** -(0.33 + 0.01 * rng.standard_normal((5, 1))) * np.exp(0.02 * rng.standard_normal((5, 30)))
fit = fit_power_law(steps, many, (100, 1e5))
print(f"5 trainings  {fit.exponent:.3f} (95 %: {fit.low:.3f} to {fit.high:.3f})")
