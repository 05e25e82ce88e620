"""What does jailbreak measure? Sampled clusters, enumerated glasses, fitted edges; and a language model."""

import math
from collections.abc import Iterator

import numpy as np
import torch

from solv.experiments.jailbreak.experiment import (
    AMPLITUDE,
    EDGE,
    EDGE_SHAPE,
    EXPONENT,
    GLASS,
    GLASS_MU,
    GLASS_NU,
    GLASS_RATE,
    HELD_OUT,
    RANDOM_ENERGY,
    RANDOM_ENERGY_COUNTS,
    STRONG,
    WINDOW,
    ZERO_FIELD,
    case_series,
    cases,
    counts,
    edge_cases,
    edge_counts,
    edge_series,
    field_cases,
    field_panel,
    fit_window,
    points,
)
from solv.experiments.jailbreak.language import measure_language
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.contract import Context
from solv.models.jailbreak.spin_glass import all_energies, sample_couplings
from solv.models.jailbreak.spin_glass_clusters import Profiles, cluster_profiles
from solv.theory.fits.attack_success import EdgeLaw, fit_beta_edge, fit_edge_law_to_chances
from solv.theory.fits.success_estimates import safe_draw_chances
from solv.theory.jailbreak.clusters import asr_gap, safe_moments
from solv.tracking.curves import Curves, join_curves, standard_error
from solv.tracking.progress import Step

RESAMPLES = 400
NEGLIGIBLE = 1e-12  # weight of a state against the likeliest one
WEAK = 6.0  # fields lambda up to which the law of a weak field is drawn
GLASSES_AT_ONCE, STATES_AT_ONCE = 100, 2**21  # both at most: the streams of a run depend on them
PARTS = ("unsafe", "safe", "all_squares")


def measure(config: JailbreakConfig, context: Context) -> Curves:
    """Return every measured curve.

    Raises:
        ConfigurationError: the language model's settings cannot be used.
    """
    language = measure_language(config.language, context)  # first: what may be missing is known at once
    glass = config.glass
    glasses = 1 + len(glass.rate_sizes) + len(glass.random_energy_sizes)
    units = len(cases(config)) + len(field_cases(config)) + glasses + len(edge_cases(config))
    with context.progress.task("simulate clusters, glasses and edges", units) as step:
        simulated = [
            *_zero_field(config, context, step),
            *_fields(config, context, step),
            *_glass(config, context, step),
            *_strong_field(config, context, step),
            *_random_energy(config, context, step),
            *_edges(config, context, step),
        ]
    return join_curves([*simulated, language])


# -- E1 ------------------------------------------------------------------------------------------------------------


