"""One function per measurement: results in, one value per trial out.

A trial in which the event that is measured did not happen, such as a discovery, has no value (NaN). What a network does
before it has learned anything says nothing about how it learns: trajectories count from those trials that discover mode
0, and what is measured of final weights from those that discover every mode. A new claim needs a function here only if
none of these measures what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.claims.ledger import MOST_WITHOUT, NotMeasuredError, jackknife
from learning_dynamics.engines.linear_cnn import Weights
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.numerics.discovery import discovery_times
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf
from learning_dynamics.theory import alignment, minimal_norm, sigmoid

# A frequency belongs to a mode if its |v̂^α_l| is above this share of the largest: below are errors of rounding.
_PRESENT = 1e-9


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


def sigmoid_error(results: Results, experiment: str, network: str) -> FloatArray:
    """Root mean square difference between a_α(t) and Eq. 22 relative to s_α, largest over the modes, per trial."""
    measured, predicted, singular_values = _sigmoids(results, experiment, network)
    learning = _discovering(results.experiment(experiment, network), network, [0])
    return _only(learning, _relative_error(measured - predicted, singular_values))


def sigmoid_error_of_mean(results: Results, experiment: str, network: str) -> FloatArray:
    """The same for the means over the trials, which random draws jitter in time."""
    measured, predicted, singular_values = _sigmoids(results, experiment, network)

    learning = _discovering(results.experiment(experiment, network), network, [0])
    return _of_mean(learning, measured - predicted, singular_values)


def flow_error_of_mean(results: Results, experiment: str, network: str) -> FloatArray:
    """Root mean square difference between the trials' mean a_α(t) and the flow's, relative to s_α, largest mode."""
    found = results.experiment(experiment, network)
    _, measured = found.effective_singular_values(network)
    predicted = _flow(found, network)
    singular_values = found.decomposition.singular_values[found.modes]
    return _of_mean(_discovering(found, network, [0]), measured - predicted, singular_values)


def closed_form_against_flow(results: Results, experiment: str, variable: str) -> FloatArray:
    """Root mean square difference between a closed form of a_α(t) and the flow, relative to s_α, largest mode."""
    found = results.experiment(experiment, "linear_cnn")
    theory = found.theory("linear_cnn", ["effective_singular_values", variable])
    if variable not in theory:
        raise NotMeasuredError(f"the closed form '{variable}' does not apply to {experiment}")
    flow = np.einsum("stmm->stm", theory["effective_singular_values"].values)
    error = _relative_error(theory[variable].values - flow, found.decomposition.singular_values)
    return _only(_discovering(found, "linear_cnn", [0]), error)


def discovery_time_ratio(results: Results, experiment: str, modes: list[int], per: float = 1.0) -> FloatArray:
    """Discovery time of the CNN over that of the FCNN, mean over some modes, divided by `per`, per trial."""
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    ratio = _times(found, "linear_cnn", modes=modes) / _times(found, "linear_fcnn", modes=modes)
    return np.asarray(ratio.mean(axis=1) / per)


def smallest_delay(results: Results, experiment: str) -> FloatArray:
    """The least ratio of discovery times CNN/FCNN over the modes after mode 0, divided by that of mode 0."""
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    ratio = _times(found, "linear_cnn") / _times(found, "linear_fcnn")
    return np.asarray((ratio[:, 1:] / ratio[:, :1]).min(axis=1))


def discovery_order(results: Results, experiment: str, network: str) -> FloatArray:
    """min_α t_{α+1}/t_α of the discovery times, above 1 if the modes come in order of s_α, per trial."""
    times = _times(results.experiment(experiment, network), network)
    return np.asarray((times[:, 1:] / times[:, :-1]).min(axis=1))


def transition_sharpness(results: Results, experiment: str, network: str, modes: list[int]) -> FloatArray:
    """Time from 0.1 s_α to 0.9 s_α over the time to s_α/2, largest of some modes, per trial."""
    found = results.experiment(experiment, network)
    early, half, late = (_times(found, network, share, modes) for share in (0.1, 0.5, 0.9))
    return np.asarray(((late - early) / half).max(axis=1))


def last_discovery_ratio(results: Results, experiment: str) -> FloatArray:
    """When the CNN has found every mode over when the FCNN has, per trial."""
    found = results.experiment(experiment, "linear_cnn", "linear_fcnn")
    return np.asarray(_times(found, "linear_cnn").max(axis=1) / _times(found, "linear_fcnn").max(axis=1))


def network_delay(results: Results, experiment: str, early: str, late: str) -> FloatArray:
    """Discovery time of one network over that of another, least of the modes, per trial."""
    found = results.experiment(experiment, early, late)
    return np.asarray((_times(found, late) / _times(found, early)).min(axis=1))


def saturation_difference(results: Results, experiment: str, first: str, second: str) -> FloatArray:
    """|a_α(first) − a_α(second)|/s_α at the end, mean of the last tenth of the records, largest mode, per trial."""
    found = results.experiment(experiment, first, second)
    ends = []
    for network in (first, second):
        _, values = found.effective_singular_values(network)
        ends.append(values[:, -max(1, values.shape[1] // 10) :].mean(axis=1))
    learned = _discovering(found, first) & _discovering(found, second)
    difference = (np.abs(ends[0] - ends[1]) / found.decomposition.singular_values[found.modes]).max(axis=1)
    return _only(learned, difference)


def loss_ratio(results: Results, experiment: str, first: str, second: str, split: str) -> FloatArray:
    """Loss of the first network over that of the second at the end, per trial."""
    found = results.experiment(experiment, first, second)
    last = [found.trajectories(network, [f"{split}_loss"]).isel(sample=-1) for network in (first, second)]
    learned = _discovering(found, first) & _discovering(found, second)
    return _only(learned, (last[0][f"{split}_loss"] / last[1][f"{split}_loss"]).values)


def speed_up(results: Results) -> FloatArray:
    """Discovery time of the FCNN over that of the CNN at one λ, divided by n c_α; mean over sides and modes."""
    file = results.extension("scaling/side")
    return np.asarray(_scaling(file, "speed_up_ratio").mean(dim=("side", "mode")).values)


def scaling_value(
    results: Results, parameter: str, variable: str, select: Mapping[str, str] | None = None
) -> FloatArray:
    """A fitted number of the scaling runs, mean over what is not selected, per trial."""
    values = _scaling(results.extension(f"scaling/{parameter}"), variable).sel(select or {})
    others = [dimension for dimension in values.dims if dimension != "seed"]
    return np.asarray(values.mean(dim=others).values, dtype=float)


def participation(results: Results, experiment: str) -> FloatArray:
    """Participation ratio of the final |k̂|² over that of Σ_α |v̂^α|², per trial."""
    found = results.experiment(experiment, "linear_cnn")
    kernel = final_kernel(found) ** 2
    spectra = (mode_spectra(found) ** 2).sum(axis=0)
    ratio = alignment.participation_ratio(kernel) / alignment.participation_ratio(spectra)
    return _only(_discovering(found, "linear_cnn"), ratio)


def rank_correlation(results: Results, experiment: str) -> FloatArray:
    """Spearman's rank correlation of the final |k̂_l| with max_α |v̂^α_l| over the half plane, per trial."""
    found = results.experiment(experiment, "linear_cnn")
    side = found.data.shape[1]
    half = np.arange(side * side) <= fourier.mirror_index(side)
    strongest = mode_spectra(found).max(axis=0)[half]
    ranks = _ranks(strongest)
    # scipy.stats has this too, and takes 1.7 s to import, as long as all the rest of what measures claims (1.9 s).
    correlation = np.array([np.corrcoef(_ranks(kernel[half]), ranks)[0, 1] for kernel in final_kernel(found)])
    return _only(_discovering(found, "linear_cnn"), correlation)


