"""How often do judges err? Curves that are true, or wrong by twice a tolerance, with the errors of a run.

    python -m benchmarks.judge_errors [--runs-dir runs] [--draws 200] [NAME ...]        # errors of the quick runs there
    python -m benchmarks.judge_errors --reference [--draws 200] [NAME ...]              # of the shipped reference runs

True are the curves that the tests of an experiment have as ideal: on the theory, or as the paper has them. Every
measured point is drawn anew around them with the standard error that the run has in that panel, and with an estimate
of that error that is as uncertain as its repeats make it. A claim that then `fails` is a false alarm: the goal is 1 of
200. Wrong are the same curves where a test puts one number at the edge of a tolerance: it is put twice as far away; a
claim that then `holds` is missed. Points are drawn independently of each other. Takes a minute or two of one core for
each experiment.
"""

import argparse
import importlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from solv.harness.catalog import names
from solv.harness.contract import flat
from solv.harness.reference import PRESET, shipped
from solv.harness.settings import as_dictionary
from solv.tracking.claims import Claim, Verdict, judge
from solv.tracking.curves import Curves, decode_params
from solv.tracking.runs import RunDirectory, RunStore
from tests.experiments.scaffold import spoilt

GOAL = 1 / 200  # false alarms
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


def ideal_curves(module_name: str) -> tuple[Any, dict[str, Any]]:
    """Return the test module of an experiment, and its fixtures, of which `ideal` are its curves."""
    module = importlib.import_module(module_name)
    kept = Kept()
    code = pytest.main(
        ["-q", "-p", "no:cacheprovider", "-k", "every_claim_holds or nine_tenths", str(module.__file__)], [kept]
    )
    if code or "ideal" not in kept.fixtures:
        raise SystemExit(f"{module_name}: its ideal curves do not pass their test")
    return module, kept.fixtures


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


def wrong(module: Any, fixtures: dict[str, Any], edge: tuple[Any, ...], strength: float) -> Curves:
    """Return the ideal curves of which one number is so many tolerances away from what is true."""
    ideal = fixtures["ideal"]
    _, rows, change = edge[:3]
    if hasattr(module, "put") and change.__code__.co_argcount == 2:
        return module.put(ideal, change(strength, ideal), **rows)
    changed = change(strength)
    if not callable(changed) or (hasattr(module, "put") and module.put.__code__.co_argcount == 2):
        return module.put(ideal, changed, **rows)

    def spoil(part: Curves) -> Curves:
        part.attrs.update(fixtures.get("levels", {}))
        return changed(part)

    return spoilt(ideal, spoil, measured_only=rows.get("source") != "theory", **rows)


class Judges:
    """Judges drawn curves as a run of the sizes that the tests of an experiment judge by."""

    def __init__(self, module: Any, errors: Errors) -> None:
        settings = getattr(module, "SIZES", None) or getattr(module, "SMALL", None) or module.QUICK
        self._sizes, self._usual = (flat(as_dictionary(each)) for each in (settings, module.EXPERIMENT.Config()))
        self._errors = errors

    def rates(self, curves: Curves, claims: Sequence[Claim], draws: int) -> dict[str, dict[Verdict, float]]:
        """Return how often each claim has each verdict over draws of the curves."""
        stream = np.random.default_rng(zlib.crc32(claims[0].id.encode()))
        counts = {claim.id: dict.fromkeys(Verdict, 0) for claim in claims}
        read = {panel.value for claim in claims for panel in claim.reads}
        curves = curves[curves["panel"].isin(read)].reset_index(drop=True)
        scales = self._errors.scales(curves)
        for _ in range(draws):
            seen = drawn(curves, scales, stream)
            for claim in claims:
                counts[claim.id][judge(claim, seen, self._sizes, self._usual).verdict] += 1
        return {
            claim: {verdict: number / draws for verdict, number in found.items()} for claim, found in counts.items()
        }


def table(name: str, run: RunDirectory, draws: int) -> pd.DataFrame:
    """Return the rates of every claim of an experiment that its ideal curves speak of."""
    module, fixtures = ideal_curves(f"tests.experiments.{name.replace('-', '_')}.test_experiment")
    judges, lines = Judges(module, Errors(run)), []
    edges = getattr(module, "EDGES", ())
    ideal = fixtures["ideal"]
    there = set(ideal["panel"])
    claims = [
        claim
        for claim in module.EXPERIMENT.all_claims()
        if {panel.value for panel in claim.reads} <= there and claim.id not in OF_ONE_FIT
    ]  # another test has the curves of others
    true = judges.rates(ideal, claims, draws)
    for claim in claims:
        line = {
            "experiment": name,
            "claim": claim.id,
            "true: fails": true[claim.id][Verdict.FAILS],
            "true: undecided": true[claim.id][Verdict.UNDECIDED],
        }
        found = [
            judges.rates(wrong(module, fixtures, edge, 2), [claim], draws // 4)[claim.id]
            for edge in edges
            if edge[0] == claim.id
        ]
        if found:
            line["wrong: holds"] = max(each[Verdict.HOLDS] for each in found)
            line["wrong: undecided"] = max(each[Verdict.UNDECIDED] for each in found)
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
