"""What can be set in dmft? The axes of its theory at the root, sizes of the simulated systems in groups."""

from solv.harness.settings import Group, RunSettings, group, integer, integers, real, reals, texts


class Elliptic(Group):
    """Simulated linear systems (E1)."""

    size: int = integer(400, "number of units N of a simulated linear system", least=4)
    repeats: int = integer(12, "independent matrices per (g, tau) in simulated linear systems", least=2)
    time_step: float = real(0.5, "spacing of the times at which C and R are measured", above=0)
    until: float = real(6, "latest time of the two-time functions", above=0)
    small_size: int = integer(
        250, "N of the power spectra and of the Euler map, which need an inverse or many steps", least=4
    )
    small_repeats: int = integer(
        16, "independent matrices of which the power spectra and the Euler map are averages", least=2
    )
    normal_g: float = real(0.9, "coupling at which Ginibre is compared with a normal matrix", above=0, most=0.99)


class Critical(Group):
    """Simulated critical systems (figure 2)."""

    sizes: tuple[int, ...] = integers(
        [75, 150, 300, 600], "sizes N of the symmetric flow at its critical shift", least=8
    )
    repeats: int = integer(64, "independent matrices per size of the symmetric flow", least=2)
    until: float = real(5, "latest time of the norm in which the error of a finite flow is measured", above=0)
    size: int = integer(400, "N of the critical systems of other symmetries", least=8)
    size_repeats: int = integer(16, "independent matrices per symmetry of the critical systems", least=2)
    doublings: int = integer(8, "how often the shortest time 1/4 of the critical systems is doubled", least=1, most=8)


class Learning(Group):
    """Linear regression under gradient flow, in the paper's quantities."""

    alpha: tuple[float, ...] = reals([0.5, 1, 2], "samples per dimension P/D of the curves against time", above=0)
    noise: float = real(0.01, "label-noise variance sigma2 of the flow; the paper's sigma is 0.1", least=0)
    times: tuple[float, ...] = reals([1, 10, 100, 10000], "times at which the losses are read against P/D", above=0)
    dimension: int = integer(200, "input dimension D of the simulated flows", least=4)
    repeats: int = integer(32, "independent regressions per P/D", least=2)


class Repeats(Group):
    """Independent runs of the regressions, each with data, features, noise and batches of its own."""

    regression: int = integer(16, "independent runs of linear regression (E2)", least=2)
    random_features: int = integer(16, "independent runs of random features (E3)", least=2)
    sgd: int = integer(40, "independent runs of one-pass SGD (E4)", least=2)


class Ensembles(Group):
    """The grid of trained models of E5: every feature set on every bag."""

    dimension: int = integer(300, "input dimension D of the grids of models (E5)", least=4)
    sets: int = integer(4, "feature sets of a grid of models (E5)", least=2)
    bags: int = integer(4, "bags of data of a grid of models (E5)", least=2)
    repeats: int = integer(12, "independent grids of models (E5)", least=2)


class Flow(Group):
    """The exact flows and the map of E6, isotropic and without noise."""

    dimension: int = integer(400, "input dimension D of the exact flows (E6)", least=4)
    repeats: int = integer(12, "independent draws of the exact flows (E6)", least=2)
    columns: int = integer(16, "values of P/D and of N/D in the map, from 0.1 to 3", least=2)
    times: int = integer(40, "times of a curve of the map, from 0.1 to 300", least=8)
    map_dimension: int = integer(300, "input dimension D of the simulated points of the map (E6)", least=10)
    map_repeats: int = integer(4, "independent draws per simulated point of the map (E6)", least=2)


class Deep(Group):
    """Trained deep linear networks (E7)."""

    dimension: int = integer(200, "input dimension D of the deep linear networks (E7)", least=4)
    repeats: int = integer(20, "independent deep linear networks per curve (E7)", least=2)
    scan_dimension: int = integer(100, "D of the networks in the scan over width", least=4)
    scan_repeats: int = integer(40, "networks per width in the scan", least=2)


class Widening(Group):
    """Networks that are widened in the mean-field and in the NTK parametrization."""

    widths: tuple[float, ...] = reals([1, 2, 4, 8], "widths N/D of the trained networks that are widened", above=0)
    dimension: int = integer(60, "input dimension D of the networks that are widened", least=10)
    repeats: int = integer(8, "independent networks per width and parametrization", least=2)


class Spikes(Group):
    """Trained networks whose weight spectra are measured (E8)."""

    dimension: int = integer(400, "D of the network whose spectrum is followed", least=20)
    repeats: int = integer(12, "independent networks whose spectrum is followed (E8)", least=2)
    scan_dimension: int = integer(200, "D of the scans over richness and over networks", least=20)
    scan_repeats: int = integer(12, "networks per point of the scans", least=2)
    scan_steps: tuple[int, ...] = integers([10, 30, 60, 100, 200, 300], "steps read in the scan over richness", least=1)
    networks: int = integer(
        5, "how many of the five networks in which the dependence of spikes is judged", least=1, most=5
    )


