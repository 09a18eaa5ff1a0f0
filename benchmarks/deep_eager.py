"""The plain way: the deep networks as modules, ``torch.optim.SGD``, autograd, and forward passes to measure them.

Independent of the engine. It holds all images as float32 in memory, in PyTorch's own layout, and needs no data loader.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

CHUNK = 100


def network(shapes):
    """The network of App. K as a sequence of modules, of an ``Architecture``."""
    rectified, channels = shapes.rectified, shapes.channels
    layers = []
    for layer in range(4):
        layers.append(nn.Conv2d(channels if layer else shapes.input_channels, channels, 3, padding=1))
        if rectified:
            layers.append(nn.ReLU())
            if layer in (1, 3):
                layers.append(nn.MaxPool2d(2))
    last_side = shapes.side // 4 if rectified else shapes.side
    layers += [nn.Flatten(), nn.Linear(channels * last_side**2, shapes.hidden_units)]
    if rectified:
        layers.append(nn.ReLU())
    layers.append(nn.Linear(shapes.hidden_units, shapes.classes))
    return nn.Sequential(*layers)


def operations_per_batch(shapes, batch):
    """Multiplications and additions of the plain algorithm, forward and back, without the images' own gradient."""
    total, side, inputs = 0, shapes.side, shapes.input_channels
    for layer in range(4):
        products = 2 * batch * side**2 * 9 * inputs * shapes.channels
        total += products * (3 if layer else 2)
        inputs = shapes.channels
        if shapes.rectified and layer in (1, 3):
            side //= 2
    hidden = shapes.hidden_units
    return total + 3 * 2 * batch * (shapes.channels * side**2 * hidden + hidden * shapes.classes)


def load(model, weights):
    """Give the modules the weights of a trajectory file, whose first dense layer counts its inputs channels last."""
    convolutions = [module for module in model if isinstance(module, nn.Conv2d)]
    dense = [module for module in model if isinstance(module, nn.Linear)]
    with torch.no_grad():
        for kind, modules in (("kernel", convolutions), ("dense", dense)):
            for layer, module in enumerate(modules):
                values = torch.tensor(weights[f"{kind}_{layer}"])
                if kind == "dense" and layer == 0:
                    channels = convolutions[0].out_channels
                    last_side = round((values.shape[1] / channels) ** 0.5)
                    values = values.view(-1, last_side, last_side, channels).permute(0, 3, 1, 2).flatten(1)
                module.weight.copy_(values)
                module.bias.copy_(torch.tensor(weights[f"{kind}_bias_{layer}"]))
    return model


def train(model, inputs, labels, order, *, learning_rate, classes):
    """One step of SGD for each row of `order`, shape (updates, batch)."""
    targets = torch.eye(classes, device=inputs.device)[labels]
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    criterion = nn.MSELoss()
    for batch in order:
        optimizer.zero_grad()
        criterion(model(inputs[batch]), targets[batch]).backward()
        optimizer.step()


def predict(model, inputs, chunk=CHUNK):
    """Answers ŷ, shape (samples, p)."""
    with torch.no_grad():
        return torch.cat([model(part) for part in inputs.split(chunk)])


def evaluate(model, train_samples, test_samples, left, right):
    """Train loss, test loss and Ω = Uᵀ ⟨ŷ xᵀ⟩ V; samples are pairs of inputs and labels."""
    losses = []
    for inputs, labels in (train_samples, test_samples):
        answers = predict(model, inputs)
        losses.append(
            nn.functional.mse_loss(answers, torch.eye(answers.shape[1], device=answers.device)[labels]).item()
        )
        if inputs is train_samples[0]:
            vectors = inputs.flatten(1).cpu().numpy()
            output_input = answers.cpu().numpy().T @ vectors / len(vectors)
    return losses[0], losses[1], np.asarray(left.T @ output_input @ right)
