"""How often do judges err? Curves that are true, or wrong by twice a tolerance, with the errors of a run.

    python -m benchmarks.judge_errors [--runs-dir runs] [--draws 200] [NAME ...]        # errors of the quick runs there
    python -m benchmarks.judge_errors --reference [--draws 200] [NAME ...]              # of the shipped reference runs

True are the curves that the tests of an experiment have as ideal: on the theory, or as the claims have them. Every
measured point is drawn anew around them with the standard error that the run has in that panel, and with an estimate
of that error that is as uncertain as its repeats make it. A claim that then `fails` is a false alarm: the goal is 1 of
200. Wrong are the same curves where a test puts one number at the edge of a tolerance: it is put twice as far away; a
claim that then `holds` is missed. Points are drawn independently of each other. Takes a minute or two of one core for
each experiment.
"""

import argparse
import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest

from solv.harness.catalog import load, names
from solv.harness.contract import flat
from solv.harness.reference import PRESET, shipped
from solv.harness.settings import RunSettings, as_dictionary
from solv.tracking.claims import Claim, Verdict, judge
from solv.tracking.curves import Curves, decode_params
from solv.tracking.runs import RunDirectory, RunStore
from tests.experiments.scaffold import spoilt

GOAL = 1 / 200  # false alarms
Edge: TypeAlias = tuple[Any, ...]  # claim, the rows that are changed, how (strength 1 is the tolerance)
#: Claims about differences along one fit, which is tested at every x: their errors are common, and draws of each alone
#: say nothing of them.
OF_ONE_FIT = ("longer-test-context-helps", "test-context-has-a-floor")
VAGUE = 0.5  # relative errors from which on they are taken as they are, not in proportion to the value
NEAR = 0.1  # parts of a curve within which errors are those of one place


class Kept:
    """Keeps the fixtures that pytest sets up for a test of one module."""

    def __init__(self) -> None:
        self.fixtures: dict[str, Any] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Keep what every fixture returns."""
        self.fixtures[fixturedef.argname] = yield
        return self.fixtures[fixturedef.argname]


@dataclass(frozen=True)
class Truth:
    """Curves that are true by construction.

    Attributes:
        module: the test module that has them.
        curves: theory and measurements.
        settings: the sizes that they are judged as a run of.
        levels: numbers that a test's changes of the curves read from them.
    """

    module: ModuleType
    curves: Curves
    settings: RunSettings
    levels: Mapping[str, float]


@cache
def truths(name: str) -> tuple[Truth, ...]:
    """Return the true curves of an experiment's tests.

    They are the fixture `ideal` of `test_experiment` and what a function `true_curves` of another module returns.
    """
    whole, *others = _modules(name)
    fixtures, usual = ideal_curves(whole), load(name).Config()
    sizes = getattr(whole, "SIZES", None) or getattr(whole, "SMALL", None) or whole.QUICK
    return (
        Truth(whole, fixtures["ideal"], sizes, fixtures.get("levels", {})),
        *(
            Truth(module, module.true_curves(), getattr(module, "SIZES", usual), {})
            for module in others
            if getattr(getattr(module, "true_curves", None), "__module__", None) == module.__name__
        ),
    )


def edges(name: str) -> dict[str, list[tuple[Truth, Edge]]]:
    """Return by claim the curves and the changes by which they become wrong ones, of all modules of its tests."""
    found: dict[str, list[tuple[Truth, Edge]]] = {}
    for module in _modules(name):
        for edge in getattr(module, "EDGES", ()):
            own = next((truth for truth in truths(name) if truth.module is module), None)
            shared = own or next(truth for truth in truths(name) if truth.curves is module.true_curves())
            found.setdefault(edge[0], []).append((shared, edge))
    return found


def _modules(name: str) -> list[ModuleType]:
    """Return the modules of an experiment's tests, `test_experiment` first."""
    package = importlib.import_module(f"tests.experiments.{name.replace('-', '_')}")
    found = [each.name for each in pkgutil.iter_modules(package.__path__) if not each.ispkg]
    found.sort(key=lambda each: each != "test_experiment")
    return [importlib.import_module(f"{package.__name__}.{each}") for each in found]


def ideal_curves(module: ModuleType) -> dict[str, Any]:
    """Return the fixtures of a test module, of which `ideal` are its curves."""
    kept = Kept()
    code = pytest.main(
        ["-q", "-p", "no:cacheprovider", "-k", "every_claim_holds or nine_tenths", str(module.__file__)], [kept]
    )
    if code or "ideal" not in kept.fixtures:
        raise SystemExit(f"{module.__name__}: its ideal curves do not pass their test")
    return kept.fixtures


