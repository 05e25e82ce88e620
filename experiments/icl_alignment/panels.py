"""How is icl-alignment drawn? Its panels, in the order of the questions."""

from solv.experiments.icl_alignment.predictions import (
    DRAWN_RIVALS,
    MEASURES,
    RANK_PANELS,
    cell_panel,
    cells,
    fixed_point,
    transformer_panel,
)
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.tracking.figures import Map, Panel

TRAINS = {
    "half": "half of the directions",
    "power-law": "a power law",
    "exponential": "an exponential spectrum",
    "spikes": "spikes",
    "isotropic": "isotropic tasks",
}
SCATTER_LIMITS = (0.0, 1.95)  # knowing nothing is an error of 1 + rho; above it there is room for the legend


def draw_panels(config: IclAlignmentConfig) -> list[Panel]:
    """Return the panels in the order of the questions."""
    return [*_diversity(config), *_descent(config), *_scatter(config), *_maps(config), *_transformer(config)]


def _diversity(config: IclAlignmentConfig) -> list[Panel]:
    panels = []
    for cell in cells(config):
        train, alpha, tau, rho = cell
        where = f"{TRAINS[train]}{f' i^-{config.p:g}' if train == 'power-law' else ''}"
        for what, title, label in (
            ("diversity", "Pretrained on", "test error e"),
            ("alignment", "Alignment to", "A = ⟨C_te F⟩ (small: aligned)"),
        ):
            panels.append(
                Panel(
                    cell_panel(what, cell),
                    f"{title} {where}\n(α = {alpha:g}, τ = {tau:g}, ρ = {rho:g})",
                    "task diversity κ = k/d",
                    label,
                    x_scale="log",
                    y_limits=(0.0, None),
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
            "Longer contexts, at pretraining and test",
            "context length α = l/d",
            "test error e",
            x_scale="log",
        ),
        Panel(
            "test-context",
            f"Longer contexts at the test alone (α = {at['alpha']:g})",
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
            y_limits=SCATTER_LIMITS,
            ordered=True,
        ),
        *(
            Panel(
                f"scatter {rival}",
                f"... and against a rival: {rival} (τ = {tau:g})",
                f"{rival} of C_te and C_tr",
                "test error e",
                y_limits=SCATTER_LIMITS,
                ordered=True,
                note="simulation",
            )
            for rival in DRAWN_RIVALS
        ),
    ]
    ranks = (
        Panel(
            RANK_PANELS[among],
            title,
            "measure",
            "rank correlation with the error",
            categories=MEASURES,
            y_limits=(None, 1.35),
            note="1: right about every pair",
        )
        for among, title in (
            ("all", "Which measure orders the errors of all pairs?"),
            ("one pretraining", "Which measure orders the tests of one pretraining?"),
        )
    )
    return [*scatters, *ranks]


def _maps(config: IclAlignmentConfig) -> list[Panel]:
    few, many = config.diversity.few, config.diversity.many
    size = config.pretraining
    return [
        Panel(
            "best-diversity",
            "Best diversity: C_tr = (2f, 2(1-f)), C_te = (2s, 2(1-s))",
            "share of pretraining on the second half, 1 - f",
            "share of the test on the first half, s",
            x_scale="log",
            heat=Map("s", "best_kappa", "best κ (grey: the more the better)", "log"),
        ),
        Panel(
            "gain",
            f"Does diversity help? From κ = {few:g} to {many:g}",
            "share of pretraining on the second half, 1 - f",
            "share of the test on the first half, s",
            x_scale="log",
            heat=Map(
                "s",
                "log_gain",
                f"log e({many:g}) / e({few:g}): red, it hurts; below -0.2 alike",
                center=0.0,
                floor=-0.2,
            ),
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
