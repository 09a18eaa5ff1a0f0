"""Stochastic gradient descent of one or several deep networks at once, in PyTorch, on CPU or GPU.

The backward pass is written out: an update is a fixed sequence of tensor operations without a graph of its own, which
a GPU can capture and replay, and which on a CPU leaves little but the convolutions. Several seeds are one network with
grouped convolutions, a group per seed, and batched matrix products.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from learning_dynamics.datasets.labelled_images import Split
from learning_dynamics.engines.deep import pooled_gradients
from learning_dynamics.engines.deep.architecture import CONVOLUTIONS, KERNEL, POOLED, Architecture, Weights

Tensor = torch.Tensor

_PAD = [KERNEL // 2] * 2
_ONE = [1, 1]
_POOL = [2, 2]
_NONE = [0, 0]


class Samples:
    """Images as stored, on the device, converted to network inputs when their turn comes.

    images: shape (samples, n, n, C), uint8 or float32.
    targets: one-hot labels y, shape (samples, p).
    """

    def __init__(
        self,
        split: Split,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Keep the samples of a split; C n² bytes each if they are 8-bit."""
        images = split.source.images[split.indices]
        stored = np.moveaxis(images if images.dtype == np.uint8 else images.astype(np.float32), 1, -1)
        labels = split.labels
        self.images = torch.from_numpy(np.ascontiguousarray(stored)).to(device)
        self.targets = torch.eye(split.source.classes, device=device, dtype=dtype)[torch.from_numpy(labels).to(device)]
        mean = np.moveaxis(split.source.mean_image, 0, -1)
        self._mean = torch.from_numpy(np.ascontiguousarray(mean)).to(device, dtype)
        self._scale = split.source.scale

    def __len__(self) -> int:
        return len(self.images)

    def inputs(self, indices: Tensor) -> Tensor:
        """Scaled and centred inputs, shape (indices, n, n, C)."""
        return self.images.index_select(0, indices).to(self._mean.dtype).mul_(self._scale).sub_(self._mean)


