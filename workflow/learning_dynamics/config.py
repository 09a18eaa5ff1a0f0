"""The typed configuration: every key, its default (the paper's setting), its meaning and its limits.

The JSON schema, ``config/README.md`` and the check before any job starts (``config_loading``) come from these models.
The parts are in ``config_datasets``, ``config_networks`` and ``config_extensions``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from learning_dynamics.config_datasets import (
    CIFAR10_CLASSES,
    Cifar10Dataset,
    Cosine,
    CosinesDataset,
    Dataset,
    DigitsDataset,
    ShapesDataset,
    equal_strengths,
    frequencies_disjoint,
)
from learning_dynamics.config_extensions import ExperimentName, Scaling, Variants
from learning_dynamics.config_networks import DeepCNN, LinearCNN, LinearFCNN, Networks
from learning_dynamics.config_values import Automatic, Count, Model, Positive, ResultsFolder, UserPath, did_you_mean


class Experiment(Model):
    """A data set, the networks trained on it and what is recorded.

    One update of a two-layer network sees one sample, one of a deep network a batch.
    """

    dataset: Dataset
    networks: Networks = Networks()
    updates: Count | Automatic = Field(
        default="auto",
        description="Training samples seen (the paper's time axis): the updates of the two-layer networks; the deep "
        "ones make one per batch. `auto`: until every mode worth it should be found, see `automatic`.",
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
        if self.updates != "auto" and self.records > self.updates:
            raise ValueError(f"records: {self.records} is more than updates ({self.updates}); expected at most as many")
        for sample in self.snapshots:
            if self.updates != "auto" and sample > self.updates:
                raise ValueError(f"snapshots: {sample} lies after the last update ({self.updates})")
        cnn, fcnn = self.networks.linear_cnn, self.networks.linear_fcnn
        if cnn is not None and cnn.initial_weights == "aligned" and not frequencies_disjoint(self.dataset):
            raise ValueError(
                "networks.linear_cnn.initial_weights: `aligned` is defined for one-channel `cosines` whose classes "
                "share no frequency; expected `normal` for this data set"
            )
        if cnn is not None and cnn.initial_weights == "aligned" and equal_strengths(self.dataset):
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
            if isinstance(fcnn.hidden_units, int) and fcnn.hidden_units < classes:
                raise ValueError(
                    f"networks.linear_fcnn.hidden_units: {fcnn.hidden_units} cannot hold a diagonal of {classes}; "
                    f"expected at least {classes}"
                )
        return self

    @property
    def automatic(self) -> bool:
        """Whether a setting is still to be chosen from the structure of the data."""
        return "auto" in (self.updates, *self.networks.automatic_values())

    @property
    def update_count(self) -> int:
        """``updates`` as a number, of an experiment whose settings have been chosen."""
        if self.updates == "auto":
            raise ValueError("updates: still to be chosen; expected a number")
        return self.updates

    @model_validator(mode="after")
    def _deep_networks_possible(self) -> Self:
        for name in self.networks.deep:
            model: DeepCNN = getattr(self.networks, name)
            if self.updates == "auto":
                raise ValueError(f"updates: `auto` is for the two-layer networks; expected a number for {name}")
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
        side = 32 if isinstance(self.dataset, Cifar10Dataset) else getattr(self.dataset, "side", 8) or 8
        if self.networks.deep_relu_cnn is not None and side < 4:
            raise ValueError(f"dataset.side: {side} leaves nothing after two poolings; expected at least 4")
        return self

    def record_batches(self, batch_size: int) -> list[int]:
        """The batches after which a deep network is measured, the start and the end among them."""
        batches = self.update_count // batch_size
        return [round(batches * record / self.records) for record in range(self.records + 1)]

    def record_samples(self) -> list[int]:
        """The samples at which Ω, losses and spectra are recorded, the start and the end among them."""
        return [round(self.update_count * record / self.records) for record in range(self.records + 1)]

    def snapshot_samples(self) -> list[int]:
        """The samples at which the weights are kept, the start and the end among them."""
        return sorted({0, *self.snapshots, self.update_count})


def _cosines(*classes: list[tuple[int, int, float]], phase: float | Literal["random"] = 0.0) -> CosinesDataset:
    return CosinesDataset(
        classes=[[Cosine(frequency=[f, g], amplitude=a, phase=phase) for f, g, a in cosines] for cosines in classes]
    )


def _pure_cosines(order: Literal["random", "cyclic"]) -> Experiment:
    return Experiment(
        dataset=_cosines([(0, 0, 1.5)], [(5, 2, 1.0)], [(1, 7, 0.5)], [(0, 4, 0.2)]),
        networks=Networks(
            linear_cnn=LinearCNN(learning_rate=2e-4, initial_weights="aligned", kernel_std=1e-4),
            linear_fcnn=LinearFCNN(learning_rate=3.2e-3, initial_weights="diagonal", hidden_units=None),
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
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=1e-3),
                linear_fcnn=LinearFCNN(learning_rate=1.6e-2, hidden_units=None),
            ),
            updates=600,
            records=300,
        ),
        "geometric_shapes": Experiment(
            dataset=ShapesDataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=1.1e-4),
                linear_fcnn=LinearFCNN(learning_rate=6.5e-4, hidden_units=None),
            ),
            updates=60000,
            snapshots=[2000, 5000, 7500, 9000, 16000, 32000, 55000],
        ),
        "digits4": Experiment(
            dataset=DigitsDataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=3e-4), linear_fcnn=LinearFCNN(learning_rate=8e-4, hidden_units=None)
            ),
            updates=40000,
            order="epochs",
            snapshots=[13000, 16000, 19500, 22500],
        ),
        "cifar4": Experiment(
            dataset=Cifar10Dataset(),
            networks=Networks(
                linear_cnn=LinearCNN(learning_rate=5e-5),
                linear_fcnn=LinearFCNN(learning_rate=1e-3, hidden_units=1024, precision="single"),
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


class AutomaticSettings(Model):
    """How `learning_rate: auto` and `updates: auto` are chosen from the structure of the data, before any training.

    docs/own-images.md gives the formulas and what was measured.
    """

    step: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.02,
        description="Size ε of an update against the slow regime: λ = ε / max_α r_α max(2 d_α/s_α, ⟨‖x‖²⟩ s_α/d_α), "
        "with r_α = n max_l|v̂^α_l| for the CNN and 1 for the FCNN.",
    )
    smallest_mode: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05, description="A mode is worth waiting for if its s_α is at least this share of the largest."
    )
    most_updates: Count = Field(default=1_000_000, description="The longest run that is chosen; said when it bites.")


class DeepTraining(Model):
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


class Config(Model):
    """The whole configuration. The defaults are the paper."""

    # Keys that say where and how to compute: no result depends on them.
    MEANS: ClassVar = (
        "results",
        "cifar10",
        "downloads",
        "checkpoint_minutes",
        "seeds_per_job",
        "archive",
        "deep_training",
    )

    results: ResultsFolder = Field(default="results", description="Folder for everything that is generated.")
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
    downloads: UserPath = Field(
        default="results/downloads", description="Folder for downloaded data, kept between runs."
    )
    checkpoint_minutes: Positive = Field(
        default=3.0,
        description="Time between two checkpoints of a training, from which it goes on after an interruption; a "
        "shorter training has none unless it is told to stop.",
    )
    seeds_per_job: Count | Automatic = Field(
        default="auto",
        description="Seeds of a two-layer network that one job trains, one after the other. `auto`: as many, up "
        "to ten, as take about a minute. A job that is interrupted makes those that it had finished anew.",
    )
    archive: UserPath | None = Field(
        default=None,
        description="Archive of a finished run (`make archive`): figures and the ledger are made from its "
        "trajectories, and nothing is trained. `null`: train.",
    )
    largest_input: Count = Field(
        default=4096,
        description="Values C·n² in an image up to which Σxx is kept, 8 bytes times their square. Of larger images "
        "there are the structure and estimates of the discovery times, but neither gradient flow nor training.",
    )
    most_modes: Count = Field(
        default=128,
        description="Modes that are kept, those of the largest singular values: Ω has so many rows and columns in "
        "every record. Data of no more classes keep all.",
    )
    deep_training: DeepTraining = Field(
        default=DeepTraining(), description="Where and how the deep networks are trained."
    )
    experiments: Annotated[dict[ExperimentName, Experiment], Field(min_length=1)] = Field(
        default_factory=paper_experiments,
        description="The experiments by name. Keys given here replace those of the paper's experiment of that name; "
        "`null` leaves an experiment out; any other name adds one.",
    )
    automatic: AutomaticSettings = Field(
        default=AutomaticSettings(), description="How settings that are `auto` are chosen from the data."
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

    @field_validator("experiments")
    @classmethod
    def _names_are_no_others_files(cls, experiments: dict[str, Experiment]) -> dict[str, Experiment]:
        for name in experiments:
            if name.endswith("_measured"):
                raise ValueError(
                    f"'{name}' ends in '_measured', as the files on how well a prediction did; expected another name"
                )
        return experiments

    @model_validator(mode="after")
    def _aligned_networks_have_all_their_modes(self) -> Self:
        for name, experiment in self.experiments.items():
            cnn = experiment.networks.linear_cnn
            if cnn is not None and cnn.initial_weights == "aligned":
                classes = len(experiment.dataset.class_names)
                if classes > self.most_modes:
                    raise ValueError(
                        f"most_modes: {self.most_modes} is less than the {classes} modes that the aligned weights of "
                        f"'{name}' start from; expected at least {classes}"
                    )
        return self

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
    if experiment.automatic:
        return "has settings that are auto"
    if key == "scaling.std.experiment" and not frequencies_disjoint(dataset):
        return "has modes that share frequencies"
    if key == "variants.experiment" and network.initial_weights != "normal":
        return "has a linear_cnn whose initial_weights are not normal"
    return None
