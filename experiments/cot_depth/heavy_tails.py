"""Part `heavy-tails`: why are arithmetic means wild near the critical line? A few chains carry all of them.

Ours. At finite D the spectral radius of a chain fluctuates from one pretraining set and context to the next, and the
error after t steps is about its 2t-th power: the logarithm of the error is what fluctuates by a bounded amount, and its
spread grows with t and falls with D. The arithmetic mean is then that of the largest few chains.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig, HeavyTails, Simulation
from solv.experiments.cot_depth.work import chains
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "heavy-tails")
ALPHA, TAU, RHO = 3.0, 2.0, 1e-4  # on the critical line, as in the paper's third picture
LARGEST = 0.05  # share of the chains whose part in the mean is asked for
MOST = 0.5  # part of the mean above which it is theirs


class Panels(StrEnum):
    """The panels of this part."""

    TAIL = "chain-tail"
    SHARE = "chain-share"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return how errors of single chains are distributed, and how much of their mean the largest carry."""
    depth = config.heavy_tails.depth
    return [
        Panel(
            Panels.TAIL,
            f"Single chains at α = 3, τ = τ_c = 2, t = {depth}",
            "error / geometric mean",
            "share of chains above",
            x_scale="log",
            y_scale="log",
            series="D={dimension}",
            ordered=True,
            note="steps: one chain each",
        ),
        Panel(
            Panels.SHARE,
            f"What the mean is made of (α = 3, τ = τ_c = 2, t = {depth})",
            "input dimension D",
            f"part of the mean in the largest {100 * LARGEST:.0f} %",
            x_scale="log",
            y_limits=(0, 1),
        ),
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield what equal chains would carry: their own share, the limit D -> infinity."""
    dimensions = config.heavy_tails.dimension
    share = np.full(len(dimensions), LARGEST)
    yield RECORD.theory(Panels.SHARE, _at(config.heavy_tails), x=("dimension", dimensions), y=("share", share))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the distribution of errors over all chains of a dimension, and the part of the largest in their mean."""
    from solv.experiments.cot_depth.chain import simulate

    size, shares = config.heavy_tails, []
    with context.progress.task("simulate single chains", len(size.dimension)) as step:
        for d in size.dimension:
            sizes = Simulation(dimension=d, repeats=size.repeats, contexts=size.contexts)
            errors = simulate(config, context, "tails", ALPHA, [TAU], RHO, size.depth, sizes=sizes)["last"][:, 0]
            step.advance(note=f"d={d}")
            shares.append(_share(errors))
            ordered = np.sort(errors.ravel())
            above = 1 - np.arange(len(ordered)) / len(ordered)  # share of chains at or above each error
            shown = np.unique(np.geomspace(1, len(ordered), 24).astype(int))  # evenly on the log axis, from the top
            ratio = ordered / np.exp(np.log(ordered).mean())
            yield RECORD.simulation(
                Panels.TAIL,
                {**_at(size), "dimension": d},
                x=("error_over_typical", ratio[-shown]),
                y=("share_above", above[-shown]),
                y_err=np.sqrt(above[-shown] * (1 - above[-shown]) / len(ordered)),
                n=len(ordered),
            )
    share, spread = np.array(shares).T
    yield RECORD.simulation(
        Panels.SHARE, _at(size), x=("dimension", size.dimension), y=("share", share), y_err=spread, n=size.repeats
    )


def _at(size: HeavyTails) -> dict[str, float]:
    return {"alpha": ALPHA, "tau": TAU, "rho": RHO, "depth": size.depth}


def _share(errors: np.ndarray) -> tuple[float, float]:
    """Return the part of the sum that the largest chains have, and its jackknife error over pretraining sets (rows)."""

    def of(chains: np.ndarray) -> float:
        ordered = np.sort(chains.ravel())
        largest = max(1, round(LARGEST * len(ordered)))
        return float(ordered[-largest:].sum() / ordered.sum())

    without = np.array([of(np.delete(errors, row, axis=0)) for row in range(len(errors))])
    spread = np.sqrt((len(errors) - 1) * np.mean((without - without.mean()) ** 2))
    return of(errors), float(spread)


def _judge(curves: Curves) -> Judgement:
    rows = curves[curves["source"] == "simulation"].sort_values("x")
    if len(rows) < 2:
        return missing("heavy_tails.dimension with two values")
    first, last = rows.iloc[0], rows.iloc[-1]
    fall = float(np.hypot(known(first["y_err"], first["n"]), known(last["y_err"], last["n"])))
    return Judgement(
        all_of(
            [
                exceeds(first["y"], MOST, known(first["y_err"], first["n"])),
                exceeds(first["y"] - last["y"], 0, fall),
            ]
        ),
        predicted=f"> {MOST:g} at the smallest D, less at the largest",
        measured=(
            f"{first['y']:.2f} ± {first['y_err']:.2f} at D = {first['x']:g}, {last['y']:.2f} ± {last['y_err']:.2f} "
            f"at D = {last['x']:g}"
        ),
        tolerance="2 s.e. (jackknife over pretraining sets)",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains of every dimension."""
    size = config.heavy_tails
    sizes = Simulation(repeats=size.repeats, contexts=size.contexts)
    return sum((chains(sizes, ALPHA, [TAU], size.depth, d) for d in size.dimension), Work())


HEAVY_TAILS = Part(
    name="heavy-tails",
    question="Why is the arithmetic mean over chains wild near the critical line?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "heavy-tails",
            "On the critical line the largest 5 % of the chains carry most of the mean at small D, less at large D.",
            reads=(Panels.SHARE,),
            judge=_judge,
            needs={"heavy_tails.repeats": 24, "heavy_tails.dimension": 256},
        ),
    ),
)
