"""Results in memory, of which altered copies can be made: of trainings, and made up of networks that do as is claimed.

What is trained has the paper's settings and ten seeds. Made up is what would take too long, or what no training shows
because the claim is not true there; see ``IDEAL`` of ``claims.counterfeits``.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from claims.known_results import CNN, DEEP, FCNN, RELU, TRAJECTORY, wave
from learning_dynamics.claims.measures import Results
from learning_dynamics.claims.measures.trials import mode_spectra
from learning_dynamics.config import loading, paper
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.extensions import variants
from learning_dynamics.extensions.scaling import learning_rates, sides, stds
from learning_dynamics.numerics import fourier
from learning_dynamics.results import ExperimentResults
from learning_dynamics.structure import files as structure_files
from learning_dynamics.structure.training_data import TrainingData
from learning_dynamics.training.task import Trials
from theory.data_sets import Prepared

SEEDS = 10
NOT_TOO_LARGE = 100.0
# What some measure reads: trajectories, and predictions.
TRAINED = {
    "pure_cosines_cyclic": ([CNN, FCNN], []),
    "pure_cosines": ([CNN, FCNN], [CNN]),
    "sums_of_cosines": ([CNN, FCNN], [CNN, FCNN]),
    "geometric_shapes": ([CNN, FCNN], [CNN, FCNN]),
    "digits4": ([CNN, FCNN], [CNN, FCNN]),
}
# As wide as these images need: the paper's width of n² takes 16 times as long.
WIDTH = {"geometric_shapes": {"networks": {FCNN: {"hidden_units": 64}}}}


class Found(ExperimentResults):
    """The results of one experiment, in memory."""

    def __init__(self, name, *, settings, images, structure, runs, theory):
        """Datasets as ``ExperimentResults`` gives them.

        Args:
            name: of the experiment.
            settings: the experiment.
            images: the data set.
            structure: the structure file's content.
            runs, theory: by network, all seeds in one dataset.
        """
        super().__init__(name, settings.model_dump(mode="json"), "", "", dict.fromkeys(runs, ()), {})
        vars(self).update(settings=settings, data=images, structure=structure, runs=runs, predictions=theory)

    def trajectories(self, network, variables):
        return self.runs[network][list(variables)]

    def theory(self, network, variables=None):
        held = self.predictions[network]
        return held if variables is None else held[[name for name in variables if name in held]]

    def altered(self, **changes):
        """A copy with other settings, structure, runs or theory."""
        kept = {"settings": self.settings, "structure": self.structure, "runs": self.runs, "theory": self.predictions}
        return Found(self.name, **({"images": self.data} | kept | changes))

    def recorded(self, network, **variables):
        """A copy with other values of some variables of a network's runs, in the same layout."""
        runs = self.runs[network]
        made = {name: (runs[name].dims, np.asarray(values, runs[name].dtype)) for name, values in variables.items()}
        return self.altered(runs={**self.runs, network: runs.assign(made)})

    def predicted(self, network, **variables):
        """The same of the predictions."""
        held = self.predictions[network]
        made = {name: (held[name].dims, np.asarray(values)) for name, values in variables.items()}
        return self.altered(theory={**self.predictions, network: held.assign(made)})

    @property
    def strengths(self):
        """s_α of the modes that can be discovered."""
        return self.decomposition.singular_values[self.modes]

    def curves(self, network):
        """Samples, and a_α/s_α of shape (seeds, samples, modes)."""
        samples, values = self.effective_singular_values(network)
        return samples, values / self.strengths

    def with_curves(self, network, relative):
        """A copy with another a_α/s_α."""
        omega = self.runs[network]["effective_singular_values"].values.copy()
        omega[..., self.modes, self.modes] = relative * self.strengths
        return self.recorded(network, effective_singular_values=omega)


