"""The two-layer linear CNN: one circular kernel as large as the image and a readout (Eq. 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from learning_dynamics.networks.base import Layout, SomeNetworks, TwoLayerNetwork
from learning_dynamics.values import Automatic, Rate, Std

if TYPE_CHECKING:
    import xarray as xr

    from learning_dynamics.datasets.labelled_images import Split
    from learning_dynamics.engines import linear_cnn
    from learning_dynamics.numerics.correlations import FloatArray
    from learning_dynamics.numerics.random_streams import Trial
    from learning_dynamics.structure.training_data import TrainingData
    from learning_dynamics.theory.estimates import ModeStructure
    from learning_dynamics.theory.gradient_flow import PrincipalDirections, Solution

NAME = "linear_cnn"


class LinearCNN(TwoLayerNetwork):
    """Two-layer linear CNN, y = W dbc(k) x: one circular kernel as large as the image, no bias (Eq. 8)."""

    LABEL: ClassVar[str] = "CNN"
    RECORDS: ClassVar[Layout] = {
        "kernel_magnitude": (
            ("channel", "frequency_row", "frequency_column"),
            "magnitude |k̂_l| of the kernel's spectrum",
        ),
        "readout_magnitude": (
            ("mode", "frequency_row", "frequency_column"),
            "magnitude |B_αl| of the readout's spectrum in the basis of the left singular vectors, B = Uᵀ W Q⁻¹",
        ),
    }
    SNAPSHOTS: ClassVar[Layout] = {
        "kernel": (("channel", "row", "column"), "kernel k"),
        "readout": (("class", "row", "column"), "readout W, each row as an image"),
    }
    ORDER: ClassVar[str] = (
        "in a CNN the speed of a mode is n s times its strongest frequency, and modes that share frequencies help each "
        "other; either can change the order"
    )

    STDS: ClassVar[tuple[str, ...]] = ("kernel_std", "readout_std")

    learning_rate: Rate | Automatic = Field(
        default="auto",
        description="Learning rate λ of one update with the gradient of ½‖y − ŷ‖² of one sample; `auto`: see "
        "`automatic`.",
    )
    initial_weights: Literal["normal", "aligned"] = Field(
        default="normal",
        description="`normal`: kernel and readout N(0, std²). `aligned`: the kernel N(0, std²), the readout balanced "
        "and aligned with the structure (Eqs. S.138 to S.141).",
    )
    kernel_std: Std | Automatic = Field(
        default=1e-3, description="Standard deviation of the initial kernel; `auto`: see `automatic`."
    )
    readout_std: Std | Automatic = Field(
        default=1e-3,
        description="Standard deviation of the initial readout, unused by `aligned`; `auto`: see `automatic`.",
    )

    @property
    def aligned(self) -> bool:
        """Whether the readout starts balanced and aligned with the structure."""
        return self.initial_weights == "aligned"

    def start(self, trial: Trial, data: TrainingData, beside: SomeNetworks) -> linear_cnn.Weights:
        """The trial's own initial kernel and readout."""
        from learning_dynamics.engines import linear_cnn

        generator = trial.stream(NAME)
        channels, side, _ = data.shape
        if self.aligned:
            return linear_cnn.aligned_weights(generator, self.std("kernel_std"), data.structure.left, data.right_images)
        shape = (data.classes, channels, side)
        return linear_cnn.normal_weights(generator, shape, self.std("kernel_std"), self.std("readout_std"))

    def network_matrix(self, start: linear_cnn.Weights) -> FloatArray:
        """W Σ_c dbc(k_c) as a matrix (Eq. 8)."""
        from learning_dynamics.engines import linear_cnn

        return linear_cnn.network_matrix(start)

    def samples(self, split: Split, trainings: int) -> linear_cnn.SampleSpectra:
        """The samples' spectra."""
        from learning_dynamics.engines import linear_cnn

        return linear_cnn.SampleSpectra(split, trainings)

    def training(
        self, start: linear_cnn.Weights, samples: linear_cnn.SampleSpectra, data: TrainingData, error_limit: float
    ) -> linear_cnn.Training:
        """The half-plane spectra and their updates (Pinson et al. 2023, Eqs. 8 to 11)."""
        from learning_dynamics.engines import linear_cnn

        engine = linear_cnn.Engine(start, self.rate, error_limit)
        return linear_cnn.Training(engine, samples, data.structure.left)

    def flow(
        self,
        starts: Sequence[linear_cnn.Weights],
        data: TrainingData,
        samples: FloatArray,
        principal: PrincipalDirections | None = None,
    ) -> Solution:
        """Eqs. 15 and 16 for any data set."""
        from learning_dynamics.theory import gradient_flow

        return gradient_flow.linear_cnn_flow(
            starts,
            data.correlations["train"],
            data.structure,
            self.rate,
            samples,
            principal=principal,
        )

    def closed_forms(
        self, starts: Sequence[linear_cnn.Weights], data: TrainingData, effective: FloatArray, samples: FloatArray
    ) -> dict[str, xr.Variable]:
        """Eq. 22 from an aligned start where every mode is one cosine; the competition where no frequency is shared."""
        from learning_dynamics.theory import closed_forms

        if not closed_forms.apply(data):
            return {}
        variables: dict[str, xr.Variable] = {}
        if self.aligned and closed_forms.single_frequency_modes(data.right_images):
            rate = self.rate * closed_forms.speed_up(data)
            variables |= closed_forms.sigmoid_variables(data, effective, samples, rate)
        return variables | closed_forms.competition_variables(starts, data, samples, self.rate)

    def rates(self, modes: ModeStructure) -> FloatArray:
        """n max_l|v̂^α_l|, which is n c_α of Eq. 22 where a mode is one cosine."""
        return np.asarray(modes.side * modes.spectra.max(axis=(-2, -1)))

    def typical_start(self, modes: ModeStructure, inputs: int) -> FloatArray:
        """a_α = n d_α Σ_l |v̂^α_l| |k̂_l|² of the competition at its start (Eqs. 23, 24)."""
        strengths = modes.spectra.sum(axis=(-2, -1))
        return np.asarray(modes.side * modes.input_correlation * strengths * self._typical_start**2)

    def estimated_times(self, modes: ModeStructure, inputs: int) -> FloatArray:
        """The competition's clock (Eqs. 23, 24) with the root mean square of what enters it."""
        from learning_dynamics.theory import estimates

        return estimates.competition_times(modes, self._typical_start, self.rate)

    def estimated_kernel(self, modes: ModeStructure) -> FloatArray:
        """The competition's winners of every mode by itself (Sec. 4)."""
        from learning_dynamics.theory import estimates

        return estimates.final_kernel(modes, self._typical_start)

    @property
    def _typical_start(self) -> float:
        """The kernel's part along v̂ and the readout's are independent; half their sum enters the competition."""
        return float(np.hypot(self.std("kernel_std"), self.std("readout_std")) / 2)

    def microseconds(self, inputs: int, classes: int) -> float:
        """About how long an update takes on one core."""
        return 1 + inputs * (classes + 1) / 5000

    def flow_numbers(self, inputs: int, classes: int, records: int) -> float:
        """The spectra of all records."""
        return records * (1 + classes) * inputs
