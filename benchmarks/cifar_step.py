"""Do EBD's networks take a step at full size on a CPU, from an archive as CIFAR-10 is published, and at which price?

    python -m benchmarks.cifar_step [--records 1000] [--steps 3] [--folder DIR] [ARENA ...]

Writes cifar-10-binary.tar.gz in the layout of the published archive (five batches and a test batch of random records),
reads it as a run does, and trains each network of EBD's table 5 by EBD, with the settings of its tables 13, 15 and 16.
Each network has a process of its own. The table has its maps, its parameters, the largest memory of the process, and
the CPU seconds of a step (one thread).
"""

import argparse
import io
import multiprocessing
import resource
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

from solv.experiments.sbd.settings import CIFAR10, CONVOLUTION, EBD, EBD_TABLES, LOCAL, PERCEPTRON

ARENAS = (PERCEPTRON, CONVOLUTION, LOCAL)
NAMES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def main() -> None:
    """Write the archive, run the networks, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arenas", nargs="*", metavar="ARENA", help=f"networks; by default {', '.join(ARENAS)}")
    parser.add_argument("--records", type=int, default=1000, help="images of a batch; the published ones have 10000")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--folder", help="where the archive is written; by default a folder that is removed again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = Path(asked.folder or own)
        write_archive(folder / "cifar-10-binary.tar.gz", asked.records)
        print("network             maps                                     parameters   memory MB   CPU s a step")
        for arena in asked.arenas or ARENAS:
            with multiprocessing.get_context("spawn").Pool(1) as alone:
                maps, parameters, memory, seconds = alone.apply(step, (arena, str(folder), asked.steps))
            print(f"{arena:19s} {maps:40s} {parameters:11d} {memory:11.0f} {seconds:14.2f}", flush=True)


def write_archive(path: Path, records: int) -> None:
    """Write random records in the layout of the published archive: one byte of class, 3072 of pixels."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in NAMES:
            rows = rng.integers(256, size=(records, 3073), dtype=np.uint8)
            rows[:, 0] = np.arange(records) % 10
            content = rows.tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def step(arena: str, folder: str, steps: int) -> tuple[str, int, float, float]:
    """Return the maps, the number of parameters, the memory in MB, and the CPU seconds of a step of one network."""
    import torch

    from solv.experiments.sbd.arenas import Problem, images, network
    from solv.experiments.sbd.ebd_tables import recipe
    from solv.experiments.sbd.rules import Plan
    from solv.experiments.sbd.settings import Images, SbdConfig, Training
    from solv.experiments.sbd.training import Course, train_copies
    from solv.harness.contract import Context
    from solv.harness.seeds import Seeds
    from solv.tracking.checkpoints import TrainingCheckpoint
    from solv.tracking.progress import SilentReporter

    torch.set_num_threads(1)
    setting = Images(source=CIFAR10, folder=folder, size="paper", train=50_000, test=10)
    config = SbdConfig(images=setting, training=Training(recipe=EBD_TABLES, seeds=2))
    own = recipe(CIFAR10, arena, EBD)
    with tempfile.TemporaryDirectory() as checkpoints:
        nothing = TrainingCheckpoint(Path(checkpoints) / "none.pt")
        context = Context("cpu", Seeds(0), lambda name, make: dict(make()), lambda name: nothing, SilentReporter())
        data = images(setting, context)
        architecture = network(config, arena, data)
        one = config.training.model_copy(update={"seeds": 1})
        started: list[float] = []

        def look(now: int, parameters: object, state: object) -> None:
            started.append(time.process_time())

        course = Course(steps * own.batch / len(data.x), own.batch, 0.0, own)
        trained = train_copies("step", Problem(architecture, data), Plan((EBD,)), course, one, context, look)
    maps = " ".join("x".join(map(str, layer.output_shape(shape))) for layer, shape in architecture.layers)
    size = sum(value.numel() for value in trained.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return maps, size, memory, (started[-1] - started[0]) / (len(started) - 1)


if __name__ == "__main__":
    main()
