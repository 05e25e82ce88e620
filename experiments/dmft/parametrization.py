"""Part `parametrization`: what of a network survives when it is widened, in the mean-field and the NTK parametrization?

One narrow network (nu = 1) is widened either way: are its best learning rate and the spikes of its weights those of the
narrow one? The contrast is that of the companion arXiv:2605.07870; equations and numbers are ours.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import deep_theory, training
from solv.experiments.dmft.deep_networks import largest_singular_value
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.dmft.parametrization import Parametrization, loss_after, widened
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "parametrization")
NARROW = DeepLinear(1, 4.0, 1.0, 2.0, 0.03)  # both parametrizations agree at its width
WIDTHS = (1.0, 2.0, 4.0, 8.0)
OCTAVE = 0.25  # spacing of the learning rates, in powers of 2
RATES = 2.0 ** np.arange(-4.5, -1.49, OCTAVE)
SCAN_STEPS = 12  # after which the losses of the rates are compared
SPIKE_STEPS = 40  # after which the weights are looked at
EDGE = "edge of the bulk"
LEAST_SHIFT = 0.5  # octaves by which the best rate of NTK moves from the narrowest to the widest network, at least
SAME_RATE = 0.35  # octaves by which that of mean-field may: 1.4 spacings of the grid
SAME_SPIKE = 0.1  # relative change of the spike with width in mean-field; it nears its limit as 1/nu
DETACHED = 0.15  # how far above the edge a spike lies in mean-field, at least; relative
FINITE_SIZE = 0.03  # how far below the edge of its bulk the largest value of a small matrix lies


class Panels(StrEnum):
    """The panels of this part."""

    SCAN = "rate-scan"
    RATE = "best-rate"
    SPIKE = "widened-spike"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the loss against the learning rate, the best rate against width, and the spike against width."""
    return [
        Panel(
            Panels.SCAN, f"{{parametrization}}: loss after {SCAN_STEPS} steps", "learning rate η (of g₀² N)",
            "training loss", x_scale="log", y_scale="log", y_limits=(1e-3, 3), facets=("parametrization",),
            series="ν={width}", ordered=True, joined=False,
        ),
        Panel(
            Panels.RATE, "The best rate transfers in mean-field, not in NTK", "width ν = N/D", "best learning rate η",
            x_scale="log", y_scale="log", series="{parametrization}",
        ),
        Panel(
            Panels.SPIKE, "So do the spikes of the weights", "width ν = N/D", "largest singular value of W0 / √N",
            x_scale="log", series=_label,
        ),
    ]  # fmt: skip


def _label(params: Params) -> str:
    return str(params["parametrization"])


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield losses, best rates and largest singular values of the widened networks."""
    widths = sorted({*WIDTHS, *config.widening.widths})
    networks = {(kind, width): widened(NARROW, width, kind) for kind in Parametrization for width in widths}
    scans = {network: loss_after(network, RATES, SCAN_STEPS) for network in dict.fromkeys(networks.values())}
    for (kind, width), network in networks.items():
        yield RECORD.theory(Panels.SCAN, _scan(kind, width), x=("eta", RATES), y=("train loss", scans[network]))
    for kind in Parametrization:
        best = [best_rate(scans[networks[kind, width]][None])[0] for width in widths]
        between = sorted({*widths, *(width * math.sqrt(2) for width in widths[:-1])})
        tops = [_spike(widened(NARROW, width, kind)) for width in between]
        yield RECORD.theory(Panels.RATE, _at(kind), x=("width", widths), y=("best rate", best))
        yield RECORD.theory(Panels.SPIKE, _at(kind), x=("width", between), y=("singular value", tops))
    fine = np.geomspace(widths[0], widths[-1], 41)
    yield RECORD.theory(
        Panels.SPIKE, {"parametrization": EDGE}, x=("width", fine), y=("singular value", 1 + 1 / np.sqrt(fine))
    )


def _spike(network: DeepLinear) -> float:
    solution = deep_linear_dynamics(network, SPIKE_STEPS + 1)
    return largest_singular_value(solution, 0, SPIKE_STEPS) / math.sqrt(network.width)


def best_rate(losses: np.ndarray) -> np.ndarray:
    """Return the learning rate of the lowest loss in each row (networks, rates)."""
    rates: np.ndarray = RATES[np.argmin(losses, axis=1)]
    return rates


def _scan(kind: Parametrization, width: float) -> dict[str, object]:
    return {"parametrization": kind.value, "width": width}


def _at(kind: Parametrization) -> dict[str, object]:
    return {"parametrization": kind.value}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the same of trained networks; each has a best rate of its own, whose logarithm is averaged."""
    from solv.experiments.dmft.deep_training import scan_rates, train
    from solv.experiments.dmft.repeats import averaged
    from solv.tracking.curves import geometric_mean

    size, widths = config.widening, config.widening.widths
    networks = {(kind, width): widened(NARROW, width, kind) for kind in Parametrization for width in widths}
    losses, tops = {}, {}
    with context.progress.task("train networks that are widened", 2 * len(set(networks.values()))) as step:
        for network in dict.fromkeys(networks.values()):  # the narrow one is the same in both
            losses[network] = scan_rates(context, step, network, size.dimension, size.repeats, SCAN_STEPS, RATES)
            arrays = train(
                context, step, "widened", network, size.dimension, size.repeats, SPIKE_STEPS + 1, (SPIKE_STEPS,)
            )
            tops[network] = arrays[f"{SPIKE_STEPS}/0"][:, 0] / math.sqrt(network.width)
    for (kind, width), network in networks.items():
        y, y_err, n = geometric_mean(losses[network])
        at = _scan(kind, width)
        yield RECORD.trained(Panels.SCAN, at, x=("eta", RATES), y=("train loss", y), y_err=y_err, n=n)
    for kind in Parametrization:
        own = [networks[kind, width] for width in widths]
        rate, error, n = geometric_mean(np.stack([best_rate(losses[network]) for network in own], axis=1))
        # A best rate is read off a grid: its spacing is an error, too.
        error = np.hypot(error, rate * OCTAVE * math.log(2) / math.sqrt(12))
        yield RECORD.trained(Panels.RATE, _at(kind), x=("width", widths), y=("best rate", rate), y_err=error, n=n)
        top = averaged("singular value", np.stack([tops[network] for network in own], axis=1))
        yield RECORD.trained(Panels.SPIKE, _at(kind), x=("width", widths), **top)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_rate(curves: Curves) -> Judgement:
    """From the narrowest to the widest network, in octaves, in theory and trained."""
    verdicts, levels = [], []
    for source in ("theory", "trained"):
        for kind in Parametrization:
            line = select(curves, panel=Panels.RATE, source=source, **_at(kind)).sort_values("x")
            if line["x"].max() < 8 * line["x"].min():
                return missing("widening.widths spans a factor of 8")
            ends = line.iloc[[0, -1]].to_dict("records")
            shift = math.log2(ends[1]["y"] / ends[0]["y"])
            error = math.hypot(*(known(end["y_err"], end["n"]) / end["y"] for end in ends)) / math.log(2)
            if kind is Parametrization.NTK:
                verdicts.append(exceeds(shift, LEAST_SHIFT, error))
            else:
                verdicts.append(within(shift, 0, SAME_RATE, error))
            levels.append(f"{source} {kind.value} {shift:+.2f}" + (f" ± {error:.2f}" if error else ""))
    return Judgement(
        all_of(verdicts),
        predicted=f"mean-field 0, NTK more than {LEAST_SHIFT:g} octaves",
        measured="; ".join(levels),
        tolerance=f"mean-field ± {SAME_RATE:g} octaves; 2 s.e., the spacing of the grid of rates among them",
    )


