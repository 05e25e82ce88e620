"""How long does a step of broadcast learning take, in steps of backpropagation, for each of the paper's architectures?

    python -m benchmarks.broadcast_speed [--threads 1] [--batch 16] [--steps 5] [--repeats 5]

CIFAR-sized images, one network, with SBD (cross-entropy) and with the score expanded by p. Gradients alone, without the
optimiser's update, which is the same. Convolutions correlate every position, pools have the stride 1. Rules take turns;
the table has the median of the ratios of the turns, in CPU time.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from solv.experiments.sbd.arenas import Data, network
from solv.experiments.sbd.settings import CONVOLUTION, LOCAL, PERCEPTRON, Images, SbdConfig
from solv.models.sbd.score_broadcast import BroadcastRule, backpropagated_gradients, broadcast_gradients, start_state


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = SbdConfig(images=Images(source="cifar10", size="paper"))
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, options.batch, 3, 32, 32, generator=generator)
    labels = torch.randint(10, (1, options.batch), generator=generator)
    print(f"{options.threads} thread(s), batch {options.batch}\narchitecture        BP ms   SBD / BP   SBD + p / BP")
    for arena in (PERCEPTRON, CONVOLUTION, LOCAL):
        architecture = network(config, arena, Data(x[0], labels[0].clamp(min=9), x[0], labels[0]))
        parameters = architecture.initial(1, generator)
        zero, memory = torch.zeros(1), torch.full((1,), 0.99999)
        plain = BroadcastRule(zero, memory)
        expanded = BroadcastRule(zero, memory, expansion=torch.ones(1, 10), features=lambda x, p: p)
        states = [start_state(architecture, rule, 10, generator) for rule in (plain, expanded)]

        def backward(architecture=architecture, parameters=parameters, zero=zero) -> object:  # type: ignore[no-untyped-def]
            return backpropagated_gradients(architecture, parameters, zero, x, labels)

        def broadcast(state, rule, architecture=architecture, parameters=parameters) -> object:  # type: ignore[no-untyped-def]
            return broadcast_gradients(architecture, parameters, state, rule, x, labels)

        ways: list[Callable[[], object]] = [
            backward,
            lambda broadcast=broadcast, states=states, plain=plain: broadcast(states[0], plain),
            lambda broadcast=broadcast, states=states, expanded=expanded: broadcast(states[1], expanded),
        ]
        turns = [[_seconds(way, options.steps) for way in ways] for _ in range(options.repeats + 1)][1:]
        ratios = [statistics.median(turn[place] / turn[0] for turn in turns) for place in (1, 2)]
        milliseconds = 1e3 * statistics.median(turn[0] for turn in turns)
        print(f"{arena:18s} {milliseconds:6.1f} {ratios[0]:10.2f} {ratios[1]:14.2f}")


def _seconds(way: Callable[[], object], steps: int) -> float:
    start = time.process_time()
    for _ in range(steps):
        way()
    return (time.process_time() - start) / steps


if __name__ == "__main__":
    main()
