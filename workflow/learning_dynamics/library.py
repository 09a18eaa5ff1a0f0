"""The library's public face: from arrays of images to what is predicted for them, and to what training shows.

The names here are those of ``learning_dynamics`` itself; docs/library.md has examples. The functions are those that the
rules' scripts call, without files.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from learning_dynamics.config import chosen_settings, loading
from learning_dynamics.config.paper import paper_experiments
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.datasets.sources import arrays
from learning_dynamics.errors import ConfigurationError, DataError
from learning_dynamics.numerics import discovery
from learning_dynamics.numerics.correlations import Correlations
from learning_dynamics.predictions import automatic, summary
from learning_dynamics.predictions import trajectories as predicted_trajectories
from learning_dynamics.storage import netcdf, provenance
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.files import Averages
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training import files as trajectory_files
from learning_dynamics.training import two_layer
from learning_dynamics.training.progress import reporter
from learning_dynamics.training.task import Trials, TwoLayerTask

_log = logging.getLogger(__name__)

# Of a results folder, with NetCDF files.
_FOLDERS = ("datasets", "correlations", "structure", "theory", "trajectories", "scaling", "variants")
# What is there for each network.
_OF_EVERY_NETWORK = ("effective_singular_values", "discovery_time", "train_loss", "test_loss")


def predict(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    class_names: Sequence[str] | None = None,
    centred: bool = True,
    settings: Mapping[str, Any] | None = None,
    seeds: int = 3,
    name: str = "images",
) -> xr.Dataset:
    """What linear networks will find in some images, and when, told without training anything.

    Args:
        images: training images, uint8 (in units of 1/255) or floating point, shape (images, n, n), (images, C, n, n) or
            (images, n, n, C) with 1 to 4 channels, channels first where both are possible.
        labels: class of each, whole numbers from 0.
        test: images and labels that are held out; their loss is predicted too.
        class_names: a name per class; its number by default.
        centred: whether the mean training image is subtracted first.
        settings: the keys of an experiment but for `dataset` (config/README.md): networks, learning rates, updates.
            What is left out, or `auto`, is chosen from the structure of the data.
        seeds: trials, each with initial weights of its own.
        name: selects, with the number of the trial, the random streams.

    Returns:
        The structure of the data (``singular_values``, ``left_singular_vectors``, ``right_singular_vectors``,
        ``right_singular_spectra``, …) and by network and seed the gradient flow's Ω
        (``effective_singular_values``, Eqs. 15, 16, 19, 20), losses, ``discovery_time`` in samples and, of the CNN,
        |k̂|: what the files ``structure/….nc`` and ``theory/….nc`` hold (results/README.md). Where the flow would cost
        too much, estimates of ``discovery_time`` alone. The attribute ``settings`` is the experiment.

    Raises:
        DataError: the arrays cannot be used.
        ConfigurationError: a setting is unknown, of the wrong type or impossible.
    """
    problem = _problem(arrays.labelled_images((images, labels), test, class_names, centred), settings, seeds, name)
    networks = problem.trials.settings.networks.two_layer
    predicted = dict(
        predicted_trajectories.predict_networks(
            problem.trials,
            problem.data,
            problem.averages,
            structure_files.structure_of(problem.structure),
            networks=networks,
            log=_log,
        )
    )
    for network, part in predicted.items():
        if "discovery_time" not in part:
            times = summary.estimated_times(problem.structure, problem.trials.settings, network)
            estimated = netcdf.variable(("mode",), times, "samples until a_α should pass s_α/2, estimated")
            predicted[network] = netcdf.dataset({"discovery_time": estimated}, {}, {})
    return problem.described("Prediction", problem.structure.merge(_by_network(predicted)))


def train(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    class_names: Sequence[str] | None = None,
    centred: bool = True,
    settings: Mapping[str, Any] | None = None,
    seeds: int = 3,
    name: str = "images",
) -> xr.Dataset:
    """Train two-layer linear networks on some images by exact stochastic gradient descent, a sample per update.

    Args:
        images, labels, test, class_names, centred, settings, seeds, name: see ``predict``, whose trials these are: the
            same arguments give the same settings and initial weights.

    Returns:
        By network and seed what the files ``trajectories/….nc`` hold (results/README.md): Ω
        (``effective_singular_values``), losses, |k̂| and weights; and ``discovery_time`` in samples.

    Raises:
        DataError: the arrays cannot be used.
        ConfigurationError: a setting is unknown, of the wrong type or impossible.
        DivergenceError: a learning rate is too large.
    """
    problem = _problem(arrays.labelled_images((images, labels), test, class_names, centred), settings, seeds, name)
    data, trials = problem.training_data, problem.trials
    trained = {}
    for network in trials.settings.networks.two_layer:
        task = TwoLayerTask(name=name, settings=trials.settings, network=network, root_seed=trials.root_seed, data=data)
        samples = task.model.samples(data.images.split("train"), seeds)
        updates = trials.settings.update_count
        parts = [
            two_layer.train(task, seed, reporter(_log, task.describe(seed), "sample", updates), samples=samples)
            for seed in range(seeds)
        ]
        trained[network] = trajectory_files.joined(parts)
    for network, part in trained.items():
        samples, omega = (part[name].values for name in ("sample", "effective_singular_values"))
        times = discovery.half_rises(samples.astype(np.float64), omega, data.structure)
        measured = netcdf.variable(("seed", "mode"), times, "samples until a_α passes s_α/2; NaN if not within the run")
        variables = {str(key): values.variable for key, values in part.data_vars.items()}
        coordinates = {str(key): values.variable for key, values in part.coords.items()}
        trained[network] = netcdf.dataset({**variables, "discovery_time": measured}, coordinates, {})
    return problem.described("Trajectories", _by_network(trained))


def open_trajectories(folder: str | Path) -> xr.Dataset:
    """The trajectories in a folder of a run, `trajectories/<experiment>/<network>`, joined along ``seed``.

    Every file is compared with its checksums.

    Raises:
        DataError: there are none, or a file is damaged or does not belong to the others.
    """
    paths = sorted(Path(folder).glob("seed-*.nc"), key=lambda path: (len(path.name), path.name))
    if not paths:
        raise DataError(
            f"{folder}: no trajectories; expected files seed-0.nc, …, as in results/trajectories/<experiment>/<network>"
        )
    return trajectory_files.read_seeds(paths)


def open_results(folder: str | Path) -> xr.DataTree:
    """All NetCDF files of a results folder as one tree, called as the folders and files are.

    ``/datasets/<experiment>``, ``/correlations/<experiment>``, ``/structure/<experiment>``,
    ``/theory/<experiment>/<network>``, ``/trajectories/<experiment>/<network>`` with all seeds,
    ``/scaling/<parameter>``, ``/variants/<variant>``.
    Images stay in their files; everything else is read and compared with its checksums.

    Raises:
        DataError: there are no results, or a file is damaged or does not belong to the others.
    """
    folder = Path(folder)
    nodes: dict[str, xr.Dataset] = {}
    for kind in _FOLDERS:
        paths = sorted(folder.glob(f"{kind}/**/*.nc"), key=lambda path: (len(path.name), path.name))
        if kind == "trajectories":
            for together in sorted({path.parent for path in paths}):
                seeds = [path for path in paths if path.parent == together]
                nodes[together.relative_to(folder).as_posix()] = trajectory_files.read_seeds(seeds)
            continue
        for path in paths:
            content = xr.open_dataset(path) if kind == "datasets" else netcdf.read(path)
            nodes[path.relative_to(folder).with_suffix("").as_posix()] = content
    if not nodes:
        raise DataError(f"{folder}: no results; expected a folder that a run has filled, with {', '.join(_FOLDERS)}")
    return xr.DataTree.from_dict(nodes)


@dataclass(frozen=True)
class _Problem:
    """Images with their structure, and what is to be trained on them.

    data: the images.
    averages: Σyx and Σxx by split.
    structure: the structure file's variables.
    trials: with every setting chosen.
    """

    data: LabelledImages
    averages: Averages
    structure: xr.Dataset
    trials: Trials

    @property
    def training_data(self) -> TrainingData:
        """Everything that a training starts from.

        Raises:
            DataError: the images are so large that Σxx is not kept.
        """
        whole = {split: part for split, part in self.averages.items() if isinstance(part, Correlations)}
        if len(whole) < len(self.averages):
            raise DataError(
                f"images: {np.prod(self.data.shape)} values each, too many to train on; expected at most "
                f"{loading.load({}).largest_input}; scale them down"
            )
        return TrainingData(self.data, whole, structure_files.structure_of(self.structure))

    def described(self, title: str, found: xr.Dataset) -> xr.Dataset:
        """The same with attributes that say where it comes from."""
        trials = self.trials
        settings = {
            "experiment": trials.name,
            "root_seed": trials.root_seed,
            "seeds": trials.seeds,
            **trials.settings.model_dump(mode="json"),
        }
        return found.assign_attrs(
            provenance.attributes(f"{title} of {trials.name}", "Pinson et al. 2023", settings, provenance.PACKAGES)
        )


def _problem(data: LabelledImages, settings: Mapping[str, Any] | None, seeds: int, name: str) -> _Problem:
    """The structure of the images, and the settings with everything that is `auto` chosen."""
    if name in paper_experiments():
        raise ConfigurationError(f"name: '{name}' is an experiment of the paper; expected another name")
    dataset = {"kind": "images", "source": data.origin, "centred": data.centred}
    try:
        config = loading.load({"seeds": seeds, "experiments": {name: {**(settings or {}), "dataset": dataset}}})
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace(f"configuration key 'experiments.{name}.", "settings: '")) from None
    experiment = config.experiments[name]
    if experiment.networks.deep:
        raise ConfigurationError(
            f"settings: 'networks.{experiment.networks.deep[0]}' is trained by the workflow alone; expected linear_cnn "
            "and linear_fcnn"
        )
    averages = structure_files.averages(data, name, config.largest_input)
    described = {"experiment": name, "dataset": experiment.model_dump(mode="json")["dataset"]}
    structure = structure_files.structure_dataset(data, averages, name, described, most_modes=config.most_modes)
    trials = Trials(name=name, settings=experiment, root_seed=config.root_seed, seeds=seeds)
    if experiment.automatic:
        chosen = automatic.choose(trials, config.automatic, data, averages, structure)
        trials = replace(trials, settings=chosen_settings.resolved(experiment, chosen))
    return _Problem(data, averages, structure, trials)


def _by_network(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Datasets of several networks in one, along ``network`` where more than one of them has a variable."""
    variables: dict[str, xr.DataArray] = {}
    for name in dict.fromkeys(str(name) for part in parts.values() for name in part.data_vars):
        holders = {network: part[name] for network, part in parts.items() if name in part}
        if name in _OF_EVERY_NETWORK or len(holders) > 1:
            which = xr.Variable(("network",), list(holders), {"long_name": "network", "units": "1"})
            variables[name] = xr.concat(list(holders.values()), dim=which)
        else:
            (variables[name],) = holders.values()
    return xr.Dataset(variables)
