"""The deep networks of App. K: their shapes and their initial weights.

Four convolutions with zero padding, a flatten layer and two dense layers. The non-linear network has ReLU after every
layer but the last, and 2x2 max-pooling after the second and the fourth convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

CONVOLUTIONS = 4
KERNEL = 3
# Convolutions after which the non-linear network pools.
POOLED = (1, 3)

Weights = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Architecture:
    """The shapes of one network.

    rectified: whether it has ReLU and max-pooling.
    input_channels: C.
    side: n, image side in pixels.
    channels: of every convolution.
    hidden_units: of the first dense layer.
    classes: p.
    """

    rectified: bool
    input_channels: int
    side: int
    channels: int
    hidden_units: int
    classes: int

    @property
    def last_side(self) -> int:
        """Side of the last convolution's output, after pooling."""
        return self.side // 2 ** len(POOLED) if self.rectified else self.side

    @property
    def features(self) -> int:
        """Length of the flattened output of the convolutions."""
        return self.channels * self.last_side**2

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every weight by name: kernels (out, in, 3, 3), dense layers (out, in), biases (out,).

        The inputs of the first dense layer are counted row by row, column by column, channel by channel.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        channels = self.input_channels
        for layer in range(CONVOLUTIONS):
            shapes[f"kernel_{layer}"] = (self.channels, channels, KERNEL, KERNEL)
            shapes[f"kernel_bias_{layer}"] = (self.channels,)
            channels = self.channels
        shapes["dense_0"] = (self.hidden_units, self.features)
        shapes["dense_bias_0"] = (self.hidden_units,)
        shapes["dense_1"] = (self.classes, self.hidden_units)
        shapes["dense_bias_1"] = (self.classes,)
        return shapes


def glorot_normal(
    generator: np.random.Generator, shape: tuple[int, ...], factor: float = 1.0
) -> npt.NDArray[np.float32]:
    """Glorot's initial weights times a factor: normal, truncated at two standard deviations.

    The standard deviation after the truncation is factor·√(2/(fan in + fan out)), with the fans counted over the
    whole kernel of a convolution.

    Args:
        generator: stream to draw from, one number per weight.
        shape: (out, in, …).
        factor: scales the weights; small ones give the rich training regime of App. K.
    """
    window = int(np.prod(shape[2:]))
    std = factor * np.sqrt(2 / (window * (shape[0] + shape[1])))
    # A unit normal distribution cut at ±2 keeps this standard deviation.
    kept = np.sqrt(1 - 4 * np.exp(-2) / np.sqrt(2 * np.pi) / special.erf(np.sqrt(2)))
    low = special.ndtr(-2.0)
    values = special.ndtri(generator.uniform(low, 1 - low, size=shape))
    return np.asarray(values * (std / kept), dtype=np.float32)


def initial_weights(generator: np.random.Generator, architecture: Architecture, factor: float) -> Weights:
    """Glorot normal weights times a factor, biases zero, by name as in ``Architecture.shapes``."""
    return {
        name: np.zeros(shape, np.float32) if "bias" in name else glorot_normal(generator, shape, factor)
        for name, shape in architecture.shapes().items()
    }
