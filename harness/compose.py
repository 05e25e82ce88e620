"""How do a name, a preset and overrides become settings? Through Hydra, with its errors said in one line."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solv.harness.axes import distinct_values
from solv.harness.catalog import entry, load
from solv.harness.contract import Experiment
from solv.harness.presets import BLOCK, DEFAULT_PRESET, presets, shipped_presets, user_config_folder
from solv.harness.settings import (
    ConfigurationError,
    RunSettings,
    defaults,
    describe,
    is_list,
    is_text,
    nearest_key,
    plain,
    resolve,
)

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
    overrides = with_lists(overrides, experiment)
    _refuse_sweep(overrides, experiment)
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
        raise ConfigurationError(
            _one_line(error, experiment, preset) + _about_interpolation(error, overrides)
        ) from error
    except YAMLError as error:
        raise ConfigurationError(f"not YAML: {' '.join(str(error).split())}") from error
    _refuse_misplaced(values, experiment.entry.name, preset)  # type: ignore[arg-type]
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

    call_hydra(experiment, preset, task, arguments(name, preset, with_lists(overrides, experiment)))
    for failure in failures:
        raise failure


def call_hydra(
    experiment: Experiment[Any], preset: str, task: Callable[["DictConfig"], None], argv: Sequence[str]
) -> None:
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
        raise ConfigurationError(_one_line(error, experiment, preset)) from error
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
    return [f"hydra.searchpath=[{','.join(quoted(place) for place in places)}]", *told] if places else told


def quoted(text: object) -> str:
    """Return a text as Hydra's grammar reads it back, whatever characters are in it."""
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", str(text)).replace("'", "\\'")
    return f"'{escaped}'"


def how_to_quote(key: str, value: str) -> str:
    """Say how a text with signs of Hydra's grammar in it is typed."""
    return f"if that is one text, type {in_shell(f'{key}={quoted(plain(value))}')}"


def in_shell(text: str) -> str:
    """Return a word as it is typed in a shell, on one line also where the word has several."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(sign: str) -> str:
    """Return a sign as it stands between $' and '; a byte that is no UTF-8 as that byte."""
    named = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\t": r"\t", "\r": r"\r"}
    if sign in named or sign.isprintable():
        return named.get(sign, sign)
    code = ord(sign) - 0xDC00 if 0xDC80 <= ord(sign) <= 0xDCFF else ord(sign)
    return f"\\x{code:02x}" if code < 0x80 or code != ord(sign) else f"\\u{code:04x}"


def _about_interpolation(error: Exception, overrides: Sequence[str]) -> str:
    """Say how a `${` that OmegaConf took for a reference is typed as the signs that it is."""
    from omegaconf.errors import InterpolationResolutionError, UnsupportedInterpolationType

    if isinstance(error, InterpolationResolutionError | UnsupportedInterpolationType) or "nterpolation" in str(error):
        for key, equals, value in (text.partition("=") for text in overrides):
            if equals and "${" in value:
                return f"; {how_to_quote(key, value)}"
    return ""


def _refuse_misplaced(values: Mapping[str, Any], name: str, preset: str) -> None:
    """Name a file of the person's whose keys did not reach the root, where the settings are."""
    folder, header = user_config_folder(), "its first line must be `# @package _global_`"
    if "user" in values:
        raise ConfigurationError(f"{folder / 'user' / 'defaults.yaml'}: {header}")
    if "experiment" in values:
        raise ConfigurationError(f"{folder / 'experiment' / name / preset}.yaml: {header}")
    if not set(values) & set(RunSettings.model_fields):
        raise ConfigurationError(_without_schema(name, preset))


def _without_schema(name: str, preset: str) -> str:
    return (
        f"preset {preset} of {name} does not begin with its settings: its file must start with the lines "
        f"`# @package _global_` and `defaults: [{{/schema: {name}}}, _self_]`"
    )