def _judge_spike(curves: Curves) -> Judgement:
    """In mean-field the spike over sqrt(N) keeps its size and stays out of the bulk; in NTK the bulk takes it back."""
    verdicts, levels = [], []
    rows = select(curves, panel=Panels.SPIKE)
    for source in ("theory", "trained"):
        lines = {kind: select(rows, source=source, **_at(kind)).sort_values("x") for kind in Parametrization}
        if any(line["x"].max() < 8 or line["x"].max() / 4 not in set(line["x"]) for line in lines.values()):
            return missing("widening.widths includes 8, and a quarter of the largest")
        for kind, line in lines.items():
            points = line.to_dict("records")
            at = {point["x"]: (point["y"], known(point["y_err"], point["n"])) for point in points}
            last = points[-1]["x"]
            top, error = at[last]
            edge = 1 + 1 / math.sqrt(last)
            if kind is Parametrization.MEAN_FIELD:
                half, half_error = at[last / 4]
                change = top / half - 1
                verdicts.append(within(change, 0, SAME_SPIKE, math.hypot(error / top, half_error / half)))
                verdicts.append(exceeds(top / edge, 1 + DETACHED, error / edge))
            else:
                verdicts.append(within(top / edge, 1, FINITE_SIZE, error / edge))
            levels.append(
                f"{source} {kind.value} {top:.3f}" + (f" ± {error:.3f}" if error else "") + f" (edge {edge:.3f})"
            )
    return Judgement(
        all_of(verdicts),
        predicted="mean-field: apart from the edge at every width; NTK: at the edge",
        measured="widest: " + "; ".join(levels),
        tolerance=(
            f"mean-field changes by less than {100 * SAME_SPIKE:g} % over two octaves and lies {100 * DETACHED:g} % "
            f"above the edge; NTK within {100 * FINITE_SIZE:g} % of it; 2 s.e."
        ),
    )


def work(config: DmftConfig) -> Work:
    """Return the work of networks trained at every rate of the scan, and once more for their spikes."""
    size, widths = config.widening, sorted({*WIDTHS, *config.widening.widths})
    networks = {widened(NARROW, width, kind) for kind in Parametrization for width in size.widths}
    d, repeats = size.dimension, size.repeats
    scans = [len(RATES) * training(network, d, repeats, SCAN_STEPS + 1) for network in networks]
    spikes = [training(network, d, repeats, SPIKE_STEPS + 1, recorded=1) for network in networks]
    solutions = 2 * len(widths)  # of both parametrizations; spikes are predicted between the widths, too
    theory = solutions * (len(RATES) * deep_theory(NARROW, SCAN_STEPS + 1) + 2 * deep_theory(NARROW, SPIKE_STEPS + 1))
    return sum([*scans, *spikes], theory)


PARAMETRIZATION = Part(
    name="parametrization",
    question="What of a network survives when it is widened, in the mean-field and in the NTK parametrization?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "rate-transfer",
            "As a network is widened its best learning rate stays in the mean-field parametrization and shifts in NTK.",
            reads=(Panels.RATE,),
            judge=_judge_rate,
            figure="2605.07870",
            needs={"widening.repeats": 8, "widening.dimension": 60},
        ),
        Claim(
            "spike-transfer",
            "As it is widened its spike keeps its size in mean-field, and goes back into the bulk in NTK.",
            reads=(Panels.SPIKE,),
            judge=_judge_spike,
            figure="2605.07870",
            needs={"widening.repeats": 8, "widening.dimension": 60},
        ),
    ),
)
