"""How do a name, a preset and overrides become settings? Through Hydra, with its errors said in one line."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from solv.harness.catalog import entry, load
from solv.harness.contract import Experiment
from solv.harness.presets import BLOCK, DEFAULT_PRESET, presets, shipped_presets, user_config_folder
from solv.harness.settings import ConfigurationError, RunSettings, defaults, nearest_key, resolve

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

CONFIGS = "pkg://solv.configs"


def settings_for(name: str, preset: str, overrides: Sequence[str]) -> tuple[Experiment[Any], RunSettings]:
    """Compose, check and return the settings of an experiment without running it.

    Raises:
        UnknownExperimentError, ConfigurationError: with the nearest valid choice.
    """
    experiment = register(name, preset)
    _refuse_sweep(overrides)
    values, _ = composed_values(experiment, preset, overrides)
    values.pop(BLOCK, None)
    settings = resolve(experiment.Config, values)
    experiment.chosen(settings.parts)
    return experiment, settings


def composed_values(
    experiment: Experiment[Any], preset: str, overrides: Sequence[str]
) -> tuple[dict[str, Any], "DictConfig"]:
    """Return the composed configuration as plain values, and Hydra's own part of it."""
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    composing = arguments(experiment.entry.name, preset, overrides)
    try:
        with initialize_config_module("solv.configs", version_base="1.3"):
            composed = compose("config", overrides=composing, return_hydra_config=True)
        own = {key: value for key, value in composed.items_ex(resolve=False) if key != "hydra"}
        values = OmegaConf.to_container(OmegaConf.create(own), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(_one_line(error, experiment)) from error
    except YAMLError as error:
        raise ConfigurationError(f"not YAML: {' '.join(str(error).split())}") from error
    return values, composed.hydra  # type: ignore[return-value]


def hydra_main(
    name: str, preset: str, overrides: Sequence[str], job: Callable[[Experiment[Any], RunSettings], None]
) -> None:
    """Run `job` through `hydra.main` in RUN mode with the composed and checked settings.

    Raises:
        ConfigurationError: as `settings_for`; whatever `job` raises.
    """
    from omegaconf import OmegaConf

    experiment, _ = settings_for(name, preset, overrides)

    failures: list[Exception] = []  # Hydra would announce an exception in its own words before raising it

    def task(config: "DictConfig") -> None:
        values: Any = OmegaConf.to_container(config, resolve=True)
        values.pop(BLOCK, None)
        try:
            job(experiment, resolve(experiment.Config, values))
        except Exception as error:
            failures.append(error)

    call_hydra(experiment, task, arguments(name, preset, overrides))
    for failure in failures:
        raise failure


def call_hydra(experiment: Experiment[Any], task: Callable[["DictConfig"], None], argv: Sequence[str]) -> None:
    """Call `task` through `hydra.main` as if `argv` had been typed.

    Raises:
        ConfigurationError: Hydra refuses the arguments.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    typed = sys.argv
    sys.argv = ["solv", *argv]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach us as exceptions, not as Hydra's own printed traceback
    try:
        hydra.main(config_path=CONFIGS, config_name="config", version_base="1.3")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(_one_line(error, experiment)) from error
    finally:
        sys.argv = typed


def register(name: str, preset: str) -> Experiment[Any]:
    """Import the experiment and put its schema where its presets find it (`/schema: <name>`)."""
    from hydra.core.config_store import ConfigStore

    entry(name)
    known = presets(name)
    if preset not in known:
        raise ConfigurationError(f"unknown preset {preset!r} of {name}; valid: {', '.join(known)}")
    experiment = load(name)
    store = ConfigStore.instance()
    store.store(group="schema", name=name, node=defaults(experiment.Config), package="_global_")
    if DEFAULT_PRESET not in shipped_presets(name):  # the defaults are the preset
        alone = {"defaults": [{"/schema": name}, "_self_"]}
        store.store(group=f"experiment/{name}", name=DEFAULT_PRESET, node=alone, package="_global_")
    return experiment


def arguments(name: str, preset: str, overrides: Sequence[str]) -> list[str]:
    """Return what Hydra is told: experiment and preset, overrides, and where else configurations are.

    That is the package of an experiment from elsewhere, and the person's own folder.
    """
    configs, own = entry(name).configs, user_config_folder()
    places = [f"pkg://{configs}"] if configs not in (None, CONFIGS.removeprefix("pkg://")) else []
    places += [f"file://{own.absolute()}"] if own.is_dir() else []
    told = [f"experiment={name}/{preset}", *overrides]
    return [f"hydra.searchpath=[{','.join(map(quoted, places))}]", *told] if places else told


def quoted(text: object) -> str:
    """Return a text as Hydra's grammar reads it back, whatever characters are in it."""
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", str(text)).replace("'", "\\'")
    return f"'{escaped}'"


def _refuse_sweep(overrides: Sequence[str]) -> None:
    for text, override in parsed(overrides):
        if override.is_sweep_override():
            key, _, value = text.partition("=")
            raise ConfigurationError(
                f"{text} gives several values; for one run over a list write '{key}=[{value}]', "
                "for a run of each `solv sweep`"
            )


def parsed(overrides: Sequence[str]) -> "list[tuple[str, Override]]":
    """Return each override with what Hydra's grammar reads in it.

    Raises:
        ConfigurationError: it is not in the grammar.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    read = []
    for text in overrides:
        if text.startswith("-"):
            raise ConfigurationError(f"no such option: {text} (options: `--help`; overrides are KEY=VALUE)")
        try:
            read.append((text, OverridesParser.create().parse_override(text)))
        except HydraException as error:
            hint = "" if "=" in text else "; an override is KEY=VALUE"
            raise ConfigurationError(f"cannot read the override {text!r}: {_first_line(error)}{hint}") from error
    return read


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
