"""How fast are the energies of all 2^N states of a spin glass, by doubling and by products of all states with J?

    python -m benchmarks.spin_glass [--threads 1] [--most 22]

Prints seconds a glass of both ways, their ratio, how far apart they are, the doubling's states a second, and the memory
of its table. Both run in the same process, one after the other, best of three.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from solv.models.jailbreak.spin_glass import all_energies, sample_couplings

PRODUCT_MOST = 20  # the product holds states x spins numbers: 0.17 GB here, in float64


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--most", type=int, default=22, help="largest N")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.threads} thread(s)\n N   doubling s   product s   ratio   difference   states/s    table GB")
    for spins in range(12, options.most + 1, 2):
        glasses = max(1, 2**14 >> spins)
        generator = torch.Generator().manual_seed(0)
        couplings = sample_couplings(glasses, spins, 1.0, generator)
        fields = torch.randn(glasses, spins, generator=generator, dtype=torch.float64)
        doubled, seconds = _timed(lambda couplings=couplings, fields=fields: all_energies(couplings, fields))
        line = f"{spins:2d} {seconds / glasses:12.2e}"
        if spins <= PRODUCT_MOST:
            product, slow = _timed(lambda couplings=couplings, fields=fields: _product(couplings, fields))
            line += f" {slow / glasses:11.2e} {slow / seconds:7.1f} {float((product - doubled).abs().max()):12.1e}"
        else:
            line += " " * 33
        print(f"{line} {glasses * 2**spins / seconds:10.2e} {glasses * 2**spins * 12 / 1e9:11.3f}")


def _product(couplings: Tensor, fields: Tensor) -> Tensor:
    """Return the energies from a matrix product with all states."""
    spins = fields.shape[1]
    states = 1.0 - 2.0 * ((torch.arange(2**spins)[:, None] >> torch.arange(spins)) & 1).double()
    local = states @ couplings.transpose(1, 2)
    return -(local * states).sum(-1) - fields @ states.T


def _timed(compute: Callable[[], Tensor]) -> tuple[Tensor, float]:
    """Return the result and the best of three times."""
    best, result = float("inf"), compute()
    for _ in range(3):
        start = time.perf_counter()
        result = compute()
        best = min(best, time.perf_counter() - start)
    return result, best


if __name__ == "__main__":
    main()
