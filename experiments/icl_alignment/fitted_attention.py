"""What error does linear attention make that was fitted to contexts at finite dimension, on the tasks of each test?

The test error is exact given the fit (`solv.models.icl_alignment.fit.error_on_tasks`): the only randomness is that of
pretraining, and every test covariance and test length comes with a fit at no further cost.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from solv.data.icl_alignment.tasks import draw_attention_contexts, draw_tasks
from solv.experiments.icl_alignment.counting import BYTES_AT_ONCE, BYTES_PER_NUMBER
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.icl_alignment.fit import NotConvergedError, error_on_given_tasks, error_on_tasks, fit
from solv.tracking.progress import Step


class FittedAttention:
    """Pretrains linear attention and tests it on many covariances; each pretraining is a unit of work."""

    def __init__(self, config: IclAlignmentConfig, context: Context, step: Step) -> None:
        """Measure under `config` in the world of `context`; `step` is told of every pretraining."""
        self._config, self._context, self._step = config, context, step

    def errors(
        self,
        name: str,
        train: np.ndarray,
        tests: Sequence[np.ndarray],
        at: Sizes,
        *,
        test_alphas: Sequence[float] = (),
        repeats: int | None = None,
    ) -> np.ndarray:
        """Return the errors, shape (repeats, test_alphas, tests); no test_alphas: that of pretraining.

        A repeat draws from a stream named by the sizes and itself, not by the covariances: pretraining on two of them
        is compared on the same draws.

        Args:
            name: of the unit of work, together with the sizes unique in the run.
            train: spectrum of the pretraining tasks, its length is d.
            tests: covariances, diagonal or full.
            at: sizes of the pretraining.
            test_alphas: context lengths per d at test.
            repeats: pretraining sets; `simulation.repeats` if not given.

        Raises:
            ConfigurationError: tau is 1, or so near to it that the fit does not converge.
        """
        count = repeats or self._config.simulation.repeats
        return self._unit(
            name, train, at, lambda: self._fit_and_test(train, tests, at, test_alphas or [at.alpha], count)
        )

    def own_and_fresh(self, name: str, train: np.ndarray, at: Sizes) -> np.ndarray:
        """Return the errors on the pretraining tasks themselves and on fresh ones of the same covariance.

        Args:
            name: of the unit of work, together with the sizes unique in the run.
            train: spectrum of the pretraining tasks, its length is d.
            at: sizes of the pretraining, and of the test.

        Returns:
            Shape (repeats, 2), in fresh contexts.

        Raises:
            ConfigurationError: tau is 1, or so near to it that the fit does not converge.
        """
        return self._unit(name, train, at, lambda: self._fit_and_compare(train, at))

    def _unit(self, name: str, train: np.ndarray, at: Sizes, compute: Callable[[], np.ndarray]) -> np.ndarray:
        if at.tau == 1:
            raise ConfigurationError("tau = 1 is the interpolation peak, known in theory alone; take another tau")
        label = f"{name} d={len(train)} tau={at.tau} alpha={at.alpha} kappa={at.kappa} rho={at.rho}"
        unit = self._context.unit(label, lambda: {"error": compute()})
        self._step.advance(note=label)
        return unit["error"]

    def _fit_and_test(
        self, train: np.ndarray, tests: Sequence[np.ndarray], at: Sizes, test_alphas: Sequence[float], repeats: int
    ) -> np.ndarray:
        d, device = len(train), self._context.device
        tested = [torch.from_numpy(test).to(device) for test in tests]
        chunks = []
        for gamma, _ in self._fits(train, at, repeats):
            errors = [
                [error_on_tasks(gamma, test, max(1, round(alpha * d)), at.rho) for test in tested]
                for alpha in test_alphas
            ]
            chunks.append(torch.stack([torch.stack(row, dim=-1) for row in errors], dim=1).cpu().numpy())
        return np.concatenate(chunks)

    def _fit_and_compare(self, train: np.ndarray, at: Sizes) -> np.ndarray:
        covariance = torch.from_numpy(train).to(self._context.device)
        length, chunks = max(1, round(at.alpha * len(train))), []
        for gamma, tasks in self._fits(train, at, self._config.simulation.repeats):
            own = error_on_given_tasks(gamma, tasks, length, at.rho)
            fresh = error_on_tasks(gamma, covariance, length, at.rho)
            chunks.append(torch.stack([own, fresh], dim=-1).cpu().numpy())
        return np.concatenate(chunks)

    def _fits(self, train: np.ndarray, at: Sizes, repeats: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield Gamma, (chunk, d, d + 1), and the tasks that it was fitted to, (chunk, kappa d, d), of all repeats."""
        d, device = len(train), self._context.device
        n, tasks, length = (max(1, round(size)) for size in (at.tau * d**2, at.kappa * d, at.alpha * d))
        covariance = torch.from_numpy(train).to(device)
        at_once = max(1, BYTES_AT_ONCE // (BYTES_PER_NUMBER * n * d))
        for first in range(0, repeats, at_once):
            drawn = []
            for repeat in range(first, min(first + at_once, repeats)):
                name = ("pretraining", d, at.tau, at.alpha, at.kappa, at.rho, repeat)
                stream = self._context.seeds.torch(*name, device=device)
                w = draw_tasks((), tasks, covariance, stream)
                drawn.append((w, draw_attention_contexts(w, n, length, at.rho, stream)))
            try:
                gamma = fit(
                    torch.stack([each.query for _, each in drawn]),
                    torch.stack([each.memory for _, each in drawn]),
                    torch.stack([each.target for _, each in drawn]),
                )
            except NotConvergedError as error:
                raise ConfigurationError(str(error)) from error
            yield gamma, torch.stack([w for w, _ in drawn])
