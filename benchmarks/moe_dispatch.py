"""How fast is a mixture-of-experts layer? Against a loop over experts, and a dense layer of equal active parameters.

    python benchmarks/moe_dispatch.py

Forward and backward of E = 16 experts, K = 4, hidden = width; medians of interleaved runs, as ratios to the dense layer
of 4 x hidden units.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from solv.models.moe_transfer.layer import Routing, mix_experts, mix_experts_densely, route

EXPERTS, ACTIVE, REPEATS = 16, 4, 9


def loop(tokens: Tensor, up: Tensor, down: Tensor, routing: Routing) -> Tensor:
    """Run one expert after the other on the tokens that chose it."""
    out = torch.zeros_like(tokens)
    for expert in range(up.shape[1]):
        token, slot = (routing.chosen[0] == expert).nonzero(as_tuple=True)
        mixed = functional.gelu(tokens[0, token] @ up[0, expert]) @ down[0, expert]
        out = out.index_add(1, token, (mixed * routing.gates[0, token, slot, None])[None])
    return out


def measure(calls: dict[str, Callable[[], Tensor]]) -> dict[str, float]:
    """Return the median seconds of forward and backward of each."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call().square().sum().backward()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def race(width: int, count: int) -> dict[str, float]:
    """Return the median seconds of each way for so many tokens."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return (torch.randn(*shape, generator=generator) / shape[-2] ** 0.5).requires_grad_()

    tokens = torch.randn(1, count, width, generator=generator).requires_grad_()
    up, down = draw(1, EXPERTS, width, width), draw(1, EXPERTS, width, width)
    router = draw(width, EXPERTS)
    wide, narrow = draw(width, ACTIVE * width), draw(ACTIVE * width, width)
    bias = torch.zeros(1, EXPERTS)

    def routed(mix: Callable[..., Tensor]) -> Callable[[], Tensor]:
        return lambda: mix(tokens, up, down, route(tokens @ router, bias, ACTIVE))

    return measure(
        {
            "dense": lambda: functional.gelu(tokens @ wide) @ narrow,
            "dispatch": routed(mix_experts),
            "loop": routed(loop),
            "all experts": routed(mix_experts_densely),
        }
    )


def main() -> None:
    """Print the ratios at three widths."""
    print(f"{EXPERTS} experts, {ACTIVE} active, {torch.get_num_threads()} thread(s)")
    for width, count in ((128, 1024), (256, 1024), (256, 4096), (512, 1024), (512, 4096)):
        found = race(width, count)
        shown = "  ".join(f"{name} {seconds / found['dense']:.2f}x" for name, seconds in found.items())
        print(f"width {width}, {count} tokens: dense {1000 * found['dense']:.1f} ms;  {shown}")


if __name__ == "__main__":
    main()
