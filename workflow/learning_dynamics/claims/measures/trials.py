"""What the measures look at, and which of the trials count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.claims.measures.registry import MOST_WITHOUT, NotMeasuredError
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.numerics.discovery import discovery_times
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf


@dataclass(frozen=True)
class Results:
    """Everything that can be measured.

    experiments: by name, those that were run.
    extensions: files of the runs beyond the paper's experiments, by name such as "scaling/side".
    """

    experiments: Mapping[str, ExperimentResults]
    extensions: Mapping[str, str]

    def experiment(self, name: str, *networks: str) -> ExperimentResults:
        """An experiment with trajectories of the networks asked for."""
        if name not in self.experiments:
            raise NotMeasuredError(f"the experiment {name} was not run")
        results = self.experiments[name]
        for network in networks:
            if network not in results.networks:
                raise NotMeasuredError(f"the experiment {name} has no {network}")
        return results

    def extension(self, name: str) -> xr.Dataset:
        """The file of a run beyond the paper's experiments."""
        if name not in self.extensions:
            raise NotMeasuredError(f"{name} was not run")
        return netcdf.read(self.extensions[name])


def times(found: ExperimentResults, network: str, share: float = 0.5, modes: Sequence[int] | None = None) -> FloatArray:
    """Times to a share of s_α, of some or all modes, shape (trials, modes); NaN where the run does not contain them.

    Raises:
        NotMeasuredError: too many trials do not get there with one of the modes, or there is no such mode.
    """
    samples, values = found.effective_singular_values(network)
    reached = discovery_times(samples, values, found.decomposition.singular_values[found.modes], share)
    if modes is not None:
        reached = reached[:, existing(found, modes)]
    event = "discovered" if share == 0.5 else f"learned to {share:g} of its singular value"
    enough(np.isfinite(reached), f"{network} on {found.name}", event, modes)
    return reached


def existing(found: ExperimentResults, modes: Sequence[int]) -> list[int]:
    """The modes themselves, if the data set has them all."""
    for mode in modes:
        if not 0 <= mode < len(found.modes):
            raise NotMeasuredError(f"{found.name} has the modes 0 to {len(found.modes) - 1}, and no mode {mode}")
    return list(modes)


def discovering(found: ExperimentResults, network: str, modes: Sequence[int] | None = None) -> npt.NDArray[np.bool_]:
    """Which trials discover some or all modes, shape (trials,); see ``times``."""
    return np.asarray(np.isfinite(times(found, network, modes=modes)).all(axis=1))


def enough(
    there: npt.NDArray[np.bool_], of: str, event: str, modes: Sequence[int] | None = None
) -> npt.NDArray[np.bool_]:
    """Which trials have the event for every mode, from (trials, modes).

    Raises:
        NotMeasuredError: more than a tenth of the trials are without it for one of the modes.
    """
    for mode, happened in zip(range(there.shape[1]) if modes is None else modes, there.T, strict=True):
        missing, trials = int((~happened).sum()), len(happened)
        if missing > MOST_WITHOUT * trials:
            raise NotMeasuredError(f"{of}: mode {mode} was not {event} in {missing} of {trials} trials")
    return np.asarray(there.all(axis=1))


def only(trials: npt.NDArray[np.bool_], values: npt.ArrayLike) -> FloatArray:
    """The values of some trials, shape (trials, …), NaN for the others."""
    array = np.asarray(values, dtype=np.float64)
    return np.where(trials.reshape(-1, *[1] * (array.ndim - 1)), array, np.nan)


def within(samples: FloatArray, sample: float) -> None:
    """Raises NotMeasuredError if a run ends before a sample."""
    if sample > samples[-1]:
        raise NotMeasuredError(f"the run ends after {samples[-1]:g} samples, before {sample:g}")


def records_at(samples: FloatArray, moments: FloatArray) -> npt.NDArray[np.intp]:
    """The first records at or after some times; the last one where there is no time."""
    return np.searchsorted(samples, moments).clip(max=len(samples) - 1)


def mode_spectra(found: ExperimentResults) -> FloatArray:
    """|v̂^α| of the modes, root of the sum of squares over the channels, shape (modes, n²)."""
    spectra = found.structure["right_singular_spectra"].values[found.modes]
    return np.sqrt((spectra**2).sum(axis=(1, -1))).reshape(len(spectra), -1)


def kernel_power(found: ExperimentResults) -> FloatArray:
    """|k̂_l|² of the linear CNN, summed over the channels, at every record, shape (trials, records, n²)."""
    magnitudes = found.trajectories("linear_cnn", ["kernel_magnitude"])["kernel_magnitude"].values
    power = np.einsum("stcij,stcij->stij", magnitudes, magnitudes, dtype=np.float64)
    return power.reshape(*power.shape[:2], -1)


def final_kernel(found: ExperimentResults) -> FloatArray:
    """|k̂| at the end, root of the sum of squares over the channels, shape (trials, n²)."""
    last = found.final_kernel_magnitudes.astype(float)
    return np.sqrt((last**2).sum(axis=1)).reshape(len(last), -1)
