"""The typed configuration: every key, its default (the paper's setting), its meaning and its limits.

The JSON schema, ``config/README.md`` and the check before any job starts (``loading``) come from these models. Those
of data sets and networks are in ``datasets.kinds`` and ``networks``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from learning_dynamics.config import limits
from learning_dynamics.config.automatic import AutomaticSettings
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.config.extensions import ExperimentName, Scaling, Variants, zero_padding
from learning_dynamics.config.paper import LEDGER_SEEDS, paper_experiments
from learning_dynamics.errors import did_you_mean
from learning_dynamics.networks.registry import Networks
from learning_dynamics.numerics.random_streams import PAPER_TRIALS
from learning_dynamics.values import Automatic, Count, Model, Positive, ResultsFolder, Seeds, UserPath


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
        "claims",
        "deep_training",
    )
    # Keys of the runs beyond the paper's experiments, which have a folder and a figure of that name; those of variants.
    EXTENSIONS: ClassVar = ("scaling", "variants", "zero_padding")
    VARIANTS: ClassVar = ("variants", "zero_padding")

    results: ResultsFolder = Field(default="results", description="Folder for everything that is generated.")
    root_seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        default=20230723,
        description="Root of all random streams; every seed of an experiment is an independent stream.",
    )
    seeds: Seeds | Automatic = Field(
        default="auto",
        description="Repeated trainings (seeds 0, 1, …) of each network of every experiment that has no `seeds` of its "
        f"own: a number means so many everywhere else. `auto`: {PAPER_TRIALS} as in the paper, of a user's experiments "
        "too, and more where trainings take seconds and the claims ledger needs them "
        f"({', '.join(f'`{name}`: {seeds}' for name, seeds in LEDGER_SEEDS.items())}). Figures, predictions and tables "
        f"show the first {PAPER_TRIALS}, the ledger uses all.",
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
        description="Seeds of a two-layer network that one job trains, one after the other. `auto`: 10, 5, 2 or 1, as "
        "many as take about a minute, and after the first ten as many tens as do. Where the last job had fewer, more "
        "`seeds` train its own again. A job that is interrupted makes those that it had finished anew.",
    )
    archive: UserPath | None = Field(
        default=None,
        description="Archive of a finished run (`make archive`): figures and the ledger are made from its "
        "trajectories, and nothing is trained. `null`: train.",
    )
    claims: UserPath | None = Field(
        default=None,
        description="A table of claims of your own, judged beside the paper's: the rows of `config/claims.yaml`, about "
        "the paper's experiments or yours. `null`: none.",
    )
    largest_input: Annotated[int, Field(ge=1, le=65536)] = Field(
        default=4096,
        description="Values C·n² in an image up to which Σxx is kept, 8 bytes times their square: 34 GB at 65,536. Of "
        "larger images there are the structure and estimates of the discovery times, but neither gradient flow nor "
        "training.",
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
    zero_padding: Variants | None = Field(
        default_factory=zero_padding,
        description="The same, by default for zero padding alone on CIFAR-4, whose images are not zero at their "
        "borders; made with the target that makes its experiment.",
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
    def _experiments_fit_time_and_memory(self) -> Self:
        for name, experiment in self.experiments.items():
            fault = limits.fault(experiment, self.automatic.most_updates)
            if fault:
                raise ValueError(fault if fault.startswith("automatic.") else f"experiments.{name}.{fault}")
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

    def seeds_of(self, name: str) -> int:
        """How often each network of an experiment is trained."""
        own = self.experiments[name].seeds
        if own is not None:
            return own
        return LEDGER_SEEDS.get(name, PAPER_TRIALS) if self.seeds == "auto" else self.seeds

    def extension_experiments(self) -> dict[str, str]:
        """The experiment that each run beyond the paper's uses, by the configuration key that names it."""
        names: dict[str, str] = {}
        if self.scaling is not None:
            names["scaling.std.experiment"] = self.scaling.std.experiment
            names["scaling.learning_rate.experiment"] = self.scaling.learning_rate.experiment
        for key in self.VARIANTS:
            if (block := self.variant_block(key)) is not None:
                names[f"{key}.experiment"] = block.experiment
        return names

    def variant_block(self, key: str) -> Variants | None:
        """The variants under a key; None where there are none."""
        block: Variants | None = getattr(self, key) if key in self.VARIANTS else None
        return block

    def extension_experiment(self, key: str) -> Experiment:
        """What the runs under a key of ``extension_experiments`` take from their experiment: images and linear CNN."""
        experiment = self.experiments[self.extension_experiments()[key]]
        changes: dict[str, Any] = {
            "networks": Networks(linear_cnn=experiment.networks.linear_cnn, linear_fcnn=None),
            "snapshots": [],
        }
        if (block := self.variant_block(key.split(".")[0])) is not None:
            changes |= {"updates": block.updates, "records": block.records}
        return experiment.model_copy(update=changes)


def _unfit(key: str, experiment: Experiment) -> str | None:
    """Why the runs under a configuration key cannot use an experiment; None if they can."""
    dataset, network = experiment.dataset, experiment.networks.linear_cnn
    of_scaling = key.startswith("scaling.")
    if of_scaling and (not dataset.ONE_IMAGE_PER_CLASS or dataset.shape is None or dataset.shape[0] != 1):
        return "has not one image of one channel per class"
    if network is None:
        return "has no linear_cnn"
    if experiment.automatic:
        return "has settings that are auto"
    if key == "scaling.std.experiment" and not dataset.frequencies_disjoint:
        return "has modes that share frequencies"
    if not of_scaling and network.initial_weights != "normal":
        return "has a linear_cnn whose initial_weights are not normal"
    return None
