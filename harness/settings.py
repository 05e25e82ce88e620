"""What can be set in an experiment, what does it mean, and which values are valid? Declared once, on a dataclass field.

    @dataclass(frozen=True)
    class Config(RunSettings):
        tau: tuple[float, ...] = reals([1.5, 3], "pretraining contexts per dimension", above=1, infinite=True)

From that one line come Hydra's schema, the check of a user's override, the text of `solv show` and the run's key.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, TypeVar

from solv.theory.validation import require_integer, require_real


class ConfigurationError(Exception):
    """A key or value of a configuration is not valid; the message names it and the valid choice."""


@dataclass(frozen=True)
class Parameter:
    """What one field means and accepts.

    Attributes:
        meaning: one line for `solv show`.
        kind: type of one value.
        many: whether a list is meant (a scalar then counts as a list of one).
        bounds: keyword arguments of `require_real` / `require_integer`.
        choices: the valid texts, empty if any is.
        scientific: whether the value decides the numbers of a run and so belongs to its key.
        optional: whether null is valid.
    """

    meaning: str
    kind: Literal["real", "integer", "text", "flag"]
    many: bool = False
    bounds: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    choices: tuple[str, ...] = ()
    scientific: bool = True
    optional: bool = False

    def convert(self, name: str, value: object) -> object:
        """Return `value` as the field holds it.

        Raises:
            ConfigurationError: wrong type, out of range, empty list, or not one of the choices.
        """
        if value is None and self.optional:
            return None
        if not self.many:
            return self._convert_one(name, value)
        values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if not values:
            raise ConfigurationError(f"{name} = [] is empty; give at least one value")
        converted = tuple(self._convert_one(name, item) for item in values)
        if len(set(converted)) < len(converted):
            raise ConfigurationError(f"{name} = {values} holds a value twice")
        return converted

    def _convert_one(self, name: str, value: object) -> object:
        if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
            raise ConfigurationError(f"{name} = {value} is not a single value; {name} takes one {self.kind}")
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise ConfigurationError(f"{name} = {value} is not true or false")
            return value
        if self.kind == "text":
            if not isinstance(value, str):
                raise ConfigurationError(f"{name} = {value} is not text")
            if self.choices and value not in self.choices:
                raise ConfigurationError(f"{name} = {value}: {_nearest(value, self.choices)}")
            return value
        try:
            check = require_real if self.kind == "real" else require_integer
            return check(name, value, **self.bounds)  # type: ignore[arg-type]
        except ValueError as error:
            raise ConfigurationError(str(error)) from None


def real(default: float, meaning: str, *, scientific: bool = True, **bounds: Any) -> Any:
    """Declare a single real number; bounds as in `solv.theory.validation.require_real`."""
    return _field(default, Parameter(meaning, "real", bounds=bounds, scientific=scientific))


def reals(default: Sequence[float], meaning: str, **bounds: Any) -> Any:
    """Declare an axis of real numbers."""
    return _field(tuple(map(float, default)), Parameter(meaning, "real", many=True, bounds=bounds))


def integer(default: int | None, meaning: str, *, least: int, most: int | None = None, scientific: bool = True) -> Any:
    """Declare a single integer; null is valid where the default is None."""
    bounds = {"least": least, "most": most}
    return _field(
        default, Parameter(meaning, "integer", bounds=bounds, scientific=scientific, optional=default is None)
    )


def integers(default: Sequence[int], meaning: str, *, least: int, most: int | None = None) -> Any:
    """Declare an axis of integers."""
    return _field(tuple(default), Parameter(meaning, "integer", many=True, bounds={"least": least, "most": most}))


def flag(default: bool, meaning: str, *, scientific: bool = True) -> Any:
    """Declare a yes-or-no setting."""
    return _field(default, Parameter(meaning, "flag", scientific=scientific))


def text(default: str | None, meaning: str, *, choices: Sequence[str] = (), scientific: bool = True) -> Any:
    """Declare a text, one of `choices` if any are given; null is valid where the default is None."""
    parameter = Parameter(meaning, "text", choices=tuple(choices), scientific=scientific, optional=default is None)
    return _field(default, parameter)


def texts(default: Sequence[str], meaning: str, *, choices: Sequence[str] = ()) -> Any:
    """Declare an axis of texts."""
    return _field(tuple(default), Parameter(meaning, "text", many=True, choices=tuple(choices)))


def group(kind: type[Any], meaning: str) -> Any:
    """Declare a nested group of settings, itself a dataclass of declared fields."""
    return dataclasses.field(default_factory=kind, metadata={"meaning": meaning})


def _field(default: object, parameter: Parameter) -> Any:
    return dataclasses.field(default=default, metadata={"parameter": parameter})


@dataclass(frozen=True)
class RunSettings:
    """Settings that every experiment has; the dataclass of an experiment inherits them."""

    seed: int = integer(0, "seed of every random stream of the run", least=0)
    device: str = text("auto", "cpu, cuda, cuda:N, mps, or auto: the first GPU, else the CPU", scientific=False)
    threads: int | None = integer(None, "CPU threads; null: as many as the machine has", least=1, scientific=False)
    wandb: str = text(
        "auto",
        "W&B: offline, online, disabled, or auto: WANDB_MODE, else online if logged in",
        choices=("auto", "offline", "online", "disabled"),
        scientific=False,
    )
    runs_dir: str = text("${oc.env:SOLV_RUNS_DIR,runs}", "folder of the run directories", scientific=False)


S = TypeVar("S")


def defaults(kind: type[Any]) -> dict[str, Any]:
    """Return the default values of a settings dataclass as nested dictionaries and lists, for Hydra to compose from."""
    return {
        field.name: defaults(_nested(field)) if _is_group(field) else _as_yaml(field.default)
        for field in dataclasses.fields(kind)
    }


def resolve(kind: type[S], values: Mapping[str, Any], prefix: str = "") -> S:
    """Return the settings dataclass filled from a composed configuration.

    Raises:
        ConfigurationError: an unknown key, a wrong type or a value out of range.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise ConfigurationError(f"unknown key {prefix}{key}; {_nearest(str(key), tuple(fields))}")
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in values:
            raise ConfigurationError(f"key {prefix}{name} is missing")
        value = values[name]
        if _is_group(field):
            if not isinstance(value, Mapping):
                raise ConfigurationError(
                    f"{prefix}{name} = {value} is a group of keys; set one: {prefix}{name}.KEY=VALUE"
                )
            arguments[name] = resolve(_nested(field), value, f"{prefix}{name}.")
        else:
            arguments[name] = field.metadata["parameter"].convert(f"{prefix}{name}", value)
    return kind(**arguments)


