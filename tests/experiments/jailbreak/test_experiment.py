"""Do jailbreak's claims follow from the curves alone, on both sides of every edge?"""

import numpy as np
import pytest

from solv.experiments.jailbreak import (
    chance,
    definitions,
    edge,
    experiment,
    field,
    fitted_laws,
    language_model,
    spin_glass,
    strong_field,
    zero_field,
)
from solv.experiments.jailbreak.experiment import EXPERIMENT
from solv.experiments.jailbreak.settings import (
    Edge,
    Glass,
    JailbreakConfig,
    LanguageSettings,
    Pretrained,
    TrainedHere,
)
from solv.harness.contract import flat
from solv.harness.seeds import Seeds
from solv.harness.settings import as_dictionary, replace
from solv.theory.jailbreak.clusters import power_law, safe_moments, twin_gap
from solv.tracking.claims import MissingCurvesError, Verdict, judge
from solv.tracking.curves import CURVE, join_curves, pair, parameter, select
from tests.experiments.scaffold import findings, on_theory, spoilt, verdicts

SIZES = JailbreakConfig(x=(0.3, 0.5), m=(1, 2), edge=Edge(nu=(0.5, 1), mu=(0, 0.05)))
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
K = np.array([1, 4, 16, 64])
MODEL = {"spins": 18, "beta": 10, "strength": 1, "flip_breaking": 1, "threshold": 0.5}
LANGUAGE = {"breakpoint": 0.5, "m": 1, "field": 0.25, "drive": 0.1}


@pytest.fixture(scope="module")
def ideal():
    """Theory with measurements on it, and what only a run can know, as theory would have it."""
    theory = EXPERIMENT.predict(SIZES)
    clusters = on_theory(theory[theory["part"].isin(["zero-field", "field", "fitted-laws"])], error=0.005, n=40)
    made = [*glasses(), *other_glasses(), *averages(), *held_out(), *language_rates()]
    return join_curves([theory, measured_only(clusters), *made])


def measured_only(rows):
    """Leave out what is theory alone: the tables at large k, the formulas of the joint limit."""
    tables = (zero_field.Panels.LIMIT_AMPLITUDE, zero_field.Panels.NEXT_ORDER)
    formula = parameter(rows, "formula")
    alone = (parameter(rows, "reach") == zero_field.LIMIT) | rows["panel"].isin(tables)
    return rows[~alone & (formula.isna() | (formula == field.EXACT))]


def other_glasses(spins=12):
    """Basins with twins on the law with twins, and a power that falls where nothing makes it grow."""
    record, panels = definitions.RECORD, definitions.Panels
    at = {"spins": spins, "clusters": "basins", "flip_breaking": 0}
    for law, gap in (("with", twin_gap), ("without", lambda x, k: safe_moments(x, 1, k))):
        ofs = {**at, "law": law}
        yield record.anchored(panels.TWIN, ofs, x=("k", K), y=("gap", gap(0.1, K)), y_err=1e-5, n=100)
        yield record.simulation(panels.TWIN, ofs, x=("k", K), y=("gap", twin_gap(0.1, K)), y_err=1e-5, n=100)
    for flip_breaking, nu in ((0, [1.4, 1.0, 0.7]), (1, [1.1, 1.2, 1.3])):
        ofs = {**at, "flip_breaking": flip_breaking, "fit": definitions.PLAIN}
        yield record.simulation(panels.NU, ofs, x=("h", [0, 0.1, 0.2]), y=("nu", nu), y_err=0.05, n=100)


def averages():
    at = {"spins": 14, "centre": strong_field.RANDOM, "k": 16}
    panel = strong_field.Panels.AVERAGE
    yield strong_field.RECORD.simulation(panel, at, x=("h", [1, 2]), y=("rate_ratio", 0.7), y_err=0.01, n=100)