class Everything(Results):
    """All results in memory; of what goes beyond the experiments datasets, in the place of paths."""

    def extension(self, name):
        if name not in self.extensions:
            return super().extension(name)
        return self.extensions[name]

    def with_experiment(self, found):
        """A copy with another content of one experiment."""
        return Everything({**self.experiments, found.name: found}, self.extensions)

    def with_extension(self, name, dataset):
        """A copy with another content of one file beyond the experiments."""
        return Everything(self.experiments, {**self.extensions, name: dataset})


def trained(folder):
    """Every experiment that needs no download, scaling and variants; fewer sides and seeds where these are dear."""
    experiments = {
        name: _trained(Prepared(name, **WIDTH.get(name, {})), folder, *networks) for name, networks in TRAINED.items()
    }
    return Everything(experiments, _scaling(experiments) | _variants(experiments["geometric_shapes"]))


def _trained(prepared, folder, networks, predicted):
    seeds = xr.Variable(("seed",), np.arange(SEEDS))
    runs = {
        network: xr.concat([prepared.train(network, seed) for seed in range(SEEDS)], seeds, combine_attrs="override")
        for network in networks
    }
    structure = _structure(prepared.images, folder, prepared.name, prepared.settings)
    theory = {network: prepared.predict(network, SEEDS) for network in predicted}
    return Found(
        prepared.name,
        settings=prepared.settings,
        images=prepared.images,
        structure=structure,
        runs=runs,
        theory=theory,
    )


def _structure(images, folder, name, settings):
    averages = {split: images.split(split).correlations() for split in images.splits}
    path = folder / f"{name}-structure.nc"
    structure_files.write_structure(images, averages, path, name, settings.model_dump(mode="json"))
    return structure_files.read_structure(path)


def _scaling(experiments):
    settings = loading.load({}).scaling
    sums, shapes = experiments["sums_of_cosines"], experiments["geometric_shapes"]
    few_sides = settings.side.model_copy(update={"sides": [8, 12, 16], "seeds": 3})
    few_seeds = settings.learning_rate.model_copy(update={"seeds": 3})
    cnn = shapes.settings.networks.linear_cnn
    return {
        "scaling/side": sides.over_sides(few_sides, 0, NOT_TOO_LARGE),
        "scaling/std": stds.over_stds(settings.std, sums.data, 0, NOT_TOO_LARGE),
        "scaling/learning_rate": learning_rates.over_learning_rates(few_seeds, cnn, shapes.data, 0, NOT_TOO_LARGE),
    }


