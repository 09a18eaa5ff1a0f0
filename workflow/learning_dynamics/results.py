"""The results of one experiment, read when a figure or a claim asks for them, and then kept unless they are large."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets import labelled_images
from learning_dynamics.errors import DataError
from learning_dynamics.numerics import discovery
from learning_dynamics.numerics.correlations import FloatArray, Structure
from learning_dynamics.storage import netcdf, recorded_settings
from learning_dynamics.structure import files as structure_files
from learning_dynamics.training import files as trajectory_files

if TYPE_CHECKING:
    from learning_dynamics.config.experiments import Experiment

# What every trajectory holds of every record in few bytes: read together, because opening files takes most of the time.
_CURVES = ("effective_singular_values", "train_loss", "test_loss")
# What was read and is not larger than this stays in memory for those who ask again; in bytes.
_KEPT = 2**24


@dataclass(frozen=True)
class ExperimentResults:
    """Files of one experiment and what is in them.

    name: of the experiment.
    configuration: its settings as plain data.
    dataset_file, structure_file: NetCDF files.
    trajectory_files: by network, one per seed.
    theory_files: by network, the predictions for all seeds.
    seeds: those of the trajectory files, for which predictions are read; all that there are if not given.
    """

    name: str
    configuration: Mapping[str, Any]
    dataset_file: str
    structure_file: str
    trajectory_files: Mapping[str, Sequence[str]]
    theory_files: Mapping[str, str]
    seeds: Sequence[int] | None = None

    @classmethod
    def from_files(cls, name: str, files: Mapping[str, Any]) -> Self:
        """From plain data, as passed to a job: the settings and where the files are.

        Raises:
            DataError: the file of the settings that were chosen is missing or damaged.
        """
        settings = files["settings"]
        if chosen := files.get("chosen_file"):
            # Slow to import, like the configuration below.
            from learning_dynamics.config import chosen_settings

            settings = chosen_settings.resolved_settings(settings, chosen)
        return cls(
            name,
            settings,
            files["dataset_file"],
            files["structure_file"],
            files["trajectory_files"],
            files["theory_files"],
            files["seeds"],
        )

    @functools.cached_property
    def settings(self) -> Experiment:
        """Its configuration."""
        from learning_dynamics.config.experiments import Experiment

        return Experiment.model_validate(self.configuration)

    @functools.cached_property
    def data(self) -> labelled_images.LabelledImages:
        """The images, which stay in the file until they are asked for."""
        return dataset_files.open_file(self.dataset_file)

    @functools.cached_property
    def structure(self) -> xr.Dataset:
        """The structure file's variables."""
        return structure_files.read_structure(self.structure_file)

    @functools.cached_property
    def decomposition(self) -> Structure:
        """U, S and V as arrays, vectors as columns."""
        return structure_files.structure_of(self.structure)

    @property
    def modes(self) -> list[int]:
        """The modes that can be discovered: those whose singular value is not zero."""
        return [int(mode) for mode in np.flatnonzero(self.decomposition.discoverable)]

    @property
    def networks(self) -> list[str]:
        """The networks with trajectories at hand."""
        return list(self.trajectory_files)

    @functools.cached_property
    def _kept(self) -> dict[tuple[str, ...], xr.Dataset]:
        return {}

    def _read_once(self, key: tuple[str, ...], read: Callable[[], xr.Dataset]) -> xr.Dataset:
        if key in self._kept:
            return self._kept[key]
        found = read()
        if found.nbytes <= _KEPT:
            self._kept[key] = found
        return found

    def trajectories(self, network: str, variables: Sequence[str]) -> xr.Dataset:
        """Some variables of all seeds of one network, with a leading dimension ``seed``; not to be changed.

        Raises:
            DataError: a file is missing, damaged, without one of the variables or made with other settings, or two were
                recorded at different samples.
        """
        files = self.trajectory_files[network]
        if not set(variables) <= set(_CURVES):
            key = ("trajectories", network, *variables)
            return self._read_once(
                key, lambda: trajectory_files.read_seeds(files, tuple(variables), settings=self.configuration)
            )
        curves = self._read_once(
            ("curves", network),
            lambda: trajectory_files.read_seeds(files, _CURVES[:-1], _CURVES[-1:], self.configuration),
        )
        for name in variables:
            if name not in curves:
                raise DataError(f"{files[0]}: not a trajectory file, '{name}' is missing; delete it and run again")
        return curves[list(variables)]

    def theory(self, network: str, variables: Sequence[str] | None = None) -> xr.Dataset:
        """The predictions for one network, or some of their variables; closed forms are there where they apply.

        What is a mean over the seeds is that of the first ``PAPER_TRIALS``.

        Raises:
            DataError: the file is missing, damaged, made with other settings or for fewer seeds.
        """
        path = self.theory_files[network]

        def read() -> xr.Dataset:
            found = netcdf.read(path, variables)
            recorded_settings.check(path, found.attrs["settings"], self.configuration)
            if self.seeds is None or "seed" not in found.dims:
                return found
            try:
                return found.sel(seed=list(self.seeds))
            except KeyError as error:
                raise DataError(f"{path}: made for fewer seeds; delete it and run again") from error

        return self._read_once(("theory", network, *(["all"] if variables is None else ["some", *variables])), read)

    @functools.cached_property
    def final_kernel_magnitudes(self) -> npt.NDArray[np.float32]:
        """|k̂_l| of the linear CNN at the last record, shape (seeds, C, n, n)."""
        runs = self.trajectories("linear_cnn", ["kernel_magnitude"])
        return np.array(runs["kernel_magnitude"].values[:, -1])  # a copy: of the rest nothing is kept

    def effective_singular_values(self, network: str) -> tuple[FloatArray, FloatArray]:
        """Time in samples, shape (samples,), and a_α(t), the diagonal of Ω, shape (seeds, samples, modes)."""
        runs = self.trajectories(network, ["effective_singular_values"])
        diagonal = np.einsum("stmm->stm", runs["effective_singular_values"].values)
        return runs["sample"].values.astype(np.float64), diagonal[..., self.modes]

    def discovery_times(self, network: str) -> FloatArray:
        """When each a_α passes s_α/2, in samples, shape (seeds, modes); NaN where it does not within the run."""
        samples, diagonal = self.effective_singular_values(network)
        return discovery.discovery_times(samples, diagonal, self.decomposition.singular_values[self.modes])
