"""What can be set in an experiment, what does it mean, and which values are valid? Declared once, on a field.

    class Config(RunSettings):
        tau: tuple[float, ...] = reals([1.5, 3], "pretraining contexts per dimension", above=1, infinite=True)

From that one line come Hydra's schema, the check of every value, the text of `solv show`, the shell's completion and
the run's key. Settings are pydantic models: what is constructed is valid, with Hydra or without.
"""

import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, PydanticUndefined

from solv.theory.validation import interval


class ConfigurationError(ValueError):
    """A key or value of a configuration is not valid; the message names it and the valid choice."""


class Group(BaseModel):
    """A group of settings that is set key by key; its fields are declared with the functions below."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, protected_namespaces=())

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigurationError(_sentence(type(self), error)) from None

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # nested groups are validated in place


G = TypeVar("G", bound=Group)


@dataclass(frozen=True)
class Key:
    """One override key.

    Attributes:
        name: as typed, `group.key` for a nested one.
        meaning: one line.
        values: what completes after `=`: the choices, true and false, or the default.
    """

    name: str
    meaning: str
    values: tuple[str, ...]


# -- the kinds of fields ---------------------------------------------------------------------------------------------


def real(default: float, meaning: str, *, scientific: bool = True, **bounds: Any) -> Any:
    """Declare a single real number; bounds as in `solv.theory.validation.require_real`."""
    return _field(default, meaning, _number(float, **bounds), _real_facts(bounds, scientific))


def reals(default: Sequence[float], meaning: str, **bounds: Any) -> Any:
    """Declare an axis of real numbers."""
    return _axis(tuple(map(float, default)), meaning, _number(float, **bounds), _real_facts(bounds))


def integer(default: int | None, meaning: str, *, least: int, most: int | None = None, scientific: bool = True) -> Any:
    """Declare a single integer; null is valid where the default is None."""
    item = _number(int, least=least, most=most)
    return _field(default, meaning, item, _integer_facts(least, most, scientific))


def integers(default: Sequence[int], meaning: str, *, least: int, most: int | None = None) -> Any:
    """Declare an axis of integers."""
    return _axis(tuple(default), meaning, _number(int, least=least, most=most), _integer_facts(least, most))


def flag(default: bool, meaning: str, *, scientific: bool = True) -> Any:
    """Declare a yes-or-no setting."""
    return _field(default, meaning, Annotated[bool, Field(strict=True)], {"kind": "flag", "scientific": scientific})


def text(
    default: str | Callable[[], str] | None,
    meaning: str,
    *,
    choices: Sequence[str] = (),
    scientific: bool = True,
    filled: bool = False,
) -> Any:
    """Declare a text: one of `choices` if any are given, not empty if `filled`, or null where the default is None."""
    kind = Annotated[_text(choices), Field(min_length=1)] if filled else _text(choices)
    return _field(default, meaning, kind, _text_facts(choices, scientific))


def texts(
    default: Sequence[str],
    meaning: str,
    *,
    choices: Sequence[str] = (),
    scientific: bool = True,
    empty: bool = False,
) -> Any:
    """Declare an axis of texts; `empty`: whether an empty list is valid."""
    return _axis(tuple(default), meaning, _text(choices), _text_facts(choices, scientific), least=0 if empty else 1)


def group(kind: type[Group], meaning: str) -> Any:
    """Declare a nested group of settings."""
    return Field(default_factory=kind, description=meaning)


@dataclass(frozen=True)
class _As:
    """Says how a field is validated, more narrowly than its annotation can: in the place of the annotation."""

    kind: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.kind)


def _field(default: Any, meaning: str, kind: Any, facts: dict[str, Any]) -> Any:
    given = {"default_factory" if callable(default) else "default": default}
    said: dict[str, Any] = {"description": meaning, "json_schema_extra": facts, **given}
    field: FieldInfo = Field(**said)
    field.metadata.append(_As(kind if default is not None else kind | None))
    return field


def _axis(default: tuple[Any, ...], meaning: str, item: Any, facts: dict[str, Any], *, least: int = 1) -> Any:
    kind = Annotated[
        tuple[item, ...], Field(min_length=least), AfterValidator(_each_once), BeforeValidator(_as_sequence)
    ]
    return _field(default, meaning, kind, facts)


def _number(
    kind: type,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    infinite: bool = False,
) -> Any:
    bounds: dict[str, Any] = {"gt": above, "ge": least, "lt": below, "le": most}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if kind is float:
        given["allow_inf_nan"] = infinite
    return Annotated[kind, Field(**given), BeforeValidator(_as_number)]


def _text(choices: Sequence[str]) -> Any:
    return Literal[tuple(choices)] if choices else Annotated[str, Field(strict=True)]


def _real_facts(bounds: Mapping[str, Any], scientific: bool = True) -> dict[str, Any]:
    most = bounds.get("most", bounds.get("below", math.inf))
    return {"kind": "real", "scientific": scientific, "valid": interval(**bounds), "most": most}


def _integer_facts(least: int, most: int | None, scientific: bool = True) -> dict[str, Any]:
    valid, last = interval(least=least, most=most), math.inf if most is None else most
    return {"kind": "integer", "scientific": scientific, "valid": valid, "most": last}


def _text_facts(choices: Sequence[str], scientific: bool) -> dict[str, Any]:
    return {"kind": "text", "scientific": scientific, "choices": list(choices)}


def _as_sequence(value: object) -> object:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("duplicate", "a value stands twice")
    return values


def _as_number(value: Any) -> object:
    """Let numbers of other libraries in; keep texts and truth values out, which pydantic would turn into numbers."""
    if isinstance(value, bool | str | bytes):
        raise PydanticCustomError("no_number", "not a number")
    try:
        number = value if type(value) in (int, float) else float(value)
    except (TypeError, ValueError):
        raise PydanticCustomError("no_number", "not a number") from None
    if math.isnan(number):
        raise PydanticCustomError("nan", "no order, so never in a range")
    return number


# -- what can be asked of settings ------------------------------------------------------------------------------------


class RunSettings(Group):
    """Settings that every experiment has; the settings of an experiment inherit them."""

    seed: int = integer(0, "seed of every random stream of the run", least=0)
    device: str = text("auto", "cpu, cuda, cuda:N, mps, or auto: the first GPU, else the CPU", scientific=False)
    threads: int | None = integer(
        None, "CPU threads of a process; null: as many as the machine has for it", least=1, scientific=False
    )
    processes: int = integer(1, "processes that share the work of the run", least=1, scientific=False)
    wandb: str = text(
        "auto",
        "W&B: offline, online, disabled, or auto: WANDB_MODE, else online if logged in",
        choices=("auto", "offline", "online", "disabled"),
        scientific=False,
    )
    runs_dir: str = text(
        lambda: os.environ.get("SOLV_RUNS_DIR") or "runs",
        "folder of the run directories",
        scientific=False,
        filled=True,
    )
    parts: tuple[str, ...] = texts(
        [],
        "Parts of the experiment that are run; an empty list means all of them.",
        scientific=False,
        empty=True,
    )


def defaults(kind: type[Group]) -> dict[str, Any]:
    """Return the default values of settings as nested dictionaries and lists, for Hydra to compose from."""
    return {
        name: defaults(nested) if (nested := _nested(field)) else _composable(field)
        for name, field in kind.model_fields.items()
    }


def _composable(field: FieldInfo) -> Any:
    value = _as_yaml(field.get_default(call_default_factory=True))
    return plain(value) if isinstance(value, str) else value


def resolve(kind: type[G], values: Mapping[str, Any], prefix: str = "") -> G:
    """Return the settings filled from a composed configuration, which must hold every key that decides numbers.

    One that decides none may be missing: it is younger than the run whose configuration is read, and has its default.

    Raises:
        ConfigurationError: an unknown or missing key, a wrong type or a value out of range.
    """
    try:
        settings = kind.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigurationError(_sentence(kind, error, prefix)) from None
    for key in _left_out(settings, prefix):
        raise ConfigurationError(f"key {key} is missing")
    return settings


def replace(settings: G, **changes: Any) -> G:
    """Return a copy with other values, checked as all settings are.

    Raises:
        ConfigurationError: an unknown key, a wrong type or a value out of range.
    """
    return type(settings)(**{**dict(settings), **changes})


def scientific(settings: Group) -> dict[str, Any]:
    """Return the settings that decide the numbers of a run, JSON-ready: what the run's key is made of."""
    return {
        name: scientific(value) if isinstance(value, Group) else _as_yaml(value)
        for name, value in settings
        if isinstance(value, Group) or _facts(type(settings).model_fields[name])["scientific"]
    }