def winners_error(results: Results, experiment: str) -> FloatArray:
    """‖|k̂| − predicted‖/‖predicted‖ over the frequencies of the modes at the end, per trial (Eqs. 23 and 24)."""
    found = results.experiment(experiment, "linear_cnn")
    theory = found.theory("linear_cnn", ["competition_final_kernel_magnitude"])
    if "competition_final_kernel_magnitude" not in theory:
        raise NotMeasuredError(f"the competition's closed form does not apply to {experiment}")
    predicted = theory["competition_final_kernel_magnitude"].values.reshape(len(theory["seed"]), -1)
    measured = np.where(predicted > 0, final_kernel(found), 0.0)
    error = np.linalg.norm(measured - predicted, axis=1) / np.linalg.norm(predicted, axis=1)
    return _only(_discovering(found, "linear_cnn"), error)


def minimal_norm_deviation(results: Results, experiment: str, condition: str) -> FloatArray:
    """A number of ``minimal_norm.Deviation`` for the weights at the end, in magnitude, per trial (S.73 to S.79)."""
    found = results.experiment(experiment, "linear_cnn")
    last = found.trajectories("linear_cnn", ["kernel", "readout"]).isel(snapshot_sample=-1)
    file, structure = found.structure, found.decomposition
    spectra = fourier.spectrum(file["right_singular_vectors"].values[:, 0])
    d = np.diagonal(file["input_correlation_in_modes"].values)
    deviations = [
        minimal_norm.deviation(Weights(kernel, readout), structure.left, structure.singular_values, d, spectra)
        for kernel, readout in zip(last["kernel"].values, last["readout"].values, strict=True)
    ]
    values = np.array([abs(getattr(deviation, condition)) for deviation in deviations])
    return _only(_discovering(found, "linear_cnn"), values)


