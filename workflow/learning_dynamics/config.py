"""The typed configuration: every key, its default (the paper's setting), its meaning and its limits.

The JSON schema, ``config/README.md`` and the check before any job starts (``config_loading``) come from these models.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, Union

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_validator,
)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Side = Annotated[int, Field(ge=2, le=4096)]
ExperimentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
VariantName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True)


class Cosine(_Model):
    """One cosine of a class image (Pinson et al. 2023, Eqs. 21 and S.66)."""

    frequency: Annotated[list[int], Field(min_length=2, max_length=2)] = Field(
        description="Vertical and horizontal frequency, in cycles per image."
    )
    amplitude: Positive = Field(description="Amplitude of the cosine.")
    phase: Annotated[float, Field(allow_inf_nan=False)] | Literal["random"] = Field(
        default=0.0, description="Phase in radians, or `random`: drawn from the root seed."
    )


class CosinesDataset(_Model):
    """One image per class, a sum of cosines."""

    kind: Literal["cosines"] = "cosines"
    side: Side = Field(default=16, description="Image side n in pixels, odd or even.")
    channels: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="Channels C; channel c holds the image scaled by 1/(1 + c)."
    )
    classes: Annotated[list[Annotated[list[Cosine], Field(min_length=1)]], Field(min_length=2)] = Field(
        description="For each class the list of its cosines."
    )

    @model_validator(mode="after")
    def _frequencies_inside_the_image(self) -> Self:
        for number, cosines in enumerate(self.classes):
            for place, cosine in enumerate(cosines):
                if not all(0 <= frequency < self.side for frequency in cosine.frequency):
                    raise ValueError(
                        f"classes.{number}.{place}.frequency: {cosine.frequency} lies outside the image; "
                        f"expected two frequencies from 0 to {self.side - 1} (side {self.side})"
                    )
        _classes_fit(len(self.classes), self.channels * self.side**2)
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return [" + ".join(f"({c.frequency[0]},{c.frequency[1]})" for c in cosines) for cosines in self.classes]


class ShapesDataset(_Model):
    """One antialiased image per class: solid or hollow, round or square."""

    kind: Literal["shapes"] = "shapes"
    side: Side = Field(default=16, description="Image side n in pixels, odd or even.")
    channels: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="Channels C; channel c holds the image scaled by 1/(1 + c)."
    )
    shapes: Annotated[list[Literal["disc", "square", "ring", "frame"]], Field(min_length=2)] = Field(
        default=["disc", "square", "ring", "frame"], description="One shape per class."
    )
    radius: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.7, description="Outer radius of disc and ring; the image spans [-1, 1]."
    )
    half_side: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.62, description="Outer half-side of square and frame; the image spans [-1, 1]."
    )
    wall: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.22, description="Wall of the hollow shapes.")
    subpixels: Annotated[int, Field(ge=1, le=64)] = Field(
        default=16, description="Points per pixel and direction for the antialiasing."
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if len(set(self.shapes)) < len(self.shapes):
            raise ValueError(f"shapes: {self.shapes} names a shape twice; expected each at most once")
        if self.wall >= min(self.radius, self.half_side):
            raise ValueError(
                f"wall: {self.wall} fills the hollow shapes; expected less than radius and half_side "
                f"({min(self.radius, self.half_side)})"
            )
        _classes_fit(len(self.shapes), self.channels * self.side**2)
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return list(self.shapes)


class DigitsDataset(_Model):
    """Handwritten 8x8 digits bundled with scikit-learn: real images that every machine has."""

    kind: Literal["digits"] = "digits"
    classes: Annotated[list[Annotated[int, Field(ge=0, le=9)]], Field(min_length=2, max_length=10)] = Field(
        default=[0, 1, 2, 3], description="The digits to tell apart."
    )
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.2, description="Share of every class held out as the test split (the last ones, as in the file)."
    )
    centred: bool = Field(default=True, description="Subtract the mean training image from all images.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes: {self.classes} names a digit twice; expected each at most once")
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return [str(digit) for digit in self.classes]


class Cifar10Dataset(_Model):
    """Classes of CIFAR-10 (Krizhevsky 2009), 32x32 pixels in colour, read from the source under `cifar10`."""

    kind: Literal["cifar10"] = "cifar10"
    classes: Annotated[list[str], Field(min_length=2, max_length=10)] = Field(
        default=["airplane", "automobile", "bird", "cat"], description="The classes to tell apart, by name."
    )
    train_images: Count = Field(
        default=20000, description="Training images in all, the same number of the first ones of each class."
    )
    test_images: Annotated[int, Field(ge=0)] = Field(
        default=4000, description="Test images in all, the same number of the first ones of each class; 0 for none."
    )
    centred: bool = Field(default=True, description="Subtract the mean training image from all images.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in self.classes:
            if name not in CIFAR10_CLASSES:
                raise ValueError(
                    f"classes: no CIFAR-10 class is called '{name}'{did_you_mean(name, CIFAR10_CLASSES)}; "
                    f"expected some of {', '.join(CIFAR10_CLASSES)}"
                )
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes: {self.classes} names a class twice; expected each at most once")
        for key, available in (("train_images", 5000), ("test_images", 1000)):
            images, classes = getattr(self, key), len(self.classes)
            if images % classes or images > available * classes or (key == "train_images" and images < classes):
                raise ValueError(
                    f"{key}: {images} images for {classes} classes; expected a multiple of {classes}, "
                    f"at most {available * classes}" + (f" and at least {classes}" if key == "train_images" else "")
                )
        return self

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return list(self.classes)


Dataset = Annotated[
    Union[CosinesDataset, ShapesDataset, DigitsDataset, Cifar10Dataset],  # noqa: UP007 - pydantic's documented form
    Field(discriminator="kind"),
]


class LinearCNN(_Model):
    """Two-layer linear CNN, y = W dbc(k) x: one circular kernel as large as the image, no bias (Eq. 8)."""

    learning_rate: Positive = Field(
        default=1e-4, description="Learning rate λ of one update with the gradient of ½‖y − ŷ‖² of one sample."
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


class LinearFCNN(_Model):
    """Two-layer linear fully connected network, y = W2 W1 x, no bias (Eq. 17)."""

    learning_rate: Positive = Field(
        default=1e-3, description="Learning rate λ of one update with the gradient of ½‖y − ŷ‖² of one sample."
    )
    initial_weights: Literal["normal", "diagonal"] = Field(
        default="normal",
        description="`normal`: both layers N(0, std²). `diagonal`: in the basis of the singular vectors the first p "
        "diagonal entries of both layers are √(a_α(0)/d_α) with a_α(0) from the aligned CNN, the others 0 (App. I.1).",
    )
    weight_std: Positive = Field(
        default=1e-3, description="Standard deviation of both initial layers; unused by `diagonal`."
    )
    hidden_units: Count | None = Field(default=None, description="Hidden width; `null` for C·n², as in the paper.")


class DeepCNN(_Model):
    """Four 3x3 convolutions with zero padding and two dense layers (Sec. 6, App. K), with biases that start at zero.

    `deep_relu_cnn` has ReLU after every layer but the last and 2x2 max-pooling after convolutions 2 and 4.
    """

    learning_rate: Positive = Field(
        default=5e-3,
        description="Learning rate λ of one update with the gradient of the mean square error over the p outputs and "
        "the batch, (1/p)‖y − ŷ‖².",
    )
    initial_factor: Positive = Field(
        default=0.9, description="Initial weights are Glorot's truncated normal ones times this factor."
    )
    channels: Annotated[int, Field(ge=1, le=1024)] = Field(default=16, description="Channels of every convolution.")
    hidden_units: Annotated[int, Field(ge=1, le=4096)] = Field(
        default=16, description="Width of the first dense layer; the second has one unit per class."
    )
    batch_size: Count = Field(default=8, description="Training samples per update.")
    evaluation_images: Count = Field(
        default=5000,
        description="Images of each split that losses and Ω of `deep_relu_cnn` are measured on, all if there are "
        "fewer. Those of `deep_linear_cnn` are exact, over all images.",
    )


TWO_LAYER_NETWORKS = ("linear_cnn", "linear_fcnn")


class Networks(_Model):
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

    @property
    def two_layer(self) -> list[str]:
        """Those of them that the theory is about."""
        return [name for name in self.names if name in TWO_LAYER_NETWORKS]

    @property
    def deep(self) -> list[str]:
        """The others."""
        return [name for name in self.names if name not in TWO_LAYER_NETWORKS]


class Experiment(_Model):
    """A data set, the networks trained on it and what is recorded.

    One update of a two-layer network sees one sample, one of a deep network a batch.
    """

    dataset: Dataset
    networks: Networks = Networks()
    updates: Count = Field(
        description="Training samples seen (the paper's time axis): the updates of the two-layer networks; the deep "
        "ones make one per batch."
    )
    order: Literal["random", "cyclic", "epochs"] = Field(
        default="random",
        description="Which sample comes next: `random` with replacement, `cyclic` in the order stored, or `epochs` "
        "shuffled anew on each pass.",
    )
    records: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=400, description="Evenly spaced records of Ω, losses and spectra after the one at the start."
    )
    snapshots: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=1000)] = Field(
        default=[],
        description="Samples at which the weights of the two-layer networks are kept, besides the start and the end.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.records > self.updates:
            raise ValueError(f"records: {self.records} is more than updates ({self.updates}); expected at most as many")
        for sample in self.snapshots:
            if sample > self.updates:
                raise ValueError(f"snapshots: {sample} lies after the last update ({self.updates})")
        cnn, fcnn = self.networks.linear_cnn, self.networks.linear_fcnn
        if cnn is not None and cnn.initial_weights == "aligned" and not _frequencies_disjoint(self.dataset):
            raise ValueError(
                "networks.linear_cnn.initial_weights: `aligned` is defined for one-channel `cosines` whose classes "
                "share no frequency; expected `normal` for this data set"
            )
        if cnn is not None and cnn.initial_weights == "aligned" and _equal_strengths(self.dataset):
            raise ValueError(
                "networks.linear_cnn.initial_weights: `aligned` needs modes with distinct singular values, and two "
                "classes have cosines of the same strength; expected other amplitudes, or `normal`"
            )
        if fcnn is not None and fcnn.initial_weights == "diagonal":
            if cnn is None or cnn.initial_weights != "aligned":
                raise ValueError(
                    "networks.linear_fcnn.initial_weights: `diagonal` starts from the aligned CNN's a_α(0); "
                    "expected networks.linear_cnn with initial_weights: aligned beside it"
                )
            classes = len(self.dataset.class_names)
            if fcnn.hidden_units is not None and fcnn.hidden_units < classes:
                raise ValueError(
                    f"networks.linear_fcnn.hidden_units: {fcnn.hidden_units} cannot hold a diagonal of {classes}; "
                    f"expected at least {classes}"
                )
        return self

    @model_validator(mode="after")
    def _deep_networks_possible(self) -> Self:
        for name in self.networks.deep:
            model: DeepCNN = getattr(self.networks, name)
            if self.updates % model.batch_size:
                raise ValueError(
                    f"networks.{name}.batch_size: {model.batch_size} does not divide updates ({self.updates}); "
                    "expected a whole number of batches"
                )
            if self.records > self.updates // model.batch_size:
                raise ValueError(
                    f"records: {self.records} is more than the batches of {name} ({self.updates // model.batch_size}); "
                    "expected at most as many"
                )
        side = 32 if isinstance(self.dataset, Cifar10Dataset) else getattr(self.dataset, "side", 8)
        if self.networks.deep_relu_cnn is not None and side < 4:
            raise ValueError(f"dataset.side: {side} leaves nothing after two poolings; expected at least 4")
        return self

    def record_batches(self, batch_size: int) -> list[int]:
        """The batches after which a deep network is measured, the start and the end among them."""
        batches = self.updates // batch_size
        return [round(batches * record / self.records) for record in range(self.records + 1)]

    def record_samples(self) -> list[int]:
        """The samples at which Ω, losses and spectra are recorded, the start and the end among them."""
        return [round(self.updates * record / self.records) for record in range(self.records + 1)]

    def snapshot_samples(self) -> list[int]:
        """The samples at which the weights are kept, the start and the end among them."""
        return sorted({0, *self.snapshots, self.updates})


def _cosines(*classes: list[tuple[int, int, float]], phase: float | Literal["random"] = 0.0) -> CosinesDataset:
    return CosinesDataset(
        classes=[[Cosine(frequency=[f, g], amplitude=a, phase=phase) for f, g, a in cosines] for cosines in classes]
    )


def _pure_cosines(order: Literal["random", "cyclic"]) -> Experiment:
    return Experiment(
        dataset=_cosines([(0, 0, 1.5)], [(5, 2, 1.0)], [(1, 7, 0.5)], [(0, 4, 0.2)]),
        networks=Networks(
            linear_cnn=LinearCNN(learning_rate=2e-4, initial_weights="aligned", kernel_std=1e-4),
            linear_fcnn=LinearFCNN(learning_rate=3.2e-3, initial_weights="diagonal"),
        ),
        updates=8000,
        order=order,
    )


def paper_experiments() -> dict[str, Experiment]:
    """The experiments at the paper's size, and the digits that need no download."""
    return {
        "pure_cosines": _pure_cosines("random"),
        "pure_cosines_cyclic": _pure_cosines("cyclic"),
        "sums_of_cosines": Experiment(
            dataset=_cosines(
                [(1, 2, 1.0), (3, 1, 0.8), (0, 4, 0.5)],
                [(2, 5, 0.7), (6, 1, 0.6), (4, 4, 0.3)],
                phase="random",
            ),
            networks=Networks(linear_cnn=LinearCNN(learning_rate=1e-3), linear_fcnn=LinearFCNN(learning_rate=1.6e-2)),
            updates=600,
            records=300,
        ),
        "geometric_shapes": Experiment(
            dataset=ShapesDataset(),
            networks=Networks(linear_cnn=LinearCNN(learning_rate=1.1e-4), linear_fcnn=LinearFCNN(learning_rate=6.5e-4)),
            updates=60000,
            snapshots=[2000, 5000, 7500, 9000, 16000, 32000, 55000],
        ),
        "digits4": Experiment(
            dataset=DigitsDataset(),
            networks=Networks(linear_cnn=LinearCNN(learning_rate=3e-4), linear_fcnn=LinearFCNN(learning_rate=8e-4)),
            updates=40000,
            order="epochs",
            snapshots=[13000, 16000, 19500, 22500],
        ),
        "cifar4": Experiment(
            dataset=Cifar10Dataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=5e-5),
                linear_fcnn=LinearFCNN(learning_rate=1e-3, hidden_units=1024),
            ),
            updates=100_000,
            order="epochs",
            snapshots=[2000, 2500, 4000, 9000, 18000, 25000, 60000],
        ),
        "cifar10": Experiment(
            dataset=Cifar10Dataset(classes=list(CIFAR10_CLASSES), train_images=50_000, test_images=10_000),
            networks=Networks(linear_cnn=None, linear_fcnn=None, deep_linear_cnn=DeepCNN(), deep_relu_cnn=DeepCNN()),
            # 156,000 batches of 8, a record every 500.
            updates=1_248_000,
            order="epochs",
            records=312,
        ),
    }


