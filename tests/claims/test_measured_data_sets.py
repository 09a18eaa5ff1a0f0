"""Every measure of a data set gives the value that follows from its images."""

import numpy as np
import pytest

from claims.cases import COLOURS, SIDE, Cases, check
from claims.known_results import CNN, results_of, settings_of, wave
from learning_dynamics.claims.measures import MEASURES, data_sets
from learning_dynamics.claims.measures.registry import NotMeasuredError
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.results import ExperimentResults
from learning_dynamics.structure import files as structure_files

CASES = Cases(data_sets)
case = CASES.of
FIRST, SECOND, OTHER = (wave(SIDE, {pair: 1.0}) for pair in ((0, 0), (0, 1), (1, 1)))


def data_set(folder, name, classes):
    """A data set from the images of each class, two channels; with U = 1 class α's mean is along v^α.

    Then s_α = f_α‖m_α‖, with the class's share f_α of the images.
    """
    folder.mkdir(exist_ok=True)
    images = np.concatenate([np.asarray(one)[:, None] * COLOURS for one in classes])
    labels = np.repeat(np.arange(len(classes)), [len(one) for one in classes])
    names = tuple(f"class {index}" for index in range(len(classes)))
    data = LabelledImages(images, labels, np.zeros(len(images), dtype=bool), names, centred=False, origin="chosen")
    plain = settings_of([CNN], updates=10, records=1, classes=len(classes), channels=2).model_dump(mode="json")
    paths = [str(folder / f"{name}-{kind}.nc") for kind in ("dataset", "structure")]
    dataset_files.write(data, paths[0], name, plain)
    structure_files.write_structure(data, {"train": data.split("train").correlations()}, paths[1], name, plain)
    return ExperimentResults(name, plain, *paths, {}, {})


def around(mean, deviation):
    """Two images of a class."""
    return [mean + deviation, mean - deviation]


def incoherent(folder, name="known"):
    """d_0 = f (8² + 2²), d_1 = f (4² + 4²), off the diagonal −f 2·4, with f = 1/2."""
    return data_set(folder, name, [around(8 * FIRST, 2 * FIRST - 4 * SECOND + OTHER), around(4 * SECOND, 0)])


def unequal(folder, name="known"):
    """f = 2/3 and 1/3: s = 4 and 2, d_0 = 24, d_1 = 12 + 3; a class mean's share of d_1 is 12/15."""
    return data_set(folder, name, [[6 * FIRST] * 4, around(6 * SECOND, 3 * SECOND)])


def with_zero_mode(folder, name="known"):
    """f = 1/3, the third class has no mean: d_0 = 48 + 3, d_1 = 12 + 3, off the diagonal 3."""
    third = around(np.zeros((SIDE, SIDE)), 3 * (FIRST + SECOND))
    return data_set(folder, name, [around(12 * FIRST, 0), around(6 * SECOND, 0), third])


def coherent(folder, name="known"):
    return data_set(folder, name, [[3 * FIRST], [2 * SECOND]])


@case("coupling")
def of_the_most_coupled_modes(folder):
    return results_of(incoherent(folder)), {"experiment": "known"}, [4 / np.sqrt(34 * 16)]


@case("coupling")
def of_modes_that_can_be_discovered(folder):
    return results_of(with_zero_mode(folder)), {"experiment": "known"}, [3 / np.sqrt(51 * 15)]


@case("coupling")
def none_of_coherent_classes(folder):
    return results_of(coherent(folder)), {"experiment": "known"}, [0]


@case("incoherence")
def largest_of_the_modes(folder):
    return results_of(incoherent(folder)), {"experiment": "known"}, [1 - 8 / 16]


@case("incoherence")
def of_classes_of_unequal_size(folder):
    return results_of(unequal(folder)), {"experiment": "known"}, [1 - 12 / 15]


@case("incoherence")
def without_modes_that_are_zero(folder):
    return results_of(with_zero_mode(folder)), {"experiment": "known"}, [1 - 12 / 15]


@case("incoherence")
def none_if_the_images_of_a_class_are_the_same(folder):
    return results_of(coherent(folder)), {"experiment": "known"}, [0]


@case("coupling_follows_incoherence")
def pairs_in_order_less_those_out_of_order(folder):
    """Incoherence and coupling 0.5 and 4/√544, 0.75 and 8/√1344, 0.2 and 0, and 0.36 and 15/√5475."""
    names = ["low", "middle", "none", "high"]
    strong = [around(8 * FIRST, 2 * FIRST - 4 * np.sqrt(3) * SECOND), around(4 * SECOND, 0)]
    turned = [around(8 * FIRST, 3 * FIRST + 3 * SECOND), around(4 * SECOND, 0)]
    found = [
        incoherent(folder, names[0]),
        data_set(folder, names[1], strong),
        unequal(folder, names[2]),
        data_set(folder, names[3], turned),
    ]
    pairs = [
        (0.5, 4 / np.sqrt(34 * 16)),
        (0.75, 4 * np.sqrt(3) / np.sqrt(34 * 32)),
        (0.2, 0),
        (0.36, 4.5 / np.sqrt(36.5 * 12.5)),
    ]
    ranks = [np.argsort(np.argsort(values)).tolist() for values in zip(*pairs, strict=True)]
    assert ranks == [[2, 3, 0, 1], [1, 2, 0, 3]]
    # Out of order are low and high, middle and high.
    return results_of(*found), {"experiments": names}, [(4 - 2) / 6]


