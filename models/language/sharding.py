"""Where do the parameters of a model in several processes lie? Whole on each (DDP), or cut into shards (FSDP2).

Under `torchrun` every process trains on its own rows of each batch. `spread` makes the model ready for that; `full`,
`like` and `local` translate between a shard and the whole, and leave ordinary tensors alone, so that a state saved by
any number of processes is loaded by any other.

The modules of shards take as long to load as all else that a training needs: they are, where something is cut.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeGuard, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

if TYPE_CHECKING:
    from torch.distributed.fsdp import FSDPModule
    from torch.distributed.tensor import DTensor

Parallel = Literal["ddp", "fsdp"]


@dataclass(frozen=True)
class Place:
    """Which process this is.

    Attributes:
        rank: its number, 0 <= rank < world.
        world: number of processes.
    """

    rank: int = 0
    world: int = 1


def place() -> Place:
    """Return this process's place in the group; (0, 1) where there is no group."""
    return Place(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else Place()


@contextmanager
def process_group(device: str) -> Iterator[str]:
    """Join the processes that `torchrun` started, and yield the device of this one.

    Args:
        device: "cpu" (gloo) or "cuda" (NCCL; each process takes the card of its local rank).

    Without `torchrun` there is no group, and the device is yielded as it is.
    """
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1" or dist.is_initialized():
        yield device
        return
    own = device
    if device == "cuda":
        own = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own.startswith("cuda") else "gloo")
    try:
        yield own
    finally:
        gc.collect()  # a module that is spread holds the group: outliving it, it aborts the process at its end
        dist.destroy_process_group()


def spread(model: nn.Module, parallel: Parallel, *, bfloat16: bool = False) -> nn.Module:
    """Return the module to call in place of `model`, whose gradients are then averages over all processes.

    Args:
        model: equal in all processes, on its device. FSDP cuts its parameters in place: each block of its lists of
            blocks is a unit, gathered when it is needed.
        parallel: "ddp" or "fsdp".
        bfloat16: whether FSDP gathers and computes in bfloat16; gradients are reduced in float32.

    Raises:
        ValueError: there is no process group.
    """
    if not dist.is_initialized():
        raise ValueError(f"parallel = {parallel} needs a process group; start with: torchrun --nproc-per-node 2 ...")
    if parallel == "ddp":
        return DistributedDataParallel(model)
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    policy = policy if bfloat16 else MixedPrecisionPolicy()
    for blocks in [module for module in model.modules() if isinstance(module, nn.ModuleList)]:
        for block in blocks:
            fully_shard(block, mp_policy=policy)
    return cast("nn.Module", fully_shard(model, mp_policy=policy))


@contextmanager
def gradients_stay_here(model: nn.Module, here: bool) -> Iterator[None]:
    """Keep the gradients of the passes inside the block in their process: of all parts of a batch but the last."""
    if isinstance(model, DistributedDataParallel) and here:
        with model.no_sync():
            yield
        return
    if _is_sharded(model):
        model.set_requires_gradient_sync(not here)
    yield


def release(model: nn.Module) -> None:
    """Give back what a pass without gradients gathered: it would be read again after the parameters have changed."""
    if _is_sharded(model):
        model.reshard()


def total(value: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes."""
    if dist.is_initialized():
        value = value.clone()
        dist.all_reduce(value)
    return value


def local(value: Tensor) -> Tensor:
    """Return the part of a tensor that lies in this process, sharing its memory."""
    if _is_cut(value):
        return value.to_local()
    return value.detach()


def full(value: Tensor) -> Tensor:
    """Return a copy of the whole tensor; all processes have to ask."""
    if _is_cut(value):
        whole: Tensor = cast("DTensor", value.detach()).full_tensor()
        return whole
    return value.detach().clone()


def like(value: Tensor, pattern: Tensor) -> Tensor:
    """Return a whole tensor cut as `pattern` is, on its device."""
    value = value.to(device=pattern.device, dtype=pattern.dtype)
    if _is_cut(pattern):
        from torch.distributed.tensor import distribute_tensor

        return distribute_tensor(value, pattern.device_mesh, pattern.placements)
    return value


def _is_sharded(model: nn.Module) -> "TypeGuard[FSDPModule]":
    fsdp = sys.modules.get("torch.distributed.fsdp")
    return fsdp is not None and isinstance(model, fsdp.FSDPModule)


def _is_cut(value: Tensor) -> "TypeGuard[DTensor]":
    tensor = sys.modules.get("torch.distributed.tensor")
    return tensor is not None and isinstance(value, tensor.DTensor)
