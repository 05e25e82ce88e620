"""On what does a run compute? The device that its settings name, if this machine has it, and the number of threads."""

from solv.harness.memory import keep_freed_memory
from solv.harness.processes import launched
from solv.harness.settings import ConfigurationError, RunSettings
from solv.tracking.environment import cores_at_hand


def prepare(settings: RunSettings) -> str:
    """Set the number of threads, of torch and of NumPy's products, and return the device of the run.

    Processes that share the work share the cores, too, unless a number of threads is asked for. What a process frees,
    it keeps for the next step.

    Raises:
        ConfigurationError: the device is unknown or not present, or processes are to share the work of `torchrun`'s.
    """
    import torch

    if settings.processes > 1 and launched() > 1:
        raise ConfigurationError(f"processes = {settings.processes}: torchrun has started its own; valid: 1")
    keep_freed_memory()
    threads = settings.threads
    if threads is None and settings.processes > 1:
        threads = max(1, cores_at_hand() // settings.processes)
    if threads is not None:
        import scipy.linalg  # noqa: F401 - has a BLAS of its own, and only what is loaded is limited
        from threadpoolctl import threadpool_limits

        torch.set_num_threads(threads)
        threadpool_limits(threads, user_api="blas")
    return choose_device(settings.device)


def choose_device(device: str) -> str:
    """Return the torch device that `device` names on this machine.

    Raises:
        ConfigurationError: it is unknown or not present.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        found = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        if torch.backends.mps.is_available():
            found.append("mps")
        raise ConfigurationError(f"device = {device} cannot be used here; present: {', '.join(found)}") from error
    return device