def with_lists(overrides: Sequence[str], experiment: Experiment[Any]) -> list[str]:
    """Return the overrides of one run with each range of an axis as the list of its values.

    Raises:
        ConfigurationError: an override is not in Hydra's grammar, or a range has no value.
    """
    from hydra.core.override_parser.types import RangeSweep

    made = []
    for text, override in parsed(overrides, experiment.Config):
        key = text.partition("=")[0]
        listed = is_list(experiment.Config, key) and isinstance(override.value(), RangeSweep)
        made.append(f"{key}={_as_list(text)}" if listed else text)
    return made


def _refuse_sweep(overrides: Sequence[str], experiment: Experiment[Any]) -> None:
    for text, override in parsed(overrides, experiment.Config):
        if override.is_sweep_override():
            key, _, value = text.partition("=")
            if is_text(experiment.Config, key):
                raise ConfigurationError(f"{text} gives several values; {how_to_quote(key, value)}")
            listed = _as_list(text) if is_list(experiment.Config, key) else None
            at_once = f"for one run over a list write {shlex.quote(f'{key}={listed}')}, " if listed else ""
            raise ConfigurationError(f"{text} gives several values; {at_once}for a run of each `solv sweep`")


def _as_list(text: str) -> str | None:
    """Return the values of a sweep as a list of one run; None if they are no single values."""
    values = distinct_values(text)
    single = values is not None and not any(value.startswith(("[", "{")) for value in values)
    return f"[{','.join(values)}]" if values is not None and single else None


def parsed(overrides: Sequence[str], kind: type[RunSettings] = RunSettings) -> "list[tuple[str, Override]]":
    """Return each override with what Hydra's grammar reads in it.

    Args:
        overrides: as they were typed.
        kind: the settings that they are of: a text that is not in the grammar can be quoted.

    Raises:
        ConfigurationError: it is not in the grammar, or chooses the preset.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    read = []
    for text in overrides:
        if text.startswith("-"):
            raise ConfigurationError(f"no such option: {text} (options: `--help`; overrides are KEY=VALUE)")
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException as error:
            raise ConfigurationError(f"cannot read the override {text!r}: {_why(text, kind, error)}") from error
        if override.key_or_group == "experiment":
            raise ConfigurationError(f"{text}: the experiment is the first argument, its preset is --preset's")
        key, _, value = text.partition("=")
        if is_text(kind, key) and type(override.value()) is str and override.value() != value and not _is_quoted(value):
            raise ConfigurationError(f"{text} is read as {override.value()}; {how_to_quote(key, value)}")
        read.append((text, override))
    return read


def _is_quoted(value: str) -> bool:
    return value.strip()[:1] in ("'", '"') and value.strip()[-1:] == value.strip()[:1]


def _why(text: str, kind: type[RunSettings], error: Exception) -> str:
    """Say why an override is not in Hydra's grammar, and what to type."""
    key, equals, value = text.partition("=")
    if not equals:
        return "an override is KEY=VALUE"
    if is_text(kind, key):
        return f"{_first_line(error)}; {how_to_quote(key, value)}"
    if value.rstrip().endswith(","):
        return "there is no value after the last comma"
    return _first_line(error).partition(" expecting {")[0]


def _one_line(error: Exception, experiment: Experiment[Any], preset: str) -> str:
    text = str(error)
    key = re.search(r"Could not override '([^']+)'", text) or re.search(r"Key '([^']+)' is not in struct", text)
    if key:
        name, hint = experiment.entry.name, nearest_key(experiment.Config, key.group(1))
        if key.group(1) in dict(describe(experiment.Config)):
            return _without_schema(name, preset)
        return f"unknown key {key.group(1)}; {hint} (`solv show {name}`)"
    merging = re.fullmatch(r"Error merging override (\S+)", _first_line(error))
    if merging:
        return f"the override {merging.group(1)} gives {merging.group(1).partition('=')[0]} a value of the wrong kind"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])