class DmftConfig(RunSettings):
    """Settings of dmft; the defaults are the quick preset."""

    g: tuple[float, ...] = reals(
        [0.7, 0.45],
        "coupling strengths; each tau takes the largest that is stable, g (1 + tau) < 1, else the least",
        above=0,
    )
    tau: tuple[float, ...] = reals([-0.5, 0, 0.3, 1], "symmetry of the coupling: 1 Wigner, 0 Ginibre", least=-1, most=1)
    time: tuple[float, ...] = reals([0.25, 0.5, 1, 2, 4, 8, 16], "times at which flows are read", least=0)
    time_step: float = real(0.2, "step of the Euler grid (9)", above=0, most=1)
    phi: tuple[float, ...] = reals([0.5, 1, 2], "dimensions per sample D/P of linear regression", above=0)
    samples: tuple[float, ...] = reals([0.5, 1.5], "samples per dimension P/D of random features", above=0)
    features: tuple[float, ...] = reals(
        [0.8, 1.5], "features per dimension N/D of random features", above=0, infinite=True
    )
    spectrum: tuple[str, ...] = texts(
        ["isotropic", "power-law"],
        "input covariance: 1, or k^-1.2 with signal k^-2.2",
        choices=["isotropic", "power-law"],
    )
    dimension: int = integer(400, "input dimension D of E2-E4 (theory needs it for the power law)", least=4)
    noise: float = real(0.25, "label-noise variance sigma2 of E2-E5", least=0)
    eta: float = real(0.05, "learning rate on isotropic inputs", above=0)
    eta_power_law: float = real(0.5, "learning rate on the power law", above=0)
    steps: int = integer(200, "steps of descent in E2 to E5, 0..steps-1", least=2)
    batch: tuple[int, ...] = integers([5, 20, 80], "batch size B of one-pass SGD on the power law", least=1)
    features_sgd: float = real(0.2, "N/D of one-pass SGD", above=0)
    eta_sgd: float = real(0.3, "learning rate of one-pass SGD", above=0)
    members: tuple[int, ...] = integers([1, 2, 4, 8], "members K of ensembles and bags", least=1)
    overlap: tuple[float, ...] = reals([0, 0.5], "fraction of samples that two bags share", least=0, most=1)
    flow_samples: tuple[float, ...] = reals([0.5], "P/D of the flow and its Hermitian partner", above=0)
    flow_features: tuple[float, ...] = reals([0.55], "N/D of the flow and its Hermitian partner", above=0)
    flow_noise: float = real(
        0, "label-noise variance of the flow in theory; simulated flows have none and are left out if > 0", least=0
    )
    hidden_layers: tuple[int, ...] = integers([1, 2], "hidden layers H of the deep linear networks", least=1)
    richness: tuple[float, ...] = reals([0.5, 2], "richness g0; large learns features", above=0)
    width: tuple[float, ...] = reals([0.5, 1, 2], "width nu = N/D", above=0, infinite=True)
    data: float = real(1.5, "samples alpha = P/D of the deep networks", above=0)
    eta_deep: float = real(0.01, "learning rate of the deep networks, in units of g0^2 N", above=0)
    noise_deep: float = real(0, "label-noise variance sigma2 of the deep networks", least=0)
    steps_deep: int = integer(80, "steps of the deep networks, 0..steps_deep-1", least=2)
    spike_layers: int = integer(1, "hidden layers H of the network whose weight spectrum is followed", least=1)
    spike_richness: float = real(6, "richness g0 of the network whose weight spectrum is followed", above=0)
    spike_width: float = real(1, "width nu = N/D of the network whose weight spectrum is followed", above=0)
    spike_data: float = real(2, "samples alpha = P/D of the network whose weight spectrum is followed", above=0)
    spike_eta: float = real(
        0.005, "learning rate of the network whose weight spectrum is followed, in units of g0^2 N", above=0
    )
    spike_noise: float = real(
        0, "label-noise variance sigma2 of the network whose weight spectrum is followed", least=0
    )
    spike_steps: tuple[int, ...] = integers(
        [10, 20, 30, 40, 50, 75, 100, 150, 200],
        "steps after which the weights of the followed network are decomposed",
        least=1,
    )
    elliptic: Elliptic = group(Elliptic, "simulated linear systems")
    critical: Critical = group(Critical, "simulated critical systems")
    learning: Learning = group(Learning, "linear regression under gradient flow")
    repeats: Repeats = group(Repeats, "independent runs of the regressions")
    ensembles: Ensembles = group(Ensembles, "grids of trained models")
    flow: Flow = group(Flow, "exact flows and the map")
    deep: Deep = group(Deep, "trained deep networks")
    widening: Widening = group(Widening, "networks that are widened in two parametrizations")
    spikes: Spikes = group(Spikes, "networks whose spectra are measured")