def balance(results: Results, experiment: str, mode: int, share: float, frequencies: str) -> FloatArray:
    """|log(|B_αl|/|k̂_l|)| when a_α passes a share of s_α, largest of the mode's frequencies, per trial (Fig. S.2).

    Args:
        results: everything that can be measured.
        experiment: its name.
        mode: α.
        share: of s_α.
        frequencies: "strongest" for the mode's strongest frequency only, or "all".
    """
    found = results.experiment(experiment, "linear_cnn")
    runs = found.trajectories("linear_cnn", ["kernel_magnitude", "readout_magnitude"])
    side = found.data.shape[1]
    spectrum = mode_spectra(found)[mode]
    used = spectrum == spectrum.max() if frequencies == "strongest" else spectrum > _PRESENT * spectrum.max()
    times = _times(found, "linear_cnn", share, [mode])[:, 0]
    indices = _records_at(runs["sample"].values, times)
    kernel = np.sqrt((runs["kernel_magnitude"].values ** 2).sum(axis=2))[..., used.reshape(side, side)]
    readout = runs["readout_magnitude"].values[:, :, mode, used.reshape(side, side)]
    values = np.array([abs(np.log(readout[s, t] / kernel[s, t])).max() for s, t in enumerate(indices)])
    return _only(np.isfinite(times), values)


def largest_misalignment(results: Results, experiment: str, network: str) -> FloatArray:
    """Largest |Ω_αβ|/√(s_α s_β), α ≠ β, at any time, per trial (Fig. S.1)."""
    found = results.experiment(experiment, network)
    omega = found.trajectories(network, ["effective_singular_values"])["effective_singular_values"].values
    modes = found.modes
    omega = omega[:, :, modes][:, :, :, modes]
    largest = alignment.largest_off_diagonal(omega, found.decomposition.singular_values[modes]).max(axis=1)
    return _only(_discovering(found, network), largest)


def loss(results: Results, experiment: str, network: str, split: str, sample: int) -> FloatArray:
    """The mean square error at the record nearest to a sample, per trial."""
    found = results.experiment(experiment, network)
    runs = found.trajectories(network, [f"{split}_loss"])
    _within(runs["sample"].values, sample)
    values = runs[f"{split}_loss"].sel(sample=sample, method="nearest").values
    return _only(_discovering(found, network, [0]), values)


def share_learned(results: Results, experiment: str, network: str, sample: int) -> FloatArray:
    """a_α/s_α at the record nearest to a sample, least of the modes, per trial."""
    found = results.experiment(experiment, network)
    samples, values = found.effective_singular_values(network)
    _within(samples, sample)
    at = values[:, np.abs(samples - sample).argmin()]
    return np.asarray((at / found.decomposition.singular_values[found.modes]).min(axis=1))


def generalisation_gap(results: Results, experiment: str, network: str) -> FloatArray:
    """Test minus train loss at the end, per trial."""
    found = results.experiment(experiment, network)
    last = found.trajectories(network, ["train_loss", "test_loss"]).isel(sample=-1)
    return _only(_discovering(found, network), (last["test_loss"] - last["train_loss"]).values)


