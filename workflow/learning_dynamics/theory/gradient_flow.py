"""Gradient flow: the averaged equations of gradient descent, integrated for any data set (Eqs. 15, 16, 19 and 20).

Time is counted in samples: one update of stochastic gradient descent with learning rate λ advances the flow by one
sample. All trials are integrated together, because the product with Σxx is what costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import DOP853

from learning_dynamics import fourier
from learning_dynamics.correlations import Correlations, FloatArray, Structure
from learning_dynamics.errors import UserError
from learning_dynamics.networks import linear_cnn, linear_fcnn

RELATIVE_TOLERANCE = 1e-7
# Weights smaller than this, as at the start, are integrated to an absolute error of the tolerance times it.
SMALL_WEIGHT = 1e-3

# Multiplications in one evaluation of the flow: some thousand of these take about twenty minutes on one core.
_MOST_PRODUCTS = 4e9

Networks = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Solution:
    """What the flow predicts at each sample.

    networks: whole networks M, shape (trials, samples, p, CN).
    kernel_magnitude: |k̂_c,l| for the CNN, shape (trials, samples, C, n, n); None for the FCNN.
    readout_magnitude: |B_αl| for the CNN, shape (trials, samples, modes, n, n); None for the FCNN.
    final: weights of every trial at the last sample. Those of the FCNN are in another orthonormal basis of the hidden
        space (R in Pinson et al. 2023, Eq. 18), with few hidden units; the network and its flow do not depend on it.
    evaluations: of the right-hand side.
    """

    networks: FloatArray
    kernel_magnitude: FloatArray | None
    readout_magnitude: FloatArray | None
    final: list[linear_cnn.Weights] | list[linear_fcnn.Weights]
    evaluations: int


def affordable(trials: int, classes: int, inputs: int) -> bool:
    """Whether a flow takes minutes rather than hours, by the operations of its product with Σxx."""
    return trials * classes * inputs**2 <= _MOST_PRODUCTS


def linear_cnn_flow(
    initial: Sequence[linear_cnn.Weights],
    correlations: Correlations,
    structure: Structure,
    learning_rate: float,
    samples: FloatArray,
    relative_tolerance: float = RELATIVE_TOLERANCE,
) -> Solution:
    """Integrate the flow of the linear CNN from the trials' own weights (Pinson et al. 2023, Eqs. 15 and 16).

    With the residual Ê_c = Uᵀ(Σyx − M Σxx)_c Q⁻¹,

        dB/dt   = λ n Σ_c Ê_c diag(conj k̂_c)
        dk̂_c/dt = λ n Σ_α conj(B_α) Ê_c,α

    which for Σxx = V Δ Vᵀ are Eqs. 15 and 16. Valid for every Σxx, any side and number of channels. The flow conserves
    Σ_c |k̂_c,l|² − Σ_α |B_αl|² at every frequency l.

    Args:
        initial: weights of every trial.
        correlations: training averages; a product with Σxx costs 2·trials·p·(CN)² operations.
        structure: gives the basis U.
        learning_rate: λ.
        samples: times at which the solution is wanted, ascending from its start.
        relative_tolerance: local error of the solver per step.

    Raises:
        UserError: the solver could not go on; the learning rate or the initial weights are too large.
    """
    trials = len(initial)
    channels, side, _ = initial[0].kernel.shape
    classes = len(initial[0].readout)
    columns = side // 2 + 1
    # In the basis of all p left vectors nothing of the readout is lost, also where p exceeds the number of modes.
    basis = _complete(structure.left)
    target = (basis.T @ correlations.input_output).reshape(classes, channels, side, side)

    def pack(kernel: fourier.ComplexArray, transfer: fourier.ComplexArray) -> FloatArray:
        return np.concatenate([kernel.reshape(trials, -1), transfer.reshape(trials, -1)], axis=1).ravel().view(float)

    def unpack(state: FloatArray) -> tuple[fourier.ComplexArray, fourier.ComplexArray]:
        rows = np.ascontiguousarray(state).view(complex).reshape(trials, channels + classes, side, columns)
        return rows[:, :channels], rows[:, channels:]

    def networks(kernel: fourier.ComplexArray, transfer: fourier.ComplexArray) -> FloatArray:
        # The rows of M in the basis U have the spectra n conj(B k̂).
        return fourier.image_from_half(side * np.conj(transfer[:, :, None] * kernel[:, None]), side)

    def derivative(_: float, state: FloatArray) -> FloatArray:
        kernel, transfer = unpack(state)
        network = networks(kernel, transfer)
        answers = (network.reshape(trials * classes, -1) @ correlations.input).reshape(network.shape)
        residual = np.conj(fourier.half_spectrum(target - answers))
        rate = learning_rate * side
        return pack(
            rate * np.einsum("sacij,saij->scij", residual, np.conj(transfer)),
            rate * np.einsum("sacij,scij->saij", residual, np.conj(kernel)),
        )

    start = pack(
        np.stack([fourier.half_spectrum(weights.kernel) for weights in initial]),
        np.stack([np.tensordot(basis.T, np.conj(fourier.half_spectrum(w.readout)), axes=1) for w in initial]),
    )
    kernel_magnitude: list[FloatArray] = []
    readout_magnitude: list[FloatArray] = []
    matrices: list[FloatArray] = []

    def observe(state: FloatArray) -> None:
        kernel, transfer = unpack(state)
        kernel_magnitude.append(np.abs(fourier.full_from_half(kernel, side)))
        readout_magnitude.append(np.abs(fourier.full_from_half(transfer, side))[:, : structure.left.shape[1]])
        matrices.append(basis @ networks(kernel, transfer).reshape(trials, classes, -1))

    end, evaluations = _integrate(derivative, start, samples, relative_tolerance, observe)
    kernels, transfers = unpack(end)
    readouts = np.conj(np.tensordot(transfers, basis, axes=(1, 1))).transpose(0, 3, 1, 2)
    return Solution(
        np.stack(matrices, axis=1),
        np.stack(kernel_magnitude, axis=1),
        np.stack(readout_magnitude, axis=1),
        [
            linear_cnn.Weights(fourier.image_from_half(kernel, side), fourier.image_from_half(readout, side))
            for kernel, readout in zip(kernels, readouts, strict=True)
        ],
        evaluations,
    )


def linear_fcnn_flow(
    initial: Sequence[linear_fcnn.Weights],
    correlations: Correlations,
    learning_rate: float,
    samples: FloatArray,
    relative_tolerance: float = RELATIVE_TOLERANCE,
    directions: int = 256,
) -> Solution:
    """Integrate the flow of the linear FCNN from the trials' own weights (Pinson et al. 2023, Eqs. 19 and 20).

        dW1/dt = λ W2ᵀ E,  dW2/dt = λ E W1ᵀ,  E = Σyx − W2 W1 Σxx.

    The rows of E lie in the range of Σxx, so that W1 moves only along the eigenvectors of Σxx whose eigenvalue is not
    zero; the rest of W1 stays as it started. The columns of W1 along those eigenvectors and the rows of W2 span a part
    of the hidden space that they never leave, of at most directions + p dimensions. Both reductions are exact and make
    the integrated state small, whatever the hidden width. Only where Σxx has a rank above `directions` is the result
    approximate: the eigenvectors with the largest eigenvalues are kept, and W1 along the others stays as it started.

    Args:
        initial: weights of every trial.
        correlations: training averages; their decomposition costs about 10·(CN)³ operations.
        learning_rate: λ.
        samples: times at which the solution is wanted, ascending from its start.
        relative_tolerance: local error of the solver per step.
        directions: the most eigenvectors of Σxx to keep.

    Raises:
        UserError: the solver could not go on; the learning rate or the initial weights are too large.
    """
    eigenvalues, eigenvectors = principal_directions(correlations.input, directions)
    target = correlations.input_output @ eigenvectors
    reduced = [_reduced(weights, eigenvectors) for weights in initial]
    first, second, still = (np.stack(layers) for layers in zip(*reduced, strict=True))

    def unpack(state: FloatArray) -> tuple[FloatArray, FloatArray]:
        return state[: first.size].reshape(first.shape), state[first.size :].reshape(second.shape)

    def derivative(_: float, state: FloatArray) -> FloatArray:
        first_layer, second_layer = unpack(state)
        residual = target - (second_layer @ first_layer) * eigenvalues
        return learning_rate * np.concatenate(
            [
                (second_layer.swapaxes(1, 2) @ residual).ravel(),
                (residual @ first_layer.swapaxes(1, 2)).ravel(),
            ]
        )

    start = np.concatenate([first.ravel(), second.ravel()])
    matrices: list[FloatArray] = []

    def observe(state: FloatArray) -> None:
        first_layer, second_layer = unpack(state)
        matrices.append((second_layer @ first_layer) @ eigenvectors.T + second_layer @ still)

    end, evaluations = _integrate(derivative, start, samples, relative_tolerance, observe)
    final = [
        linear_fcnn.Weights(first_layer @ eigenvectors.T + rest, second_layer)
        for first_layer, second_layer, rest in zip(*unpack(end), still, strict=True)
    ]
    return Solution(np.stack(matrices, axis=1), None, None, final, evaluations)


def principal_directions(input_correlation: FloatArray, directions: int) -> tuple[FloatArray, FloatArray]:
    """The largest eigenvalues of Σxx that are not zero, at most `directions`, and their eigenvectors as columns."""
    from scipy.linalg import eigh

    width = len(input_correlation)
    values, vectors = eigh(input_correlation, subset_by_index=[max(0, width - directions), width - 1])
    present = values > 1e-12 * values[-1]
    return values[present], vectors[:, present]


@np.errstate(over="ignore", invalid="ignore")  # what overflows is reported as an error, in words
def _integrate(
    derivative: Callable[[float, FloatArray], FloatArray],
    start: FloatArray,
    samples: FloatArray,
    relative_tolerance: float,
    observe: Callable[[FloatArray], None],
) -> tuple[FloatArray, int]:
    """Show the state at each of `samples` to `observe`: the states themselves would not fit in memory.

    The method is the eighth-order one of Dormand and Prince with error control, its steps as long as accuracy allows.
    Between two steps the state is interpolated, which is less accurate where stability limits the steps: on a mode that
    has been learned an error of up to 2e-4 of s_α was seen at the default tolerance, and 4e-6 at the steps.

    Returns:
        The state at the last sample and how often the derivative was evaluated.
    """
    # A flow that needs steps shorter than one sample belongs to a learning rate at which the updates diverge.
    steps_left = 1000 + float(samples[-1] - samples[0])
    solver = DOP853(
        derivative,
        float(samples[0]),
        start,
        float(samples[-1]),
        rtol=relative_tolerance,
        atol=SMALL_WEIGHT * relative_tolerance,
    )
    observe(start)
    shown = 1
    while shown < len(samples):
        message = solver.step()
        steps_left -= 1
        if solver.status == "failed" or not np.isfinite(solver.y).all() or steps_left < 0:
            raise UserError(
                f"the gradient flow could not be integrated beyond sample {solver.t:.0f} "
                f"({message or 'its steps became too short'}); "
                "lower learning_rate or the standard deviation of the initial weights"
            )
        within = int(np.searchsorted(samples, solver.t, side="right"))
        if within > shown:
            interpolated = solver.dense_output()
            for sample in samples[shown:within]:
                observe(solver.y if sample == solver.t else interpolated(sample))
            shown = within
    return np.asarray(solver.y), int(solver.nfev)


def _complete(left: FloatArray) -> FloatArray:
    """U with orthonormal columns added until it is square."""
    classes, modes = left.shape
    if classes == modes:
        return left
    full, _ = np.linalg.qr(np.concatenate([left, np.eye(classes)], axis=1))
    return np.concatenate([left, full[:, modes:classes]], axis=1)


def _reduced(weights: linear_fcnn.Weights, eigenvectors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The layers in an orthonormal basis of the part of the hidden space in which they move.

    Returns:
        W1 along the eigenvectors (hidden, directions), W2 (p, hidden), and the rest of W1 (hidden, CN), which does not
        move but answers to inputs outside the eigenvectors.
    """
    first, second, whole = weights.first @ eigenvectors, weights.second, weights.first
    together = np.concatenate([first, second.T], axis=1)
    if together.shape[1] < len(together):
        basis, upper = np.linalg.qr(together)
        kept = first.shape[1]
        first, second, whole = upper[:, :kept], np.ascontiguousarray(upper[:, kept:].T), basis.T @ whole
    return first, second, whole - first @ eigenvectors.T
