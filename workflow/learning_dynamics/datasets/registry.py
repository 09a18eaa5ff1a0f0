"""All kinds of data set: a new one is a module in ``kinds`` and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field, TypeAdapter

from learning_dynamics.datasets.kinds.base import DatasetKind
from learning_dynamics.datasets.kinds.cifar10 import Cifar10Dataset
from learning_dynamics.datasets.kinds.cosines import CosinesDataset
from learning_dynamics.datasets.kinds.digits import DigitsDataset
from learning_dynamics.datasets.kinds.images import ImagesDataset
from learning_dynamics.datasets.kinds.shapes import ShapesDataset

# In the order of the documents.
MODELS: tuple[type[DatasetKind], ...] = (
    CosinesDataset,
    ShapesDataset,
    DigitsDataset,
    Cifar10Dataset,
    ImagesDataset,
)

if TYPE_CHECKING:
    Dataset = DatasetKind
else:
    Dataset = Annotated[Union[MODELS], Field(discriminator="kind")]  # noqa: UP007 - of a tuple

BY_KIND: dict[str, type[DatasetKind]] = {model.model_fields["kind"].default: model for model in MODELS}


def dataset_model(settings: Mapping[str, Any]) -> DatasetKind:
    """The data set that checked settings describe, as passed to a job."""
    return TypeAdapter[DatasetKind](Dataset).validate_python(settings)
