"""The gradients of a 3x3 convolution whose output is max-pooled, on a CPU.

Only one value in four, the one the pooling chose, has a gradient, and after a ReLU often none of the four. Visiting
only those takes about half the time of the library's convolutions, which multiply the zeros as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from learning_dynamics.engines.deep.architecture import KERNEL
from learning_dynamics.numerics.compilation import compiled

# Channels are one vector of the processor or a few; more would not fit into its registers.
MOST_CHANNELS = 64

_FLOAT_BYTES = 4


def gradients(
    gradient: torch.Tensor, chosen: torch.Tensor, maps: torch.Tensor, kernel: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients with respect to input and kernel of a zero-padded convolution followed by a 2x2 max-pooling.

    Args:
        gradient: with respect to the pooled output, shape (samples, out, n//2, n//2).
        chosen: which pixels of an image the pooling chose, the same shape, as ``max_pool2d_with_indices`` gives them.
        maps: input of the convolution, shape (samples, in, n, n).
        kernel: shape (out, in, 3, 3).

    Returns:
        Shapes of `maps` and `kernel`. All tensors are float32, `chosen` aside, best with the channels last in memory.
    """
    arrays = [values.permute(0, 2, 3, 1).contiguous() for values in (gradient, chosen, maps, kernel)]
    results = [torch.zeros_like(values) for values in arrays[2:]]
    _kernel(maps.shape[1])(*(values.numpy() for values in arrays + results))
    before, step = (values.permute(0, 3, 1, 2) for values in results)
    return before, step


@intrinsic
def _add_scaled(typing_context: Any, total: Any, values: Any, scale: Any, length: Any) -> Any:
    """``total[:length] += scale * values[:length]`` for addresses of float32 and a constant length, as one vector."""
    if not isinstance(length, types.Literal):
        return None
    vector = ir.VectorType(ir.FloatType(), length.literal_value)
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), length.literal_value), [0] * length.literal_value)
    unset = ir.Constant(vector, ir.Undefined)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total_address, values_address, factor, _ = arguments
        target = builder.inttoptr(total_address, vector.as_pointer())
        source = builder.inttoptr(values_address, vector.as_pointer())
        old, new = (builder.load(index, align=_FLOAT_BYTES) for index in (target, source))
        first = builder.insert_element(unset, factor, ir.IntType(32)(0))
        product = builder.fmul(builder.shuffle_vector(first, unset, lanes), new, flags=("contract",))
        builder.store(builder.fadd(old, product, flags=("contract",)), target, align=_FLOAT_BYTES)
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp, types.float32, length), generate


@functools.cache
def _kernel(channels: int) -> Callable[..., None]:
    """The loop for some number of input channels, compiled on its first call."""
    size = _FLOAT_BYTES * channels
    taps = KERNEL * KERNEL

    @compiled(error_model="numpy")
    def visit(gradient, chosen, maps, kernel, before, step):  # type: ignore[no-untyped-def]  # noqa: PLR0917 - compiled
        samples, height, width, outputs = gradient.shape
        rows, columns = maps.shape[1], maps.shape[2]
        maps_start, before_start = maps.ctypes.data, before.ctypes.data
        kernel_start, step_start = kernel.ctypes.data, step.ctypes.data
        for sample in range(samples):
            for i in range(height):
                for j in range(width):
                    for output in range(outputs):
                        value = gradient[sample, i, j, output]
                        # Not a number is unequal to zero too, and spreads as it should.
                        if value != 0:
                            offset = chosen[sample, i, j, output] - 2 * (i * columns + j)
                            lower = 1 if offset >= columns else 0
                            row, column = 2 * i + lower, 2 * j + offset - lower * columns
                            inside = 0 < row < rows - 1 and 0 < column < columns - 1
                            for p in range(KERNEL):
                                for q in range(KERNEL):
                                    y, x = row + p - 1, column + q - 1
                                    if inside or (0 <= y < rows and 0 <= x < columns):
                                        here = ((sample * rows + y) * columns + x) * size
                                        tap = (output * taps + KERNEL * p + q) * size
                                        _add_scaled(step_start + tap, maps_start + here, value, channels)  # type: ignore[call-arg]
                                        _add_scaled(before_start + here, kernel_start + tap, value, channels)

    return visit
