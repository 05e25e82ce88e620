"""Part `regret`: which run, read at every stopping time, is how far from a cosine that is tuned for that time?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float

from solv.experiments.anytime.regression import (
    COMMON_LABEL,
    EMA,
    LAST,
    TUNED,
    average_name,
    case,
    ema_of,
    problem,
)
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.experiments.anytime.work import nodes, recursion, tuned
from solv.harness.contract import Part
from solv.harness.work import Work
from solv.theory.anytime.horizon_free import (
    FINALS,
    MULTIPLIERS,
    PARTS,
    Anytime,
    PowerSchedule,
    Problem,
    Tuned,
    compare,
    horizon_free_schedules,
    read_out,
    stable_decay_envelope,
)
from solv.theory.anytime.weight_averaging import ema
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "regret")
CONSTANT, POWER, COSINE, STABLE = "constant", "power", "cosine", "WSD"  # kinds of schedules
LONGEST = "last t"  # a cosine that is tuned for the longest training
PURE = PowerSchedule(0.5)
BETWEEN = (0.063, 0.08, 0.136, 0.184, 0.35, 0.7)  # of the horizon: points of lines between the readings
LEAST_HORIZON = 20_000  # steps at which the ratios to the tuned cosine were first computed
LAST_ABOVE, CONSTANT_BELOW, OFFSET_BELOW, LONG_ABOVE = 1.25, 1.2, 1.1, 1.19  # ratios to the tuned cosine
ROUNDING = 0.005  # of the bound on the last iterate, which was read off a table of two decimals


class Panels(StrEnum):
    """The panels of this part."""

    ANSWER = "answer"
    RISK = "risk"
    CONSTANT = "ratio-constant"
    DECAYING = "ratio-decaying"
    PEAKS = "peaks"
    EDGES = "edges"
    BASELINES = "baselines"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the answer and its risk, the ratios of all anytime runs, their peaks, and what is not anytime."""
    against_steps = partial(Panel, x_label="steps t", x_scale="log", facets=("a", "b"))
    ratio = partial(
        against_steps,
        y_label="risk / that of the tuned cosine",
        y_limits=(0.7, 1.8),
        series=average_name,
        ordered=True,
        note="1: a cosine tuned for each t; every run at its own best peak",
        main=True,
    )
    return [
        against_steps(
            Panels.ANSWER,
            "Which schedule, window and peak? a = {a}, b = {b}",
            y_label="numbers of the run whose largest ratio to the tuned cosine is least",
            series="best run",
            main=True,
            drawn=False,
        ),
        against_steps(
            Panels.RISK,
            "Which schedule and window? a = {a}, b = {b}",
            y_label="excess risk",
            y_scale="log",
            series=_risk_name,
            main=True,
        ),
        ratio(Panels.CONSTANT, "Anytime: constant, a = {a}, b = {b}"),
        ratio(
            Panels.DECAYING,
            "Anytime: (1+t/{offset})^-{gamma}, a = {a}, b = {b}",
            facets=("a", "b", "gamma", "offset"),
        ),
        against_steps(
            Panels.PEAKS,
            "Best peaks: a = {a}, b = {b}",
            y_label="peak, times 1/tr H, and final factor",
            series=_schedule_name,
            main=True,
            drawn=False,
        ),
        against_steps(
            Panels.EDGES,
            "Whether a best peak is on an edge of those tried: a = {a}, b = {b}",
            y_label="1: on an edge; peaks, times 1/tr H",
            series=_schedule_name,
            drawn=False,
        ),
        against_steps(
            Panels.BASELINES,
            "Not anytime: a = {a}, b = {b}",
            y_label="risk / that of the tuned cosine",
            y_scale="log",
            y_limits=(0.7, 25),
            series=_schedule_name,
        ),
    ]


def _risk_name(params: Params) -> str:
    return _schedule_name(params) if "schedule" in params else "best anytime run"