def glasses(spins=18):
    record, panels, model = spin_glass.RECORD, spin_glass.Panels, {**MODEL, "spins": spins}
    gaps = safe_moments(0.3, 1, K)
    for source in ("simulation", "anchored"):
        at = {**model, "field": 0.0}
        yield record.curve(source, panels.GLASS, at, x=("k", K), y=("gap", gaps), y_err=1e-5, n=100)
    yield record.simulation(panels.CLUSTERS, model, x=("spins", spins), y=("x", 0.3), y_err=0.01, n=100)
    yield record.simulation(panels.GLASS_NU, model, x=("h", [0, 0.5]), y=("nu", [0.5, 0.7]), y_err=0.05, n=100)
    yield record.simulation(panels.GLASS_MU, model, x=("h", [0, 0.5]), y=("mu", [0.0, 1.0]), y_err=0.05, n=100)


def held_out():
    record, panels = edge.RECORD, edge.Panels
    for nu in SIZES.edge.nu:
        for mu in SIZES.edge.mu:
            at = {"a": SIZES.edge.a, "nu": nu, "mu": mu}
            ratios = [0.01, 0.02, -0.02, 0.0]
            yield record.simulation(panels.HELD_OUT, at, x=("k", K), y=("log_ratio", ratios), y_err=0.05, n=100)
            exponential = float(mu > 0)
            yield record.simulation(
                panels.FIT, at, x=("prompts", 100), y=("exponential", exponential), y_err=np.nan, n=1
            )


def language_rates():
    record, panels = language_model.RECORD, language_model.Panels
    for phase, model in (("before", LANGUAGE), ("after", {**LANGUAGE, "alignment": 2})):
        at = {**model, "phase": phase}
        yield record.trained(panels.RATE, at, x=("trigger", [0, 1, 2]), y=("mu", [0, 0.1, 0.2]), y_err=0.01, n=100)


class Judged:
    """The verdict of a claim by its id, judged when it is asked for."""

    def __init__(self, curves):
        self.curves = curves

    def __getitem__(self, name):
        [claim] = [each for each in EXPERIMENT.all_claims() if each.id == name]
        return judge(claim, self.curves, flat(as_dictionary(SIZES))).verdict


def judged(curves):
    return Judged(curves)


def times(factor):
    return lambda rows: rows.assign(y=factor * rows["y"])


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    found = verdicts(EXPERIMENT, ideal, SIZES)
    assert len(found) == 16
    assert {name for name, verdict in found.items() if verdict is not HOLDS} == set()


@pytest.mark.parametrize("claim", EXPERIMENT.all_claims(), ids=lambda claim: claim.id)
def test_a_panel_that_a_claim_reads_and_that_is_empty_is_a_fault(ideal, claim):
    for panel in claim.reads:
        with pytest.raises(MissingCurvesError, match=panel.value):
            judged(ideal[ideal["panel"] != panel.value])[claim.id]


EXPONENT = {"panel": zero_field.Panels.EXPONENT, "reach": zero_field.SAMPLED}
GLASS = {"panel": spin_glass.Panels.GLASS, "source": "simulation"}
NU, MU = {"panel": spin_glass.Panels.GLASS_NU}, {"panel": spin_glass.Panels.GLASS_MU}
HELD_OUT = {"panel": edge.Panels.HELD_OUT}
RATE = {"panel": language_model.Panels.RATE}
ANY_FIELD = {"panel": field.Panels.FIELD}


TWIN = {"panel": definitions.Panels.TWIN, "law": "with", "source": "simulation"}
FREE_NU = {"panel": definitions.Panels.NU}
FLOOR = {"panel": fitted_laws.Panels.FLOOR_MU}
AVERAGE = {"panel": strong_field.Panels.AVERAGE}


def at_sigmas(count, base=0.0):
    """Put every point so many of its standard errors beyond `base`."""
    return lambda rows: rows.assign(y=base + count * rows["y_err"])