def cascade(results: Results, experiment: str, constant: bool) -> FloatArray:
    """How dominant the frequency that leads when mode 1 is found still is at the end: |k̂_l| over the largest.

    Args:
        results: everything that can be measured.
        experiment: its name.
        constant: whether the constant frequency, mode 0's strongest, may be the one that leads.
    """
    found = results.experiment(experiment, "linear_cnn")
    runs = found.trajectories("linear_cnn", ["kernel_magnitude"])
    magnitude = np.sqrt((runs["kernel_magnitude"].values ** 2).sum(axis=2))
    magnitude = magnitude.reshape(*magnitude.shape[:2], -1)
    times = _times(found, "linear_cnn", modes=[1])[:, 0]
    indices = _records_at(runs["sample"].values, times)
    first = 0 if constant else 1
    leaders = [first + int(magnitude[seed, index, first:].argmax()) for seed, index in enumerate(indices)]
    shares = np.array([magnitude[seed, -1, l] / magnitude[seed, -1].max() for seed, l in enumerate(leaders)])
    return _only(np.isfinite(times) & _discovering(found, "linear_cnn"), shares)


def share_in_structure(results: Results, experiment: str, network: str) -> FloatArray:
    """Share of the weights' power in the span of the right singular vectors at the end, per trial.

    FCNN: the kept rows of W1. CNN: the kernel as an image.
    """
    found = results.experiment(experiment, network)
    variable = {"linear_cnn": "kernel", "linear_fcnn": "first_layer"}[network]
    weights = found.trajectories(network, [variable])[variable].isel(snapshot_sample=-1).values
    width = found.decomposition.right.shape[0]
    rows = weights.reshape(len(weights), -1, width)
    inside = rows @ found.decomposition.right[:, found.modes]
    return _only(_discovering(found, network), (inside**2).sum(axis=(1, 2)) / (rows**2).sum(axis=(1, 2)))


def flipped_kernel_difference(results: Results) -> FloatArray:
    """‖k_correlation − flip(k_convolution)‖/‖k‖ after the same training, per trial (App. C.2)."""
    reference = results.extension("variants/circular")
    convolution = reference["final_kernel"].values[:, 0]
    correlation = results.extension("variants/correlation")["final_kernel"].values[:, 0]
    flipped = np.roll(convolution[:, ::-1, ::-1], (1, 1), axis=(1, 2))
    difference = np.linalg.norm(correlation - flipped, axis=(1, 2))
    learned = _enough(np.isfinite(reference["discovery_time"].values), "variant circular", "discovered")
    return _only(learned, difference / np.linalg.norm(flipped, axis=(1, 2)))


def variant_difference(results: Results, variant: str) -> FloatArray:
    """Root mean square difference of a_α(t) from the circular convolution's, relative to s_α, mean over modes."""
    reference, other = results.extension("variants/circular"), results.extension(f"variants/{variant}")
    curves = [np.einsum("stmm->stm", file["effective_singular_values"].values) for file in (reference, other)]
    relative = (curves[1] - curves[0]) / reference["singular_values"].values
    learned = _enough(np.isfinite(reference["discovery_time"].values[:, :1]), "variant circular", "discovered")
    return _only(learned, np.sqrt((relative**2).mean(axis=1)).mean(axis=1))


def _sigmoids(results: Results, experiment: str, network: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    found = results.experiment(experiment, network)
    samples, measured = found.effective_singular_values(network)
    singular_values = found.decomposition.singular_values
    learning_rate = getattr(found.settings.networks, network).learning_rate
    rate = learning_rate * np.ones(len(singular_values))
    if network == "linear_cnn":
        images = found.structure["right_singular_vectors"].values[:, 0]
        rate = rate * found.data.shape[1] * sigmoid.structural_factor(images)
    predicted = sigmoid.effective_singular_value(samples[:, None], measured[:, :1], singular_values, rate)
    return measured, predicted, singular_values


def _ranks(values: FloatArray) -> FloatArray:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, indices, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[indices])