def _schedule_name(params: Params) -> str:
    if params["schedule"] == COSINE:
        return "cosine, tuned for each t" if params["tuned"] == TUNED else "one long cosine read early"
    if params["schedule"] == STABLE:
        return "WSD, tuned for each t"
    gamma, offset = (float(str(params.get(key, 0))) for key in ("gamma", "offset"))
    return f"{PowerSchedule(gamma, offset).name}, {average_name(params)}"


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the curves of every (a, b), the answer first."""
    for a, b in cases(config):
        yield from _compared(config, a, b).curves()


@dataclass(frozen=True)
class _Comparison:
    """All runs of one (a, b).

    Attributes:
        at: params that all of its curves have.
        regression: what is learned.
        horizons: steps at which all are read.
        cosine: tuned for each of them.
        runs: the anytime runs by what tells them apart: schedule and average.
        pure: the run of t^-1/2 without an offset.
    """

    at: Params
    regression: Problem
    horizons: list[int]
    cosine: Tuned
    runs: list[tuple[Params, Anytime]]
    pure: Anytime

    def curves(self) -> Iterator[Curves]:
        """Yield the curves of all panels."""
        steps, risk = ("steps", self.horizons), self.cosine.risk
        tuned = {**self.at, "schedule": COSINE, "tuned": TUNED, "average": LAST}
        yield from self._answer()
        yield RECORD.theory(Panels.RISK, tuned, x=steps, y=("risk", risk))
        yield RECORD.theory(Panels.PEAKS, tuned, x=steps, y=("multiplier", self.cosine.multiplier))
        yield RECORD.theory(Panels.PEAKS, tuned, x=steps, y=("final", self.cosine.shape))
        last = ("steps", self.horizons[-1])
        for name, value in zip(("least_tried", "most_tried"), self.cosine.edges, strict=True):
            yield RECORD.theory(Panels.EDGES, tuned, x=last, y=(name, value))
        yield RECORD.theory(Panels.EDGES, tuned, x=last, y=("on_edge", self.cosine.on_edge))
        for kind, run in self.runs:
            if kind["average"] == LAST:
                continue
            at = {**self.at, **kind}
            panel = Panels.CONSTANT if kind["schedule"] == CONSTANT else Panels.DECAYING
            yield RECORD.theory(panel, at, x=steps, y=("ratio", run.risk / risk))
            yield RECORD.theory(Panels.PEAKS, at, x=last, y=("multiplier", run.multiplier))
            yield RECORD.theory(Panels.EDGES, at, x=last, y=("on_edge", run.on_edge))
        for kind, ratio in self._baselines():
            yield RECORD.theory(Panels.BASELINES, {**self.at, **kind}, x=steps, y=("ratio", ratio))

    def _answer(self) -> Iterator[Curves]:
        """Yield the numbers of the best run, an infinite label standing for its last iterate, and its risk."""
        kind, run = min(self.runs, key=lambda pair: pair[1].worst_ratio)
        numbers = {
            "gamma": run.schedule.gamma,
            "offset": run.schedule.offset,
            "ema_label": kind.get("label", np.inf),
            "multiplier": run.multiplier,
            "worst_ratio": run.worst_ratio,
        }
        for name, value in numbers.items():
            yield RECORD.theory(Panels.ANSWER, self.at, x=("steps", self.horizons[-1]), y=(name, float(str(value))))
        yield RECORD.theory(
            Panels.RISK, {**self.at, "answer": "best"}, x=("steps", self.horizons), y=("risk", run.risk)
        )

    def _baselines(self) -> Iterator[tuple[Params, Float[np.ndarray, "horizons"]]]:
        """Yield what is not anytime, and what is tuned or branched off for each horizon, over the tuned cosine."""
        horizons, risk = self.horizons, self.cosine.risk
        for kind, run in self.runs:
            if kind["schedule"] == CONSTANT and kind["average"] == LAST:
                yield kind, run.risk / risk
        yield {**schedule_of(PURE), **ema_of(COMMON_LABEL)}, self.pure.risk / risk
        yield {"schedule": COSINE, "tuned": LONGEST, "average": LAST}, self.cosine.long / risk
        stable = stable_decay_envelope(self.regression, horizons).risk
        yield {"schedule": STABLE, "tuned": TUNED, "average": LAST}, stable / risk


def _compared(config: AnytimeConfig, a: float, b: float) -> _Comparison:
    """Return all runs of one (a, b), each at its best peak."""
    regression, horizons, labels = problem(config, a, b), readings(config.horizon), config.regret.labels
    schedules = horizon_free_schedules(a, b, config.horizon, config.regret.offsets)
    averages = [ema(label) for label in dict.fromkeys([*labels, COMMON_LABEL])]
    found = compare(regression, horizons, [*schedules, PURE], averages, judged=read_out(config.horizon))
    names: list[dict[str, object]] = [{"average": LAST}, *map(ema_of, labels)]
    each = {(run.schedule, run.average): run for run in found.runs}
    runs: list[tuple[Params, Anytime]] = [
        ({**schedule_of(schedule), **name}, each[schedule, average])
        for schedule in schedules
        for name, average in zip(names, ["last iterate", *(ema(label).name for label in labels)], strict=True)
    ]
    at = {**case(config, a, b), "horizon": config.horizon}
    return _Comparison(at, regression, horizons, found.envelope, runs, each[PURE, ema(COMMON_LABEL).name])


def readings(horizon: int) -> list[int]:
    """Return the steps at which lines are drawn: those of the readings, and some between them."""
    return sorted({*read_out(horizon), *(round(part * horizon) for part in BETWEEN)})


def schedule_of(schedule: PowerSchedule) -> dict[str, object]:
    """Return what tells a horizon-free schedule from the others; an offset only where there is one."""
    if schedule.gamma == 0:
        return {"schedule": CONSTANT, "gamma": 0}
    offset = {"offset": schedule.offset} if schedule.offset else {}
    return {"schedule": POWER, "gamma": schedule.gamma, **offset}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_tuned(curves: Curves) -> Judgement:
    peaks = select(curves, panel=Panels.PEAKS, schedule=COSINE, y_name="multiplier")["y"]
    edges = select(curves, panel=Panels.EDGES, schedule=COSINE)
    tried = select(edges, y_name="least_tried")["y"].min(), select(edges, y_name="most_tried")["y"].max()
    on_edge = select(edges, y_name="on_edge")["y"]
    return Judgement(
        all_of(Verdict.FAILS if value else Verdict.HOLDS for value in on_edge),
        predicted="no optimum on an edge",
        measured=(
            f"{int(on_edge.sum())} of {len(on_edge)} cases on an edge; best {peaks.min():g} to {peaks.max():g} of "
            f"{tried[0]:g} to {tried[1]:g}, times 1/tr H"
        ),
        tolerance="both final factors, 0 and 0.1, and every peak",
    )


def _judge_last_iterate(curves: Curves) -> Judgement:
    rows = _read(select(curves, schedule=CONSTANT, average=LAST))
    least = float(rows["y"].min())
    return Judgement(
        _if_long(rows, exceeds(least, LAST_ABOVE - ROUNDING)),
        predicted=f">= {LAST_ABOVE}",
        measured=least,
        tolerance=f"{ROUNDING:g}: the bound is known to two decimals; exact recursion, the least of {len(rows)}",
    )


def _judge_anytime(curves: Curves) -> Judgement:
    rows = _read(select(curves, average=EMA, label=COMMON_LABEL))
    if rows.empty:
        return missing(f"regret.labels includes {COMMON_LABEL:g}")
    constant = float(select(rows, panel=Panels.CONSTANT)["y"].max())
    offset = float(select(rows, panel=Panels.DECAYING, gamma=0.5)["y"].max())
    return Judgement(
        _if_long(rows, all_of([within(constant, 0, CONSTANT_BELOW), within(offset, 0, OFFSET_BELOW)])),
        predicted=f"<= {CONSTANT_BELOW} and <= {OFFSET_BELOW}",
        measured=f"constant: {constant:.3f}, offset: {offset:.3f}",
        tolerance="exact recursion; the largest of all horizons, cases and offsets",
    )


def _judge_long_cosine(curves: Curves) -> Judgement:
    rows = _read(select(curves, schedule=COSINE, tuned=LONGEST))
    early = rows[rows["x"] < rows.groupby("params")["x"].transform("max")]
    least = float(early["y"].min())
    return Judgement(
        _if_long(rows, exceeds(least, LONG_ABOVE)),
        predicted=f"> {LONG_ABOVE}",
        measured=least,
        tolerance=f"exact recursion; the least of {len(early)}",
    )


def _read(rows: Curves) -> Curves:
    """Return the points where anytime runs are read: a twentieth, a tenth, a quarter, a half and all of the horizon."""
    longest = rows.groupby("params")["x"].transform("max")
    parts = (rows["x"] / longest).to_numpy()[:, None]
    found: Curves = rows[np.isclose(parts, PARTS, rtol=1e-9, atol=0.5 / longest.to_numpy()[:, None]).any(axis=1)]
    return found


def _if_long(rows: Curves, verdict: Verdict) -> Verdict:
    return verdict if rows["x"].max() >= LEAST_HORIZON else Verdict.UNDECIDED


def work(config: AnytimeConfig) -> Work:
    """Return the work of the tuned cosines, of WSD and of all anytime runs, each at every peak."""
    size, horizons, peaks = nodes(config, config.dimension), readings(config.horizon), len(MULTIPLIERS)
    tunings = tuned(size, horizons, len(FINALS) + 1, peaks)  # one more: WSD
    averages = len({*config.regret.labels, COMMON_LABEL})
    schedules = [len(horizon_free_schedules(*each, config.horizon, config.regret.offsets)) for each in cases(config)]
    runs = (recursion(size, config.horizon, (1 + count) * peaks, averages) for count in schedules)  # 1: t^-1/2
    return sum(runs, len(schedules) * tunings)


REGRET = Part(
    name="regret",
    question="Which schedule and window is how close, at every stopping time, to a cosine that is tuned for it?",
    names=Panels,
    panels=panels,
    predict=predict,
    work=work,
    claims=(
        Claim(
            "cosine-is-tuned",
            "The cosine is tuned: its best peak is inside the grid that was tried, at every horizon.",
            reads=(Panels.PEAKS, Panels.EDGES),
            judge=_judge_tuned,
        ),
        Claim(
            "averaging-is-essential",
            f"A constant rate without averaging is >= {LAST_ABOVE} times the tuned cosine at every horizon.",
            reads=(Panels.BASELINES,),
            judge=_judge_last_iterate,
            needs={"horizon": LEAST_HORIZON},
        ),
        Claim(
            "anytime-matches-tuned-cosine",
            f"One run with EMA {COMMON_LABEL:g} is close to the tuned cosine at every horizon: <= {CONSTANT_BELOW} "
            f"times at a constant rate, <= {OFFSET_BELOW} times with 1/sqrt(t) after an offset.",
            reads=(Panels.CONSTANT, Panels.DECAYING),
            judge=_judge_anytime,
            needs={"horizon": LEAST_HORIZON},
        ),
        Claim(
            "long-cosine-is-not-anytime",
            f"A cosine tuned for a long horizon is over {LONG_ABOVE} times the tuned one wherever it is read early.",
            reads=(Panels.BASELINES,),
            judge=_judge_long_cosine,
            needs={"horizon": LEAST_HORIZON},
        ),
    ),
)
