"""Linear CNNs beyond the theory's one circular kernel: how far it carries (Sec. 1, App. C.2)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.config.extensions import Convolution
from learning_dynamics.engines import convolution_variants
from learning_dynamics.numerics import discovery, fits
from learning_dynamics.numerics.correlations import FloatArray, effective_singular_values
from learning_dynamics.numerics.losses import mean_square_error
from learning_dynamics.numerics.random_streams import Trial
from learning_dynamics.storage import netcdf, provenance
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training import loop
from learning_dynamics.training.task import Trials

_log = logging.getLogger(__name__)

_PACKAGES = ("numpy", "scipy", "numba", "xarray", "netCDF4")


def train(
    name: str, convolution: Convolution, trials: Trials, data: TrainingData, divergence_factor: float
) -> xr.Dataset:
    """All trainings of one variant, with the initial weights and samples of the experiment's own trials.

    One kernel, circular padding and convolution repeat the experiment's linear CNN. A correlation starts from the
    flipped kernel; the convolution is trained beside it on the same samples, and at the end the one's kernel must be
    the other's flipped, to rounding (Pinson et al. 2023, App. C.2, Eqs. S.20 to S.29).

    Args:
        name: of the variant.
        convolution: number of kernels, padding, operation.
        trials: of the experiment, which gives order, updates, records, λ and standard deviations of the linear CNN.
        data: of the experiment.
        divergence_factor: a sample's loss above this many times 1/p is a divergence.

    Returns:
        Ω, loss, final kernels and discovery times of every seed, of the modes that can be discovered; time in samples.

    Raises:
        DataError: there are too many or too large images.
        DivergenceError: the loss became infinite or far larger than at the start.
    """
    experiment = trials.settings
    model = experiment.networks.linear_cnn
    assert model is not None  # the configuration asks for it
    channels, side, _ = data.shape
    samples = np.array(experiment.record_samples())
    course = _Course(data, samples, model.rate, divergence_factor)
    runs, differences = [], []
    for seed in range(trials.seeds):
        streams = Trial(trials.root_seed, trials.name, seed)
        shape = (data.classes, convolution.kernels, channels, side)
        initial = convolution_variants.normal_weights(
            streams.stream("linear_cnn"), shape, model.std("kernel_std"), model.std("readout_std")
        )
        order = streams.sample_order(experiment.order, course.images).between(0, experiment.update_count)
        describe = f"variant '{name}', seed {seed}"
        run = course.run(initial, convolution.padding, "convolution", order, describe)
        if convolution.operation == "correlation":
            expected = convolution_variants.flipped(run.kernels)
            start = convolution_variants.Weights(convolution_variants.flipped(initial.kernels), initial.readouts)
            run = course.run(start, convolution.padding, "correlation", order, describe)
            differences.append(np.linalg.norm(run.kernels - expected) / np.linalg.norm(expected))
        runs.append(run)
        _log.info("%s, seed %d: %d updates", name, seed, experiment.update_count)
    relevant = {
        "variant": name,
        "convolution": convolution.model_dump(mode="json"),
        "seeds": trials.seeds,
        "root_seed": trials.root_seed,
        "experiment": trials.name,
        **experiment.model_dump(mode="json"),
    }
    return netcdf.dataset(
        _variables(course.structure.singular_values, samples, runs, np.array(differences)),
        {"sample": netcdf.variable(("sample",), samples, "training samples seen")},
        provenance.attributes(
            f"Variant {name} of the linear CNN on {trials.name}",
            "Pinson et al. 2023, Eqs. 4, 5, 8 and S.18 to S.29",
            relevant,
            _PACKAGES,
        ),
    )


def compare(files: Mapping[str, str], reference: str) -> xr.Dataset:
    """Every variant against the reference: discovery times, trajectories and losses, seed by seed.

    Args:
        files: of the variants, by name.
        reference: the name of the one they are compared with.

    Returns:
        Ratios and differences per variant, seed and mode, with their means and 95 % intervals over the seeds.

    Raises:
        DataError: a file is missing or damaged.
    """
    runs = {name: netcdf.read(path) for name, path in files.items()}
    limits = runs[reference]["singular_values"].values
    diagonals = {
        name: np.einsum("stmm->stm", run["effective_singular_values"].values) / limits for name, run in runs.items()
    }
    times = np.stack([run["discovery_time"].values for run in runs.values()], axis=1)
    ratios = times / runs[reference]["discovery_time"].values[:, None]
    errors = np.stack([diagonal - diagonals[reference] for diagonal in diagonals.values()], axis=1)
    losses = np.stack([run["train_loss"].values[:, -1] for run in runs.values()], axis=1)
    dimensions = ("variant", "mode")
    variables = (
        fits.summary("discovery_time", times, dimensions, "samples until a_α passes s_α/2")
        | fits.summary("discovery_time_ratio", ratios, dimensions, "discovery time over the reference's, same seed")
        | fits.summary(
            "difference",
            np.sqrt((errors**2).mean(axis=2)),
            dimensions,
            "root mean square of a_α minus the reference's of the same seed, relative to s_α",
        )
        | fits.summary("final_loss", losses, ("variant",), "mean square error at the end")
    )
    mean = np.stack([error.mean(axis=0) for error in errors.swapaxes(0, 1)])
    variables["mean_difference"] = netcdf.variable(
        dimensions, np.sqrt((mean**2).mean(axis=1)), "the difference of the means over the seeds"
    )
    return netcdf.dataset(
        variables,
        {"variant": netcdf.variable(("variant",), np.array(list(runs), dtype=object), "variant")},
        provenance.attributes(
            "Variants of the linear CNN against the reference",
            "Pinson et al. 2023, Sec. 1 and App. C.2",
            {"reference": reference, "variants": {name: run.attrs["settings"] for name, run in runs.items()}},
            _PACKAGES,
        )
        | {"reference": reference},
    )


@dataclass(frozen=True)
class _Run:
    """omega: Ω, shape (samples, modes, modes). loss: shape (samples,). kernels: at the end, shape (K, C, n, n)."""

    omega: FloatArray
    loss: FloatArray
    kernels: FloatArray


class _Trainee:
    """A variant's engine with the order of its samples, as the loop of all trainings takes them."""

    def __init__(
        self, engine: convolution_variants.Engine, labels: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> None:
        self.piece = len(order)
        self._engine, self._labels, self._order = engine, labels, order

    def advance(self, start: int, stop: int) -> tuple[int, float]:
        return self._engine.update(self._labels, self._order[start:stop])


class _Course:
    """The data, on which networks are trained, and what is recorded of them."""

    def __init__(
        self, data: TrainingData, samples: npt.NDArray[np.int64], learning_rate: float, error_limit: float
    ) -> None:
        split = data.images.split("train")
        self.images = len(split)
        self.structure = data.structure.leading(data.structure.discoverable.sum())
        self._averages = data.correlations["train"]
        self._inputs, self._labels = split.inputs(slice(None)), split.labels
        self._samples = samples
        self._learning_rate = learning_rate
        self._error_limit = error_limit
        # To bring the images into an engine's form takes longer than some trainings.
        self._engines: dict[convolution_variants.Layer, convolution_variants.Engine] = {}

    def run(
        self,
        initial: convolution_variants.Weights,
        padding: str,
        operation: str,
        order: npt.NDArray[np.int64],
        describe: str,
    ) -> _Run:
        """Train once."""
        layer = convolution_variants.Layer(padding, operation)
        if layer not in self._engines:
            self._engines[layer] = convolution_variants.engine(
                initial, self._inputs, layer, self._learning_rate, self._error_limit
            )
        engine = self._engines[layer]
        engine.start(initial)
        subject = loop.Subject(describe, len(self.structure.left), self._learning_rate)
        networks = np.stack(
            [
                convolution_variants.network_matrix(engine.weights(), layer)
                for _ in loop.course(_Trainee(engine, self._labels, order), self._samples.tolist(), subject)
            ]
        )
        return _Run(
            effective_singular_values(networks, self._averages, self.structure),
            mean_square_error(networks, self._averages),
            engine.weights().kernels,
        )


def _variables(
    limits: FloatArray, samples: npt.NDArray[np.int64], runs: Sequence[_Run], differences: FloatArray
) -> dict[str, xr.Variable]:
    """From the runs of all seeds and, for a correlation, how far its kernels are from the convolution's (seed,)."""
    omega = np.array([run.omega for run in runs])
    variables = {
        "effective_singular_values": netcdf.variable(
            ("seed", "sample", "left_mode", "right_mode"), omega, "effective singular values Ω = Uᵀ Σŷx V"
        ),
        "train_loss": netcdf.variable(
            ("seed", "sample"),
            np.array([run.loss for run in runs]),
            "mean square error over the p outputs and all training images",
        ),
        "final_kernel": netcdf.variable(
            ("seed", "kernel", "row", "column"),
            np.array([run.kernels.reshape(-1, *run.kernels.shape[2:]) for run in runs]),
            "kernels at the end, of every channel one after the other",
        ),
        "singular_values": netcdf.variable(("mode",), limits, "singular values s_α of Σyx"),
        "discovery_time": netcdf.variable(
            ("seed", "mode"),
            discovery.discovery_times(samples.astype(np.float64), np.einsum("stmm->stm", omega), limits),
            "samples until a_α passes s_α/2; NaN if not within the run",
        ),
    }
    if len(differences):
        variables["flip_difference"] = netcdf.variable(
            ("seed",),
            differences,
            "‖k − flipped k of the convolution‖/‖k‖ at the end, started from the flipped kernel, on the same samples",
        )
    return variables
