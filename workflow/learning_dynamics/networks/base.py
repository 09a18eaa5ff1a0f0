"""What every network says of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from learning_dynamics.values import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr

    from learning_dynamics.datasets.labelled_images import Split
    from learning_dynamics.numerics.correlations import FloatArray
    from learning_dynamics.numerics.random_streams import Trial
    from learning_dynamics.structure.training_data import TrainingData
    from learning_dynamics.theory.estimates import ModeStructure
    from learning_dynamics.theory.gradient_flow import PrincipalDirections, Solution

# Of a variable in a trajectory file: its dimensions after the time, and what it is.
Layout = Mapping[str, tuple[tuple[str, ...], str]]


class Network(Model):
    """A network: a model in a module of this package and a line in the registry.

    LABEL: its name in figures and texts.
    LINE, MARKER: how figures draw it.
    """

    LABEL: ClassVar[str]
    LINE: ClassVar[str] = "-"
    MARKER: ClassVar[str] = "o"

    @property
    def starts_from(self) -> tuple[str, ...]:
        """Names of the networks beside it that its initial weights are made from."""
        return ()

    @abstractmethod
    def microseconds(self, inputs: int, classes: int) -> float:
        """About how long an update takes on one core, for every sample that it sees."""


class TwoLayerNetwork(Network):
    """A network that sees one sample per update, and that the theory is about.

    RECORDS: what a trajectory file has of every record beside Ω and the losses, in float32.
    SNAPSHOTS: the weights it has of a few records.
    STDS: the keys of the standard deviations of its initial weights.
    ORDER: why it may find modes in another order than that of their singular values.
    """

    RECORDS: ClassVar[Layout] = {}
    SNAPSHOTS: ClassVar[Layout] = {}
    STDS: ClassVar[tuple[str, ...]] = ()
    ORDER: ClassVar[str] = "each mode has a speed and a start of its own"

    # λ of one update with the gradient of ½‖y − ŷ‖² of one sample; `auto` until it is chosen.
    learning_rate: Any

    @property
    def rate(self) -> float:
        """λ as a number, of a network whose learning rate has been chosen."""
        if self.learning_rate == "auto":
            raise ValueError("learning_rate: still to be chosen; expected a number")
        return float(self.learning_rate)

    def std(self, key: str) -> float:
        """A standard deviation of ``STDS`` as a number, of a network whose settings have been chosen."""
        value = getattr(self, key)
        if value == "auto":
            raise ValueError(f"{key}: still to be chosen; expected a number")
        return float(value)

    def automatic_stds(self) -> list[str]:
        """The keys of ``STDS`` that are `auto`."""
        return [key for key in self.STDS if getattr(self, key) == "auto"]

    def with_automatic_stds(self) -> Self:
        """The same network, where standard deviations that the user has not given are `auto`."""
        return self.model_copy(update={key: "auto" for key in self.STDS if key not in self.model_fields_set})

    def network_matrix(self, start: Any) -> FloatArray:
        """The whole network with some weights as a matrix M of shape (p, CN)."""
        raise TypeError(f"no network starts from a {self.LABEL}")

    @abstractmethod
    def start(self, trial: Trial, data: TrainingData, beside: SomeNetworks) -> Any:
        """The trial's own initial weights.

        Args:
            trial: selects the random stream.
            data: gives the shapes, and the structure where weights are aligned with it.
            beside: the networks of the experiment.
        """

    def samples(self, split: Split, trainings: int) -> Any:
        """The training samples in the form that ``training`` takes, to be shared by so many trainings."""
        return split

    @abstractmethod
    def training(self, start: Any, samples: Any, data: TrainingData, error_limit: float) -> Any:
        """The network under training, a ``training.loop.Training`` but for the order of the samples.

        Args:
            start: initial weights.
            samples: see ``samples``.
            data: gives the left singular vectors.
            error_limit: an update whose ‖y − ŷ‖² is above it, or not a number, ends the training.
        """

    @abstractmethod
    def flow(
        self,
        starts: Sequence[Any],
        data: TrainingData,
        samples: FloatArray,
        principal: PrincipalDirections | None = None,
    ) -> Solution:
        """The gradient flow from some trials' initial weights.

        Args:
            starts: initial weights of every trial.
            data: gives Σyx, Σxx and the modes.
            samples: when the solution is wanted, ascending from its start.
            principal: the eigenvectors of the training Σxx that the flow keeps; by default they are computed.

        Raises:
            UserError: the flow could not be integrated.
        """

    def closed_forms(
        self, starts: Sequence[Any], data: TrainingData, effective: FloatArray, samples: FloatArray
    ) -> dict[str, xr.Variable]:
        """The variables of the closed forms that hold for these data and starts; none by default.

        Args:
            starts: initial weights of every trial.
            data: gives the structure.
            effective: Ω of the flow, shape (seeds, samples, modes, modes).
            samples: times of the records.
        """
        return {}

    @abstractmethod
    def rates(self, modes: ModeStructure) -> FloatArray:
        """r_α: how much faster than an FCNN's mode α grows, shape (modes,)."""

    @abstractmethod
    def typical_start(self, modes: ModeStructure, inputs: int) -> FloatArray:
        """The part of a_α(0) that grows, from typical weights and the structure alone, shape (modes,)."""

    @abstractmethod
    def estimated_times(self, modes: ModeStructure, inputs: int) -> FloatArray:
        """When each a_α should pass s_α/2, in samples, from typical weights and the structure alone.

        NaN for modes that are zero; shape (modes,).
        """

    def estimated_kernel(self, modes: ModeStructure) -> npt.NDArray[np.float64] | None:
        """|k̂_l| after all modes are learned, by the structure alone, shape (n, n); None for a network without one."""
        return None

    @abstractmethod
    def flow_numbers(self, inputs: int, classes: int, records: int) -> float:
        """About how many numbers a trial's gradient flow keeps in memory."""


class BatchNetwork(Network):
    """A network that sees a batch per update, trained in PyTorch; the theory says nothing of it."""


class SomeNetworks(Model):
    """A choice of networks: fields that hold a network or None."""

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

    def named(self, name: str) -> Any:
        """The network of that name."""
        return getattr(self, name)

    @property
    def two_layer(self) -> list[str]:
        """Names of those that the theory is about."""
        return [name for name in self.names if isinstance(self.named(name), TwoLayerNetwork)]

    @property
    def deep(self) -> list[str]:
        """Names of the deep ones."""
        return [name for name in self.names if isinstance(self.named(name), BatchNetwork)]

    def automatic_values(self) -> list[Any]:
        """The values that may be `auto`, of the networks that are trained."""
        networks = [self.named(name) for name in self.two_layer]
        return [getattr(network, key) for network in networks for key in ("learning_rate", *network.STDS)]

    def with_automatic_stds(self) -> Self:
        """The same, where standard deviations that the user has not given are `auto`."""
        return self.model_copy(update={name: self.named(name).with_automatic_stds() for name in self.two_layer})

    def modules(self, names: Iterable[str]) -> list[str]:
        """The modules that hold some of the networks, and those that these start from."""
        some = {name: self.named(name) for name in names}
        needed = [other for network in some.values() for other in network.starts_from]
        return sorted({type(self.named(name)).__module__ for name in [*some, *needed]})

    @model_serializer(mode="wrap")
    def _without_absent(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the networks that are left out unless asked for: settings do not depend on which ones there are."""
        fields = type(self).model_fields
        return {name: value for name, value in plain(self).items() if value is not None or fields[name].default}
