"""How much of the machine does a training use? Its floating-point operations over the machine's measured best."""

import time
from functools import cache

import torch

from solv.models.language.decoder import DecoderConfig
from solv.models.language.training import Pace


def training_flops(config: DecoderConfig, length: int) -> float:
    """Return the floating-point operations that training needs for each token: forward 1/3, backward 2/3.

    Two a weight of every matrix product and token, and those of causal attention, which sees (length + 1) / 2 tokens on
    average; norms, activations, the look-up of embeddings and the optimiser do not count. A mixture of experts is not
    covered.

    Args:
        config: the architecture, with its own MLP.
        length: tokens of a sequence, 1 <= length <= config.context.

    Raises:
        ValueError: a length out of range.
    """
    if not 1 <= length <= config.context:
        raise ValueError(f"length = {length}; valid: 1 to the context of {config.context}")
    matrices = 3 if config.mlp == "gated" else 2
    block = 4 * config.width**2 + matrices * config.width * config.hidden_width
    weights = config.layers * block + config.width * config.vocabulary
    attention = config.layers * 2 * config.width * (length + 1) / 2
    return 3.0 * 2.0 * (weights + attention)


def utilisation(
    pace: Pace, config: DecoderConfig, length: int, device: str = "cpu", *, bfloat16: bool = False, processes: int = 1
) -> float:
    """Return the share of the measured matrix products of all processes that a training has made use of.

    Args:
        pace: of the training.
        config, length: as `training_flops` takes them.
        device, bfloat16: on which and in which it computes; the peak is measured once for each.
        processes: how many train together.
    """
    return pace.tokens_per_second * training_flops(config, length) / (processes * _peak(device, bfloat16))


def matmul_peak(
    device: str = "cpu", *, bfloat16: bool = False, size: int | None = None, seconds: float = 0.5, least: int = 5
) -> float:
    """Return the most floating-point operations a second that square matrix products reach on a device.

    Args:
        device: torch device.
        bfloat16: the type of the factors; otherwise float32.
        size: of the matrices; None: 1024 on a CPU, 8192 elsewhere.
        seconds: for how long to measure; the fastest product counts, so that other work on the machine disturbs little.
        least: fewest products, >= 1.
    """
    kind = torch.bfloat16 if bfloat16 else torch.float32
    size = (1024 if device == "cpu" else 8192) if size is None else size
    left, right = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    fastest, started, done = float("inf"), time.perf_counter(), 0
    torch.mm(left, right)
    while done < least or time.perf_counter() - started < seconds:
        _wait(device)
        before = time.perf_counter()
        torch.mm(left, right)
        _wait(device)
        fastest = min(fastest, time.perf_counter() - before)
        done += 1
    return 2.0 * size**3 / fastest


@cache
def _peak(device: str, bfloat16: bool) -> float:
    return matmul_peak(device, bfloat16=bfloat16)


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
