"""Training in several processes, as ``torchrun`` starts them: the same batches, shared out.

Each process takes its share of every batch, and gradients are averaged over all. Batch
normalisation takes its statistics over the whole batch, wherever its parts are, so a run ends in
the weights of one process up to rounding, and up to dropout, which each process draws by itself.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import lightning
import torch
import torch.distributed as dist
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import Sampler

from unmask.errors import SettingError


@dataclass(frozen=True)
class World:
    """Which process this is, ``rank`` of ``size``, ``local`` of them on this machine."""

    rank: int = 0
    size: int = 1
    local: int = 1

    @classmethod
    def here(cls) -> World:
        """Return what torchrun says in the environment; one process without it."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
        if any(name not in os.environ for name in names):
            return cls()
        return cls(*(int(os.environ[name]) for name in names))

    def options(self) -> dict[str, Any]:
        """Return what Lightning's trainer must be told."""
        if self.size == 1:
            return {"devices": 1}
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        return {
            "devices": self.local,
            "num_nodes": self.size // self.local,
            "use_distributed_sampler": False,  # the loaders share out themselves
            "strategy": DDPStrategy(process_group_backend=backend, broadcast_buffers=False),
        }


class Share(Sampler[list[int]]):
    """The part of each batch that one process takes: every ``size``-th item, from its rank on.

    The last batch of an epoch is filled up to a multiple of ``size`` with its own first items, so
    that all processes have as many.

    Args:
        count: items, taken in order.
        batch: items in a batch, over all processes.
        world: the processes.
        skip: batches to leave out at the beginning, which are still counted in the length.

    Raises:
        SettingError: the batch cannot be shared evenly.
    """

    def __init__(self, count: int, batch: int, world: World, skip: int = 0) -> None:
        if batch % world.size:
            raise SettingError(
                f"a batch must be a multiple of the {world.size} processes that share it. "
                f"Got {batch}"
            )
        self.count, self.batch, self.world, self.skip = count, batch, world, skip

    def __len__(self) -> int:
        return math.ceil(self.count / self.batch)

    def __iter__(self) -> Iterator[list[int]]:
        for number in range(self.skip, len(self)):
            items = range(number * self.batch, min(self.count, (number + 1) * self.batch))
            lacking = -len(items) % self.world.size
            whole = [*items, *(items[n % len(items)] for n in range(lacking))]
            yield whole[self.world.rank :: self.world.size]


class _Sum(torch.autograd.Function):
    """The sum over all processes, and of the gradients from all."""

    @staticmethod
    def forward(_: Any, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def share_statistics(network: nn.Module) -> None:
    """Let batch normalisation in training take its statistics over all processes.

    PyTorch's own synchronised layers need a GPU; these do not, and keep the names of the weights.
    """
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            own = module.forward
            module.forward = MethodType(_forward(own), module)  # type: ignore[method-assign]


def _forward(own: Any) -> Any:
    def forward(layer: Any, batch: Tensor) -> Tensor:
        if not (layer.training and dist.is_initialized()):
            found: Tensor = own(batch)
            return found
        normal = _normalise(layer, batch)
        # timm's layers do what follows them as well.
        return layer.act(layer.drop(normal)) if hasattr(layer, "act") else normal

    return forward


def _normalise(layer: Any, batch: Tensor) -> Tensor:
    """Return the batch, normalised over all processes; note the running statistics."""
    with torch.autocast(batch.device.type, enabled=False):
        values = batch.float()
        axes = [axis for axis in range(values.ndim) if axis != 1]
        shape = [1, -1, *[1] * (values.ndim - 2)]
        count = torch.tensor([values.numel() / values.shape[1]], device=values.device)
        sums: Tensor = _Sum.apply(torch.cat([values.sum(axes), count]))
        total = sums[-1].detach()
        mean = sums[:-1] / total
        centred = values - mean.view(shape)
        variance: Tensor = _Sum.apply(centred.square().sum(axes)) / total
        normal = centred * (variance + layer.eps).rsqrt().view(shape)
        if layer.affine:
            normal = normal * layer.weight.view(shape) + layer.bias.view(shape)
        if layer.track_running_stats:
            with torch.no_grad():
                layer.num_batches_tracked += 1
                pace = layer.momentum
                pace = 1 / float(layer.num_batches_tracked) if pace is None else pace
                layer.running_mean.lerp_(mean.to(layer.running_mean.dtype), pace)
                unbiased = variance * total / (total - 1).clamp(min=1)
                layer.running_var.lerp_(unbiased.to(layer.running_var.dtype), pace)
    return normal.to(batch.dtype) if batch.dtype != torch.float32 else normal


class GatherDev(lightning.Callback):
    """Puts together what the processes saw of the dev sets, before they are judged."""

    def on_validation_epoch_end(self, _: lightning.Trainer, training: Any) -> None:
        """Give every process all scores."""
        own = {
            name: [(logit.cpu(), label.cpu()) for logit, label in parts]
            for name, parts in training._seen.items()  # noqa: SLF001 - ours
        }
        everyone: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(everyone, own)
        training._seen = {  # noqa: SLF001
            name: [part for each in everyone for part in each.get(name, [])] for name in own
        }


def shared_dev(count: int, world: World) -> Sequence[int]:
    """Return the items of a dev set that this process judges."""
    return range(world.rank, count, world.size)