@pytest.mark.parametrize("strength", [0.9, 1.1])
@pytest.mark.parametrize(
    ("claim", "rows", "change"),
    [
        (
            "zero-field-power-law",
            {"panel": zero_field.Panels.EXPONENT, "reach": zero_field.LIMIT},
            lambda s: lambda rows: rows.assign(y=1 + 0.02 * s),
        ),
        (
            "zero-field-power-law",
            {"panel": zero_field.Panels.LIMIT_AMPLITUDE},
            lambda s: lambda rows: rows.assign(y=1 - 0.02 * s),
        ),
        (
            "weak-field-amplitude",  # theory, too: what is tested is the law, not the agreement
            {"panel": field.Panels.AMPLITUDE},
            lambda s: lambda rows: rows.assign(y=(1 + 0.05 * s) * _asymptote(rows), y_err=1e-6 * (rows["y_err"] > 0)),
        ),
        ("spin-glass-power-law", GLASS, lambda s: times(1 - 0.15 * s)),
        ("twin-law", TWIN, lambda s: times(1 - 0.15 * s)),
        (
            "floor-hides-the-rate",
            {**FLOOR, "used": fitted_laws.ALL},
            lambda s: lambda rows: rows.assign(y=0.105 * 0.5 * s, y_err=1e-6),
        ),
        (
            "floor-hides-the-rate",
            {**FLOOR, "used": fitted_laws.ABOVE},
            lambda s: lambda rows: rows.assign(y=0.105 * (1 - 0.25 * s), y_err=1e-6),
        ),
        (
            "strong-field-rate-is-typical",
            AVERAGE,
            lambda s: lambda rows: rows.assign(y=0.95 + 0.1 * (s - 1), y_err=1e-6),
        ),
        ("edge-law-predicts-asr", HELD_OUT, lambda s: at_sigmas(2 * s)),
    ],
    ids=[
        "exponent",
        "amplitude of the limit",
        "weak-field-amplitude",
        "spin-glass-power-law",
        "twin-law",
        "floor",
        "above the floor",
        "average",
        "edge-law",
    ],
)
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(ideal, claim, rows, change, strength):
    exact = rows["panel"] in (*zero_field.Panels, field.Panels.AMPLITUDE)
    changed = spoilt(ideal, change(strength), measured_only=not exact, **rows)
    assert judged(changed)[claim] is (HOLDS if strength < 1 else FAILS)


def _asymptote(rows):
    powers = [power_law(x, m)[0] for x, m in zip(parameter(rows, "breakpoint"), parameter(rows, "m"), strict=True)]
    return -rows["x"] * powers


@pytest.mark.parametrize(
    ("claim", "rows"), [("zero-field-power-law", EXPONENT), ("weak-field-amplitude", {"panel": field.Panels.AMPLITUDE})]
)
def test_measurements_all_over_two_standard_errors_from_theory_refute(ideal, claim, rows):
    for sigmas, verdict in ((1.9, HOLDS), (2.1, FAILS)):
        moved = spoilt(ideal, lambda part, sigmas=sigmas: part.assign(y=part["y"] + sigmas * part["y_err"]), **rows)
        assert judged(moved)[claim] is verdict


@pytest.mark.parametrize(
    ("claim", "rows", "precision"),
    [
        ("zero-field-power-law", EXPONENT, lambda rows: 0.02 * rows["y"]),
        ("exact-any-lambda", ANY_FIELD, lambda rows: experiment.PRECISION * rows["y"]),
        ("edge-law-predicts-asr", HELD_OUT, lambda rows: 0 * rows["y"] + edge.PRECISION),
    ],
)
def test_agreement_shows_nothing_where_the_errors_are_larger_than_what_is_to_be_seen(ideal, claim, rows, precision):
    for strength, verdict in ((0.9, HOLDS), (1.1, UNDECIDED)):
        vague = spoilt(ideal, lambda part, s=strength: part.assign(y_err=s * precision(part)), **rows)
        assert judged(vague)[claim] is verdict


def test_the_fraction_of_points_outside_decides_over_the_exact_gap(ideal):
    paired = pair(ideal[ideal["panel"].isin([zero_field.Panels.ZERO_FIELD, field.Panels.FIELD])])
    by_chance, independent = chance.chance_outside(paired), paired.groupby(CURVE).ngroups
    impossible = by_chance + 2 * np.sqrt(by_chance * (1 - by_chance) / independent)
    assert impossible > experiment.MOST_OUTSIDE
    for fraction, verdict in ((0.9 * 0.1, HOLDS), (1.1 * 0.1, UNDECIDED), (1.1 * impossible, FAILS)):
        count = round(fraction * len(paired))

        def move(rows, count=count):
            return rows.assign(y=rows["y"] + 3 * (np.arange(len(rows)) < count) * rows["y_err"])

        assert judged(spoilt(ideal, move, **ANY_FIELD))["exact-any-lambda"] is verdict


