"""Linear CNNs of any padding by matrices: the plain reference of the fast engines.

The hidden layer is X_s k, linear in the kernel, with one n²×n² matrix X_s of shifted pixels for every image s.
"""

import numpy as np


def shift_matrices(images, padding, operation):
    """X_s with X_s k = k ∗ x_s for a kernel as large as the image, shape (images, n², n²) (Eqs. S.18 and S.20)."""
    number, side = len(images), images.shape[-1]
    place = np.arange(side)
    entry = place if operation == "convolution" else -place % side
    source = place[:, None] - ((entry + side // 2) % side - side // 2)
    inside = (source >= 0) & (source < side) if padding == "zero" else np.ones_like(source, dtype=bool)
    source %= side
    matrices = images[:, source[:, None, :, None], source[None, :, None, :]]
    matrices = np.where(inside[:, None, :, None] & inside[None, :, None, :], matrices, 0.0)
    return matrices.reshape(number, side * side, side * side)


def train(initial, images, labels, order, *, padding, operation, learning_rate):
    """Kernels (K, C, n, n), readouts (p, K, n, n), the sum of ‖y − ŷ‖², and the answers to all images at the end."""
    channels = [shift_matrices(images[:, channel], padding, operation) for channel in range(images.shape[1])]
    matrices = np.concatenate(channels, axis=-1)
    kernels = initial.kernels.reshape(len(initial.kernels), -1).copy()
    readouts = initial.readouts.reshape(len(initial.readouts), len(kernels), -1).copy()
    targets, total = np.eye(len(readouts)), 0.0
    for sample in order:
        hidden = kernels @ matrices[sample].T
        error = targets[labels[sample]] - np.tensordot(readouts, hidden, axes=2)
        total += error @ error
        back = np.tensordot(error, readouts, axes=1)
        readouts += learning_rate * error[:, None, None] * hidden
        kernels += learning_rate * back @ matrices[sample]
    answers = np.einsum("sij,kj,pki->sp", matrices, kernels, readouts, optimize=True)
    return kernels.reshape(initial.kernels.shape), readouts.reshape(initial.readouts.shape), total, answers
