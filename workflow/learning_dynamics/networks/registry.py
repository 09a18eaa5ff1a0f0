"""All networks: a new one is a module in this package and a line here."""

from __future__ import annotations

from typing import get_args

from learning_dynamics.networks.base import BatchNetwork, Network, SomeNetworks, TwoLayerNetwork
from learning_dynamics.networks.deep_cnn import DeepLinearCNN, DeepReluCNN
from learning_dynamics.networks.linear_cnn import LinearCNN
from learning_dynamics.networks.linear_fcnn import LinearFCNN


class Networks(SomeNetworks):
    """The networks an experiment trains; `null` leaves one out."""

    linear_cnn: LinearCNN | None = LinearCNN()
    linear_fcnn: LinearFCNN | None = LinearFCNN()
    deep_linear_cnn: DeepLinearCNN | None = None
    deep_relu_cnn: DeepReluCNN | None = None


MODELS: dict[str, type[Network]] = {
    name: next(model for model in get_args(field.annotation) if model is not type(None))
    for name, field in Networks.model_fields.items()
}
TWO_LAYER_NETWORKS = tuple(name for name, model in MODELS.items() if issubclass(model, TwoLayerNetwork))
DEEP_NETWORKS = tuple(name for name, model in MODELS.items() if issubclass(model, BatchNetwork))
