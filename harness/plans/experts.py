"""With which settings is a large mixture of experts trained, given those of a small one? (arXiv:2601.20205)"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from solv.harness.plans.answer import Cell, Plan
from solv.harness.settings import ConfigurationError
from solv.theory.moe_transfer.parameter_count import Architecture
from solv.theory.moe_transfer.parameter_tables import (
    GROUPS,
    MATRICES,
    TABLES,
    Base,
    Shape,
    numbers,
)

if TYPE_CHECKING:
    from solv.harness.moe_parameters import Parameterized

SETTINGS = ("deviation", "rate", "epsilon", "weight_decay")  # of the base, where they are known
FIELDS = tuple(field.name for field in fields(Architecture))
FAMILY = "model_type"  # key by which a configuration is one of `transformers`
COLUMNS = ("group", "parameters", "deviation", "Adam rate", "Adam epsilon", "weight decay")


def plan_experts(base: Path, target: Path, table: str = "paper") -> Plan:
    """Return what each group's initial deviation, rate, epsilon and weight decay become.

    Args:
        base: sizes of the model whose settings were tuned, and these settings where they are known: keys of
            `Architecture`, with deviation, rate, epsilon, weight_decay, as YAML or JSON; or a `config.json` of a model
            of `transformers`, which is then built without weights.
        target: sizes of the model that is to be trained; the same keys without the settings.
        table: "paper" or "transfer" (W2 by fan-in).

    Raises:
        ConfigurationError: a file that cannot be read, a key that is unknown or missing, sizes that no model has.
    """
    if table not in TABLES:
        raise ConfigurationError(f"--table {table}; valid: {', '.join(TABLES)}")
    small, large = _read(base), _read(target)
    if (FAMILY in small) != (FAMILY in large):
        raise ConfigurationError(f"{base} and {target}: give two files of sizes, or two configurations of transformers")
    if FAMILY in small:
        return _of_transformers(base, small, target, large, table)
    settings = {name: _positive(base, name, small.pop(name)) for name in SETTINGS if name in small}
    extra = [name for name in SETTINGS if name in large]
    if extra:
        raise ConfigurationError(f"{target}: {', '.join(extra)} belong to the base")
    return _of_sizes(_architecture(base, small), settings, _architecture(target, large), table)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} is neither YAML nor JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} holds no keys with values")
    return {str(name): value for name, value in found.items()}


def _positive(path: Path, name: str, value: object) -> float:
    least_is_in = name in ("epsilon", "weight_decay")
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value > 0 or (value == 0 and least_is_in)):
        raise ConfigurationError(f"{path}: {name} = {value}; valid: a number {'>=' if least_is_in else '>'} 0")
    return float(value)


def _architecture(path: Path, sizes: Mapping[str, Any]) -> Architecture:
    unknown = [name for name in sizes if name not in FIELDS]
    if unknown:
        raise ConfigurationError(f"{path}: unknown {', '.join(unknown)}; valid: {', '.join((*FIELDS, *SETTINGS))}")
    absent = [name for name in ("width", "layers", "hidden", "experts", "active") if name not in sizes]
    if absent:
        raise ConfigurationError(f"{path}: {', '.join(absent)} is missing")
    try:
        return Architecture(**sizes)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _of_sizes(small: Architecture, settings: Mapping[str, float], large: Architecture, table: str) -> Plan:
    shapes = [Shape(each.width, each.layers, each.hidden, each.active) for each in (small, large)]
    factors = numbers(TABLES[table], shapes[1], Base(shapes[0], dict.fromkeys(("embedding", *MATRICES), 1.0)))
    counts = large.by_group()
    rows: list[tuple[Cell, ...]] = []
    for group in GROUPS:
        if group in counts:
            deviation = factors.stds.get(group, 1.0) if group not in ("norm", "bias") else None
            changed = deviation, factors.factors[group], factors.epsilons[group], factors.decays[group]
            rows.append((group, counts[group], *_cells(changed, settings)))
    kept = {
        "active fraction K/E": (small.active / small.experts, large.active / large.experts),
        "coordinates of a head": (small.head_width, large.head_width),
        "vocabulary": (small.vocabulary, large.vocabulary),
    }
    broken = [
        f"{name} is {after:g}, in the base {before:g}" for name, (before, after) in kept.items() if before != after
    ]
    return _plan(
        rows, broken, factors.branch, factors.logit_scale, (large.total, large.acting), (small.total, small.acting)
    )


def _cells(factors: tuple[float | None, float, float, float], settings: Mapping[str, float]) -> tuple[Cell, ...]:
    """Return values where the base's are known, and factors ("x 0.5") else."""
    cells: list[Cell] = []
    for name, factor in zip(SETTINGS, factors, strict=True):
        if factor is None:
            cells.append("-")
        else:
            cells.append(settings[name] * factor if name in settings else f"x {factor:.4g}")
    return tuple(cells)


def _of_transformers(base: Path, small: dict[str, Any], target: Path, large: dict[str, Any], table: str) -> Plan:
    from solv.harness.moe_parameters import parameterize

    models = [_without_weights(path, config) for path, config in ((base, small), (target, large))]
    try:
        found = parameterize(models[1], models[0], table=table)
        before = parameterize(models[0], models[0], table=table)
    except ValueError as error:
        raise ConfigurationError(f"{target}: {error}") from error
    rows: list[tuple[Cell, ...]] = []
    for each in found.groups:
        deviation = None if each.group in ("norm", "bias") else each.deviation
        rows.append((each.group, each.count, *_cells((deviation, each.rate, each.epsilon, each.decay), {})))
    return _plan(rows, found.warnings, found.branch, found.logits, _counted(found), _counted(before))


def _counted(found: "Parameterized") -> tuple[int, int | None]:
    return found.parameters, found.active


def _without_weights(path: Path, config: dict[str, Any]) -> Any:
    """Return the model of a configuration of `transformers`, whose parameters have shapes and no values."""
    try:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM
    except ImportError as error:
        raise ConfigurationError(f"{path} is a configuration of transformers: pip install 'solv[hf]'") from error
    try:
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _plan(
    rows: list[tuple[Cell, ...]],
    broken: "list[str] | tuple[str, ...]",
    branch: float,
    logits: float,
    large: tuple[int, int | None],
    small: tuple[int, int | None],
) -> Plan:
    decision = [
        f"multiply what each branch adds by {branch:.4g} of the base's factor, and the logits by {logits:.4g} of it",
        f"parameters: {_millions(large)}; the base: {_millions(small)}",
        *(f"this does not transfer: {each}" for each in broken),
    ]
    if not broken:
        decision.append("the active fraction and a head's coordinates are the base's, as they must be")
    return Plan(
        "What do initial deviations, rates and multipliers of the base become?",
        COLUMNS,
        tuple(rows),
        tuple(decision),
        "Adam or AdamW with decoupled weight decay, whose product with the rate stays; a pre-norm transformer, in "
        "which the K selected experts of a token are averaged (gates that sum to 1, or a factor 1/K); the same tokens, "
        "batch and schedule as the base's",
        "the coordinate check: after a few steps the learned part of each module is as large at two sizes, slopes of "
        "its log against log size within 0.15 (solv coordinate-check); or the best of three rates, a factor 2 apart, "
        "is the middle one at twice the base's size too",
    )


def _millions(counts: tuple[int, int | None]) -> str:
    total, active = counts
    return f"{total} ({total / 1e6:.4g} M)" + (f", active {active} ({active / 1e6:.4g} M)" if active else "")
