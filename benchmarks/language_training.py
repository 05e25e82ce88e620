"""How fast is the trainer? Its share of the machine's matrix products at d >= 256, and a plain loop's speed at d = 64.

All figures of a line come from alternating pieces of one run, so that other work on the machine disturbs all alike.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch.nn import functional

from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.throughput import matmul_peak, training_flops
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.language.weight_average import Averaging

ROUNDS = 5


def batch(config: DecoderConfig, rows: int) -> torch.Tensor:
    """Return one batch of random tokens."""
    return torch.randint(0, config.vocabulary, (rows, config.context + 1), generator=torch.Generator().manual_seed(0))


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the time of one call."""
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / repeats


def utilisation(width: int, context: int, rows: int, layers: int, vocabulary: int, device: str, fast: bool) -> None:
    """Operations of a training step over those of plain matrix products in the same time."""
    config = DecoderConfig(vocabulary=vocabulary, context=context, width=width, layers=layers, heads=width // 64)
    on_gpu = device != "cpu"
    settings = TrainingSettings(1e-3, bfloat16=fast, compiled=on_gpu, averages={"ema": Averaging("ema", 25)})
    trainer, tokens = Trainer(Decoder(config), settings, device=device), batch(config, rows).to(device)
    for _ in range(3):
        trainer.update(tokens)
    shares, rates = [], []
    for _ in range(ROUNDS):
        peak = matmul_peak(device, bfloat16=fast, seconds=0.3)
        rates.append(rows * context / seconds(lambda: trainer.update(tokens), 20 if on_gpu else 2))
        shares.append(rates[-1] * training_flops(config, context) / peak)
    print(
        f"d = {width:4}, {layers} layers, context {context}, batch {rows}: {statistics.median(rates):9.0f} tokens/s, "
        f"{statistics.median(shares):.0%} of the matrix products ({min(shares):.0%} to {max(shares):.0%}; "
        f"{peak / 1e9:.0f} GFLOP/s)",
        flush=True,
    )


def against_a_plain_loop(width: int, context: int, rows: int) -> None:
    """The same steps by the trainer, with two averages and without, and by the shortest loop that takes them."""
    config = DecoderConfig(
        vocabulary=27, context=context, width=width, layers=2, heads=4, norm="layer", positions="learned"
    )
    tokens = batch(config, rows)
    plain = Decoder(config)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-3)

    def step() -> None:
        loss = functional.cross_entropy(plain(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()

    rules = {"12.5": Averaging("ema", 12.5), "25": Averaging("ema", 25)}
    bare = Trainer(Decoder(config), TrainingSettings(1e-3))
    averaged = Trainer(Decoder(config), TrainingSettings(1e-3, averages=rules))
    kinds = {"plain": step, "trainer": lambda: bare.update(tokens), "with averages": lambda: averaged.update(tokens)}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS + 1):
        for name, work in kinds.items():
            times[name].append(seconds(work, 20))
    median = {name: statistics.median(each[1:]) for name, each in times.items()}
    print(
        f"d = {width:4}, 2 layers, context {context}, batch {rows}: "
        + ", ".join(f"{name} {rows * context / each:.0f} tokens/s" for name, each in median.items())
        + f"; trainer over plain {median['plain'] / median['trainer']:.2f}, "
        f"with averages {median['plain'] / median['with averages']:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    print(f"{torch.get_num_threads()} thread(s), torch {torch.__version__}, {asked.device}")
    if asked.device == "cpu":
        for shape in ((64, 32, 16), (64, 128, 16)):
            against_a_plain_loop(*shape)
        for shape in ((256, 128, 16, 4, 256), (512, 128, 16, 4, 256)):
            utilisation(*shape, "cpu", False)
    else:
        for shape in ((1024, 1024, 16, 12, 32128), (1024, 1024, 16, 24, 32128)):
            utilisation(*shape, asked.device, True)