@case("coupling_follows_incoherence")
def without_pairs_that_are_equal(folder):
    found = [coherent(folder, "a"), coherent(folder, "b"), incoherent(folder, "c")]
    return results_of(*found), {"experiments": ["a", "c", "b"]}, [1]


@case("coupling_follows_incoherence")
def without_pairs_that_are_equal_in_one_of_them(folder):
    """Incoherence 0.5 and 0.5, coupling 4/√544 and 0, and both 0: only the first and the last differ in both."""
    apart = [*around(8 * FIRST, np.sqrt(8) * FIRST), *around(8 * FIRST, 4 * (np.sqrt(2) * SECOND))]
    uncoupled = data_set(folder, "b", [apart, [*around(4 * SECOND, 0)] * 2])
    found = [incoherent(folder, "a"), uncoupled, coherent(folder, "c")]
    return results_of(*found), {"experiments": ["a", "b", "c"]}, [1]


def modes(folder, *parts):
    """A data set whose modes have these frequencies."""
    return data_set(folder, "known", [[(9 - rank) * wave(SIDE, part)] for rank, part in enumerate(parts)])


@case("broader_is_lower")
def every_later_mode_of_higher_frequency(folder):
    """0, 1 and √2; a frequency and its mirror, 3 and −1 of 4, are alike."""
    found = modes(folder, {(0, 0): 1.0}, {(0, 3): 1.0}, {(1, 1): 1.0})
    return results_of(found), {"experiment": "known"}, [1]


@case("broader_is_lower")
def pairs_in_order_less_pairs_out_of_order(folder):
    """√8, 1, and 0.36 + 0.64 √5 = 1.79."""
    found = modes(folder, {(2, 2): 1.0}, {(0, 1): 1.0}, {(1, 0): 0.6, (1, 2): 0.8})
    return results_of(found), {"experiment": "known"}, [(1 - 2) / 3]


@case("broader_is_lower")
def weighted_by_the_power(folder):
    """0.3 √8 is less than 1, while by magnitude 0.55/(0.55 + 0.84) √8 would be more."""
    found = modes(folder, {(0, 0): np.sqrt(0.7), (2, 2): np.sqrt(0.3)}, {(0, 1): 1.0})
    return results_of(found), {"experiment": "known"}, [1]


@case("broader_is_lower")
def by_the_square_of_the_magnitude(folder):
    """0.38 √8 is more than 1."""
    found = modes(folder, {(0, 0): np.sqrt(0.62), (2, 2): np.sqrt(0.38)}, {(0, 1): 1.0})
    return results_of(found), {"experiment": "known"}, [-1]


@case("broader_is_lower")
def one_down_is_less_than_a_little_more_across(folder):
    found = modes(folder, {(1, 0): 1.0}, {(0, 1): np.sqrt(0.9), (0, 2): np.sqrt(0.1)})
    return results_of(found), {"experiment": "known"}, [1]


@case("broader_is_lower")
def one_across_is_less_than_a_little_more_down(folder):
    found = modes(folder, {(0, 1): 1.0}, {(1, 0): np.sqrt(0.9), (2, 0): np.sqrt(0.1)})
    return results_of(found), {"experiment": "known"}, [1]


@case("broader_is_lower")
def two_down_is_more_than_a_little_less_across(folder):
    found = modes(folder, {(0, 1): np.sqrt(0.3), (0, 2): np.sqrt(0.7)}, {(2, 0): 1.0})
    return results_of(found), {"experiment": "known"}, [1]


@case("broader_is_lower")
def two_across_is_more_than_a_little_less_down(folder):
    found = modes(folder, {(1, 0): np.sqrt(0.3), (2, 0): np.sqrt(0.7)}, {(0, 2): 1.0})
    return results_of(found), {"experiment": "known"}, [1]


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    check(measure, known, tmp_path)


def test_every_measure_has_a_case():
    assert CASES.covered == CASES.measures


def test_what_does_not_differ_has_no_order(tmp_path):
    results = results_of(coherent(tmp_path, "a"), coherent(tmp_path, "b"))
    with pytest.raises(NotMeasuredError, match="the data sets do not differ in coherence"):
        MEASURES["coupling_follows_incoherence"].function(results, ["a", "b"])
    one = data_set(tmp_path, "c", [around(FIRST, 0), around(0 * FIRST, 0)])
    with pytest.raises(NotMeasuredError, match="c has one mode, and so no order"):
        MEASURES["broader_is_lower"].function(results_of(one), "c")
