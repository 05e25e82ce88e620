"""Part `pretraining-map`: where does steeper pretraining help, where pretraining on the test's own covariance?

Figure 4 of the paper: by how many per cent the error on tests of the power law i^-p_test is smaller after pretraining
on i^-p_train than on i^-p_test itself. The map is theory; beside it stand slices of it at a size that is simulated.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.icl_alignment.counting import fits, theory
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig, require_tasks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.icl_alignment.covariances import power_law_spectrum
from solv.theory.icl_alignment.error import icl_error
from solv.tracking.claims import Claim, Judgement, all_of, missing, within
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Map, Panel

RECORD = Recorder("icl-alignment", "pretraining-map")
LEAST_KAPPA, MOST_KAPPA = 0.1, 2.1
LEAST_GAP, MOST_GAP = -0.5, 2.0
FINE_GAPS = 51  # of a slice
SCARCE, PLENTY = (0.1, 1.2, 19.0), (2.1, 2.0, -21.0)  # (kappa, p_train - p_test, improvement in per cent)
ROUNDING = 0.5  # of per cent without decimals


class Panels(StrEnum):
    """The panels of this part."""

    MAP = "improvement-map"
    SLICES = "improvement"


def panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the map, and slices of it with simulation."""
    where = "α = {alpha}, τ = {tau}, ρ = {rho}, d = {dimension}"
    facets = ("test_p", "alpha", "tau", "rho", "dimension")
    return [
        Panel(
            Panels.MAP,
            f"Does steeper pretraining help i^-{{test_p}} at test?\n({where})",
            "task diversity κ = k/d",
            "p_train - p_test",
            facets=facets,
            series="p_train - p_test = {gap}",
            heat=Map("gap", "improvement", "improvement of the error, %", center=0.0),
            figure="Fig. 4",
        ),
        Panel(
            Panels.SLICES,
            f"... at the size that is simulated\n({where})",
            "p_train - p_test",
            "improvement of the error, %",
            facets=facets,
            series="κ={kappa}",
            ordered=True,
            verticals={0.0: "own"},
        ),
    ]


def predict(config: IclAlignmentConfig) -> Iterator[Curves]:
    """Yield the map row by row, and the slices.

    Raises:
        ConfigurationError: a task diversity of less than one task.
    """
    size = config.improvement
    require_tasks("improvement.kappa", size.kappa, size.simulated)
    kappas = np.unique([*np.linspace(LEAST_KAPPA, MOST_KAPPA, size.columns).round(6), SCARCE[0], PLENTY[0]])
    gaps = np.unique([*np.linspace(LEAST_GAP, MOST_GAP, size.rows).round(6), SCARCE[1], PLENTY[1]])
    kappas = kappas[kappas * size.dimension >= 1]
    for gap in gaps:
        y = _improvement(config, size.dimension, kappas, float(gap))
        at = {**_at(config, size.dimension), "gap": float(gap)}
        yield RECORD.theory(Panels.MAP, at, x=("kappa", kappas), y=("improvement", y))
    fine = np.unique([*np.linspace(LEAST_GAP, MOST_GAP, FINE_GAPS).round(6), *size.gap])
    for kappa in size.kappa:
        y = np.array([float(_improvement(config, size.simulated, np.array(kappa), float(gap))) for gap in fine])
        at = {**_at(config, size.simulated), "kappa": kappa}
        yield RECORD.theory(Panels.SLICES, at, x=("gap", fine), y=("improvement", y))


def measure(config: IclAlignmentConfig, context: Context) -> Iterator[Curves]:
    """Yield the improvement of fitted linear attention, repeat by repeat on the same draws."""
    from solv.experiments.icl_alignment.fitted_attention import FittedAttention

    size = config.improvement
    d, tests = size.simulated, [power_law_spectrum(size.simulated, size.test_p)]
    gaps = [gap for gap in size.gap if gap != 0]
    with context.progress.task("fit linear attention: pretraining map", len(size.kappa) * (len(gaps) + 1)) as step:
        attention = FittedAttention(config, context, step)
        for kappa in size.kappa:
            at = Sizes(size.tau, size.alpha, kappa, size.rho)
            own, *others = (
                attention.errors(
                    f"improvement gap={gap}", power_law_spectrum(d, size.test_p + gap), tests, at, repeats=size.repeats
                )[:, 0, 0]
                for gap in (0.0, *gaps)
            )
            y, y_err, n = standard_error(np.stack([100 * (1 - other / own) for other in others], axis=1))
            params = {**_at(config, d), "kappa": kappa}
            yield RECORD.simulation(Panels.SLICES, params, x=("gap", gaps), y=("improvement", y), y_err=y_err, n=n)


