"""How does the cost of the disordered-dynamics solvers grow with the number of time steps, and what does a part cost?

Run: python -m benchmarks.dmft_solvers. Prints CPU seconds per solver and length T, and the exponent fitted to the
three longest lengths (CPU time of one thread, so set OMP_NUM_THREADS=1; the shortest runs are mostly overhead); then
the CPU seconds of the theory of each part at quick, with the goal: 3 s for a part, 5 s for all.
"""

import time
from collections.abc import Callable

import numpy as np

from solv.harness.compose import settings_for
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.dmft.elliptic import euler_two_time
from solv.theory.dmft.outliers import outlier_singular_values
from solv.theory.dmft.random_feature_dynamics import gradient_descent_losses
from solv.theory.dmft.random_features import RandomFeatures, isotropic, power_law
from solv.theory.dmft.stochastic_descent import stochastic_descent_loss

PART_GOAL, WHOLE_GOAL = 3.0, 5.0
LENGTHS = (50, 100, 200, 400)


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of the faster of two calls."""
    times = []
    for _ in range(2):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print one row per solver."""
    white = RandomFeatures(isotropic(1000), 500, 800, 0.1)
    spread = RandomFeatures(power_law(400, 1.2, 2.2), 120, 80, 0.05)
    shallow, deep = DeepLinear(1, 2, 1, 2, 0.01, 0.1), DeepLinear(3, 2, 1, 2, 0.003, 0.1)
    longest = deep_linear_dynamics(shallow, max(LENGTHS) + 1)
    solvers: dict[str, Callable[[int], object]] = {
        "random features, 1 eigenvalue": lambda steps: gradient_descent_losses(white, 0.05, steps),
        "random features, 400 eigenvalues": lambda steps: gradient_descent_losses(spread, 0.5, steps),
        "one-pass SGD, 400 eigenvalues": lambda steps: stochastic_descent_loss(spread, 20, 0.3, steps),
        "elliptic two-time grid": lambda steps: euler_two_time(0.7, 0.3, 0.02, steps),
        "deep linear, 1 hidden layer": lambda steps: deep_linear_dynamics(shallow, steps),
        "deep linear, 3 hidden layers": lambda steps: deep_linear_dynamics(deep, steps),
        "outliers of a trained matrix": lambda steps: outlier_singular_values(longest, 0, steps),
    }
    print(f"{'CPU seconds at T =':34}" + "".join(f"{steps:9d}" for steps in LENGTHS) + "   exponent")
    for name, solve in solvers.items():
        seconds = [cpu_seconds(lambda solve=solve, steps=steps: solve(steps)) for steps in LENGTHS]  # type: ignore[misc]
        late = slice(-3, None)
        exponent = np.polyfit(np.log(LENGTHS[late]), np.log(seconds[late]), 1)[0]
        print(f"{name:34}" + "".join(f"{value:9.4f}" for value in seconds) + f"   {exponent:8.2f}")
    experiment, settings = settings_for("dmft", "quick", [])
    spent = {part.name: cpu_seconds(lambda part=part: experiment.predict_part(part, settings))  # type: ignore[misc]
             for part in experiment.parts}  # fmt: skip
    print(f"\n{'CPU seconds of the theory, quick':34}")
    for name, value in spent.items():
        print(f"{name:34}{value:9.2f}" + ("   above the goal of 3" if value > PART_GOAL else ""))
    whole = sum(spent.values())
    print(f"{'all':34}{whole:9.2f}   goal {WHOLE_GOAL:g}")


if __name__ == "__main__":
    main()
