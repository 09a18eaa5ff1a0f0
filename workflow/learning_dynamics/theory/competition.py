"""The competition between the kernel's frequencies (Pinson et al. 2023, Eqs. 23 and 24), solved exactly.

For modes that share no frequency, aligned and balanced, every frequency l of mode α obeys

    d|k̂_l|/dt = λ n |v̂^α_l| |k̂_l| (s_α − a_α),   a_α = n d_α Σ_m |v̂^α_m| |k̂_m|²

input, self-inhibition (m = l) and lateral inhibition (m ≠ l). The bracket is common to the mode, so that its
frequencies share one clock G_α = λ ∫ (s_α − a_α) dt and each |k̂_l| = |k̂_l|(0) exp(n |v̂^α_l| G_α). What is left is one
scalar equation per mode, and the winners follow from its root without integrating. Derivation: docs/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.numerics.fourier import ComplexArray


@dataclass(frozen=True)
class Mode:
    """One mode of the competition.

    singular_value: s_α.
    input_correlation: d_α.
    spectrum: |v̂^α_l| at the frequencies of the mode, both members of a conjugate pair, shape (frequencies,).
    initial: |k̂_l|(0) there, shape (frequencies,).
    side: n.
    """

    singular_value: float
    input_correlation: float
    spectrum: FloatArray
    initial: FloatArray
    side: int

    def kernel_magnitude(self, clock: FloatArray | float) -> FloatArray:
        """|k̂_l| = |k̂_l|(0) exp(n |v̂^α_l| G), shape (…, frequencies) for a clock of shape (…)."""
        return self.initial * np.exp(self.side * self.spectrum * np.asarray(clock)[..., None])

    def effective_singular_value(self, clock: FloatArray | float) -> FloatArray:
        """a_α = n d_α Σ_m |v̂^α_m| |k̂_m|², shape (…)."""
        squares = self.kernel_magnitude(clock) ** 2
        return self.side * self.input_correlation * np.asarray((self.spectrum * squares).sum(axis=-1))

    def final_clock(self) -> float:
        """G_α(∞), where a_α = s_α: who wins, without integrating."""
        start = self.effective_singular_value(0.0)
        if start < self.singular_value:
            # One frequency alone would be there at this clock, so that the root lies before it.
            strongest = int(np.argmax(self.spectrum * self.initial**2))
            share = self.side * self.input_correlation * self.spectrum[strongest] * self.initial[strongest] ** 2
            furthest = np.log(self.singular_value / share) / (2 * self.side * self.spectrum[strongest])
        else:
            # A mode that starts above s_α shrinks, and a_α at least as fast as with its weakest frequency alone.
            furthest = np.log(self.singular_value / start) / (2 * self.side * self.spectrum.min())
        return float(
            brentq(
                lambda clock: np.log(self.effective_singular_value(clock) / self.singular_value),
                *sorted((0.0, furthest * (1 + 1e-9))),
                xtol=1e-14,
            )
        )

    def winners(self) -> FloatArray:
        """|k̂_l| at the end of training (Pinson et al. 2023, Sec. 4), shape (frequencies,)."""
        return self.kernel_magnitude(self.final_clock())

    def clock(self, samples: FloatArray, learning_rate: float) -> FloatArray:
        """G_α(t) by dG/dt = λ (s_α − a_α(G)) at ascending times in samples, shape (samples,)."""
        solution = solve_ivp(
            lambda _, clock: learning_rate * (self.singular_value - self.effective_singular_value(clock)),
            (0.0, float(samples[-1])),
            [0.0],
            method="DOP853",
            t_eval=samples,
            rtol=1e-10,
            atol=1e-14,
        )
        return np.asarray(solution.y[0])


def frequencies_are_disjoint(right_spectra: ComplexArray, tolerance: float = 1e-9) -> bool:
    """Whether no frequency occurs in two modes, the condition of the closed form.

    Args:
        right_spectra: v̂^α, shape (modes, …).
        tolerance: magnitude below which a coefficient counts as absent.
    """
    present = np.abs(right_spectra.reshape(len(right_spectra), -1)) > tolerance
    return bool((present.sum(axis=0) <= 1).all())


def aligned_initial_magnitude(
    kernel_spectrum: ComplexArray, transfer: ComplexArray, right_spectrum: ComplexArray
) -> FloatArray:
    """The |k̂_l|(0) with which frequency l enters the competition after a small random start.

    While everything is small, k̂_l and w_l = conj(B_αl v̂^α_l)/|v̂^α_l| feed each other, dk̂_l/dt ∝ w_l and
    dw_l/dt ∝ k̂_l: their mean grows, their difference decays. What enters is |k̂_l + w_l|/2, and alignment and balance
    are that k̂_l = w_l from then on.

    Args:
        kernel_spectrum: k̂ at the start, shape (n, n).
        transfer: B_α = (Uᵀ W Q⁻¹)_α at the start, shape (n, n).
        right_spectrum: v̂^α, shape (n, n).

    Returns:
        Shape (n, n); 0 where v̂^α is.
    """
    magnitude = np.abs(right_spectrum)
    present = magnitude > 1e-9
    phase = np.where(present, right_spectrum / np.where(present, magnitude, 1.0), 0.0)
    return np.where(present, np.abs(kernel_spectrum + np.conj(transfer * phase)) / 2, 0.0)


def modes(
    singular_values: FloatArray,
    input_correlation: FloatArray,
    right_spectra: ComplexArray,
    initial: FloatArray,
) -> list[Mode]:
    """The competition of every mode.

    Args:
        singular_values: s_α, shape (modes,).
        input_correlation: d_α, shape (modes,).
        right_spectra: v̂^α of a one-channel data set, shape (modes, n, n).
        initial: |k̂_l|(0) of every mode, shape (modes, n, n).
    """
    side = right_spectra.shape[-1]
    magnitudes = np.abs(right_spectra)
    return [
        Mode(float(s), float(d), magnitude[magnitude > 1e-9], start[magnitude > 1e-9], side)
        for s, d, magnitude, start in zip(singular_values, input_correlation, magnitudes, initial, strict=True)
    ]
