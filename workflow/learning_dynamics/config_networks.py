"""The networks of the configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from learning_dynamics.config_values import Automatic, Count, Model, Positive

_AUTOMATIC_WIDTH = 1024


class LinearCNN(Model):
    """Two-layer linear CNN, y = W dbc(k) x: one circular kernel as large as the image, no bias (Eq. 8)."""

    learning_rate: Positive | Automatic = Field(
        default="auto",
        description="Learning rate λ of one update with the gradient of ½‖y − ŷ‖² of one sample; `auto`: see "
        "`automatic`.",
    )
    initial_weights: Literal["normal", "aligned"] = Field(
        default="normal",
        description="`normal`: kernel and readout N(0, std²). `aligned`: the kernel N(0, std²), the readout balanced "
        "and aligned with the structure (Eqs. S.138 to S.141).",
    )
    kernel_std: Positive = Field(default=1e-3, description="Standard deviation of the initial kernel.")
    readout_std: Positive = Field(
        default=1e-3, description="Standard deviation of the initial readout; unused by `aligned`."
    )


class LinearFCNN(Model):
    """Two-layer linear fully connected network, y = W2 W1 x, no bias (Eq. 17)."""

    learning_rate: Positive | Automatic = Field(
        default="auto",
        description="Learning rate λ of one update with the gradient of ½‖y − ŷ‖² of one sample; `auto`: see "
        "`automatic`.",
    )
    initial_weights: Literal["normal", "diagonal"] = Field(
        default="normal",
        description="`normal`: both layers N(0, std²). `diagonal`: in the basis of the singular vectors the first p "
        "diagonal entries of both layers are √(a_α(0)/d_α) with a_α(0) from the aligned CNN, the others 0 (App. I.1).",
    )
    weight_std: Positive = Field(
        default=1e-3, description="Standard deviation of both initial layers; unused by `diagonal`."
    )
    hidden_units: Count | Automatic | None = Field(
        default="auto", description="Hidden width; `null` for C·n², as in the paper; `auto`: that, but at most 1024."
    )
    precision: Literal["single", "double"] = Field(
        default="double",
        description="Precision of W1 and of its products with the samples. `single` takes half the time where they are "
        "what costs, thousands of input values and hidden units; docs/benchmarks.md says by how much the trajectory "
        "changes.",
    )

    def hidden_width(self, inputs: int) -> int:
        """The hidden width for images of so many values."""
        if self.hidden_units == "auto":
            return min(inputs, _AUTOMATIC_WIDTH)
        return inputs if self.hidden_units is None else self.hidden_units


class DeepCNN(Model):
    """Four 3x3 convolutions with zero padding and two dense layers (Sec. 6, App. K), with biases that start at zero.

    `deep_relu_cnn` has ReLU after every layer but the last and 2x2 max-pooling after convolutions 2 and 4.
    """

    learning_rate: Positive = Field(
        default=2e-2,
        description="Learning rate λ of one update with the gradient of the mean square error over the p outputs and "
        "the batch, (1/p)‖y − ŷ‖².",
    )
    initial_factor: Positive = Field(
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


TWO_LAYER_NETWORKS = ("linear_cnn", "linear_fcnn")


class Networks(Model):
    """The networks an experiment trains; `null` leaves one out."""

    linear_cnn: LinearCNN | None = LinearCNN()
    linear_fcnn: LinearFCNN | None = LinearFCNN()
    deep_linear_cnn: DeepCNN | None = None
    deep_relu_cnn: DeepCNN | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.names:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"all networks are null; expected at least one of {names}")
        return self

    @property
    def names(self) -> list[str]:
        """Names of the networks that are trained."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    def automatic_values(self) -> list[Any]:
        """The values that may be `auto`, of the networks that are trained."""
        models = [model for model in (self.linear_cnn, self.linear_fcnn) if model is not None]
        return [model.learning_rate for model in models]

    @property
    def two_layer(self) -> list[str]:
        """Those of them that the theory is about."""
        return [name for name in self.names if name in TWO_LAYER_NETWORKS]

    @property
    def deep(self) -> list[str]:
        """The others."""
        return [name for name in self.names if name not in TWO_LAYER_NETWORKS]
