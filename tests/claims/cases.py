"""What the tests of the measures share: networks that find their modes at chosen times, and how a case is checked.

A case chooses times, levels and weights, so that the value follows from them by arithmetic. Ratios are not 1, seeds and
modes differ, and what a measure must not look at (other records, other networks, modes with s = 0) holds other numbers.
"""

import numpy as np
import pytest

from claims.known_results import CNN, FCNN, diagonal, learned, ramp, results_of, rotation, wave, write_experiment
from learning_dynamics.claims import statistics
from learning_dynamics.claims.measures import MEASURES

SIDE = 4
TIMES = np.arange(101)
# Three modes that can be discovered, and a fourth with the singular value 0.
LEVELS = (4.0, 2.0, 1.0, 0.0)
VECTORS = np.array([wave(SIDE, {pair: 1.0}) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))])
LEFT = rotation(0.3, 4)
COLOURS = np.array([0.6, 0.8])[:, None, None]  # two channels, of which the root of the sum of squares is 1


class Cases(list):
    """The cases of one module of measures, for parametrize: the measure's name and a function.

    That makes files in a folder and gives results, arguments and the values that are known.
    """

    def __init__(self, module):
        super().__init__()
        self.measures = {name for name, one in MEASURES.items() if one.function.__module__ == module.__name__}

    def of(self, measure):
        def register(function):
            self.append(pytest.param(measure, function, id=f"{measure}-{function.__name__}"))
            return function

        return register

    @property
    def covered(self):
        return {parameters.values[0] for parameters in self}


def check(measure, known, folder):
    """That a measure gives the values that are known, in the shape that its statistic takes."""
    results, arguments, expected = known(folder)
    values = MEASURES[measure].function(results, **arguments)
    assert values.shape == np.shape(expected)
    # Spectra are recorded in single precision.
    np.testing.assert_allclose(values, np.array(expected, dtype=float), rtol=1e-5, atol=1e-9)
    match MEASURES[measure].statistic:
        case statistics.ERROR_OF_MEAN:
            assert values.ndim == 3
        case statistics.CORRELATION:
            assert values.shape[1:] == (2,)
        case statistics.PROPORTION:
            assert set(values) <= {0.0, 1.0}
        case statistics.EXACT:
            assert len(values) == 1
        case statistics.MEAN | statistics.MEDIAN:
            assert values.ndim == 1
        case other:
            raise AssertionError(other.name)


def straight_lines(times, widths):
    """Ω of a network whose a_α rise along straight lines, shape (seeds, samples, 4, 4); the fourth mode is at 7."""
    times, widths = np.array(times), np.broadcast_to(widths, np.shape(times))
    values = np.full((len(times), len(TIMES), 4), 7.0)
    for (seed, mode), time in np.ndenumerate(times):
        values[seed, :, mode] = LEVELS[mode] * ramp(TIMES, time, widths[seed, mode])
    return diagonal(values)


CNN_TIMES, FCNN_TIMES = [[20, 60, 30], [10, 20, 80]], [[10, 20, 40], [50, 20, 40]]


def lines(folder, *, cnn=CNN_TIMES, fcnn=FCNN_TIMES, widths=10, **more):
    """A CNN and an FCNN that pass s_α/2 at these times, (seeds, modes)."""
    runs = {CNN: straight_lines(cnn, widths), FCNN: straight_lines(fcnn, 4)}
    trajectories = {network: {"effective_singular_values": omega} for network, omega in runs.items()}
    for network, variables in more.pop("variables", {}).items():
        trajectories[network] |= variables
    vectors = more.pop("vectors", VECTORS)
    return write_experiment(
        folder, "known", singular_values=LEVELS, vectors=vectors, left=LEFT, trajectories=trajectories, **more
    )


def plateaus(folder, first, second, **more):
    """Two networks with given a_α of three modes, (seeds, samples, 3), at their levels in the first record."""
    trajectories = {}
    for network, given in ((CNN, first), (FCNN, second)):
        values = np.array(given)
        values[:, 0] = LEVELS[:3]
        fourth = np.full((*np.shape(values)[:-1], 1), 7.0)
        omega = diagonal(np.concatenate([values, fourth], axis=-1))
        trajectories[network] = {"effective_singular_values": omega, **more.pop(network, {})}
    return write_experiment(
        folder, "known", singular_values=LEVELS, vectors=VECTORS, left=LEFT, trajectories=trajectories, **more
    )


