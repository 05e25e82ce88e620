"""What do all tests share? No W&B record unless they ask for one, and one thread each: they run side by side."""

import os

os.environ["WANDB_MODE"] = "disabled"
os.environ.setdefault("OMP_NUM_THREADS", "1")