class SideScaling(_Model):
    """Discovery times of pure cosines against the image side n: aligned CNN and diagonal FCNN at one λ (Eq. S.164)."""

    sides: Annotated[list[Side], Field(min_length=2)] = Field(
        default=[8, 12, 15, 16, 24, 32, 48, 64], description="Image sides n in pixels, odd or even."
    )
    classes: Annotated[list[Cosine], Field(min_length=2)] = Field(
        default=[
            Cosine(frequency=[f, g], amplitude=amplitude)
            for f, g, amplitude in ((0, 0, 1.5), (1, 2, 1.0), (2, 1, 0.5), (0, 3, 0.2))
        ],
        description="The cosine of each class, the same on every side.",
    )
    learning_rate: Positive = Field(default=4e-6, description="Learning rate λ of both networks, for every side.")
    kernel_std: Positive = Field(default=1e-4, description="Standard deviation of the initial kernel.")
    seeds: Annotated[int, Field(ge=2)] = Field(default=5, description="Initial kernels per side.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        _distinct("sides", self.sides)
        for place, cosine in enumerate(self.classes):
            if not all(0 <= frequency < min(self.sides) for frequency in cosine.frequency):
                raise ValueError(
                    f"classes.{place}.frequency: {cosine.frequency} lies outside the smallest image; expected two "
                    f"frequencies from 0 to {min(self.sides) - 1}"
                )
        for side in self.sides:
            if not _frequencies_disjoint(self.dataset(side)):
                raise ValueError(f"classes: two share a frequency on side {side}; expected distinct frequencies")
        return self

    def dataset(self, side: int) -> CosinesDataset:
        """The images on one side."""
        return CosinesDataset(side=side, classes=[[cosine] for cosine in self.classes])


class StdScaling(_Model):
    """Discovery times and alignment against the standard deviation σ of all initial weights of the CNN (App. G)."""

    experiment: ExperimentName = Field(
        default="sums_of_cosines", description="Experiment whose images are used; its modes must share no frequency."
    )
    stds: Annotated[list[Positive], Field(min_length=2)] = Field(
        default=[1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5], description="Standard deviations σ."
    )
    learning_rate: Positive = Field(default=2e-5, description="Learning rate λ for every σ.")
    seeds: Annotated[int, Field(ge=2)] = Field(default=10, description="Initial weights, for every σ the same times σ.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        _distinct("stds", self.stds)
        return self


class LearningRateScaling(_Model):
    """Discovery times of the CNN and the error of the gradient flow against λ (Eqs. 15 and 16)."""

    experiment: ExperimentName = Field(
        default="geometric_shapes", description="Experiment whose images and initial weights are used."
    )
    learning_rates: Annotated[list[Positive], Field(min_length=2)] = Field(
        default=[2e-5, 4e-5, 8e-5, 1.6e-4, 3.2e-4, 6.4e-4, 1.28e-3], description="Learning rates λ."
    )
    training_time: Positive = Field(default=8.0, description="λ times the number of updates, the same for every λ.")
    records: Annotated[int, Field(ge=10, le=10_000)] = Field(default=200, description="Evenly spaced records of Ω.")
    seeds: Annotated[int, Field(ge=2)] = Field(default=10, description="Trainings for each λ and order of the classes.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        _distinct("learning_rates", self.learning_rates)
        updates = self.training_time / max(self.learning_rates)
        if self.records > updates:
            raise ValueError(
                f"records: {self.records} is more than the updates at the largest learning rate ({updates:.0f}); "
                "expected at most as many"
            )
        return self


class Scaling(_Model):
    """How the time of discovery scales with the image side, the initial standard deviation and the learning rate."""

    side: SideScaling = Field(default_factory=SideScaling, description="The image side n.")
    std: StdScaling = Field(default_factory=StdScaling, description="The initial standard deviation σ.")
    learning_rate: LearningRateScaling = Field(default_factory=LearningRateScaling, description="The learning rate λ.")


class Convolution(_Model):
    """What the hidden layer of a linear CNN computes."""

    kernels: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1,
        description="Kernels K as large as the image; initial weights have the experiment's standard deviation over "
        "√K, which leaves the expected a_α(0) as it is.",
    )
    padding: Literal["circular", "zero"] = Field(
        default="circular",
        description="What lies beyond the image: its other side, or zeros (the output keeps its size).",
    )
    operation: Literal["convolution", "correlation"] = Field(
        default="convolution",
        description="Whether the kernel is flipped before it slides (Eqs. S.18 and S.20); a correlation starts from "
        "the flipped kernel.",
    )


def default_convolutions() -> dict[str, Convolution]:
    """The paper's circular convolution and the variants it is compared with."""
    return {
        "circular": Convolution(),
        "two-kernels": Convolution(kernels=2),
        "four-kernels": Convolution(kernels=4),
        "zero-padding": Convolution(padding="zero"),
        "correlation": Convolution(operation="correlation"),
    }


class Variants(_Model):
    """Linear CNNs beyond the theory's one circular kernel, trained like the CNN of an experiment."""

    experiment: ExperimentName = Field(
        default="geometric_shapes",
        description="Experiment whose images, order of samples, learning rate and initial weights are used.",
    )
    seeds: Annotated[int, Field(ge=2)] = Field(
        default=10, description="Trainings of each variant, with the random streams of the experiment's own."
    )
    updates: Count = Field(default=80000, description="Updates of each training, more than the slowest variant needs.")
    records: Annotated[int, Field(ge=10, le=100_000)] = Field(default=800, description="Evenly spaced records of Ω.")
    reference: VariantName = Field(default="circular", description="The variant that the others are compared with.")
    convolutions: Annotated[dict[VariantName, Convolution], Field(min_length=1)] = Field(
        default_factory=default_convolutions,
        description="The variants by name. Keys given here replace those of the variant of that name; `null` leaves "
        "one out; any other name adds one.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.reference not in self.convolutions:
            hint = did_you_mean(self.reference, self.convolutions)
            raise ValueError(f"reference: no variant is called '{self.reference}'{hint}")
        if self.records > self.updates:
            raise ValueError(f"records: {self.records} is more than updates ({self.updates}); expected at most as many")
        if "comparison" in self.convolutions:
            raise ValueError("convolutions: 'comparison' is the file of the comparison; expected another name")
        return self


class DeepTraining(_Model):
    """Where and how the deep networks are trained.

    Another device or other seeds in the same job round differently. In the non-linear network this can flip a ReLU or
    the choice of a pooling, after which the trajectory of a seed differs visibly, though not systematically.
    """

    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="`cuda`: a GPU, an error without one. `cpu`: one core per job. `auto`: a GPU if one can be used.",
    )
    seeds_per_job: Count = Field(
        default=1, description="Seeds trained side by side in one job; more than one pays on a GPU."
    )
    checkpoint_minutes: Positive = Field(
        default=3.0, description="Time between two checkpoints, from which a training goes on after an interruption."
    )


class Config(_Model):
    """The whole configuration. The defaults are the paper."""

    results: Annotated[str, StringConstraints(min_length=1)] = Field(
        default="results", description="Folder for everything that is generated."
    )
    root_seed: Annotated[int, Field(ge=0)] = Field(
        default=2023, description="Root of all random streams; every seed of an experiment is an independent stream."
    )
    seeds: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=10, description="Repeated trainings (seeds 0, 1, …) of each network on each data set."
    )
    divergence_factor: Annotated[float, Field(gt=1, allow_inf_nan=False)] = Field(
        default=100.0,
        description="A training stops with an error when the loss of a sample exceeds this many times the loss of a "
        "network that answers zero (1/p).",
    )
    cifar10: Annotated[str, StringConstraints(min_length=1)] = Field(
        default="torchvision",
        description="Source of CIFAR-10: `torchvision` downloads it; or the path of torchvision's folder, of an "
        "image folder (`train/<class>/…`, `test/<class>/…`) or of an archive of one (tar, tar.gz, tar.xz, zip).",
    )
    downloads: Annotated[str, StringConstraints(min_length=1)] = Field(
        default="results/downloads", description="Folder for downloaded data, kept between runs."
    )
    deep_training: DeepTraining = Field(
        default=DeepTraining(), description="Where and how the deep networks are trained."
    )
    experiments: Annotated[dict[ExperimentName, Experiment], Field(min_length=1)] = Field(
        default_factory=paper_experiments,
        description="The experiments by name. Keys given here replace those of the paper's experiment of that name; "
        "`null` leaves an experiment out; any other name adds one.",
    )
    scaling: Scaling | None = Field(
        default_factory=Scaling,
        description="Runs over image side, initial standard deviation and learning rate, beyond the paper; `null` for "
        "none. Those that use an experiment that is left out are left out as well.",
    )
    variants: Variants | None = Field(
        default_factory=Variants,
        description="Several kernels, zero padding and correlation, beyond the paper; `null` for none. Left out with "
        "the experiment they use.",
    )

    @field_validator("experiments")
    @classmethod
    def _names_differ_in_more_than_case(cls, experiments: dict[str, Experiment]) -> dict[str, Experiment]:
        if len({name.lower() for name in experiments}) < len(experiments):
            raise ValueError("two names differ only in upper and lower case; expected distinct names")
        return experiments

    @model_validator(mode="after")
    def _extensions_have_their_experiments(self) -> Self:
        for key, name in self.extension_experiments().items():
            if name not in self.experiments:
                if name in paper_experiments():
                    continue
                raise ValueError(f"{key}: no experiment is called '{name}'{did_you_mean(name, self.experiments)}")
            fault = _unfit(key, self.experiments[name])
            if fault:
                raise ValueError(
                    f"{key}: '{name}' {fault}; choose another experiment or set {key.split('.')[0]} to null"
                )
        return self

    def extension_experiments(self) -> dict[str, str]:
        """The experiment that each run beyond the paper's uses, by the configuration key that names it."""
        names: dict[str, str] = {}
        if self.scaling is not None:
            names["scaling.std.experiment"] = self.scaling.std.experiment
            names["scaling.learning_rate.experiment"] = self.scaling.learning_rate.experiment
        if self.variants is not None:
            names["variants.experiment"] = self.variants.experiment
        return names

    def extension_experiment(self, key: str) -> Experiment:
        """What the runs under a key of ``extension_experiments`` take from their experiment: images and linear CNN."""
        experiment = self.experiments[self.extension_experiments()[key]]
        changes: dict[str, Any] = {
            "networks": Networks(linear_cnn=experiment.networks.linear_cnn, linear_fcnn=None),
            "snapshots": [],
        }
        if key == "variants.experiment" and self.variants is not None:
            changes |= {"updates": self.variants.updates, "records": self.variants.records}
        return experiment.model_copy(update=changes)


def _unfit(key: str, experiment: Experiment) -> str | None:
    """Why the runs under a configuration key cannot use an experiment; None if they can."""
    dataset, network = experiment.dataset, experiment.networks.linear_cnn
    if not isinstance(dataset, CosinesDataset | ShapesDataset) or dataset.channels != 1:
        return "has not one image of one channel per class"
    if network is None:
        return "has no linear_cnn"
    if key == "scaling.std.experiment" and not _frequencies_disjoint(dataset):
        return "has modes that share frequencies"
    if key == "variants.experiment" and network.initial_weights != "normal":
        return "has a linear_cnn whose initial_weights are not normal"
    return None


def _distinct(key: str, values: list[Any]) -> None:
    if len(set(values)) < len(values):
        raise ValueError(f"{key}: {values} names a value twice; expected each at most once")


def _classes_fit(classes: int, inputs: int) -> None:
    if classes > inputs:
        raise ValueError(f"{classes} classes for images of {inputs} values; expected at most one class per value")


def _frequencies_disjoint(dataset: Any) -> bool:
    """Whether no frequency, nor its mirror, occurs in two classes of one-channel cosines."""
    if not isinstance(dataset, CosinesDataset) or dataset.channels != 1:
        return False
    seen: set[tuple[int, int]] = set()
    for cosines in dataset.classes:
        pairs = [(cosine.frequency[0], cosine.frequency[1]) for cosine in cosines]
        own = {*pairs, *((-f % dataset.side, -g % dataset.side) for f, g in pairs)}
        if own & seen:
            return False
        seen |= own
    return True


def _equal_strengths(dataset: Any) -> bool:
    """Whether two classes of cosines have images of one norm, so that the decomposition may mix them."""
    powers = sorted(
        sum(
            cosine.amplitude**2 * (1.0 if all(2 * f % dataset.side == 0 for f in cosine.frequency) else 0.5)
            for cosine in cosines
        )
        for cosines in dataset.classes
    )
    return any(after - before <= 1e-9 * after for before, after in itertools.pairwise(powers))


def did_you_mean(name: str, choices: Any) -> str:
    """A suggestion to append to a message: the choice closest to `name`, or nothing."""
    close = difflib.get_close_matches(name, [str(choice) for choice in choices], n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""


def dataset_model(settings: Mapping[str, Any]) -> CosinesDataset | ShapesDataset | DigitsDataset | Cifar10Dataset:
    """The data set that checked settings describe, as passed to a job."""
    return TypeAdapter[CosinesDataset | ShapesDataset | DigitsDataset | Cifar10Dataset](Dataset).validate_python(
        settings
    )
