"""Part `load`: does the bias alone spread the tokens evenly over the experts, in the limit and in transformers?"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from math import hypot

import numpy as np
from jaxtyping import Float

from solv.experiments.moe_transfer.residual_networks import (
    descend,
    descent_work,
    limit_of,
    limit_work,
    params_of,
    rate_params,
)
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import (
    SCALED,
    SHOWN,
    models,
    scan_work,
    seeds_of,
    trained,
    trained_first,
    trainings,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, decode_params, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "load")
BALANCED_AFTER = 300  # steps: after a hundred the bias, 0.05 times a load difference a step, still moves
EVEN, SPARE = 1.0, 1.0  # load over the mean where all experts get the same, and how far the busiest may be above


class Panels(StrEnum):
    """The panels of this part."""

    LIMIT_ROUTER = "limit-router"
    LIMIT_LOAD = "limit-load"
    BUSIEST = "busiest"
    DEAD = "dead"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return router and loads of the limit with and without the bias, and the busiest expert of transformers."""
    drawn = []
    if "limit" in config.work:
        where = f"{config.limit.activation[-1]}, N = E = {max(config.limit.size)}"
        for name, title in ((Panels.LIMIT_ROUTER, "Router logits"), (Panels.LIMIT_LOAD, "Loads")):
            drawn.append(
                Panel(
                    name,
                    f"{title}, {where}",
                    "steps t",
                    "standard deviation over experts",
                    series="η_b = {balance}",
                )
            )
    if trained(config.work) or _trains_longer(config):
        drawn += [
            Panel(
                Panels.BUSIEST,
                "Load of the busiest expert",
                "doublings",
                "load / mean load",
                series=_busiest_label,
            ),
            Panel(Panels.DEAD, "Experts without a token", "doublings", "experts", series=_busiest_label, drawn=False),
        ]
    return drawn


def _busiest_label(params: Params) -> str:
    return f"{SHOWN[str(params['table'])]}, {params['direction']}, {params['steps']} steps"


def _trains_longer(config: MoeTransferConfig) -> bool:
    return "settings" in config.work and config.transfer.horizon > 1


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield how router logits and loads of the limit are spread over experts."""
    if "limit" not in config.work:
        return
    settings, t = config.limit, np.arange(config.limit.steps + 1)
    for balance in settings.balance_rates:
        limit = limit_of(settings, settings.activation[-1], balance=balance)
        at = _params(config, balance)
        yield RECORD.theory(Panels.LIMIT_ROUTER, at, x=("t", t), y=("deviation", limit.router_std))
        yield RECORD.theory(Panels.LIMIT_LOAD, at, x=("t", t), y=("deviation", limit.load_std))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the same of finite networks, and the loads of transformers at their best learning rate."""
    if "limit" in config.work:
        yield from _networks(config, context)
    if trained(config.work) or _trains_longer(config):
        yield from _transformers(config, context)