def scientific(settings: object) -> dict[str, Any]:
    """Return the settings that decide the numbers of a run, JSON-ready: what the run's key is made of."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        if _is_group(field):
            found[field.name] = scientific(value)
        elif field.metadata["parameter"].scientific:
            found[field.name] = _as_yaml(value)
    return found


def as_dictionary(settings: object) -> dict[str, Any]:
    """Return all settings as nested dictionaries and lists."""
    return {
        field.name: as_dictionary(value) if _is_group(field) else _as_yaml(value)
        for field in dataclasses.fields(settings)  # type: ignore[arg-type]
        for value in [getattr(settings, field.name)]
    }


def describe(kind: type[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key with its meaning, nested keys as `group.key`."""
    for field in dataclasses.fields(kind):
        if _is_group(field):
            yield from describe(_nested(field), f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field.metadata["parameter"].meaning


def nearest_key(kind: type[Any], key: str) -> str:
    """Return the hint for a mistyped key: the nearest valid one, or all."""
    return _nearest(key, tuple(name for name, _ in describe(kind)))


def _nearest(value: str, choices: tuple[str, ...]) -> str:
    near = get_close_matches(value, choices, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"valid: {', '.join(choices)}"


def _is_group(field: "dataclasses.Field[Any]") -> bool:
    return "parameter" not in field.metadata


def _nested(field: "dataclasses.Field[Any]") -> type[Any]:
    factory: Any = field.default_factory
    return factory  # type: ignore[no-any-return]


def _as_yaml(value: object) -> Any:
    return list(value) if isinstance(value, tuple) else value