def as_dictionary(settings: Group) -> dict[str, Any]:
    """Return all settings as nested dictionaries and lists."""
    return {name: as_dictionary(value) if isinstance(value, Group) else _as_yaml(value) for name, value in settings}


def describe(kind: type[Group]) -> Iterator[tuple[str, str]]:
    """Yield every key with its meaning, nested keys as `group.key`."""
    for name, field in _leaves(kind):
        yield name, str(field.description)


def keys(kind: type[Group]) -> list[Key]:
    """Return every key with its meaning and what completes it; those that all experiments have stand last."""
    found = [Key(name, str(field.description), _completions(field)) for name, field in _leaves(kind)]
    return sorted(found, key=lambda key: key.name in RunSettings.model_fields)


def is_text(kind: type[Group], key: str) -> bool:
    """Return whether a full key holds texts that can be anything: a path, a name."""
    facts = next((_facts(field) for name, field in _leaves(kind) if name == key), {})
    return facts.get("kind") == "text" and not facts["choices"]


def is_list(kind: type[Group], key: str) -> bool:
    """Return whether a full key holds a list of values: an axis."""
    return any(name == key and isinstance(field.default, tuple) for name, field in _leaves(kind))


def decides_numbers(kind: type[Group], key: str) -> bool:
    """Return whether a full key is part of what a run's numbers depend on."""
    return any(name == key and bool(_facts(field)["scientific"]) for name, field in _leaves(kind))