class Ensemble:
    """Several networks of one architecture, each with its own weights, trained side by side on their own samples."""

    def __init__(
        self,
        architecture: Architecture,
        weights: Sequence[Weights],
        learning_rate: float | Sequence[float],
        batch_size: int,
        device: torch.device,
        *,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Start from given weights.

        Args:
            architecture: shapes.
            weights: of every seed, by name as in ``Architecture.shapes``.
            learning_rate: λ of one update with the gradient of the mean square error over outputs and batch; or one
                of every network.
            batch_size: samples per update.
            device: where to train.
            dtype: of the weights.
        """
        self.architecture = architecture
        self.seeds = len(weights)
        self.batch_size = batch_size
        self._device, self._dtype = device, dtype
        scale = 2 / (architecture.classes * batch_size)
        self._error_scale: float | Tensor = scale
        if isinstance(learning_rate, Sequence):
            # All gradients of a network are proportional to its error, which can carry a rate of its own.
            self._rate = 1.0
            self._error_scale = torch.tensor(learning_rate, device=device, dtype=dtype)[:, None, None] * scale
        else:
            self._rate = learning_rate
        self._visits_chosen = (
            device.type == "cpu"
            and dtype == torch.float32
            and self.seeds == 1
            and architecture.channels <= pooled_gradients.MOST_CHANNELS
        )
        # On a CPU the convolutions are fastest with the channels last in memory.
        self._format = torch.channels_last if device.type == "cpu" else torch.contiguous_format
        self._parameters = {name: self._joined(name, weights) for name in architecture.shapes()}
        self.squared_error = torch.zeros(self.seeds, device=device, dtype=dtype)

    def _joined(self, name: str, weights: Sequence[Weights]) -> Tensor:
        values = [torch.from_numpy(np.array(one[name])) for one in weights]
        if name.startswith("kernel"):
            joined = torch.cat(values).to(self._device, self._dtype)
            return joined.contiguous(memory_format=self._format) if joined.ndim == 4 else joined
        stacked = torch.stack(values).to(self._device, self._dtype)
        return stacked[:, None] if "bias" in name else stacked

    def weights(self) -> list[Weights]:
        """The present weights of every seed, by name as in ``Architecture.shapes``."""
        shapes = self.architecture.shapes()
        by_name = {
            name: values.detach().contiguous().cpu().numpy().reshape(self.seeds, *shapes[name])
            for name, values in self._parameters.items()
        }
        return [{name: values[seed].copy() for name, values in by_name.items()} for seed in range(self.seeds)]

    def state(self) -> dict[str, Tensor]:
        """A copy of everything that updates change, on the device, for ``restore``."""
        return {name: values.clone() for name, values in self._changing().items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go back to a state, in place."""
        for name, values in self._changing().items():
            values.copy_(state[name])

    def _changing(self) -> dict[str, Tensor]:
        return {**self._parameters, "squared_error": self.squared_error}

    def predict(self, inputs: Tensor) -> Tensor:
        """The networks' answers ŷ, shape (seeds, samples, p), to inputs of shape (seeds or 1, samples, n, n, C)."""
        maps = self._arranged(inputs.expand(self.seeds, -1, -1, -1, -1))
        for layer in range(CONVOLUTIONS):
            maps = self._convolved(layer, maps)
            if self.architecture.rectified:
                maps = (_pooled(maps) if layer in POOLED else maps).relu_()
        return self._dense(self._flattened(maps))[0]

    def update(self, samples: Samples, indices: Tensor) -> None:
        """One step of gradient descent on L = ‖y − ŷ‖²/p, mean over the batch; adds Σ‖y − ŷ‖² to `squared_error`.

        Args:
            samples: training samples.
            indices: which of them every seed sees, shape (seeds · batch size,), seed by seed.
        """
        classes = self.architecture.classes
        images = samples.inputs(indices)
        inputs = self._arranged(images.view(self.seeds, self.batch_size, *images.shape[1:]))
        targets = samples.targets.index_select(0, indices).view(self.seeds, self.batch_size, classes)
        answers, hidden, flat, kept = self._forward(inputs)
        error = answers - targets
        self.squared_error += (error * error).sum(dim=(1, 2))
        self._backward(error.mul_(self._error_scale), hidden, flat, kept)

    def linear_map(self) -> tuple[Tensor, Tensor]:
        """M and b of linear networks ŷ = M x + b, shapes (seeds, p, C·n²) and (seeds, p).

        The rows of M are the p outputs traced back through the transposed layers: one backward pass with p samples.
        """
        assert not self.architecture.rectified
        side, inputs = self.architecture.side, self.architecture.input_channels
        parameters = self._parameters
        rows = parameters["dense_1"] @ parameters["dense_0"]
        gradient = self._unflattened(rows)
        for layer in reversed(range(CONVOLUTIONS)):
            kernel = parameters[f"kernel_{layer}"]
            shape = (len(gradient), self.seeds * kernel.shape[1], side, side)
            before = torch.empty(shape, device=self._device, dtype=self._dtype).contiguous(memory_format=self._format)
            gradient = self._convolution_gradients(gradient, before, kernel, (True, False))[0]
        rows = gradient.reshape(len(gradient), self.seeds, inputs * side * side).transpose(0, 1)
        zero = torch.zeros((1, 1, side, side, inputs), device=self._device, dtype=self._dtype)
        return rows, self.predict(zero)[:, 0]

    def _arranged(self, images: Tensor) -> Tensor:
        """(seeds, samples, n, n, C) as input of grouped convolutions, (samples, seeds·C, n, n)."""
        seeds, samples, rows, columns, channels = images.shape
        joined = images.permute(1, 2, 3, 0, 4).reshape(samples, rows, columns, seeds * channels)
        return joined.permute(0, 3, 1, 2).contiguous(memory_format=self._format)

    def _flattened(self, maps: Tensor) -> Tensor:
        """(samples, seeds·channels, n, n) as (seeds, samples, n·n·channels)."""
        samples, width, rows, columns = maps.shape
        parts = maps.permute(0, 2, 3, 1).view(samples, rows, columns, self.seeds, width // self.seeds)
        return parts.permute(3, 0, 1, 2, 4).reshape(self.seeds, samples, -1)

    def _unflattened(self, flat: Tensor) -> Tensor:
        """The inverse of ``_flattened``."""
        side = self.architecture.last_side
        return self._arranged(flat.reshape(self.seeds, flat.shape[1], side, side, -1))

    def _forward(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor, list[tuple[Tensor, ...]]]:
        """Answers, hidden units, flattened maps, and of every convolution its input, its output and the pooling."""
        rectified = self.architecture.rectified
        kept: list[tuple[Tensor, ...]] = []
        for layer in range(CONVOLUTIONS):
            output = self._convolved(layer, maps)
            if rectified and layer in POOLED:
                # ReLU after the pooling gives the same as before it, on a quarter of the values.
                pooled, chosen = torch.ops.aten.max_pool2d_with_indices(output, _POOL, _POOL)
                kept.append((maps, pooled.relu_(), output, chosen))
                maps = pooled
            else:
                kept.append((maps, output.relu_() if rectified else output))
                maps = output
        flat = self._flattened(maps)
        answers, hidden = self._dense(flat)
        return answers, hidden, flat, kept

    def _convolved(self, layer: int, maps: Tensor) -> Tensor:
        kernel, bias = self._parameters[f"kernel_{layer}"], self._parameters[f"kernel_bias_{layer}"]
        return torch.conv2d(maps, kernel, bias, padding=_PAD, groups=self.seeds)

    def _dense(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Answers and hidden units."""
        parameters = self._parameters
        hidden = torch.baddbmm(parameters["dense_bias_0"], flat, parameters["dense_0"].transpose(1, 2))
        if self.architecture.rectified:
            hidden.relu_()
        return torch.baddbmm(parameters["dense_bias_1"], hidden, parameters["dense_1"].transpose(1, 2)), hidden

    def _backward(self, gradient: Tensor, hidden: Tensor, flat: Tensor, kept: list[tuple[Tensor, ...]]) -> None:
        """Step against the gradient, given that of the loss with respect to the answers."""
        rectified = self.architecture.rectified
        before = gradient @ self._parameters["dense_1"]
        self._step_dense(1, gradient, hidden)
        gradient = _rectified_gradient(before, hidden) if rectified else before
        before = gradient @ self._parameters["dense_0"]
        self._step_dense(0, gradient, flat)
        gradient = self._unflattened(before)
        gradients: dict[str, Tensor] = {}
        for layer in reversed(range(CONVOLUTIONS)):
            maps, output, *pooling = kept[layer]
            if rectified:
                gradient = _rectified_gradient(gradient, output)
            # A pooled gradient has the sum of the one before the pooling, on fewer values.
            gradients[f"kernel_bias_{layer}"] = gradient.permute(0, 2, 3, 1).reshape(-1, gradient.shape[1]).sum(dim=0)
            kernel = self._parameters[f"kernel_{layer}"]
            if pooling and self._visits_chosen:
                gradient, gradients[f"kernel_{layer}"] = pooled_gradients.gradients(gradient, pooling[1], maps, kernel)
                continue
            if pooling:
                gradient = torch.ops.aten.max_pool2d_with_indices_backward(
                    gradient, pooling[0], _POOL, _POOL, _NONE, _ONE, False, pooling[1]
                )
            gradient, gradients[f"kernel_{layer}"] = self._convolution_gradients(
                gradient, maps, kernel, (layer > 0, True)
            )
        torch._foreach_add_([self._parameters[name] for name in gradients], list(gradients.values()), alpha=-self._rate)

    def _step_dense(self, layer: int, gradient: Tensor, inputs: Tensor) -> None:
        self._parameters[f"dense_{layer}"].baddbmm_(gradient.transpose(1, 2), inputs, alpha=-self._rate)
        self._parameters[f"dense_bias_{layer}"].sub_(gradient.sum(dim=1, keepdim=True), alpha=self._rate)

    def _convolution_gradients(
        self, gradient: Tensor, maps: Tensor, kernel: Tensor, wanted: tuple[bool, bool]
    ) -> tuple[Tensor, Tensor]:
        """The gradients with respect to a convolution's input and kernel, those that are wanted."""
        before, step, _ = torch.ops.aten.convolution_backward(
            gradient, maps, kernel, None, _ONE, _PAD, _ONE, False, _NONE, self.seeds, [*wanted, False]
        )
        return before, step


def _rectified_gradient(gradient: Tensor, output: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(gradient, output, 0)


def _pooled(maps: Tensor) -> Tensor:
    """2x2 max-pooling without the indices that a backward pass needs, three times as fast."""
    rows, columns = (side // 2 * 2 for side in maps.shape[-2:])
    over_rows = torch.maximum(maps[:, :, 0:rows:2], maps[:, :, 1:rows:2])
    return torch.maximum(over_rows[..., 0:columns:2], over_rows[..., 1:columns:2])