class Errors:
    """The standard errors of a run, by panel, ordinate and place along the curves whose parameters are most alike.

    They are taken relative to the value where all values of the panel are positive and known well enough for that.
    """

    def __init__(self, run: RunDirectory) -> None:
        curves = run.curves()
        curves = curves[(curves["source"] != "theory") & np.isfinite(curves["y"]) & (curves["y_err"] > 0)]
        curves = curves.assign(place=_places(curves), relative=curves["y_err"] / curves["y"].abs())
        self._rows = {
            key: rows[["params", "place", "y", "y_err", "relative", "n"]]
            for key, rows in curves.groupby(["panel", "y_name"])
        }

    def scales(self, ideal: Curves) -> np.ndarray:
        """Return row, standard error and its repeats of every point that has an error, shape (points, 3)."""
        measured = (ideal["source"] != "theory") & np.isfinite(ideal["y"]) & (ideal["y_err"] > 0)
        points, found = ideal.assign(row=np.arange(len(ideal)), place=_places(ideal))[measured], []
        for (panel, ordinate, params), rows in points.groupby(["panel", "y_name", "params"]):
            every = self._rows.get((panel, ordinate))
            if every is None:  # not in the run
                found += list(zip(rows["row"], rows["y_err"], rows["n"], strict=True))
                continue
            known = _most_alike(every, str(params))
            positive = bool((known["y"] > 0).all() and (rows["y"] > 0).all())
            relative = positive and known["relative"].median() < VAGUE
            repeats = int(known["n"].median())
            for row, place, y in zip(rows["row"], rows["place"], rows["y"], strict=True):
                distance = (known["place"] - place).abs()
                near = known[distance <= max(NEAR, distance.min())]
                sigma = near["relative"].median() * y if relative else near["y_err"].median()
                found.append((row, float(sigma), repeats))
        return np.array(found, dtype=float).reshape(-1, 3)


def drawn(ideal: Curves, scales: np.ndarray, stream: np.random.Generator) -> Curves:
    """Return the curves with every measured point drawn around itself, and an estimate of its error."""
    y, y_err, n = (ideal[name].to_numpy(float).copy() for name in ("y", "y_err", "n"))
    rows, sigma, repeats = scales[:, 0].astype(int), scales[:, 1], scales[:, 2]
    freedom = np.maximum(repeats - 1, 1)
    noise, value = stream.standard_normal(len(rows)), y[rows]
    never_negative = ideal.groupby(["panel", "y_name"])["y"].transform("min").to_numpy()[rows] > 0
    wide = np.sqrt(
        np.log1p((sigma / np.where(never_negative, value, np.inf)) ** 2)
    )  # of a log-normal of that deviation
    y[rows] = np.where(never_negative, value * np.exp(wide * noise - wide**2 / 2), value + sigma * noise)
    y_err[rows] = sigma * np.sqrt(stream.chisquare(freedom) / freedom)
    n[rows] = repeats
    return ideal.assign(y=y, y_err=y_err, n=n.astype(int))


def _places(curves: Curves) -> pd.Series:
    """Return where along its curve every point lies, from 0 to 1."""
    by_curve = curves.groupby(["panel", "params", "source", "y_name"])["x"]
    return ((by_curve.rank(method="dense") - 1) / (by_curve.transform("nunique") - 1).clip(lower=1)).rename("place")


def _most_alike(rows: pd.DataFrame, params: str) -> pd.DataFrame:
    """Return the rows of the curves that share most parameters with one."""
    asked = decode_params(params)
    shared = {
        each: sum(key in asked and asked[key] == value for key, value in decode_params(each).items())
        for each in rows["params"].unique()
    }
    most = max(shared.values())
    return rows[rows["params"].isin([each for each, number in shared.items() if number == most])]


def wrong(truth: Truth, edge: Edge, strength: float) -> Curves:
    """Return the true curves of which one number is so many tolerances away from what is true."""
    _, rows, change = edge[:3]
    put: Callable[..., Any] | None = getattr(truth.module, "put", None)
    puts_curves = put and put.__code__.co_argcount == 2  # curves and an ordinate, not an ordinate alone
    if put and puts_curves and change.__code__.co_argcount == 2:
        at_twice: Curves = put(truth.curves, change(strength, truth.curves), **rows)
        return at_twice
    changed = change(strength)
    if put and (puts_curves or not callable(changed)):
        placed: Curves = put(truth.curves, changed, **rows)
        return placed

    def spoil(part: Curves) -> Curves:
        part.attrs.update(truth.levels)
        return changed(part)

    return spoilt(truth.curves, spoil, measured_only=rows.get("source") != "theory", **rows)


