"""What can be set: the Hydra tree, shipped as `pkg://solv.configs`."""
