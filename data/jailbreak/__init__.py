"""Attack success against samples: a spin-glass theory (2603.11331): what is learned from."""
