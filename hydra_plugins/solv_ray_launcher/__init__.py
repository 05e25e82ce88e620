"""How does Hydra run its jobs on Ray? Each as a Ray task of its own; a task whose worker dies is tried again by Ray.

Hydra's own plugin (hydra-ray-launcher) asks for boto3 and for cloudpickle < 3, which W&B and joblib of today do not go
with, and it ends the whole multirun with the first task that is lost.
"""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


@dataclass
class RayLauncherConf:
    """Settings under `hydra.launcher`.

    Attributes:
        address: of a running cluster, `auto` for the one of this machine; null: $RAY_ADDRESS, or a cluster of our own.
        jobs: tasks at a time on a cluster of our own; null: one for each core.
        num_cpus, num_gpus: what each task takes of the cluster.
        max_retries: how often a task is tried again whose worker died.
    """

    _target_: str = "hydra_plugins.solv_ray_launcher.RayLauncher"
    address: str | None = None
    jobs: int | None = None
    num_cpus: float = 1
    num_gpus: float = 0
    max_retries: int = 3


ConfigStore.instance().store(group="hydra/launcher", name="solv_ray", node=RayLauncherConf, provider="solv")


class RayLauncher(Launcher):
    """Launches each job as a Ray task."""

    def __init__(
        self, address: str | None, jobs: int | None, num_cpus: float, num_gpus: float, max_retries: int
    ) -> None:
        self._address, self._jobs = address, jobs
        self._resources = {"num_cpus": num_cpus, "num_gpus": num_gpus, "max_retries": max_retries}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the jobs need."""
        self._context, self._task, self._config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs and return when each has ended; a lost one is returned as failed."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports its use to its makers unless told not to
        import ray

        passed = {key: value for key, value in os.environ.items() if key.startswith(("SOLV_", "WANDB_"))}
        passed |= {key: os.environ[key] for key in ("OMP_NUM_THREADS", "PYTHONPATH") if key in os.environ}
        if not ray.is_initialized():
            own = self._address is None and "RAY_ADDRESS" not in os.environ
            with _signals_stay_as_they_are():
                ray.init(
                    address="local" if own else self._address,  # None would be a cluster that runs on this machine
                    num_cpus=(self._jobs or os.cpu_count()) if own else None,
                    include_dashboard=False if own else None,
                    runtime_env={"env_vars": passed},
                    logging_level="ERROR",
                )
        remote = ray.remote(**self._resources)(_run)
        state = Singleton.get_state()
        tasks = [
            remote.remote(list(overrides), initial_job_idx + index, self._context, self._task, self._config, state)
            for index, overrides in enumerate(job_overrides)
        ]
        return [_result(task) for task in tasks]


@contextmanager
def _signals_stay_as_they_are() -> Iterator[None]:
    """Undo what Ray does to the answers to signals: its own answer to SIGTERM is to abort this process."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    if threading.current_thread() is threading.main_thread():
        for number, answer in before.items():
            signal.signal(number, signal.SIG_DFL if answer is None else answer)


def _result(task: Any) -> JobReturn:
    import ray

    try:
        returned: JobReturn = ray.get(task)
    except ray.exceptions.RayError as error:
        returned = JobReturn(status=JobStatus.FAILED)
        returned.return_value = error
    return returned


def _run(
    overrides: list[str],
    index: int,
    context: HydraContext,
    task_function: TaskFunction,
    config: DictConfig,
    state: dict[Any, Any],
) -> JobReturn:
    Singleton.set_state(state)
    setup_globals()
    job_config = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(job_config):
        job_config.hydra.job.id = job_config.hydra.job.num = index
    return run_job(
        hydra_context=context,
        task_function=task_function,
        config=job_config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
