"""The plain way: the two-layer networks in PyTorch, one sample at a time, gradients by autograd.

Independent of the engines: the circular convolution is a ``conv2d`` over a circularly padded image.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional


def train_linear_cnn(kernel, readout, images, labels, order, *, learning_rate):
    """Kernel (C, n, n) and readout (p, n, n) after an update for each entry of `order`, in the arguments' precision."""
    side = kernel.shape[-1]
    classes = len(readout)
    kernel = torch.tensor(kernel, requires_grad=True)
    readout = torch.tensor(readout.reshape(classes, -1), requires_grad=True)
    samples = torch.tensor(images)
    targets = torch.eye(classes, dtype=kernel.dtype)
    for sample in order:
        padded = functional.pad(samples[sample][None], (side - 1, 0, side - 1, 0), mode="circular")
        hidden = functional.conv2d(padded, kernel.flip(-2, -1)[None])
        error = targets[labels[sample]] - readout @ hidden.reshape(-1)
        loss = 0.5 * (error**2).sum()
        gradients = torch.autograd.grad(loss, (kernel, readout))
        with torch.no_grad():
            kernel -= learning_rate * gradients[0]
            readout -= learning_rate * gradients[1]
    return kernel.detach().numpy(), readout.detach().numpy().reshape(classes, side, side)


def train_linear_fcnn(first, second, inputs, labels, order, *, learning_rate):
    """W1 (h, CN) and W2 (p, h) after an update for each entry of `order`, in the arguments' precision."""
    first = torch.tensor(first, requires_grad=True)
    second = torch.tensor(second, requires_grad=True)
    samples = torch.tensor(np.asarray(inputs))
    targets = torch.eye(len(second), dtype=first.dtype)
    for sample in order:
        error = targets[labels[sample]] - second @ (first @ samples[sample])
        loss = 0.5 * (error**2).sum()
        gradients = torch.autograd.grad(loss, (first, second))
        with torch.no_grad():
            first -= learning_rate * gradients[0]
            second -= learning_rate * gradients[1]
    return first.detach().numpy(), second.detach().numpy()
