"""Gradient flow: the averaged equations of gradient descent, integrated for any data set (Eqs. 15, 16, 19 and 20).

Time is counted in samples: one update of stochastic gradient descent with learning rate λ advances the flow by one
sample. All trials are integrated together, because the product with Σxx is what costs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import DOP853, RK45, OdeSolver

from learning_dynamics.engines import linear_cnn, linear_fcnn
from learning_dynamics.errors import UserError
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.compilation import compiled
from learning_dynamics.numerics.correlations import Correlations, FloatArray, Structure
from learning_dynamics.theory.factored_steps import FactoredRK45
from learning_dynamics.theory.whole_networks import Factors, Spectra

RELATIVE_TOLERANCE = 1e-7
# Weights smaller than this, as at the start, are integrated to an absolute error of the tolerance times it.
SMALL_WEIGHT = 1e-3

# The most eigenvectors of Σxx that are kept apart.
DIRECTIONS = 256

# A state of so many bytes stays in the second cache together with its derivatives at all stages of a step.
_CACHED_BYTES = 2**17

# Multiplications in one evaluation of the flow: some thousand of these take about twenty minutes on one core.
_MOST_PRODUCTS = 4e9

Networks = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Solution:
    """What the flow predicts at each sample.

    whole: the networks M, as spectra for the CNN and in factors for the FCNN.
    final: weights of every trial at the last sample. Those of the FCNN are in another orthonormal basis of the hidden
        space (R in Pinson et al. 2023, Eq. 18), with few hidden units; the network and its flow do not depend on it.
    evaluations: of the right-hand side.
    """

    whole: Spectra | Factors
    final: list[linear_cnn.Weights] | list[linear_fcnn.Weights]
    evaluations: int

    @property
    def networks(self) -> FloatArray:
        """M, shape (trials, samples, p, CN)."""
        return self.whole.matrices


@dataclass(frozen=True)
class PrincipalDirections:
    """What flows keep of Σxx, which both networks of an experiment share.

    eigenvalues: shape (directions,), ascending.
    eigenvectors: shape (CN, directions).
    remaining_eigenvalue: mean of the others.
    """

    eigenvalues: FloatArray
    eigenvectors: FloatArray
    remaining_eigenvalue: float


def affordable(trials: int, classes: int, inputs: int) -> bool:
    """Whether a flow takes minutes rather than hours, by the operations of its product with Σxx."""
    return 2 * trials * classes * inputs * min(inputs, DIRECTIONS) <= _MOST_PRODUCTS


def linear_cnn_flow(
    initial: Sequence[linear_cnn.Weights],
    correlations: Correlations,
    structure: Structure,
    learning_rate: float,
    samples: FloatArray,
    *,
    relative_tolerance: float = RELATIVE_TOLERANCE,
    principal: PrincipalDirections | None = None,
) -> Solution:
    """Integrate the flow of the linear CNN from the trials' own weights (Pinson et al. 2023, Eqs. 15 and 16).

    With the residual Ê_c = Uᵀ(Σyx − M Σxx)_c Q⁻¹,

        dB/dt   = λ n Σ_c Ê_c diag(conj k̂_c)
        dk̂_c/dt = λ n Σ_α conj(B_α) Ê_c,α

    which for Σxx = V Δ Vᵀ are Eqs. 15 and 16. Valid for any side and number of channels. The flow conserves
    Σ_c |k̂_c,l|² − Σ_α |B_αl|² at every frequency l.

    Σxx acts through the spectra of its eigenvectors. Where it has a rank above their number the result is approximate:
    the eigenvectors with the largest eigenvalues are kept, the other eigenvalues replaced by their mean.

    Args:
        initial: weights of every trial.
        correlations: training averages; a product with Σxx costs 4·trials·p·CN·directions operations.
        structure: gives the basis U.
        learning_rate: λ.
        samples: times at which the solution is wanted, ascending from its start.
        relative_tolerance: local error of the solver per step.
        principal: the eigenvectors of Σxx to keep; by default they are computed.

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
        # Otherwise what rounding adds beyond real images could grow: it has no part in the answers that would stop it.
        rows = fourier.hermitian_half(rows, side)
        return rows[:, :channels], rows[:, channels:]

    # All spectra are conjugated, so that none has to be on the way.
    kept = principal or principal_directions(correlations.input)
    rest = kept.remaining_eigenvalue
    images = np.ascontiguousarray(kept.eigenvectors.T).reshape(-1, channels, side, side)
    spectra = np.conj(fourier.half_spectrum(images))
    weighted = (side * fourier.half_plane_weights(side) * spectra).reshape(len(spectra), -1).view(float).T.copy()
    answering = ((kept.eigenvalues - rest)[:, None, None, None] * spectra).reshape(len(spectra), -1).view(float)
    target_spectra = np.conj(fourier.half_spectrum(target))

    # Of a megabyte each at CIFAR-4 size: to ask for new memory every time takes as long as to fill it.
    network, answers = (np.empty((trials, classes, channels, side, columns), complex) for _ in range(2))
    network_rows, answer_rows = (part.reshape(trials * classes, -1).view(float) for part in (network, answers))

    def derivative(_: float, state: FloatArray) -> FloatArray:
        kernel, transfer = unpack(state)
        np.multiply(transfer[:, :, None], kernel[:, None], out=network)
        np.matmul(network_rows @ weighted, answering, out=answer_rows)
        return pack(*_changes(kernel, transfer, network, answers, target_spectra, rest * side, learning_rate * side))

    start = pack(
        np.stack([fourier.half_spectrum(weights.kernel) for weights in initial]),
        np.stack([np.tensordot(basis.T, np.conj(fourier.half_spectrum(w.readout)), axes=1) for w in initial]),
    )
    kernels = np.empty((trials, len(samples), channels, side, columns), complex)
    transfers = np.empty((trials, len(samples), classes, side, columns), complex)

    def observe(index: int, state: FloatArray) -> None:
        kernels[:, index], transfers[:, index] = unpack(state)

    method = RK45 if relative_tolerance >= RELATIVE_TOLERANCE else DOP853
    solver = functools.partial(method, derivative, y0=start)
    end, evaluations = _integrate(solver, samples, relative_tolerance, observe)
    last_kernels, last_transfers = unpack(end)
    readouts = np.conj(np.tensordot(last_transfers, basis, axes=(1, 1))).transpose(0, 3, 1, 2)
    return Solution(
        Spectra(kernels, transfers, basis, structure.left.shape[1]),
        [
            linear_cnn.Weights(fourier.image_from_half(kernel, side), fourier.image_from_half(readout, side))
            for kernel, readout in zip(last_kernels, readouts, strict=True)
        ],
        evaluations,
    )


