"""On what does a run compute? The device that its settings name, if this machine has it, and the number of threads."""

from solv.harness.settings import ConfigurationError, RunSettings


def prepare(settings: RunSettings) -> str:
    """Set the number of threads and return the device of the run.

    Raises:
        ConfigurationError: the device is unknown or not present.
    """
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
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
