"""How do a name, a preset and overrides become settings? Through Hydra, with its errors said in one line."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.catalog import entry
from experiments.parameters import ConfigurationError, RunSettings, defaults, nearest_key, resolve
from experiments.protocol import Experiment, load

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONFIGS = "pkg://configs"
DEFAULT_PRESET = "quick"


def user_config_folder() -> Path:
    """Return the folder whose presets and `user/defaults.yaml` are added to Hydra's search path if it exists."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "solv"


def presets(name: str) -> list[str]:
    """Return the presets of an experiment: shipped ones first, then the user's own."""
    shipped = resources.files("configs").joinpath("experiment", name)
    found = [item.name.removesuffix(".yaml") for item in shipped.iterdir() if item.name.endswith(".yaml")]
    own = user_config_folder() / "experiment" / name
    if own.is_dir():
        found += [path.stem for path in own.glob("*.yaml")]
    order = ["smoke", "quick", "paper"]
    return sorted(dict.fromkeys(found), key=lambda preset: (order.index(preset) if preset in order else 9, preset))


def settings_for(name: str, preset: str, overrides: Sequence[str]) -> tuple[Experiment[Any], RunSettings]:
    """Compose, check and return the settings of an experiment without running it.

    Raises:
        UnknownExperimentError, ConfigurationError: with the nearest valid choice.
    """
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    experiment = _register(name, preset)
    _refuse_sweep(overrides)
    try:
        with initialize_config_module("configs", version_base="1.3"):
            composed = compose("config", overrides=_arguments(name, preset, overrides, for_main=False))
        values = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(_one_line(error, experiment)) from error
    except YAMLError as error:
        raise ConfigurationError(f"not YAML: {' '.join(str(error).split())}") from error
    return experiment, resolve(experiment.Config, values)  # type: ignore[arg-type]


def hydra_main(
    name: str, preset: str, overrides: Sequence[str], job: Callable[[Experiment[Any], RunSettings], None]
) -> None:
    """Run `job` through `hydra.main` in RUN mode with the composed and checked settings.

    Raises:
        ConfigurationError: as `settings_for`; whatever `job` raises.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    experiment, _ = settings_for(name, preset, overrides)

    failures: list[Exception] = []  # Hydra would announce an exception in its own words before raising it

    def task(config: "DictConfig") -> None:
        values = OmegaConf.to_container(config, resolve=True)
        try:
            job(experiment, resolve(experiment.Config, values))  # type: ignore[arg-type]
        except Exception as error:
            failures.append(error)

    arguments = sys.argv
    sys.argv = ["solv", *_arguments(name, preset, overrides, for_main=True)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach us as exceptions, not as Hydra's own printed traceback
    try:
        hydra.main(config_path=CONFIGS, config_name="config", version_base="1.3")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(_one_line(error, experiment)) from error
    finally:
        sys.argv = arguments
    for failure in failures:
        raise failure


def _register(name: str, preset: str) -> Experiment[Any]:
    """Import the experiment and put its schema where its presets find it (`/schema: <name>`)."""
    from hydra.core.config_store import ConfigStore

    entry(name)
    known = presets(name)
    if preset not in known:
        raise ConfigurationError(f"unknown preset {preset!r} of {name}; valid: {', '.join(known)}")
    experiment = load(name)
    ConfigStore.instance().store(group="schema", name=name, node=defaults(experiment.Config), package="_global_")
    return experiment


def _arguments(name: str, preset: str, overrides: Sequence[str], *, for_main: bool) -> list[str]:
    own = user_config_folder()
    arguments = [f"experiment={name}/{preset}", *overrides]
    if own.is_dir():
        if for_main:
            arguments = ["--config-dir", str(own), *arguments]
        else:
            arguments = [f"hydra.searchpath=[file://{own}]", *arguments]
    return arguments


def _refuse_sweep(overrides: Sequence[str]) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    for text in overrides:
        if text.startswith("-"):
            raise ConfigurationError(f"no such option: {text} (options: `solv run --help`; overrides are KEY=VALUE)")
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException as error:
            hint = "" if "=" in text else "; an override is KEY=VALUE"
            raise ConfigurationError(f"cannot read the override {text!r}: {_first_line(error)}{hint}") from error
        if override.is_sweep_override():
            key, _, value = text.partition("=")
            raise ConfigurationError(f"{text} gives several values; for one run over a list write '{key}=[{value}]'")


def _one_line(error: Exception, experiment: Experiment[Any]) -> str:
    text = str(error)
    key = re.search(r"Could not override '([^']+)'", text) or re.search(r"Key '([^']+)' is not in struct", text)
    if key:
        name, hint = experiment.entry.name, nearest_key(experiment.Config, key.group(1))
        return f"unknown key {key.group(1)}; {hint} (`solv show {name}`)"
    merging = re.fullmatch(r"Error merging override (\S+)", _first_line(error))
    if merging:
        return f"the override {merging.group(1)} gives {merging.group(1).partition('=')[0]} a value of the wrong kind"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
