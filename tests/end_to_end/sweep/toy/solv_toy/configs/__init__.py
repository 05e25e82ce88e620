"""The presets of the toy."""