def _improvement(config: IclAlignmentConfig, d: int, kappas: np.ndarray, gap: float) -> np.ndarray:
    """Return by how many per cent the error is smaller than after pretraining on the test's own covariance."""
    size = config.improvement
    t, at = power_law_spectrum(d, size.test_p), (size.tau, size.alpha, kappas, size.rho)
    own = icl_error(t, t, *at).total
    return np.asarray(100 * (1 - icl_error(power_law_spectrum(d, size.test_p + gap), t, *at).total / own))


def _at(config: IclAlignmentConfig, d: int) -> dict[str, object]:
    size = config.improvement
    at = {"alpha": size.alpha, "tau": size.tau, "rho": size.rho, "dimension": d}
    return {"test_p": size.test_p, **at}


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    """Judge theory's two corners to the paper's digits, and the sign of both in simulation."""
    theory = select(curves, panel=Panels.MAP)
    if theory.empty or not {SCARCE[0], PLENTY[0]} <= set(theory["x"]):
        return missing("improvement.dimension >= 10")
    verdicts, corners = [], []
    for kappa, gap, value in (SCARCE, PLENTY):
        found = float(select(theory, gap=gap).set_index("x")["y"][kappa])
        verdicts.append(within(found, value, ROUNDING))
        corners.append(f"{found:+.1f} % at κ = {kappa:g}, {gap:g}")
    simulated = select(curves, panel=Panels.SLICES, source="simulation")
    kappas = parameter(simulated, "kappa")
    for sign, kappa in ((1, float(kappas.min())), (-1, float(kappas.max()))):
        rows = select(simulated, kappa=kappa)
        line = select(curves, panel=Panels.SLICES, source="theory", kappa=kappa).set_index("x")["y"]
        place = int((sign * line.loc[rows["x"]].to_numpy()).argmax())  # where theory says, not where it is largest
        there = rows.iloc[place]
        verdicts.append(exceeds(sign * there["y"], 0, there["y_err"], int(there["n"]), comparisons=2))
        corners.append(f"simulated {there['y']:+.1f} ± {there['y_err']:.1f} % at κ = {kappa:g}, {there['x']:g}")
    return Judgement(
        all_of(verdicts),
        predicted="+19 % at κ = 0.1, p_train - p_test = 1.2; -21 % at κ = 2.1, 2.0",
        measured="; ".join(corners),
        tolerance=f"theory to {ROUNDING:g} %; in simulation the sign; {STUDENT}",
    )


def work(config: IclAlignmentConfig) -> Work:
    """Return the work of the fits, on the test's own covariance and at every gap, and of theory's map and slices."""
    size, pretrainings = config.improvement, 1 + sum(gap != 0 for gap in config.improvement.gap)
    fitted = [
        fits(size.simulated, Sizes(size.tau, size.alpha, kappa, size.rho), size.repeats, 1) for kappa in size.kappa
    ]
    slices = theory(size.simulated, 1, 2 * len(size.kappa) * FINE_GAPS)
    return sum(pretrainings * fitted, theory(size.dimension, size.columns, 2 * size.rows) + slices)


PRETRAINING_MAP = Part(
    name="pretraining-map",
    question="Where does steeper pretraining help, and where pretraining on the test's own covariance?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 4",
    claims=(
        Claim(
            "steeper-pretraining-helps-when-scarce",
            "Where tasks are scarce, pretraining on a steeper spectrum than that of the test lowers the error; where "
            "they are plenty, it raises it.",
            reads=(Panels.MAP, Panels.SLICES),
            judge=_judge,
            figure="Fig. 4",
            needs={"improvement.repeats": 32},
        ),
    ),
)