def spectra_in_time(folder, cnn, kernel, *, readout=None, vectors=VECTORS, widths=10):
    """A CNN and an FCNN as in ``lines``, with |k̂_l| (seeds, samples, n, n) and |B_αl| (seeds, samples, 4, n, n)."""
    variables = {"kernel_magnitude": COLOURS * kernel[:, :, None]}
    if readout is not None:
        variables["readout_magnitude"] = readout
    return lines(
        folder,
        cnn=cnn,
        widths=widths,
        vectors=np.asarray(vectors)[:, None] * COLOURS,
        variables={CNN: variables},
        fcnn=[FCNN_TIMES[0]] * len(cnn),
    )


def kernels(folder, magnitudes, *, vectors=VECTORS, levels=LEVELS, start=9.0, **more):
    """A CNN with two channels and given |k̂_l| at the end, (seeds, n, n); before they are the same everywhere."""
    magnitudes = np.asarray(magnitudes)
    records = np.full((len(magnitudes), 6, 2, *magnitudes.shape[1:]), start) * COLOURS
    records[:, -1] = COLOURS * magnitudes[:, None]
    return write_experiment(
        folder,
        "known",
        singular_values=levels,
        vectors=np.asarray(vectors)[:, None] * COLOURS,
        trajectories={
            CNN: {"effective_singular_values": learned(levels, len(magnitudes), 6), "kernel_magnitude": records}
        },
        **more,
    )


# Modes that share no frequency, of which |v̂| is 0.8 and 0.6, over √2 where a frequency has a mirror.
DISJOINT = [{(0, 0): 0.8, (2, 2): 0.6}, {(0, 1): 0.8, (1, 1): 0.6}, {(1, 0): 0.8, (1, 2): 0.6}]


def slow(folder, network, trials, mode=1, time=400):
    """A CNN and an FCNN, of which one finds a mode late, if at all, in the last of some trials; everything is there.

    The rest changes all the time, and is such that every measure has a value where the modes are found.
    """
    times = {CNN: np.array([[20, 60, 30]] * trials), FCNN: np.array([[10, 20, 40]] * trials)}
    times[network][-1, mode] = time
    levels, vectors = np.array(LEVELS[:3]), np.array([wave(SIDE, parts) for parts in DISJOINT])
    generator = np.random.default_rng(0)

    def random(*shape):
        return generator.uniform(1, 2, (trials, *shape))

    def run(network):
        omega = 0.01 * random(101, 3, 3)
        for place in np.ndindex(trials, 3):
            share = np.maximum(ramp(TIMES, times[network][place], 10), 1e-3)
            omega[place[0], :, place[1], place[1]] = levels[place[1]] * share
        return {"effective_singular_values": omega, "train_loss": random(101), "test_loss": random(101)}

    kernel = random(101, 1, SIDE, SIDE)
    # a_α(0) is 0.45 s_α by n d_α Σ |v̂_l||k̂_l|², with d_α = 3 s_α².
    for level, magnitudes in zip(levels, np.abs(np.fft.fft2(vectors, norm="ortho")), strict=True):
        used = magnitudes > 1e-9
        kernel[:, 0, 0, used] = np.sqrt(0.45 / (SIDE * 3 * level * magnitudes[used].sum()))
    readout = random(101, 3, SIDE, SIDE)
    readout[:, 90:] = kernel[:, 90:]
    flow = {"effective_singular_values": random(101, 3, 3)}
    closed = {"competition": random(101, 3), "competition_final_kernel_magnitude": random(SIDE, SIDE)}
    weights = {"kernel": random(2, 1, SIDE, SIDE), "readout": random(2, 3, SIDE, SIDE)}
    return results_of(
        write_experiment(
            folder,
            "known",
            singular_values=levels,
            vectors=vectors,
            left=rotation(0.3, 3),
            trajectories={
                CNN: run(CNN) | weights | {"kernel_magnitude": kernel, "readout_magnitude": readout},
                FCNN: run(FCNN) | {"first_layer": random(2, 3, 1, SIDE, SIDE)},
            },
            theory={CNN: flow | closed, FCNN: flow},
            test=True,
        )
    )


# The root mean square over the run of a deviation of 1 in 25 of 101 records.
PART = np.sqrt(25 / 101)
