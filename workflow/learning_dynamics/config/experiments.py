"""The model of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from learning_dynamics.datasets.registry import Dataset
from learning_dynamics.networks.registry import Networks
from learning_dynamics.values import Automatic, Count, Model, Seeds

if TYPE_CHECKING:
    from learning_dynamics.networks.deep_cnn import DeepCNN


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
    # No part of the settings that results record and that are compared: of more seeds the first ones are the same.
    seeds: Seeds | None = Field(
        default=None,
        exclude=True,
        description="Repeated trainings of each network of this experiment; `null`: as many as `seeds` of the file. "
        "More of them do not train again those that are there.",
    )
    snapshots: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=1000)] = Field(
        default=[],
        description="Samples at which the weights of the two-layer networks are kept, besides the start and the end.",
    )

    @field_validator("networks")
    @classmethod
    def _start_fits_the_scale(cls, networks: Networks, info: ValidationInfo) -> Networks:
        dataset = info.data.get("dataset")
        return networks.with_automatic_stds() if dataset is not None and dataset.automatic_scale else networks

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.updates != "auto" and self.records > self.updates:
            raise ValueError(f"records: {self.records} is more than updates ({self.updates}); expected at most as many")
        for sample in self.snapshots:
            if self.updates != "auto" and sample > self.updates:
                raise ValueError(f"snapshots: {sample} lies after the last update ({self.updates})")
        cnn, fcnn = self.networks.linear_cnn, self.networks.linear_fcnn
        if cnn is not None and cnn.initial_weights == "aligned" and not self.dataset.frequencies_disjoint:
            raise ValueError(
                "networks.linear_cnn.initial_weights: `aligned` is defined for one-channel `cosines` whose classes "
                "share no frequency; expected `normal` for this data set"
            )
        if cnn is not None and cnn.initial_weights == "aligned" and self.dataset.equal_strengths:
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
            model: DeepCNN = self.networks.named(name)
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
        side = self.dataset.shape[1] if self.dataset.shape else None
        if self.networks.deep_relu_cnn is not None and side is not None and side < 4:
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
