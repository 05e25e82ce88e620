"""How much faster do all students of softmax-law train as one batch than one after the other?

    python -m benchmarks.softmax_students [--repeats 4] [--threads 2] [--steps 100]

Trains the linear students of the quick preset (every V and beta, 2048 fresh inputs a step): all, with all teachers, as
one batch; each with all its teachers; and each teacher's student alone. Medians of three rounds that alternate between
the ways. Prints milliseconds per step of all students, and ratios.
"""

import argparse
import math
import statistics
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from solv.models.softmax_law.student import Student, descend, draw_inputs

CLASSES, BETAS, D, SAMPLES = (8, 2, 32), (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf), 8, 256


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    teachers = [torch.randn(options.repeats, classes, D) / math.sqrt(D) for classes in CLASSES]
    students = [_student(teacher, beta, options.steps) for teacher in teachers for beta in BETAS]
    lonely = [
        _student(teacher[r : r + 1], beta, options.steps)
        for teacher in teachers
        for beta in BETAS
        for r in range(options.repeats)
    ]
    ways = {
        "one batch": [students],
        "each V and beta": [[student] for student in students],
        "each student": [[student] for student in lonely],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(4):
        for name, groups in ways.items():
            times[name].append(_clock(groups) / options.steps)
    medians = {name: statistics.median(found[1:]) for name, found in times.items()}  # the first round warms up
    print(f"{len(students)} students of {options.repeats} teachers each, {options.threads} thread(s)")
    for name, median in medians.items():
        print(f"{name:18} {1e3 * median:8.2f} ms a step {median / medians['one batch']:6.1f}x")


def _student(teacher: Tensor, beta: float, steps: int) -> Student:
    return Student(teacher, beta, [1.0] * steps, [steps])


def _clock(groups: Sequence[Sequence[Student]]) -> float:
    started = time.perf_counter()
    for students in groups:
        repeats = len(students[0].weights)
        streams = [torch.Generator().manual_seed(r) for r in range(repeats)]
        descend(students, draw_inputs(streams, SAMPLES, D), streams=streams)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