def _networks(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    settings, size = config.limit, max(config.limit.size)
    t = np.arange(settings.steps + 1)
    with context.progress.task("train networks with a balance bias", len(settings.balance_rates)) as step:
        for balance in settings.balance_rates:
            networks = descend(
                settings, context, settings.activation[-1], size, size, settings.repeats, balance=balance
            )
            for panel, name in ((Panels.LIMIT_ROUTER, "router_std"), (Panels.LIMIT_LOAD, "load_std")):
                y, y_err, n = standard_error(networks[name])
                at = _params(config, balance)
                yield RECORD.simulation(panel, at, x=("t", t), y=("deviation", y), y_err=y_err, n=n)
            step.advance(note=f"eta_b = {balance:g}")


def _params(config: MoeTransferConfig, balance: float) -> dict[str, object]:
    settings, size = config.limit, max(config.limit.size)
    return params_of(
        settings,
        settings.activation[-1],
        layers=1,
        width=size,
        experts=size,
        balance=balance,
        **rate_params(settings),
    )


def _transformers(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings = config.transfer
    laboratory = Laboratory(settings, context)
    jobs = [(job.table, job.direction, job.model, settings.steps) for job in trainings(config, settings.directions[:1])]
    if _trains_longer(config):
        small = models(settings, "ladder")[0]
        jobs.append((SCALED, "ladder", small, settings.horizon * settings.steps))
    with context.progress.task("loads of the experts", len(jobs)) as step:
        for table, direction, model, steps in jobs:
            trained_copies = laboratory.losses(table, model, steps, seeds_of(settings, model))
            best = int(np.argmin(standard_error(trained_copies["scores"])[0]))
            doublings = float(np.log2(model.along / models(settings, direction)[0].along))
            at: Params = {"table": table, "direction": direction, "steps": steps}
            yield from _busiest(at, doublings, trained_copies["loads"][:, best])
            step.advance(note=f"{table} {model.name}")


def _busiest(at: Params, doublings: float, loads: Float[np.ndarray, "seeds layers experts"]) -> Iterator[Curves]:
    """The load of the busiest expert of any layer over the mean load, and how many experts got no token."""
    y, y_err, n = standard_error((loads.max(-1) / loads.mean(-1)).max(-1))
    x = "doublings", doublings
    yield RECORD.trained(Panels.BUSIEST, at, x=x, y=("largest load", y), y_err=y_err, n=n)
    yield RECORD.trained(Panels.DEAD, at, x=x, y=("dead", int((loads == 0).sum())), y_err=0, n=1)


def work(config: MoeTransferConfig) -> Work:
    """Return the work of the limits, of networks with a bias (`limit` has those without), and of a longer training."""
    limit, settings, done = config.limit, config.transfer, Work()
    if "limit" in config.work:
        size, balances = max(limit.size), limit.balance_rates
        others = balances if config.parts and "limit" not in config.parts else [each for each in balances if each]
        done += limit_work(limit, limit.activation[-1]) * len(balances)
        done += descent_work(limit, size, size, limit.repeats) * len(others)
    jobs = {(job.table, job.model.name): job.model for job in trainings(config, settings.directions[:1])}
    new = {key: model for key, model in jobs.items() if key not in trained_first(config)}
    done += sum((scan_work(settings, table, model, settings.steps) for (table, _), model in new.items()), Work())
    if _trains_longer(config):
        done += scan_work(settings, SCALED, models(settings, "ladder")[0], settings.horizon * settings.steps)
    return done


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_balanced(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.BUSIEST, table=SCALED, source="trained")
    if rows.empty:
        return missing("work includes transfer")
    settled = rows[parameter(rows, "steps") >= BALANCED_AFTER]
    shown = settled if len(settled) else rows
    dead = select(curves, panel=Panels.DEAD, table=SCALED, source="trained")
    if len(settled):
        dead = dead[parameter(dead, "steps") >= BALANCED_AFTER]
    worst = shown.iloc[int(np.argmax(shown["y"]))]
    if len(settled):
        verdicts = [Verdict.FAILS if (dead["y"] > 0).any() else Verdict.HOLDS]
        points = zip(settled["y"], settled["y_err"], settled["n"], strict=True)
        verdicts += [within(y, EVEN, SPARE, known(y_err, n)) for y, y_err, n in points]
    else:
        verdicts = [Verdict.UNDECIDED]
    limit = select(curves, panel=Panels.LIMIT_LOAD, source="simulation")
    last = limit[limit["x"] == limit["x"].max()]
    by_rate = last.assign(balance=parameter(last, "balance")).sort_values("balance")
    for first, second in pairwise(by_rate.itertuples()):
        error = hypot(known(first.y_err, first.n), known(second.y_err, second.n))
        verdicts.append(exceeds(first.y - second.y, 0.0, error))
    return Judgement(
        all_of(verdicts),
        predicted="at most 2, none dead",
        measured=f"{worst['y']:.2f} ({_busiest_label(decode_params(worst['params']))}), {dead['y'].sum():g} dead",
        error=None if np.isnan(worst["y_err"]) else float(worst["y_err"]),
        tolerance=f"load over mean after {BALANCED_AFTER} steps, at the best rate; in E0 the bias evens the loads out",
    )


LOAD = Part(
    name="load",
    question="Does the bias alone balance the experts, without an auxiliary loss?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "balanced-without-auxiliary-loss",
            "The bias alone balances the experts: none is dead, the busiest has at most twice its share.",
            reads=(Panels.LIMIT_LOAD, Panels.BUSIEST, Panels.DEAD),
            judge=_judge_balanced,
            needs={"transfer.steps": BALANCED_AFTER, "limit.repeats": 16},
        ),
    ),
)