def _variants(shapes):
    settings = loading.load({}).variants
    longer = shapes.settings.model_copy(update={"updates": settings.updates, "records": settings.records // 2})
    trials = Trials(name=shapes.name, settings=longer, root_seed=0, seeds=SEEDS)
    averages = {split: shapes.data.split(split).correlations() for split in shapes.data.splits}
    data = TrainingData(shapes.data, averages, shapes.decomposition)
    return {
        f"variants/{name}": variants.train(name, settings.convolutions[name], trials, data, NOT_TOO_LARGE)
        for name in ("circular", "correlation", "zero-padding")
    }


def as_claimed(genuine, folder):
    """Results in which every claim is true.

    pure_cosines: the trainings with the classes in turn, which no random draws blur.
    sums_of_cosines: trained from far smaller weights and in smaller steps, the limit in which the paper derives its
        claims; in the records of the readout mode 0 is balanced before mode 1.
    geometric_shapes: the trainings with made-up a_α(t), at the paper's times, as if λ_FCNN were n λ_CNN.
    digits4, cifar4, cifar10: made up, the images too.
    variants/zero-padding: a_α(t) midway between those of zero padding and of the circular convolution.
    zero_padding: the same.
    """
    cosines, shapes = genuine.experiments["pure_cosines"], genuine.experiments["geometric_shapes"]
    networks = shapes.settings.networks
    equal_rate = networks.linear_fcnn.model_copy(
        update={"learning_rate": shapes.data.shape[1] * networks.linear_cnn.rate}
    )
    at_equal_rate = shapes.settings.model_copy(
        update={"networks": networks.model_copy(update={"linear_fcnn": equal_rate})}
    )
    made_up = [
        cosines.altered(runs=genuine.experiments["pure_cosines_cyclic"].runs),
        _from_small_weights(folder),
        _risen(_risen(shapes, CNN, SHAPES), FCNN, SHAPES / [1, *[np.sqrt(2)] * 3]).altered(settings=at_equal_rate),
        _made_up(folder, "digits4", 0.1, {CNN: np.geomspace(0.06, 0.5, 4), FCNN: np.geomspace(0.05, 0.3, 4)}),
        _made_up(folder, "cifar4", 0.2, {CNN: np.geomspace(0.08, 0.5, 4), FCNN: np.geomspace(0.04, 0.15, 4)}),
        _made_up(folder, "cifar10", 0.4, {DEEP: np.geomspace(0.05, 0.2, 10), RELU: np.geomspace(0.1, 0.5, 10)}),
    ]
    circular, other = (genuine.extensions[f"variants/{name}"] for name in ("circular", "zero-padding"))
    between = (circular["effective_singular_values"] + other["effective_singular_values"]) / 2
    nearer = {
        "variants/zero-padding": other.assign(effective_singular_values=between),
        "zero_padding/circular": circular,
        "zero_padding/zero-padding": other.assign(effective_singular_values=between),
    }
    experiments = {**genuine.experiments, **{found.name: found for found in made_up}}
    return Everything(experiments, {**genuine.extensions, **nearer})


# When the modes of the shapes are discovered, as a share of the run.
SHAPES = np.array([1300, 7000, 13500, 40000]) / 60000


def _from_small_weights(folder):
    std, rate = 1e-8, 2e-4
    networks = {
        CNN: {"learning_rate": rate, "kernel_std": std, "readout_std": std},
        FCNN: {"learning_rate": 16 * rate, "weight_std": std},
    }
    prepared = Prepared("sums_of_cosines", order="cyclic", updates=9000, networks=networks)
    found = _trained(prepared, folder, [CNN, FCNN], [CNN, FCNN])
    samples, _ = found.curves(CNN)
    early = samples < 0.8 * found.discovery_times(CNN)[..., None]
    readout = found.runs[CNN]["readout_magnitude"].values
    readout = np.where(early.swapaxes(1, 2)[..., None, None], 1.5 * readout, readout)
    return found.recorded(CNN, readout_magnitude=readout)


def _risen(found, network, shares):
    """With a_α that rise as sigmoids in a tenth of the time that they take, at about some shares of the run."""
    samples, relative = found.curves(network)
    chance = np.random.default_rng(1).normal(size=(len(relative), 1, len(shares)))
    times = samples[-1] * np.asarray(shares) * np.exp(0.01 * chance)
    return found.with_curves(network, 1 / (1 + np.exp(-(samples[:, None] - times) / (0.05 * times))))


def _made_up(folder, name, spread, shares):
    """An experiment of networks that do as is claimed.

    Args:
        folder: for a structure file.
        name: of the experiment, whose settings but for the data it has.
        spread: of the images of a class, relative to its mean.
        shares: by network, when the modes are discovered, as a share of the run.
    """
    settings = paper.paper_experiments()[name].model_copy(update={"snapshots": []})
    images = _images(len(next(iter(shares.values()))), 3, 8, spread)
    samples, seeds = np.array(settings.record_samples()), np.arange(SEEDS)
    axes = {"seed": seeds, "sample": samples, "snapshot_sample": samples[[0, -1]]}
    modes = images.classes
    nothing = np.zeros((SEEDS, len(samples), modes, modes))
    layout = ("seed", *TRAJECTORY["effective_singular_values"])
    empty = xr.Dataset({"effective_singular_values": (layout, nothing)}, axes)
    structure = _structure(images, folder, name, settings)
    runs = dict.fromkeys(shares, empty)
    found = Found(name, settings=settings, images=images, structure=structure, runs=runs, theory={})
    for network, times in shares.items():
        found = _risen(found, network, times)
    runs = {network: _recorded(found, network) for network in shares}
    theory = {network: runs[network][["effective_singular_values"]] for network in shares}
    return found.altered(runs=runs, theory=theory)


def _images(classes, channels, side, spread):
    """Class means of ever higher frequencies, three to a class, and four images around each mean."""
    rows, columns = np.divmod(np.arange(1, side * side), side)
    cycles = np.hypot(np.minimum(rows, side - rows), np.minimum(columns, side - columns))
    half = np.arange(1, side * side) < fourier.mirror_index(side)[1:]
    pairs = sorted(zip(cycles[half], rows[half], columns[half], strict=True))[: 3 * classes]
    parts = np.array([wave(side, {(row, column): 1.0}) for _, row, column in pairs]).reshape(classes, 3, side, side)
    vectors = np.einsum("k,c,mkij->mcij", [0.8, 0.5, np.sqrt(0.11)], np.full(channels, channels**-0.5), parts)
    means = classes * 0.75 ** np.arange(classes)[:, None, None, None] * vectors
    away = spread * np.sqrt(classes) * means.mean(axis=0)
    train = np.concatenate([means + sign * away for sign in (-1, -1, 1, 1)])
    return LabelledImages(
        np.concatenate([train, train]),
        np.tile(np.arange(classes), 8),
        np.repeat([False, True], 4 * classes),
        tuple(f"class {index}" for index in range(classes)),
        centred=False,
        origin="chosen by a test",
    )


def _recorded(found, network):
    """The other variables of a network's runs."""
    runs = found.runs[network]
    samples, relative = found.curves(network)
    learned, time = relative.mean(axis=-1), samples / samples[-1]
    train, test = {
        CNN: (0.25 - 0.035 * learned - 0.005 * time, 0.0005),
        FCNN: (0.25 - 0.04 * learned - 0.01 * time, 0.02 * time),
        DEEP: (0.1 - 0.02 * learned, 0.001),
        RELU: (0.1 - 0.03 * learned, 0.001),
    }[network]
    noise = 1e-5 * np.random.default_rng(2).normal(size=train.shape)
    variables = {"train_loss": train + noise, "test_loss": train + test + noise}
    if network == CNN:
        variables |= _kernels(found, relative)
    if network == FCNN:
        variables |= _first_layers(found)
    return runs.assign({name: (("seed", *TRAJECTORY[name]), values) for name, values in variables.items()})


def _kernels(found, relative):
    """Kernels that take the strongest frequency of every early mode, and for a later one the second of an early one."""
    channels, side, _ = found.data.shape
    chance = np.random.default_rng(3)
    spectra = mode_spectra(found)
    ranked = np.argsort(np.where(np.arange(side * side) < fourier.mirror_index(side), -spectra, 0), axis=1)
    early = (len(spectra) + 1) // 2
    taken = np.zeros((len(spectra), side * side))
    for mode in range(len(spectra)):
        frequency = ranked[mode % early, mode // early]
        taken[mode, [frequency, fourier.mirror_index(side)[frequency]]] = 0.05**2
    start = fourier.spectrum(1e-3 * chance.normal(size=(SEEDS, channels, side, side)))
    phases = np.exp(1j * np.angle(fourier.spectrum(chance.normal(size=start.shape))))
    power = (relative @ taken).reshape(*relative.shape[:2], 1, side, side) / channels
    magnitude = np.sqrt(np.abs(start[:, None]) ** 2 + power)
    return {
        "kernel_magnitude": magnitude.astype(np.float32),
        "kernel": fourier.image(magnitude[:, [0, -1]] * phases[:, None]),
    }


def _first_layers(found):
    """Rows that start at random and learn mixtures of the singular vectors."""
    chance = np.random.default_rng(4)
    right = found.decomposition.right[:, found.modes]
    start = 1e-3 * chance.normal(size=(SEEDS, 16, len(right)))
    end = start + 0.1 * chance.normal(size=(SEEDS, 16, right.shape[1])) @ right.T
    return {"first_layer": np.stack([start, end], axis=1).reshape(SEEDS, 2, 16, *found.data.shape)}
