"""Logs to try `solv fit` on, made up: a training whose loss falls as t^-0.4 to 2.9; judged answers to 200 prompts."""

from pathlib import Path

import numpy as np

rng = np.random.default_rng(4)

steps = np.arange(10, 10_001, 10)
noise = np.zeros(len(steps))
for i in range(1, len(steps)):  # neighbours share their noise, as the batches of a curriculum do
    noise[i] = 0.6 * noise[i - 1] + 0.012 * rng.standard_normal()
loss = 2.9 + 9 * steps**-0.4 + 2 * np.exp(-steps / 40) + noise
with Path("train.log").open("w", encoding="utf-8") as file:
    file.write("number of parameters: 10.65M\n")
    for step, value in zip(steps, loss, strict=True):
        file.write(f"iter {step}: loss {value:.4f}, time 31.50ms, mfu 12.11%\n")
    file.write("iter 10010: loss nan, time 31.50ms, mfu 12.11%\n")

with Path("asr.csv").open("w", encoding="utf-8") as file:
    file.write("prompt,sample,unsafe\n")
    for prompt in range(200):
        safe = 1.0 if rng.random() < 0.3 else rng.beta(2.0, 1.0)  # three prompts of ten never yield
        for sample in range(50):
            file.write(f"p{prompt:03},{sample},{int(rng.random() > safe)}\n")
