"""How is a finished run read again as what it was: which settings, which panels, which command makes it anew?"""

from collections.abc import Iterable, Mapping
from typing import Any

from solv.harness.catalog import UnknownExperimentError
from solv.harness.contract import load
from solv.harness.settings import ConfigurationError, RunSettings, resolve
from solv.tracking.curves import Curves
from solv.tracking.figures import Panel
from solv.tracking.runs import RunDirectory


def settings_of(run: RunDirectory) -> RunSettings:
    """Return the settings that a run was started with.

    Raises:
        UnknownExperimentError, ConfigurationError: the experiment, or a key of it, no longer exists.
        RunDirectoryError: config.yaml is missing or damaged.
    """
    settings: RunSettings = resolve(load(run.experiment).Config, run.config())
    return settings


def panels_of(run: RunDirectory, curves: Curves) -> list[Panel]:
    """Return the panels of a run's figure: the experiment's own, or plain ones where its settings have changed since.

    Args:
        run: a finished run.
        curves: its curves.

    Raises:
        RunDirectoryError: config.yaml is missing or damaged.
    """
    try:
        panels = list(load(run.experiment).panels(settings_of(run)))
    except (ConfigurationError, UnknownExperimentError):
        panels = []
    known = {panel.name for panel in panels}
    drawn = [panel for panel in panels if (curves["panel"] == panel.name).any()]
    rest = curves[~curves["panel"].isin(known)].drop_duplicates("panel")
    return [
        *drawn,
        *(Panel(row["panel"], row["panel"], row["x_name"], row["y_name"]) for row in rest.to_dict(orient="records")),
    ]


def command_of(run: RunDirectory, preset: str, preset_values: Mapping[str, Any]) -> str:
    """Return the command that makes a run anew: its preset and what differs from it.

    Args:
        run: a finished run.
        preset: the preset that is named in the command.
        preset_values: the composed configuration of that preset.

    Raises:
        RunDirectoryError: config.yaml is missing or damaged.
    """
    base = dict(flat(preset_values))
    unscientific = {"runs_dir", "device", "threads", "wandb"}
    changed = [
        f"'{key}={_override(value)}'" if isinstance(value, list | str) else f"{key}={_override(value)}"
        for key, value in flat(run.config())
        if key.partition(".")[0] not in unscientific and (key not in base or base[key] != value)
    ]
    return " ".join(["solv run", run.experiment, *([] if preset == "quick" else ["--preset", preset]), *changed])


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield every key of a nested configuration as `group.key` with its value."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _override(value: object) -> str:
    """Return a value in Hydra's override grammar."""
    if isinstance(value, list):
        return "[" + ",".join(map(_override, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:.17g}" if isinstance(value, float) and f"{value:g}" != str(value) else _short(value)


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
