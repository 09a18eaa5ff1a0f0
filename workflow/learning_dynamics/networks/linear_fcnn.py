"""The two-layer linear fully connected network (Eq. 17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from learning_dynamics.networks.base import Layout, SomeNetworks, TwoLayerNetwork
from learning_dynamics.values import Automatic, Count, Rate, Std

if TYPE_CHECKING:
    import xarray as xr

    from learning_dynamics.datasets.labelled_images import Split
    from learning_dynamics.engines import linear_fcnn
    from learning_dynamics.numerics.correlations import FloatArray
    from learning_dynamics.numerics.random_streams import Trial
    from learning_dynamics.structure.training_data import TrainingData
    from learning_dynamics.theory.estimates import ModeStructure
    from learning_dynamics.theory.gradient_flow import PrincipalDirections, Solution

NAME = "linear_fcnn"
# The network whose aligned start a diagonal one takes a_α(0) from.
CNN = "linear_cnn"

_AUTOMATIC_WIDTH = 1024


class LinearFCNN(TwoLayerNetwork):
    """Two-layer linear fully connected network, y = W2 W1 x, no bias (Eq. 17)."""

    LABEL: ClassVar[str] = "FCNN"
    LINE: ClassVar[str] = "--"
    MARKER: ClassVar[str] = "D"
    SNAPSHOTS: ClassVar[Layout] = {
        "first_layer": (
            ("hidden_unit", "channel", "row", "column"),
            "first rows of the first layer W1, each as an image",
        ),
        "second_layer": (("class", "hidden"), "second layer W2"),
    }
    ORDER: ClassVar[str] = (
        "in an FCNN the speed of a mode is its s, whatever its frequencies; but modes of similar s start from values "
        "that are larger where images vary more (d), and where classes vary inside, modes that are learned move others"
    )

    STDS: ClassVar[tuple[str, ...]] = ("weight_std",)

    learning_rate: Rate | Automatic = Field(
        default="auto",
        description="Learning rate λ of one update with the gradient of ½‖y − ŷ‖² of one sample; `auto`: see "
        "`automatic`.",
    )
    initial_weights: Literal["normal", "diagonal"] = Field(
        default="normal",
        description="`normal`: both layers N(0, std²). `diagonal`: in the basis of the singular vectors the first p "
        "diagonal entries of both layers are √(a_α(0)/d_α) with a_α(0) from the aligned CNN, the others 0 (App. I.1).",
    )
    weight_std: Std | Automatic = Field(
        default=1e-3,
        description="Standard deviation of both initial layers, unused by `diagonal`; `auto`: see `automatic`.",
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

    @property
    def starts_from(self) -> tuple[str, ...]:
        """The aligned CNN, for a diagonal start."""
        return () if self.initial_weights == "normal" else (CNN,)

    def start(self, trial: Trial, data: TrainingData, beside: SomeNetworks) -> linear_fcnn.Weights:
        """The trial's own initial layers; `diagonal` ones take a_α(0) from the aligned CNN of the same trial."""
        from learning_dynamics.engines import linear_fcnn
        from learning_dynamics.numerics.correlations import effective_singular_values

        hidden = self.hidden_width(data.inputs)
        if self.initial_weights == "normal":
            std = self.std("weight_std")
            return linear_fcnn.normal_weights(trial.stream(NAME), data.classes, data.inputs, hidden, std)
        # The configuration refuses `diagonal` without an aligned CNN.
        train, structure = data.correlations["train"], data.structure
        network = beside.named(CNN)
        cnn = network.network_matrix(network.start(trial, data, beside))
        effective = effective_singular_values(cnn[None], train, structure)[0].diagonal()
        in_modes = np.einsum("im,ij,jm->m", structure.right, train.input, structure.right, optimize=True)
        return linear_fcnn.diagonal_weights(hidden, effective, in_modes, structure.left, structure.right)

    def training(
        self, start: linear_fcnn.Weights, samples: Split, data: TrainingData, error_limit: float
    ) -> linear_fcnn.Training:
        """Both layers and their updates in blocks of samples (Pinson et al. 2023, Eq. 17)."""
        from learning_dynamics.engines import linear_fcnn

        return linear_fcnn.Training(linear_fcnn.Engine(start, self.rate, error_limit, self.precision), samples)

    def flow(
        self,
        starts: Sequence[linear_fcnn.Weights],
        data: TrainingData,
        samples: FloatArray,
        principal: PrincipalDirections | None = None,
    ) -> Solution:
        """Eqs. 19 and 20 for any data set."""
        from learning_dynamics.theory import gradient_flow

        train = data.correlations["train"]
        return gradient_flow.linear_fcnn_flow(starts, train, self.rate, samples, principal=principal)

    def closed_forms(
        self, starts: Sequence[linear_fcnn.Weights], data: TrainingData, effective: FloatArray, samples: FloatArray
    ) -> dict[str, xr.Variable]:
        """Eq. 22 from a diagonal start, whatever the images."""
        from learning_dynamics.theory import closed_forms

        if self.initial_weights == "normal" or not closed_forms.apply(data):
            return {}
        return closed_forms.sigmoid_variables(data, effective, samples, self.rate)

    def rates(self, modes: ModeStructure) -> FloatArray:
        """1 for every mode."""
        return np.ones(len(modes.singular_values))

    def typical_start(self, modes: ModeStructure, inputs: int) -> FloatArray:
        """a_α = d_α h σ²/2: of both layers' parts along a mode the sum grows, and is half of their mean square."""
        return np.asarray(modes.input_correlation * self.hidden_width(inputs) * self.std("weight_std") ** 2 / 2)

    def estimated_times(self, modes: ModeStructure, inputs: int) -> FloatArray:
        """Eq. 22 with the root mean square of what enters it."""
        from learning_dynamics.theory import estimates

        return estimates.sigmoid_times(modes, self.typical_start(modes, inputs), self.rate)

    def microseconds(self, inputs: int, classes: int) -> float:
        """About how long an update takes on one core."""
        rate = 15000 if self.precision == "double" else 30000
        return 1 + self.hidden_width(inputs) * (inputs + 10 * classes) / rate

    def flow_numbers(self, inputs: int, classes: int, records: int) -> float:
        """The layers, and all records' coefficients along some hundred directions."""
        return 2 * (self.hidden_width(inputs) * inputs + records * classes * (600 + classes))