class Judges:
    """Judges drawn curves as a run of the sizes that the tests of an experiment judge by.

    They are taken as the default ones: a run that is smaller than those refutes nothing, and would raise no alarm.
    """

    def __init__(self, settings: RunSettings, errors: Errors) -> None:
        self._sizes, self._errors = flat(as_dictionary(settings)), errors

    def judge(self, claim: Claim, curves: Curves) -> Verdict:
        """Return the verdict of curves as they are."""
        return judge(claim, curves, self._sizes, self._sizes).verdict

    def chance(self, curves: Curves, claim: Claim) -> bool:
        """Return whether any point that the claim reads has an error to be drawn with."""
        read = {panel.value for panel in claim.reads}
        return len(self._errors.scales(curves[curves["panel"].isin(read)].reset_index(drop=True))) > 0

    def rates(
        self, curves: Curves, claims: Sequence[Claim], draws: int, repeats: float = 1.0
    ) -> dict[str, dict[Verdict, float]]:
        """Return how often each claim has each verdict over draws of the curves.

        Args:
            curves: true ones, or wrong ones.
            claims: that are judged.
            draws: number of draws.
            repeats: times as many as the run has had.
        """
        stream = np.random.default_rng(zlib.crc32(claims[0].id.encode()))
        counts = {claim.id: dict.fromkeys(Verdict, 0) for claim in claims}
        read = {panel.value for claim in claims for panel in claim.reads}
        curves = curves[curves["panel"].isin(read)].reset_index(drop=True)
        scales = self._errors.scales(curves) * [1, repeats**-0.5, repeats]
        for _ in range(draws):
            seen = drawn(curves, scales, stream)
            for claim in claims:
                counts[claim.id][self.judge(claim, seen)] += 1
        return {
            claim: {verdict: number / draws for verdict, number in found.items()} for claim, found in counts.items()
        }


def judged_truths(name: str, run: RunDirectory) -> Iterator[tuple[Truth, Judges, list[Claim]]]:
    """Yield true curves, who judges them at the errors of a run, and the claims that they say something of."""
    found, experiment, errors = truths(name), load(name), Errors(run)
    done = set(OF_ONE_FIT)
    for truth in found:
        own, there = Judges(truth.settings, errors), set(truth.curves["panel"])
        claims = [
            claim
            for claim in experiment.all_claims()
            if claim.id not in done
            and {panel.value for panel in claim.reads} <= there
            and own.chance(truth.curves, claim)
            and own.judge(claim, truth.curves) is Verdict.HOLDS  # what theory itself refutes is no truth
        ]
        done.update(claim.id for claim in claims)
        yield truth, own, claims
    left = [claim.id for claim in experiment.all_claims() if claim.id not in done]
    print(f"{name}: no true curves that chance changes, of {', '.join(left) or 'no claim'}", flush=True)


def table(name: str, run: RunDirectory, draws: int) -> pd.DataFrame:
    """Return the rates of every claim of an experiment that true curves speak of, and that chance can mislead."""
    errors, lines = Errors(run), []
    wrong_ones = edges(name)
    for truth, judges, claims in judged_truths(name, run):
        true = judges.rates(truth.curves, claims, draws) if claims else {}
        for claim in claims:
            line = {
                "experiment": name,
                "claim": claim.id,
                "true: fails": true[claim.id][Verdict.FAILS],
                "true: undecided": true[claim.id][Verdict.UNDECIDED],
            }
            rates = [
                Judges(of.settings, errors).rates(wrong(of, edge, 2), [claim], draws // 4)[claim.id]
                for of, edge in wrong_ones.get(claim.id, ())
            ]
            if rates:
                line["wrong: holds"] = max(each[Verdict.HOLDS] for each in rates)
                line["wrong: undecided"] = max(each[Verdict.UNDECIDED] for each in rates)
            lines.append(line)
            print(line, flush=True)
    return pd.DataFrame(lines)


def main() -> None:
    """Print the table of all experiments that were asked for, and whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="experiments; none: all that have a run")
    parser.add_argument("--runs-dir", default="runs", help="folder of the quick runs")
    parser.add_argument("--reference", action="store_true", help="take the errors of the shipped reference runs")
    parser.add_argument("--draws", type=int, default=200, help="draws for each claim")
    parser.add_argument("--save", type=Path, help="CSV file to write the table to")
    asked = parser.parse_args()
    store, preset = (shipped(), PRESET) if asked.reference else (RunStore(Path(asked.runs_dir)), "quick")
    tables = []
    for name in asked.names or names():
        runs = store.finished(name, preset)
        if not runs:
            print(f"{name}: no {preset} run in {store.root}; `solv run {name} runs_dir={asked.runs_dir}` makes one")
            continue
        tables.append(table(name, runs[-1], asked.draws))
    found = pd.concat(tables, ignore_index=True)
    if asked.save:
        found.to_csv(asked.save, index=False)
    print(found.to_string(index=False, float_format="{:.3f}".format))
    alarms = found["true: fails"].mean()
    print(f"false alarms over all claims: {alarms:.4f} (goal {GOAL})")
    if alarms > GOAL:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
