"""How is a finished run read again as what it was: which settings, which panels, which command makes it anew?"""

from collections.abc import Mapping
from typing import Any

from solv.harness.catalog import UnknownExperimentError, load
from solv.harness.contract import flat
from solv.harness.settings import ConfigurationError, RunSettings, as_dictionary, resolve
from solv.tracking.panels import Panel
from solv.tracking.runs import RunDirectory


def settings_of(run: RunDirectory) -> RunSettings:
    """Return the settings that a run was started with.

    A key that is younger than the run has its default: it belongs to a part that the run does not have, or names what
    was fixed then. A flag that has become a list since means everything that the list has by default, or nothing. The
    curves are the run's own, whatever is said of them.

    Raises:
        UnknownExperimentError, ConfigurationError: the experiment, or a key of it, no longer exists.
        RunDirectoryError: config.yaml is missing or damaged.
    """
    kind = load(run.experiment).Config
    settings: RunSettings = resolve(kind, _completed(run.config(), as_dictionary(kind())))
    return settings


def _completed(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values, with defaults in the place of those that are missing, or that were flags."""
    found = {**defaults, **values}
    for key, value in defaults.items():
        if isinstance(value, list) and isinstance(found[key], bool):
            found[key] = value if found[key] else []
        if isinstance(value, Mapping) and isinstance(found[key], Mapping):
            found[key] = _completed(found[key], value)
    return found


def panels_of(run: RunDirectory) -> list[Panel]:
    """Return how the experiment draws a run's curves; nothing where its settings have changed since.

    Args:
        run: a finished run.

    Raises:
        RunDirectoryError: config.yaml is missing or damaged.
    """
    try:
        return list(load(run.experiment).panels(settings_of(run)))
    except (ConfigurationError, UnknownExperimentError):
        return []


def command_of(run: RunDirectory, preset: str, preset_values: Mapping[str, Any]) -> str:
    """Return the command that makes a run anew: its preset and what differs from it.

    Args:
        run: a finished run.
        preset: the preset that is named in the command.
        preset_values: the composed configuration of that preset.

    Raises:
        RunDirectoryError: config.yaml is missing or damaged.
    """
    base = flat(preset_values)
    unscientific = {"runs_dir", "device", "threads", "processes", "wandb"}
    changed = [
        f"'{key}={_override(value)}'" if isinstance(value, list | str) else f"{key}={_override(value)}"
        for key, value in flat(run.config()).items()
        if key.partition(".")[0] not in unscientific and (key not in base or base[key] != value)
    ]
    return " ".join(["solv run", run.experiment, *([] if preset == "quick" else ["--preset", preset]), *changed])


def _override(value: object) -> str:
    """Return a value in Hydra's override grammar."""
    if isinstance(value, list):
        return "[" + ",".join(map(_override, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:.17g}" if isinstance(value, float) and f"{value:g}" != str(value) else _short(value)


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