@compiled()
def _changes(kernels, transfers, networks, answers, target, rest, rate):  # type: ignore[no-untyped-def]  # noqa: PLR0917 - compiled
    """dk̂/dt and dB/dt of every trial in one pass over the residuals, which would not stay in a cache."""
    kernel_changes, transfer_changes = np.zeros_like(kernels), np.zeros_like(transfers)
    trials, classes, channels, rows, columns = networks.shape
    for s in range(trials):
        for a in range(classes):
            for c in range(channels):
                for i in range(rows):
                    for j in range(columns):
                        residual = rate * (target[a, c, i, j] - answers[s, a, c, i, j] - rest * networks[s, a, c, i, j])
                        kernel_changes[s, c, i, j] += residual * np.conj(transfers[s, a, i, j])
                        transfer_changes[s, a, i, j] += residual * np.conj(kernels[s, c, i, j])
    return kernel_changes, transfer_changes


def linear_fcnn_flow(
    initial: Sequence[linear_fcnn.Weights],
    correlations: Correlations,
    learning_rate: float,
    samples: FloatArray,
    *,
    relative_tolerance: float = RELATIVE_TOLERANCE,
    principal: PrincipalDirections | None = None,
) -> Solution:
    """Integrate the flow of the linear FCNN from the trials' own weights (Pinson et al. 2023, Eqs. 19 and 20).

        dW1/dt = λ W2ᵀ E,  dW2/dt = λ E W1ᵀ,  E = Σyx − W2 W1 Σxx.

    The rows of E lie in the range of Σxx, so that W1 moves only along the eigenvectors of Σxx whose eigenvalue is not
    zero; the rest of W1 stays as it started. The columns of W1 along those eigenvectors and the rows of W2 span a part
    of the hidden space that they never leave, of at most directions + p dimensions. Both reductions are exact and make
    the integrated state small, whatever the hidden width. Only where Σxx has a rank above the directions' number is the
    result approximate: the eigenvectors with the largest eigenvalues are kept, and W1 along the others stays as it
    started.

    Args:
        initial: weights of every trial.
        correlations: training averages.
        learning_rate: λ.
        samples: times at which the solution is wanted, ascending from its start.
        relative_tolerance: local error of the solver per step.
        principal: the eigenvectors of Σxx to keep; by default they are computed.

    Raises:
        UserError: the solver could not go on; the learning rate or the initial weights are too large.
    """
    kept = principal or principal_directions(correlations.input)
    target = correlations.input_output @ kept.eigenvectors
    flows = [
        _linear_fcnn_flow(weights, kept, (target, learning_rate), samples, relative_tolerance) for weights in initial
    ]
    coefficients, still, final, evaluations = zip(*flows, strict=True)
    networks = Factors(coefficients, np.ascontiguousarray(kept.eigenvectors.T), still)
    return Solution(networks, list(final), sum(evaluations))


