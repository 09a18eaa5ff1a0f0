"""Runge–Kutta steps of the linear FCNN's gradient flow that never hold a derivative of the first layer.

dW1/dt = W2ᵀ R has rank p, and so has every stage of a step. Kept are the factors (W2, R) of each: what a stage needs of
W1 are its products with p rows, and those with W1 plus a sum of stages are a product with W1 and small ones. A step
reads W1 from the second cache a few times, where seven derivatives of its size would not stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import RK45

from learning_dynamics.numerics.compilation import compiled
from learning_dynamics.numerics.correlations import FloatArray

# As in SciPy, whose steps these are.
_SAFETY, _SMALLEST_FACTOR, _LARGEST_FACTOR = 0.9, 0.2, 10.0


class FactoredRK45(RK45):  # type: ignore[misc]  # SciPy has no types
    """``scipy.integrate.RK45`` for dW1/dt = W2ᵀ R, dW2/dt = R W1ᵀ with R = λ(T − W2 W1 Λ) (Eqs. 19 and 20).

    The same steps to rounding. The state is W1 (hidden, directions) and after it W2 (p, hidden), in one vector.

    Args:
        derivative: of the whole state, for the first step size.
        start: the state at the first sample.
        target: λT, shape (p, directions).
        eigenvalues: λΛ, shape (directions,).
        settings: the further arguments of ``RK45``.
    """

    t: float
    y: FloatArray
    h_abs: float

    def __init__(
        self,
        derivative: Callable[[float, FloatArray], FloatArray],
        start: FloatArray,
        target: FloatArray,
        eigenvalues: FloatArray,
        **settings: Any,
    ) -> None:
        super().__init__(derivative, y0=start, **settings)
        self._target, self._eigenvalues = target, eigenvalues
        classes, directions = target.shape
        self._hidden = len(start) // (directions + classes)
        stages = self.n_stages + 1
        self._seconds = np.empty((stages, classes, self._hidden))
        self._residuals = np.empty((stages, classes, directions))
        self._second_changes = np.empty((stages, classes, self._hidden))
        self._keep(0, *self._layers(self.y))

    def _layers(self, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        classes, directions = self._target.shape
        size = self._hidden * directions
        return state[:size].reshape(-1, directions), state[size:].reshape(classes, -1)

    def _keep(self, stage: int, first: FloatArray, second: FloatArray) -> None:
        """The factors of the derivative at some layers."""
        self._seconds[stage] = second
        np.subtract(self._target, (second @ first) * self._eigenvalues, out=self._residuals[stage])
        np.matmul(self._residuals[stage], first.T, out=self._second_changes[stage])

    def _keep_inner(self, stage: int, step: float, first: FloatArray, second: FloatArray) -> None:
        """The factors of the derivative at a stage inside a step that starts from some layers."""
        weights = step * self.A[stage, :stage]
        moved = second + np.tensordot(weights, self._second_changes[:stage], axes=1)
        seconds, residuals = self._stacked(self._seconds[:stage]), self._stacked(self._residuals[:stage])
        weights = np.repeat(weights, len(second))
        answers = moved @ first
        answers += ((moved @ seconds.T) * weights) @ residuals
        residual = np.subtract(self._target, answers * self._eigenvalues, out=self._residuals[stage])
        changes = np.matmul(residual, first.T, out=self._second_changes[stage])
        changes += ((residual @ residuals.T) * weights) @ seconds
        self._seconds[stage] = moved

    def _sum(self, weights: FloatArray, state: FloatArray) -> FloatArray:
        """The sum of the derivatives at the first stages, with some weights, into `state`."""
        stages = len(weights)
        first, second = self._layers(state)
        weighted = (weights[:, None, None] * self._seconds[:stages]).reshape(-1, self._hidden)
        np.matmul(weighted.T, self._stacked(self._residuals[:stages]), out=first)
        np.einsum("s,sih->ih", weights, self._second_changes[:stages], out=second)
        return state

    @staticmethod
    def _stacked(factors: FloatArray) -> FloatArray:
        return factors.reshape(-1, factors.shape[-1])

    def _step_impl(self) -> tuple[bool, str | None]:
        first, second = self._layers(self.y)
        shortest = 10 * np.abs(np.nextafter(self.t, np.inf) - self.t)
        length, rejected = max(self.h_abs, shortest), False
        while True:
            if length < shortest:
                return False, self.TOO_SMALL_STEP
            end = min(self.t + length, self.t_bound)
            length = end - self.t
            for stage in range(1, self.n_stages):
                self._keep_inner(stage, length, first, second)
            state = self._sum(length * self.B, np.empty_like(self.y))
            state += self.y
            self._keep(self.n_stages, *self._layers(state))
            self.nfev += self.n_stages
            # The stages' own memory is not needed otherwise.
            error = self._sum(length * self.E, self.K[0])
            deviation = np.sqrt(_squared_error(error, self.y, state, self.atol, self.rtol) / len(error))
            if deviation < 1:
                break
            # Also what is not a number shortens the step.
            factor = _SAFETY * deviation**self.error_exponent if np.isfinite(deviation) else 0.0
            length *= max(_SMALLEST_FACTOR, factor)
            rejected = True
        factor = _LARGEST_FACTOR if deviation == 0 else _SAFETY * deviation**self.error_exponent
        self.h_previous, self.y_old = length, self.y
        self.h_abs = length * min(1.0 if rejected else _LARGEST_FACTOR, factor)
        self.t, self.y = end, state
        for kept in (self._seconds, self._residuals, self._second_changes):
            kept[0] = kept[-1]
        return True, None


@compiled(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _squared_error(error, before, after, absolute, relative):  # type: ignore[no-untyped-def]
    """‖error / (absolute + relative · the larger magnitude)‖² in one pass."""
    total = 0.0
    for i in range(error.size):
        scaled = error[i] / (absolute + relative * max(abs(before[i]), abs(after[i])))
        total += scaled * scaled
    return total