def _safe_masses(config: JailbreakConfig, rng: np.random.Generator, x: float, m: int) -> np.ndarray:
    """Return p of sampled clusters, shape (groups, samples a group): what m broken sticks leave."""
    groups = config.clusters.groups
    i = np.arange(1, m + 1)
    left = rng.beta(i * x, 1 - x, size=(groups, config.clusters.samples // groups, m))
    masses: np.ndarray = left.prod(axis=-1)
    return masses


def _seen(config: JailbreakConfig, k: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Return the k whose expected chance is seen in enough samples: chosen by theory, not by the outcome."""
    return k[config.clusters.samples * gaps >= config.clusters.least_seen]


def _zero_field(config: JailbreakConfig, context: Context, step: Step) -> Iterator[Curves]:
    exponents, errors = [], []
    for x, m in cases(config):
        k = _seen(config, counts(config), safe_moments(x, m, counts(config)))
        window = fit_window(config, x, m)

        def simulate(x: float = x, m: int = m, k: np.ndarray = k, window: np.ndarray = window) -> dict[str, np.ndarray]:
            p = _safe_masses(config, context.seeds.numpy("clusters", x, m), x, m)
            wanted = {"gaps": k, "ends": window}
            return {name: np.stack([(p**count).mean(1) for count in at], 1) for name, at in wanted.items()}

        found = context.unit(f"clusters x={x:g} m={m}", simulate)
        y, y_err, n = standard_error(found["gaps"])
        parameters = {"x": x, "m": m}
        yield points(ZERO_FIELD, case_series(x, m), "simulation", "k", k, "gap", y, y_err=y_err, n=n, params=parameters)
        exponent, error = _log_ratio(found["ends"][:, 0], found["ends"][:, 1])
        scale = math.log(window[1] / window[0]) * m * (1 - x)
        exponents.append(exponent / scale)
        errors.append(error / scale)
        step.advance()
    place = EXPONENT, WINDOW, "simulation", "case", np.arange(len(exponents))
    yield points(*place, "ratio", exponents, y_err=errors, n=config.clusters.groups)


def _log_ratio(top: np.ndarray, bottom: np.ndarray) -> tuple[float, float]:
    """Return log(mean top / mean bottom) of paired groups and its jackknife error."""
    count = len(top)
    whole = math.log(top.mean() / bottom.mean())
    left_out = np.log((top.sum() - top) / (bottom.sum() - bottom))
    return whole, float(np.sqrt((count - 1) / count * np.sum((left_out - left_out.mean()) ** 2)))


def _fields(config: JailbreakConfig, context: Context, step: Step) -> Iterator[Curves]:
    at = config.clusters.amplitude_at
    for x, m in field_cases(config):
        everywhere = [_seen(config, counts(config), asr_gap(x, m, field, counts(config))) for field in config.field]

        def simulate(x: float = x, m: int = m, everywhere: list[np.ndarray] = everywhere) -> dict[str, np.ndarray]:
            found = {}
            for number, (field, k) in enumerate(zip(config.field, everywhere, strict=True)):
                p = _safe_masses(config, context.seeds.numpy("clusters in a field", x, m, field), x, m)
                safe = p / (p + math.exp(field) * (1 - p))
                found[f"gaps {number}"] = np.stack([(safe**count).mean(1) for count in (*k, at)], 1)
                found[f"free {number}"] = (p**at).mean(1)
            return found

        found = context.unit(f"clusters in a field x={x:g} m={m}", simulate)
        fields, logs, errors = [], [], []
        n = config.clusters.groups
        for number, (field, k) in enumerate(zip(config.field, everywhere, strict=True)):
            gaps = found[f"gaps {number}"]
            y, y_err, n = standard_error(gaps[:, : len(k)])
            parameters = {"x": x, "m": m, "field": field}
            place = field_panel(x, m), f"λ={field:g}", "simulation"
            yield points(*place, "k", k, "gap", y, y_err=y_err, n=n, params=parameters)
            if field > 0:
                ratio, error = _log_ratio(gaps[:, -1], found[f"free {number}"])
                fields.append(field)
                logs.append(ratio)
                errors.append(error)
        if fields:
            place = AMPLITUDE, case_series(x, m), "simulation"
            yield points(*place, "field", fields, "log_ratio", logs, y_err=errors, n=n, params={"x": x, "m": m})
        step.advance()


# -- E2 ------------------------------------------------------------------------------------------------------------


def _profiles(
    config: JailbreakConfig,
    context: Context,
    name: str,
    spins: int,
    beta: float,
    disorders: int,
    bias: float,
    *,
    random_centre: bool = False,
) -> Profiles:
    """Return the Gibbs measure of independent glasses by overlap, enumerated batch by batch."""
    glass, parts = config.glass, []
    batch = max(1, min(GLASSES_AT_ONCE, STATES_AT_ONCE >> spins))
    for start in range(0, disorders, batch):
        count = min(batch, disorders - start)

        def enumerate_glasses(start: int = start, count: int = count) -> dict[str, np.ndarray]:
            stream = context.seeds.torch(name, spins, start, device=context.device)
            couplings = sample_couplings(count, spins, glass.strength, stream)
            fields = torch.full((count, spins), bias * spins**-0.5, dtype=torch.float64, device=context.device)
            found = cluster_profiles(
                all_energies(couplings, fields), beta, glass.threshold, glass.picks, stream, random_centre=random_centre
            )
            return {part: getattr(found, part).cpu().numpy() for part in PARTS}

        parts.append(context.unit(f"{name} N={spins} {start}+{count}", enumerate_glasses))
    return Profiles(*(torch.from_numpy(np.concatenate([part[key] for part in parts])) for key in PARTS))


def _glass(config: JailbreakConfig, context: Context, step: Step) -> Iterator[Curves]:
    """The Poisson-Dirichlet curves stand on the run's own x and overlaps: theory that a run alone can draw."""
    glass = config.glass
    k = np.unique(glass.k)
    profiles = _profiles(config, context, "glass", glass.spins, glass.beta, glass.disorders, glass.bias)
    x = float(1 - profiles.all_squares.mean())
    inside, outside = profiles.mean_overlaps()
    parameters = {"x": x, "overlap_unsafe": inside, "overlap_safe": outside, "spins": glass.spins}
    laws: list[tuple[float, EdgeLaw]] = []
    for field in sorted(set(glass.field)):
        series = f"h={field:g}"
        chances = profiles.safe_chances(glass.beta * field * glass.spins).numpy()
        powers = np.stack([(chances**count).mean(axis=1) for count in k], axis=1)
        y, y_err, n = standard_error(powers)
        shift = glass.beta * field * glass.spins * (inside - outside)
        expected = asr_gap(x, 1, shift, k) if shift <= WEAK else None
        for panel in (GLASS, GLASS_RATE):
            seen = {**parameters, "field": field, "lambda": shift}
            yield points(panel, series, "simulation", "k", k, "gap", y, y_err=y_err, n=n, params=seen)
            if expected is not None:
                yield points(panel, series, "theory", "k", k, "gap", expected, params=seen)
        rng = context.seeds.numpy("glass fit", field)
        laws.append((field, fit_edge_law_to_chances(k, powers, rng, resamples=RESAMPLES)))
    step.advance()
    fields = [field for field, _ in laws]
    for panel, name, number in ((GLASS_NU, "nu", 0), (GLASS_MU, "mu", 1)):
        values = [(law.nu, law.mu)[number] for _, law in laws]
        intervals = [(law.nu_interval, law.mu_interval)[number] for _, law in laws]
        errors = [(high - low) / (2 * 1.96) for low, high in intervals]
        place = panel, "fit", "simulation"
        yield points(*place, "h", fields, name, values, y_err=errors, n=glass.disorders, params=parameters)


def _strong_field(config: JailbreakConfig, context: Context, step: Step) -> Iterator[Curves]:
    glass = config.glass
    for spins in glass.rate_sizes:
        for series, random_centre in (("random centre", True), ("unsafe centre", False)):
            profiles = _profiles(
                config, context, series, spins, glass.rate_beta, glass.rate_disorders, 0.0, random_centre=random_centre
            )
            rates = np.stack(
                [
                    -np.log(profiles.safe_chances(glass.rate_beta * h * spins).numpy()).mean(axis=1) / spins
                    for h in glass.rate_field
                ],
                axis=1,
            )
            y, y_err, n = standard_error(rates)
            place = STRONG, f"N={spins} {series}", "simulation"
            yield points(*place, "h", glass.rate_field, "rate", y, y_err=y_err, n=n, params={"spins": spins})
        step.advance()


def _random_energy(config: JailbreakConfig, context: Context, step: Step) -> Iterator[Curves]:
    """Independent energies of variance N j0^2 / 2: every state is a cluster, and x = beta_c / beta is known.

    The unsafe state is not drawn but averaged over: sum_c W_c (1 - W_c)^k.
    """
    glass, k = config.glass, np.array(RANDOM_ENERGY_COUNTS)
    beta = 2 * math.sqrt(math.log(2)) / glass.random_energy_x  # in units of 1 / j0

    for spins in glass.random_energy_sizes:

        def draw(spins: int = spins) -> dict[str, np.ndarray]:
            found = []
            for number in range(glass.random_energy_disorders):
                rng = context.seeds.numpy("random energy", spins, number)
                energies = rng.standard_normal(2**spins, dtype=np.float32) * math.sqrt(spins / 2)
                weights = np.exp(beta * (energies - energies.max()).astype(np.float64))
                weights = weights[weights > NEGLIGIBLE] / weights.sum()
                found.append((weights[:, None] * (1 - weights[:, None]) ** k).sum(axis=0))
            return {"gaps": np.stack(found)}

        y, y_err, n = standard_error(context.unit(f"random energy N={spins}", draw)["gaps"])
        place = RANDOM_ENERGY, f"N={spins}", "simulation", "k", k
        yield points(*place, "gap", y, y_err=y_err, n=n, params={"x": glass.random_energy_x, "spins": spins})
        step.advance()


# -- E3 ------------------------------------------------------------------------------------------------------------


def _edges(config: JailbreakConfig, context: Context, step: Step) -> Iterator[Curves]:
    edge, k = config.edge, edge_counts(config)
    bins = np.linspace(0.5, 1, 26)
    for nu, mu in edge_cases(config):
        rng = context.seeds.numpy("edge", nu, mu)
        safe = np.exp(-mu) * rng.beta(edge.a, nu, edge.prompts)
        unsafe = rng.binomial(edge.answers, 1 - safe)
        answers = np.full(edge.prompts, edge.answers)
        parameters = {"a": edge.a, "nu": nu, "mu": mu}
        series = edge_series(nu, mu)
        chances = safe_draw_chances(answers, unsafe, k)
        y, y_err, n = standard_error(chances)
        shown = y > 0
        place = EDGE, series, "simulation"
        yield points(*place, "k", k[shown], "gap", y[shown], y_err=y_err[shown], n=n, params=parameters)
        found, _ = np.histogram(np.exp(mu) * (1 - unsafe / edge.answers), bins)
        width, shown = bins[1] - bins[0], found > 0
        density, error = found / edge.prompts / width, np.sqrt(found) / edge.prompts / width
        middle = (bins[1:] + bins[:-1]) / 2
        place = EDGE_SHAPE, series, "simulation"
        yield points(
            *place, "safe", middle[shown], "density", density[shown], y_err=error[shown], n=n, params=parameters
        )
        half = edge.prompts // 2
        regime = fit_beta_edge(answers[:half], unsafe[:half])
        fitted = regime.chosen
        y, y_err, n = standard_error(chances[half:])
        low, high = fitted.gap_interval(k)
        shown = y > 2 * y_err
        error = np.hypot(y_err[shown] / y[shown], np.log(high[shown] / low[shown]) / (2 * 1.96))
        fit = {
            **parameters,
            "fitted_nu": fitted.nu,
            "fitted_mu": fitted.mu,
            "regime": "exponential" if regime.is_exponential else "polynomial",
        }
        place = HELD_OUT, series, "simulation"
        ratio = np.log(y[shown] / fitted.gap(k[shown]))
        yield points(*place, "k", k[shown], "log_ratio", ratio, y_err=error, n=n, params=fit)
        step.advance()
