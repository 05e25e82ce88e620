"""Which presets has an experiment? Those shipped in `configs`, and the user's own; found without Hydra."""

import os
from importlib import resources
from pathlib import Path

DEFAULT_PRESET = "quick"


def user_config_folder() -> Path:
    """Return the folder whose presets and `user/defaults.yaml` are added to Hydra's search path if it exists."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "solv"


def presets(name: str) -> list[str]:
    """Return the presets of an experiment: shipped ones first, then the user's own."""
    shipped = resources.files("solv.configs").joinpath("experiment", name)
    files = shipped.iterdir() if shipped.is_dir() else ()
    found = [item.name.removesuffix(".yaml") for item in files if item.name.endswith(".yaml")]
    own = user_config_folder() / "experiment" / name
    if own.is_dir():
        found += [path.stem for path in own.glob("*.yaml")]
    order = ["smoke", "quick", "paper"]
    return sorted(dict.fromkeys(found), key=lambda preset: (order.index(preset) if preset in order else 9, preset))