def _linear_fcnn_flow(
    initial: linear_fcnn.Weights,
    kept: PrincipalDirections,
    rising: tuple[FloatArray, float],
    samples: FloatArray,
    relative_tolerance: float,
) -> tuple[FloatArray, FloatArray, linear_fcnn.Weights, int]:
    """One trial: its state fits in a cache, that of all would not.

    Args:
        initial: its weights.
        kept: eigenvectors of Σxx.
        rising: Σyx along them, and λ.
        samples: times.
        relative_tolerance: local error of the solver per step.

    Returns:
        The whole networks' coefficients along the eigenvectors and the rows of what stays of W1, shape
        (samples, p, directions + hidden); these rows, shape (hidden, CN); the weights at the last sample; and how often
        the derivative was evaluated.
    """
    (target, learning_rate), eigenvalues, eigenvectors = rising, kept.eigenvalues, kept.eigenvectors
    first, second, still = _reduced(initial, eigenvectors)

    def unpack(state: FloatArray) -> tuple[FloatArray, FloatArray]:
        return state[: first.size].reshape(first.shape), state[first.size :].reshape(second.shape)

    def derivative(_: float, state: FloatArray) -> FloatArray:
        first_layer, second_layer = unpack(state)
        residual = learning_rate * (target - (second_layer @ first_layer) * eigenvalues)
        change = np.empty_like(state)
        first_change, second_change = unpack(change)
        np.matmul(second_layer.T, residual, out=first_change)
        np.matmul(residual, first_layer.T, out=second_change)
        return change

    coefficients = np.empty((len(samples), len(target), len(eigenvalues) + len(still)))

    def observe(index: int, state: FloatArray) -> None:
        first_layer, second_layer = unpack(state)
        np.matmul(second_layer, first_layer, out=coefficients[index, :, : len(eigenvalues)])
        coefficients[index, :, len(eigenvalues) :] = second_layer

    start = np.concatenate([first.ravel(), second.ravel()])
    method = RK45 if relative_tolerance >= RELATIVE_TOLERANCE else DOP853
    if method is RK45 and start.nbytes > _CACHED_BYTES:
        factors = (learning_rate * target, learning_rate * eigenvalues)
        solver = functools.partial(FactoredRK45, derivative, start, *factors)
    else:
        solver = functools.partial(method, derivative, y0=start)
    end, evaluations = _integrate(solver, samples, relative_tolerance, observe)
    first_layer, second_layer = unpack(end)
    final = linear_fcnn.Weights(first_layer @ eigenvectors.T + still, second_layer.copy())
    return coefficients, still, final, evaluations


def principal_directions(input_correlation: FloatArray, directions: int = DIRECTIONS) -> PrincipalDirections:
    """The largest eigenvalues of Σxx that are not zero, at most `directions`; about 10·(CN)³ operations."""
    from scipy.linalg import eigh

    width = len(input_correlation)
    values, vectors = eigh(input_correlation, subset_by_index=[max(0, width - directions), width - 1])
    present = values > 1e-12 * values[-1]
    values, vectors = values[present], vectors[:, present]
    others = width - len(values)
    remaining = max(0.0, float(np.trace(input_correlation) - values.sum())) / others if others else 0.0
    return PrincipalDirections(values, vectors, remaining)


@np.errstate(over="ignore", invalid="ignore")  # what overflows is reported as an error, in words
def _integrate(
    begin: Callable[..., OdeSolver],
    samples: FloatArray,
    relative_tolerance: float,
    observe: Callable[[int, FloatArray], None],
) -> tuple[FloatArray, int]:
    """Show the state at each of `samples`, with its index, to `observe`: the states themselves would not fit in memory.

    The methods are those of Dormand and Prince with error control, of fifth order and for tight tolerances of eighth.
    Every one of `samples` is the end of a step: where stability limits the steps, an interpolation between them is much
    less accurate than they are.

    Returns:
        The state at the last sample and how often the derivative was evaluated.
    """
    # A flow that needs steps shorter than one sample belongs to a learning rate at which the updates diverge.
    steps_left = 1000 + len(samples) + float(samples[-1] - samples[0])
    solver = begin(
        t0=float(samples[0]),
        t_bound=float(samples[-1]),
        rtol=relative_tolerance,
        atol=SMALL_WEIGHT * relative_tolerance,
    )
    observe(0, solver.y)
    for index, sample in enumerate(samples[1:], 1):
        solver.t_bound, solver.status = float(sample), "running"
        while solver.status == "running":
            # Equal steps up to the sample: a short last one would hold back those after it.
            remaining = solver.t_bound - solver.t
            if solver.h_abs > 0:
                solver.h_abs = remaining / np.ceil(remaining / solver.h_abs)
                message = solver.step()
            else:
                solver.status, message = "failed", None
            steps_left -= 1
            if solver.status == "failed" or not np.isfinite(solver.y).all() or steps_left < 0:
                raise UserError(
                    f"the gradient flow could not be integrated beyond sample {solver.t:.0f} "
                    f"({message or 'its steps became too short'}); "
                    "lower learning_rate or the standard deviation of the initial weights"
                )
        observe(index, solver.y)
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