def largest_values(kind: type[Group]) -> dict[str, float]:
    """Return the largest valid value of every number or axis of numbers by full key, inf where there is none."""
    return {name: float(facts["most"]) for name, field in _leaves(kind) if "most" in (facts := _facts(field))}


def nearest_key(kind: type[Group], key: str) -> str:
    """Return the hint for a mistyped key: the nearest valid one, or all."""
    return _nearest(key, tuple(name for name, _ in describe(kind)))


# -- how a fault is said --------------------------------------------------------------------------------------------


_UNKNOWN = ("extra_forbidden", "invalid_key")


def _sentence(kind: type[Group], fault: ValidationError, prefix: str = "") -> str:
    """Say the first fault in one line: of each group an unknown key before its values."""
    errors, depth = fault.errors(include_url=False), 0
    while True:
        own = [error for error in errors if len(error["loc"]) == depth + 1 and error["type"] in _UNKNOWN]
        error = (own or errors)[0]
        name = str(error["loc"][depth])
        if error["type"] in _UNKNOWN and len(error["loc"]) == depth + 1:
            return f"unknown key {prefix}{name}; {_nearest(name, tuple(kind.model_fields))}"
        nested = _nested(kind.model_fields[name])
        if not nested:
            return _value_sentence(f"{prefix}{name}", kind.model_fields[name], error)
        if len(error["loc"]) == depth + 1:
            key = f"{prefix}{name}"
            return f"{key} = {error['input']} is a group of keys; set one: {key}.KEY=VALUE"
        errors = [other for other in errors if other["loc"][depth] == name]
        kind, prefix, depth = nested, f"{prefix}{name}.", depth + 1


def _value_sentence(name: str, field: FieldInfo, error: ErrorDetails) -> str:
    facts, value = _facts(field), error["input"]
    if error["type"] == "string_too_short":
        return f"{name} is empty; give a path (. is the current folder)"
    if error["type"] == "string_unicode":
        encoding = sys.getfilesystemencoding()
        return f"{name} = {value!a} is no text in the encoding of this terminal ({encoding}); try LC_ALL=C.UTF-8"
    if error["type"] == "too_short":
        return f"{name} = [] is empty; give at least one value"
    if error["type"] == "duplicate":
        return f"{name} = {value} holds a value twice"
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return f"{name} = {value} is not a single value; {name} takes one {facts['kind']}"
    if facts["kind"] == "flag":
        return f"{name} = {value} is not true or false"
    if facts["kind"] == "text":
        return f"{name} = {value}" + (
            f": {_nearest(value, tuple(facts['choices']))}" if isinstance(value, str) else " is not text"
        )
    if error["type"] == "no_number":
        hint = f"; type {value.replace('.inf', 'inf')}" if value in (".inf", "-.inf") else ""
        return f"{name} = {value!r} is not a number{hint}; valid: {facts['valid']}"
    if error["type"] in ("int_from_float", "int_type"):
        return f"{name} = {value} is not an integer; valid: integers {facts['valid']}"
    return f"{name} = {value} is out of range; valid: {facts['valid']}"


def _nearest(value: str, choices: tuple[str, ...]) -> str:
    near = get_close_matches(value, choices, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"valid: {', '.join(choices)}"


# -- what a field says ----------------------------------------------------------------------------------------------


def _leaves(kind: type[Group], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in kind.model_fields.items():
        if nested := _nested(field):
            yield from _leaves(nested, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def _left_out(settings: Group, prefix: str) -> Iterator[str]:
    """Yield the keys that decide numbers and were not given, in the order of the fields."""
    for name, value in settings:
        given = name in settings.model_fields_set
        if isinstance(value, Group) and given:
            yield from _left_out(value, f"{prefix}{name}.")
        elif not given and (isinstance(value, Group) or _facts(type(settings).model_fields[name])["scientific"]):
            yield f"{prefix}{name}"


def _nested(field: FieldInfo) -> type[Group] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Group) else None


def _facts(field: FieldInfo) -> dict[str, Any]:
    facts: Any = field.json_schema_extra
    return facts  # type: ignore[no-any-return]


def _completions(field: FieldInfo) -> tuple[str, ...]:
    facts = _facts(field)
    if facts["kind"] == "flag":
        return ("true", "false")
    if choices := facts.get("choices"):
        return tuple(choices)
    return () if field.default is PydanticUndefined else (_typed(field.default),)


def _typed(value: object) -> str:
    """Spell a value as it is typed."""
    if isinstance(value, tuple):
        return f"[{','.join(map(_typed, value))}]"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "null" if value is None else str(value)


def _as_yaml(value: object) -> Any:
    return list(value) if isinstance(value, tuple) else value


def plain(text: str) -> str:
    """Return a text such that OmegaConf takes it as it is: a `${` in it is no interpolation."""
    return re.sub(r"(\\*)\$\{", lambda found: 2 * found[1] + r"\${", text)
