"""Which presets has an experiment? Those shipped with it, and the user's own; found without Hydra."""

import os
from importlib import resources
from pathlib import Path

from solv.harness.catalog import entry

DEFAULT_PRESET = "quick"
BLOCK = "sweep"  # the key under which a preset says what a sweep varies
_ORDER = ("smoke", "quick", "reference", "paper")


def user_config_folder() -> Path:
    """Return the folder whose presets and `user/defaults.yaml` are added to Hydra's search path if it exists."""
    configured = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.path.expanduser(configured)) / "solv"  # noqa: PTH111 - Path's raises where nobody is at home


def shipped_presets(name: str) -> list[str]:
    """Return the presets that come with an experiment as files.

    Raises:
        UnknownExperimentError: there is no such experiment.
    """
    configs = entry(name).configs
    if configs is None:
        return []
    folder = resources.files(configs).joinpath("experiment", name)
    files = folder.iterdir() if folder.is_dir() else ()
    return [item.name.removesuffix(".yaml") for item in files if item.name.endswith(".yaml")]


def presets(name: str) -> list[str]:
    """Return the presets of an experiment: shipped ones first, then the user's own. All have `quick`.

    Raises:
        UnknownExperimentError: there is no such experiment.
    """
    found = [DEFAULT_PRESET, *shipped_presets(name)]
    own = user_config_folder() / "experiment" / name
    if own.is_dir():
        found += [path.stem for path in own.glob("*.yaml")]
    places = {preset: place for place, preset in enumerate(_ORDER)}
    return sorted(dict.fromkeys(found), key=lambda preset: (places.get(preset, len(places)), preset))
