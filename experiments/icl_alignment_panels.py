"""How is icl-alignment drawn? Its panels, in the order of the questions."""

from experiments.icl_alignment_predictions import (
    DRAWN_RIVALS,
    MEASURES,
    cell_panel,
    cells,
    fixed_point,
    transformer_panel,
)
from experiments.icl_alignment_settings import IclAlignmentConfig
from tracking.figures import Map, Panel

TRAINS = {
    "half": "half of the directions",
    "power-law": "a power law",
    "exponential": "an exponential spectrum",
    "spikes": "spikes",
    "isotropic": "isotropic tasks",
}


def draw_panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the panels in the order of the questions."""
    return [*_diversity(config), *_descent(config), *_scatter(config), *_maps(config), *_transformer(config)]


def _diversity(config: IclAlignmentConfig) -> list[Panel]:
    panels = []
    for cell in cells(config):
        train, alpha, tau, rho = cell
        exponent = f" i^-{config.p:g}" if train == "power-law" else ""
        where = f"{TRAINS[train]}{exponent} (α = {alpha:g}, τ = {tau:g}, ρ = {rho:g})"
        for what, title, label in (
            ("diversity", "Error, pretrained on", "test error e"),
            ("alignment", "Alignment, pretrained on", "A = ⟨C_te F⟩ (small: aligned)"),
        ):
            panels.append(
                Panel(
                    cell_panel(what, cell),
                    f"{title} {where}",
                    "task diversity κ = k/d",
                    label,
                    x_scale="log",
                    main=True,
                )
            )
    return panels


def _descent(config: IclAlignmentConfig) -> list[Panel]:
    at = fixed_point(config)
    train = TRAINS[config.train[0]]
    size = config.finite_size
    return [
        Panel(
            "double-descent",
            f"Double descent: {train}, κ = {at['kappa']:g}",
            "pretraining contexts τ = n/d²",
            "test error e",
            x_scale="log",
            y_scale="log",
            y_limits=(None, 12.0),
            verticals={1.0: "τ = 1"},
        ),
        Panel(
            "context",
            f"Longer contexts, at pretraining and test: {train}",
            "context length α = l/d",
            "test error e",
            x_scale="log",
        ),
        Panel(
            "test-context",
            f"Longer contexts at test alone: pretrained at α = {at['alpha']:g}",
            "context length at test α_te",
            "test error e",
            x_scale="log",
        ),
        Panel(
            "finite-size",
            f"Finite size (α = κ = {size.kappa:g}, i^-{size.p:g})"
            if size.alpha == size.kappa
            else f"Finite size (α = {size.alpha:g}, κ = {size.kappa:g}, i^-{size.p:g})",
            "1/d",
            "simulated error / theory",
        ),
    ]


def _scatter(config: IclAlignmentConfig) -> list[Panel]:
    tau = config.scatter.tau[0]
    scatters = [
        Panel(
            "scatter A",
            f"Error against the alignment measure (τ = {tau:g})",
            "A = ⟨C_te F⟩",
            "test error e",
            ordered=True,
        ),
        *(
            Panel(
                f"scatter {rival}",
                f"... and against a rival: {rival} (τ = {tau:g})",
                f"{rival} of C_te and C_tr",
                "test error e",
                ordered=True,
                note="simulation",
            )
            for rival in DRAWN_RIVALS
        ),
    ]
    ranks = Panel(
        "rank-correlation",
        "Which measure orders the errors?",
        "measure",
        "rank correlation with the error",
        categories=MEASURES,
        y_limits=(None, 1.25),
        note="sign: 1 where the measure is right about every pair",
    )
    return [*scatters, ranks]


def _maps(config: IclAlignmentConfig) -> list[Panel]:
    few, many = config.diversity.few, config.diversity.many
    size = config.pretraining
    return [
        Panel(
            "best-diversity",
            "Best diversity: C_tr = (2f, 2(1-f)), C_te = (2s, 2(1-s))",
            "share of pretraining on the first half, f",
            "share of the test on it, s",
            heat=Map("s", "best_kappa", "best κ (from 0.1)", "log"),
            note="grey: the more the better",
        ),
        Panel(
            "gain",
            f"Does diversity help? From κ = {few:g} to {many:g}",
            "share of pretraining on the first half, f",
            "share of the test on it, s",
            heat=Map("s", "log_gain", f"log e({many:g}) / e({few:g}): red, it hurts", center=0.0),
        ),
        Panel(
            "pretraining",
            f"Which power law to pretrain on, for i^-{size.test_p:g} at test",
            "exponent of pretraining p",
            "log-ratio of error to p = test",
            verticals={size.test_p: "test"},
        ),
    ]


def _transformer(config: IclAlignmentConfig) -> list[Panel]:
    size = config.transformer
    if not size.enabled:
        return []
    return [
        Panel(
            transformer_panel(link),
            f"Trained transformer, {link} labels (d = {size.dimension}, i^-{size.p:g})",
            "A of linear attention",
            "test error",
            ordered=True,
            note="lines: theory of linear attention, τ = ∞" if link == "linear" else "",
        )
        for link in size.link
    ]
