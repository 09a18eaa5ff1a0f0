"""PyTorch, one sample at a time: eager as in ``pytorch_eager``, eager with transforms, and ``torch.compile``."""

from __future__ import annotations

import time

import torch

from benchmarks import pytorch_eager


def linear_cnn_eager(problem):
    def run(order):
        start = time.perf_counter()
        kernel, _ = pytorch_eager.train_linear_cnn(
            problem.first, problem.second, problem.inputs, problem.labels, order, learning_rate=problem.rate
        )
        return time.perf_counter() - start, kernel

    return run


def linear_fcnn_eager(problem):
    def run(order):
        start = time.perf_counter()
        first, _ = pytorch_eager.train_linear_fcnn(
            problem.first, problem.second, problem.vectors, problem.labels, order, learning_rate=problem.rate
        )
        return time.perf_counter() - start, first

    return run


def on_one_thread(contestant):
    """The same contestant without the cost, and the use, of PyTorch's other threads."""

    def make(problem):
        run = contestant(problem)

        def alone(order):
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return run(order)
            finally:
                torch.set_num_threads(threads)

        return alone

    return make


def _loop(problem, samples, loss, compiled):
    """A contestant from ``loss(first, second, sample, target)``."""
    samples, targets = torch.as_tensor(samples), torch.as_tensor(problem.targets)

    def step(first, second, sample, target):
        gradients = torch.autograd.grad(loss(first, second, sample, target), (first, second))
        with torch.no_grad():
            first -= problem.rate * gradients[0]
            second -= problem.rate * gradients[1]

    def compiled_step():
        gradients = torch.func.grad(loss, argnums=(0, 1))

        def step(first, second, sample, target):
            of_first, of_second = gradients(first, second, sample, target)
            first -= problem.rate * of_first
            second -= problem.rate * of_second

        return torch.compile(step, fullgraph=True, dynamic=False)

    update = compiled_step() if compiled else step

    def run(order):
        first, second = (torch.tensor(layer, requires_grad=not compiled) for layer in (problem.first, problem.second))
        start = time.perf_counter()
        for sample in order:
            update(first, second, samples[sample], targets[sample])
        return time.perf_counter() - start, first.detach().numpy()

    return run


def _convolution_loss(problem):
    side = problem.side

    def loss(kernel, readout, sample, target):
        padded = torch.nn.functional.pad(sample[None], (side - 1, 0, side - 1, 0), mode="circular")
        hidden = torch.nn.functional.conv2d(padded, kernel.flip(-2, -1)[None])
        return 0.5 * ((target - readout.flatten(1) @ hidden.reshape(-1)) ** 2).sum()

    return loss


def _transform_loss(problem):
    plane = (problem.side, problem.side)

    def loss(kernel, readout, spectrum, target):
        hidden = torch.fft.irfft2((torch.fft.rfft2(kernel) * spectrum).sum(dim=0), s=plane)
        return 0.5 * ((target - readout.flatten(1) @ hidden.flatten()) ** 2).sum()

    return loss


def linear_cnn_eager_rfft2(problem):
    spectra = torch.fft.rfft2(torch.as_tensor(problem.inputs))
    return _loop(problem, spectra, _transform_loss(problem), compiled=False)


def linear_cnn_compiled(problem):
    return _loop(problem, problem.inputs, _convolution_loss(problem), compiled=True)


def linear_fcnn_compiled(problem):
    def loss(first, second, sample, target):
        return 0.5 * ((target - second @ (first @ sample)) ** 2).sum()

    return _loop(problem, problem.vectors, loss, compiled=True)
