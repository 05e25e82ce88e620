"""Two logs like a person's own, for `solv plan`: python made_logs.py writes best_of_32.csv and red_team.csv here."""

import csv
import random
from collections.abc import Iterable
from pathlib import Path


def best_of_32(rng: random.Random) -> Iterable[tuple[str, int, float, int]]:
    """Yield 150 problems, 32 answers each: the judge likes right answers, and now and then a wrong one even better."""
    for problem in range(150):
        chance = rng.betavariate(0.8, 1.2)
        for answer in range(32):
            correct = rng.random() < chance
            reward = rng.gauss(1.0 if correct else 0.0, 0.8)
            if not correct and rng.random() < 0.04:
                reward = rng.gauss(3.0, 0.5)
            yield f"q{problem}", answer, round(reward, 3), int(correct)


def red_team(rng: random.Random) -> Iterable[tuple[str, int, int]]:
    """Yield 120 prompts, 60 judged answers each."""
    for prompt in range(120):
        chance = rng.betavariate(0.35, 4)
        for sample in range(60):
            yield f"p{prompt}", sample, int(rng.random() < chance)


def write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Write a CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


if __name__ == "__main__":
    write(Path("best_of_32.csv"), ("problem", "answer", "reward", "correct"), best_of_32(random.Random(1)))
    write(Path("red_team.csv"), ("prompt", "sample", "unsafe"), red_team(random.Random(2)))
