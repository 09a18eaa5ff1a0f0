"""The deep networks of Sec. 6 and App. K, a linear and a non-linear one of the same layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from learning_dynamics.networks.base import BatchNetwork
from learning_dynamics.values import Count, Rate, Std

if TYPE_CHECKING:
    from learning_dynamics.engines.deep.architecture import Architecture


class DeepCNN(BatchNetwork):
    """Four 3x3 convolutions with zero padding and two dense layers (Sec. 6, App. K), with biases that start at zero.

    RECTIFIED: ReLU after every layer but the last, and 2x2 max-pooling after convolutions 2 and 4.
    SPEED: about how many multiplications of a forward pass take a microsecond of an update, on one core.
    """

    RECTIFIED: ClassVar[bool]
    SPEED: ClassVar[float]

    learning_rate: Rate = Field(
        default=2e-2,
        description="Learning rate λ of one update with the gradient of the mean square error over the p outputs and "
        "the batch, (1/p)‖y − ŷ‖².",
    )
    initial_factor: Std = Field(
        default=0.5, description="Initial weights are Glorot's truncated normal ones times this factor."
    )
    channels: Annotated[int, Field(ge=1, le=1024)] = Field(default=16, description="Channels of every convolution.")
    hidden_units: Annotated[int, Field(ge=1, le=4096)] = Field(
        default=16, description="Width of the first dense layer; the second has one unit per class."
    )
    batch_size: Count = Field(default=8, description="Training samples per update.")
    evaluation_images: Count = Field(
        default=5000,
        description="Images of each split that losses and Ω are measured on, the same for both networks and all "
        "seeds; all if there are fewer.",
    )

    def architecture(self, channels: int, side: int, classes: int) -> Architecture:
        """The shapes for images of so many channels and classes."""
        from learning_dynamics.engines.deep.architecture import Architecture

        return Architecture(self.RECTIFIED, channels, side, self.channels, self.hidden_units, classes)

    def microseconds(self, inputs: int, classes: int) -> float:
        """About how long one sample of an update takes on one core, for images in colour."""
        pixels = inputs / 3
        # Poolings leave a quarter of the pixels, twice.
        inner, last = (1.5, pixels / 16) if self.RECTIFIED else (3.0, pixels)
        convolutions = 9 * self.channels * (inputs + inner * self.channels * pixels)
        return (convolutions + self.hidden_units * (self.channels * last + classes)) / self.SPEED


class DeepLinearCNN(DeepCNN):
    """Four 3x3 convolutions with zero padding and two dense layers, all linear (Sec. 6, App. K)."""

    LABEL: ClassVar[str] = "deep linear CNN"
    RECTIFIED: ClassVar[bool] = False
    SPEED: ClassVar[float] = 15000


class DeepReluCNN(DeepCNN):
    """The same with ReLU after every layer but the last and 2x2 max-pooling after convolutions 2 and 4."""

    LABEL: ClassVar[str] = "deep non-linear CNN"
    LINE: ClassVar[str] = "--"
    RECTIFIED: ClassVar[bool] = True
    SPEED: ClassVar[float] = 7500
