"""Depthwise convolutions whose backward pass is quick on CPUs.

oneDNN has no quick kernel for two gradients of a depthwise convolution in bfloat16: that of the
input at stride 2, and that of a 5 x 5 weight; together they take three quarters of a training step
of EfficientNet-Lite0. Both are rewritten here in terms of kernels that are quick: the first as a
stride-1 convolution over the spread-out gradient, the second as four 3 x 3 weight gradients.
`benchmarks/train_step.py` measures the gain.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

NHWC = torch.channels_last


class _Depthwise(torch.autograd.Function):
    """Depthwise convolution without bias or dilation, zero padding on all sides alike."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return conv2d(x, weight, None, stride, padding, 1, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, weight = ctx.saved_tensors
        out = gradients[0].contiguous(memory_format=NHWC)
        grad_x = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_x = _input_gradient(out, x, weight, ctx.stride, ctx.padding)
        if ctx.needs_input_grad[1]:
            grad_weight = _weight_gradient(out, x, weight, ctx.stride, ctx.padding)
        return grad_x, grad_weight, None, None


def _input_gradient(out: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    side = weight.shape[-1]
    height, width = (n + 2 * padding - side + 1 for n in x.shape[-2:])
    spread = out
    if stride > 1:
        spread = torch.empty((*out.shape[:2], height, width), dtype=out.dtype, memory_format=NHWC)
        spread.zero_()
        spread[:, :, ::stride, ::stride] = out
    return conv2d(spread, weight.flip(2, 3), None, 1, side - 1 - padding, 1, len(weight))


def _weight_gradient(out: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    def gradient(x: Tensor, weight: Tensor, padding: int) -> Tensor:
        both: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
            out, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0],
            len(weight), [False, True, False],
        )  # fmt: skip
        return both[1]

    if weight.shape[-1] != 5:
        return gradient(x, weight, padding)
    padded = pad(x, (padding,) * 4)
    height, width = ((n - 1) * stride + 3 for n in out.shape[-2:])
    result = torch.zeros_like(weight)
    for top in (0, 2):
        for left in (0, 2):
            part = padded[:, :, top : top + height, left : left + width]
            tile = gradient(part.contiguous(memory_format=NHWC), weight[:, :, :3, :3], 0)
            result[:, :, top : top + 3, left : left + 3] = tile
    return result


class DepthwiseConv(nn.Conv2d):
    """A depthwise `torch.nn.Conv2d`, or timm's with TensorFlow's "same" padding."""

    same: bool

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of ``x`` [B, C, H, W]."""
        side, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        if self.same:
            lack = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[-2:]]
            x = pad(x, (lack[1] // 2, -(-lack[1] // 2), lack[0] // 2, -(-lack[0] // 2)))
            padding = 0
        weight = self.weight
        if torch.is_autocast_enabled("cpu"):
            x, weight = x.to(torch.bfloat16), weight.to(torch.bfloat16)
        result: Tensor = _Depthwise.apply(x, weight, stride, padding)
        return result


def quicken(model: nn.Module) -> int:
    """Give the depthwise convolutions of ``model`` the quick backward pass; return how many.

    Weights and results are unchanged. Convolutions with a bias, a dilation or kernels that are not
    square and odd are left alone.
    """
    count = 0
    for module in model.modules():
        if not isinstance(module, nn.Conv2d) or isinstance(module, DepthwiseConv):
            continue
        height, width = module.kernel_size
        plain = module.bias is None and module.dilation == (1, 1) and height == width
        depthwise = 1 < module.groups == module.in_channels == module.out_channels
        square = module.stride[0] == module.stride[1] and height % 2 == 1
        if plain and depthwise and square and not isinstance(module.padding, str):
            vars(module)["same"] = type(module).__name__ == "Conv2dSame"
            module.__class__ = DepthwiseConv
            count += 1
    return count
