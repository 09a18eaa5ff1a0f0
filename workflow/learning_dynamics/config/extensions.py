"""The runs beyond the paper's experiments: scaling of discovery, and variants of the convolution."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from learning_dynamics.datasets.kinds.cosines import Cosine, CosinesDataset
from learning_dynamics.errors import did_you_mean
from learning_dynamics.values import Model, Positive, Rate, Side, Std, distinct

ExperimentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
VariantName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]

# Of a run whose order of samples is drawn at once, 8 bytes each.
LONGEST_IN_MEMORY = 10**8
Seeds = Annotated[int, Field(ge=2, le=1000)]


class SideScaling(Model):
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
    learning_rate: Rate = Field(default=4e-6, description="Learning rate λ of both networks, for every side.")
    kernel_std: Std = Field(default=1e-4, description="Standard deviation of the initial kernel.")
    seeds: Seeds = Field(default=5, description="Initial kernels per side.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        distinct("sides", self.sides)
        for index, cosine in enumerate(self.classes):
            if not all(0 <= frequency < min(self.sides) for frequency in cosine.frequency):
                raise ValueError(
                    f"classes.{index}.frequency: {cosine.frequency} lies outside the smallest image; expected two "
                    f"frequencies from 0 to {min(self.sides) - 1}"
                )
        for side in self.sides:
            if not self.dataset(side).frequencies_disjoint:
                raise ValueError(f"classes: two share a frequency on side {side}; expected distinct frequencies")
        return self

    def dataset(self, side: int) -> CosinesDataset:
        """The images on one side."""
        return CosinesDataset(side=side, classes=[[cosine] for cosine in self.classes])


class StdScaling(Model):
    """Discovery times and alignment against the standard deviation σ of all initial weights of the CNN (App. G)."""

    experiment: ExperimentName = Field(
        default="sums_of_cosines", description="Experiment whose images are used; its modes must share no frequency."
    )
    stds: Annotated[list[Std], Field(min_length=2)] = Field(
        default=[1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5], description="Standard deviations σ."
    )
    learning_rate: Rate = Field(default=2e-5, description="Learning rate λ for every σ.")
    seeds: Seeds = Field(default=10, description="Initial weights, for every σ the same times σ.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        distinct("stds", self.stds)
        return self


class LearningRateScaling(Model):
    """Discovery times of the CNN and the error of the gradient flow against λ (Eqs. 15 and 16)."""

    experiment: ExperimentName = Field(
        default="geometric_shapes", description="Experiment whose images and initial weights are used."
    )
    learning_rates: Annotated[list[Rate], Field(min_length=2)] = Field(
        default=[2e-5, 4e-5, 8e-5, 1.6e-4, 3.2e-4, 6.4e-4, 1.28e-3], description="Learning rates λ."
    )
    training_time: Positive = Field(default=8.0, description="λ times the number of updates, the same for every λ.")
    records: Annotated[int, Field(ge=10, le=10_000)] = Field(default=200, description="Evenly spaced records of Ω.")
    seeds: Seeds = Field(default=10, description="Trainings for each λ and order of the classes.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        distinct("learning_rates", self.learning_rates)
        longest = self.training_time / min(self.learning_rates)
        if longest > LONGEST_IN_MEMORY:
            raise ValueError(
                f"training_time: {longest:.3g} updates at the smallest learning rate; expected at most "
                f"{LONGEST_IN_MEMORY:,}, whose order is in memory"
            )
        updates = self.training_time / max(self.learning_rates)
        if self.records > updates:
            raise ValueError(
                f"records: {self.records} is more than the updates at the largest learning rate ({updates:.0f}); "
                "expected at most as many"
            )
        return self


class Scaling(Model):
    """How the time of discovery scales with the image side, the initial standard deviation and the learning rate."""

    side: SideScaling = Field(default_factory=SideScaling, description="The image side n.")
    std: StdScaling = Field(default_factory=StdScaling, description="The initial standard deviation σ.")
    learning_rate: LearningRateScaling = Field(default_factory=LearningRateScaling, description="The learning rate λ.")


class Convolution(Model):
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


class Variants(Model):
    """Linear CNNs beyond the theory's one circular kernel, trained like the CNN of an experiment.

    The defaults are those of `variants`; `config.yaml` has those of `zero_padding`.
    """

    experiment: ExperimentName = Field(
        default="geometric_shapes",
        description="Experiment whose images, order of samples, learning rate and initial weights are used.",
    )
    seeds: Seeds = Field(
        default=10, description="Trainings of each variant, with the random streams of the experiment's own."
    )
    updates: Annotated[int, Field(ge=1, le=LONGEST_IN_MEMORY)] = Field(
        default=80000, description="Updates of each training, more than the slowest variant needs."
    )
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


def zero_padding() -> Variants:
    """Zero padding where images reach their border, to which those of ``Variants()`` do not."""
    convolutions = {name: default_convolutions()[name] for name in ("circular", "zero-padding")}
    return Variants(experiment="cifar4", seeds=5, updates=50_000, records=250, convolutions=convolutions)