@pytest.mark.parametrize(("strength", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-0.9, UNDECIDED), (-1.41, FAILS)])
def test_growth_holds_from_its_standard_errors_on_and_fails_below_minus_them(ideal, strength, verdict):
    rate = spoilt(ideal, at_sigmas(3 * strength), **MU)
    assert judged(rate)["strong-field-exponential"] is verdict

    def grow(rows):
        first = rows["y"].iloc[0]
        return rows.assign(y=[first, first + 2 * strength * np.hypot(*rows["y_err"])])

    assert judged(spoilt(ideal, grow, **NU))["parameters-grow-with-field"] is verdict
    assert judged(spoilt(ideal, grow, **MU))["parameters-grow-with-field"] is verdict
    x, y_err = np.arange(3.0), np.full(3, 0.01)
    _, slope_error, _ = language_model.weighted_line(x, 0.1 * x, y_err)

    def tilt(rows):
        return rows.assign(y=3 * strength * slope_error * rows["x"])

    for phase in (language_model.BEFORE, language_model.AFTER):
        assert judged(spoilt(ideal, tilt, **RATE, phase=phase))["language-model-crossover"] is verdict


@pytest.mark.parametrize(
    ("claim", "rows", "spoil"),
    [
        ("zero-field-power-law", EXPONENT, times(1.05)),
        ("weak-field-amplitude", {"panel": field.Panels.AMPLITUDE}, times(1.2)),
        ("exact-any-lambda", {"panel": zero_field.Panels.ZERO_FIELD}, times(1.02)),
        ("spin-glass-power-law", GLASS, times(0.7)),
        ("strong-field-exponential", MU, times(-1)),
        ("parameters-grow-with-field", NU, times(-1)),
        ("edge-law-predicts-asr", HELD_OUT, lambda rows: rows.assign(y=rows["y"] + 0.3)),
        ("language-model-crossover", RATE, lambda rows: rows.assign(y=0.2 - rows["y"])),
        ("twin-law", TWIN, times(1.3)),
        ("twin-law", {"panel": definitions.Panels.TWIN, "law": "without", "source": "simulation"}, times(0.25)),
        ("law-fit-has-no-rate", {"panel": fitted_laws.Panels.LAW_NU}, times(1.05)),
        ("floor-hides-the-rate", {**FLOOR, "used": fitted_laws.ALL}, lambda rows: rows.assign(y=0.1)),
        ("floor-hides-the-rate", {**FLOOR, "used": fitted_laws.ABOVE}, times(0.5)),
        ("large-gaps-inflate-nu", {"panel": fitted_laws.Panels.LARGE}, times(1.05)),
        ("strong-field-rate-is-typical", AVERAGE, times(1.4)),
        ("joint-limit-factor", {"panel": field.Panels.JOINT}, times(1.05)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, rows, spoil):
    assert judged(spoilt(ideal, spoil, **rows))[claim] is FAILS


READ = {
    "zero-field-power-law": EXPONENT,
    "weak-field-amplitude": {"panel": field.Panels.AMPLITUDE},
    "exact-any-lambda": ANY_FIELD,
    "spin-glass-power-law": GLASS,
    "strong-field-exponential": MU,
    "parameters-grow-with-field": NU,
    "edge-law-predicts-asr": HELD_OUT,
    "language-model-crossover": RATE,
    "joint-limit-factor": {"panel": field.Panels.JOINT},
    "twin-law": TWIN,
    "growth-of-nu-is-imposed": FREE_NU,
    "law-fit-has-no-rate": {"panel": fitted_laws.Panels.LAW_NU},
    "floor-hides-the-rate": FLOOR,
    "large-gaps-inflate-nu": {"panel": fitted_laws.Panels.LARGE},
    "strong-field-rate-is-typical": AVERAGE,
}


@pytest.mark.parametrize("claim", READ)
def test_large_errors_leave_a_claim_undecided(ideal, claim):
    vague = spoilt(ideal, lambda rows: rows.assign(y_err=rows["y"].abs() + 10), **READ[claim])
    assert judged(vague)[claim] is UNDECIDED  # a finding that says no size would be refused


@pytest.mark.parametrize("claim", READ)
def test_repeats_without_any_scatter_decide_nothing(ideal, claim):
    certain = spoilt(ideal, lambda rows: rows.assign(y_err=0.0), **READ[claim])
    assert judged(certain)[claim] is UNDECIDED


@pytest.mark.parametrize(
    ("claim", "panel", "y_name", "tolerance"),
    [
        ("next-order", zero_field.Panels.NEXT_ORDER, "missed", zero_field.NEXT_ORDER_TOLERANCE),
        ("joint-limit-factor", field.Panels.JOINT, "ratio", field.FOLLOWED),
    ],
)
def test_exact_formulas_are_held_to_their_tolerance(ideal, claim, panel, y_name, tolerance):
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):

        def move(rows, strength=strength):
            exact = select(ideal, panel=panel, formula=field.EXACT, source="theory") if y_name == "ratio" else None
            if exact is None:
                a = select(ideal, panel=panel, y_name="a").set_index("params")["y"]
                return rows.assign(y=rows["params"].map(a) * (1 + strength * tolerance))
            values = exact.assign(k=parameter(exact, "k")).set_index(["k", "x"])["y"]
            keys = list(zip(parameter(rows, "k"), rows["x"], strict=True))
            return rows.assign(y=[values[key] * (1 + strength * tolerance) for key in keys])

        chosen = {"panel": panel, "y_name": y_name, "source": "theory"}
        if y_name == "ratio":
            chosen["formula"] = field.WEAK_LAW
        assert judged(spoilt(ideal, move, measured_only=False, **chosen))[claim] is verdict


def test_equation_15_is_spurious_only_if_it_is_off(ideal):
    exact = select(ideal, panel=field.Panels.JOINT, formula=field.EXACT, source="theory")
    values = exact.assign(k=parameter(exact, "k")).set_index(["k", "x"])["y"]
    for strength, verdict in ((0.9, FAILS), (1.1, HOLDS)):

        def move(rows, strength=strength):
            keys = list(zip(parameter(rows, "k"), rows["x"], strict=True))
            return rows.assign(y=[values[key] * (1 - strength * field.SPURIOUS) for key in keys])

        chosen = {"panel": field.Panels.JOINT, "formula": field.PAPER}
        assert judged(spoilt(ideal, move, measured_only=False, **chosen))["joint-limit-factor"] is verdict


def test_the_power_must_fall_by_three_errors_somewhere(ideal):
    for strength, verdict in ((1.1, HOLDS), (0.9, UNDECIDED), (-1.1, FAILS)):

        def fall(rows, strength=strength):
            step = strength * 3 * np.hypot(0.05, 0.05)
            y = [1.4, 1.4 - step, 1.4 - 2 * step] if strength < 0 else [1.4, 1.4 - step, 1.4]
            return rows.assign(y=np.tile(y, len(rows) // 3))

        assert judged(spoilt(ideal, fall, **FREE_NU))["growth-of-nu-is-imposed"] is verdict


def test_a_rate_that_a_fit_of_the_exact_law_would_read_refutes(ideal):
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        at = {"panel": fitted_laws.Panels.LAW_MU, "source": "theory", "breakpoint": 0.3}
        most = strength * fitted_laws.MOST_RATE
        moved = spoilt(ideal, lambda rows, most=most: rows.assign(y=most), measured_only=False, **at)
        assert judged(moved)["law-fit-has-no-rate"] is verdict


def test_small_glasses_decide_nothing_about_definitions(ideal):
    small = join_curves([ideal[ideal["part"] != "definitions"], *other_glasses(spins=8)])
    assert judged(small)["growth-of-nu-is-imposed"] is UNDECIDED
    assert judged(spoilt(small, times(0.5), **TWIN))["twin-law"] is UNDECIDED


def test_a_small_glass_is_not_judged_by_a_law_of_many_clusters(ideal):
    small = join_curves([ideal[ideal["part"] != "spin-glass"], *glasses(spins=8)])
    assert judged(spoilt(small, times(0.5), **GLASS))["spin-glass-power-law"] is UNDECIDED
    found = findings(EXPERIMENT, spoilt(small, times(0.5), **GLASS), replace(SIZES, glass=Glass(spins=8)))
    assert found["spin-glass-power-law"].needs == "glass.spins >= 18, glass.disorders >= 3000"


def test_one_curve_outside_or_one_wrong_regime_does_not_refute_the_edge_law(ideal):
    one = spoilt(ideal, at_sigmas(3), **HELD_OUT, nu=1, mu=0)
    assert judged(one)["edge-law-predicts-asr"] is UNDECIDED
    wrong = spoilt(ideal, lambda rows: rows.assign(y=1 - rows["y"]), panel=edge.Panels.FIT, nu=1, mu=0)
    assert judged(wrong)["edge-law-predicts-asr"] is UNDECIDED


def test_a_phase_whose_rates_could_not_be_fitted_leaves_the_crossover_undecided(ideal):
    without = ideal.drop(select(ideal, **RATE, phase=language_model.AFTER).index)
    assert judged(without)["language-model-crossover"] is UNDECIDED


@pytest.mark.parametrize(
    ("claim", "rows", "needs"),
    [
        ("weak-field-amplitude", {"panel": field.Panels.AMPLITUDE}, "field includes a value in (0, 0.5]"),
        ("spin-glass-power-law", {"panel": spin_glass.Panels.GLASS}, "glass.field includes 0, glass.k includes 1"),
        ("strong-field-exponential", MU, "glass.field includes a value above 0"),
        ("parameters-grow-with-field", NU, "glass.field includes two values"),
        ("language-model-crossover", RATE, "language.trained.triggers includes 0 and a longer one"),
    ],
)
def test_a_claim_about_values_that_the_run_does_not_have_says_which(ideal, claim, rows, needs):
    kept = {
        "weak-field-amplitude": lambda part: part[part["x"] > 0.5],
        "spin-glass-power-law": lambda part: part.assign(params=part["params"].str.replace('"field": 0', '"field": 1')),
    }.get(claim, lambda part: part[part["x"] == 0])
    found = findings(EXPERIMENT, spoilt(ideal, kept, measured_only=False, **rows), SIZES)[claim]
    assert (found.verdict, found.needs) == (UNDECIDED, needs)


def test_claims_of_parts_that_are_left_out_are_not_run(ideal):
    alone = findings(EXPERIMENT, ideal[ideal["part"] == "edge"], replace(SIZES, parts=("edge",)))
    assert {name for name, each in alone.items() if each.verdict is not Verdict.NOT_RUN} == {"edge-law-predicts-asr"}
    assert alone["exact-any-lambda"].needs == "--part zero-field,field"
    own = replace(SIZES, language=LanguageSettings(pretrained=Pretrained(verdicts="v.csv")))
    found = findings(EXPERIMENT, ideal[ideal["part"] != "language-model"], own)["language-model-crossover"]
    assert found.verdict is Verdict.NOT_RUN


def test_values_that_differ_in_the_last_digit_are_two_curves():
    close = JailbreakConfig(x=(0.5, 0.5000001), m=1, parts=("zero-field",))
    assert select(EXPERIMENT.predict(close), panel=zero_field.Panels.ZERO_FIELD)["params"].nunique() == 2


def test_a_line_through_exact_points_is_that_line():
    slope, error, start = language_model.weighted_line(np.arange(3.0), 1 + 2 * np.arange(3.0), np.ones(3))
    np.testing.assert_allclose((slope, error, start), (2, 0.5**0.5, 1), rtol=1e-12)


def test_the_prompts_of_the_theory_are_those_of_the_run():
    trained = TrainedHere(prompts=16, modes=4, triggers=(0, 2))
    small = replace(SIZES, language=LanguageSettings(trained=trained), parts=("language-model",), seed=3)
    shown = select(EXPERIMENT.predict(small), panel=language_model.Panels.HISTOGRAM, trigger=2)
    safe = language_model.mode_mixtures(trained, Seeds(3)).safe(2)
    np.testing.assert_array_equal(shown["y"], np.histogram(safe, language_model.BINS)[0] / 16)