def _relative_error(difference: FloatArray, singular_values: FloatArray) -> FloatArray:
    """Root mean square over time relative to s_α, then the largest mode; difference (…, samples, modes)."""
    return np.asarray((np.sqrt((difference**2).mean(axis=-2)) / singular_values).max(axis=-1))


def _flow(found: ExperimentResults, network: str) -> FloatArray:
    omega = found.theory(network, ["effective_singular_values"])["effective_singular_values"].values
    return np.einsum("stmm->stm", omega)[..., found.modes]


def _times(
    found: ExperimentResults, network: str, share: float = 0.5, modes: Sequence[int] | None = None
) -> FloatArray:
    """Times to a share of s_α, of some or all modes, shape (trials, modes); NaN where the run does not contain them.

    Raises:
        NotMeasuredError: too many trials do not get there with one of the modes.
    """
    samples, values = found.effective_singular_values(network)
    times = discovery_times(samples, values, found.decomposition.singular_values[found.modes], share)
    if modes is not None:
        times = times[:, list(modes)]
    event = "discovered" if share == 0.5 else f"learned to {share:g} of its singular value"
    _enough(np.isfinite(times), f"{network} on {found.name}", event, modes)
    return times


def _discovering(found: ExperimentResults, network: str, modes: Sequence[int] | None = None) -> npt.NDArray[np.bool_]:
    """Which trials discover some or all modes, shape (trials,); see ``_times``."""
    return np.asarray(np.isfinite(_times(found, network, modes=modes)).all(axis=1))


def _enough(
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


def _only(trials: npt.NDArray[np.bool_], values: npt.ArrayLike) -> FloatArray:
    """The values of some trials, NaN for the others."""
    return np.where(trials, np.asarray(values, dtype=np.float64), np.nan)


def _of_mean(trials: npt.NDArray[np.bool_], difference: FloatArray, singular_values: FloatArray) -> FloatArray:
    """The error of the mean over some trials, by jackknife; difference of shape (trials, samples, modes)."""

    def statistic(some: FloatArray) -> float:
        return float(_relative_error(some.mean(axis=0), singular_values))

    values = np.full(len(trials), np.nan)
    values[trials] = jackknife(statistic, difference[trials])
    return values


def _within(samples: FloatArray, sample: float) -> None:
    """Raises NotMeasuredError if a run ends before a sample."""
    if sample > samples[-1]:
        raise NotMeasuredError(f"the run ends after {samples[-1]:g} samples, before {sample:g}")


def _records_at(samples: FloatArray, times: FloatArray) -> npt.NDArray[np.intp]:
    """The first records at or after some times; the last one of a trial without a time."""
    return np.searchsorted(samples, times).clip(max=len(samples) - 1)


def mode_spectra(found: ExperimentResults) -> FloatArray:
    """|v̂^α| of the modes, root of the sum of squares over the channels, shape (modes, n²)."""
    spectra = found.structure["right_singular_spectra"].values[found.modes]
    return np.sqrt((spectra**2).sum(axis=(1, -1))).reshape(len(spectra), -1)


def final_kernel(found: ExperimentResults) -> FloatArray:
    """|k̂| at the end, root of the sum of squares over the channels, shape (trials, n²)."""
    last = found.final_kernel_magnitudes.astype(float)
    return np.sqrt((last**2).sum(axis=1)).reshape(len(last), -1)


def _scaling(file: xr.Dataset, variable: str) -> xr.DataArray:
    if variable not in file:
        raise NotMeasuredError(f"the scaling runs hold no '{variable}'")
    return file[variable]


MEASURES: dict[str, Callable[..., FloatArray]] = {
    function.__name__: function
    for function in (
        sigmoid_error,
        sigmoid_error_of_mean,
        flow_error_of_mean,
        closed_form_against_flow,
        discovery_time_ratio,
        smallest_delay,
        discovery_order,
        transition_sharpness,
        last_discovery_ratio,
        network_delay,
        saturation_difference,
        loss_ratio,
        speed_up,
        scaling_value,
        participation,
        rank_correlation,
        winners_error,
        minimal_norm_deviation,
        balance,
        largest_misalignment,
        loss,
        share_learned,
        generalisation_gap,
        cascade,
        share_in_structure,
        flipped_kernel_difference,
        variant_difference,
    )
}
