"""What do all tests share? They keep no W&B record unless they ask for one."""

import os

os.environ["WANDB_MODE"] = "disabled"
