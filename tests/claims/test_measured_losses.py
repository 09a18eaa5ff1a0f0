"""Every measure of losses gives the value that was put into the files."""

import numpy as np
import pytest

from claims.cases import Cases, check, plateaus
from claims.known_results import CNN, FCNN, results_of
from learning_dynamics.claims.measures import MEASURES, losses
from learning_dynamics.claims.measures.registry import NotMeasuredError

CASES = Cases(losses)
case = CASES.of


def curves(folder, cnn, fcnn, test=True):
    """A CNN and an FCNN with these losses, (seeds, records) by name."""
    shape = next(iter(cnn.values())).shape
    values = np.zeros((*shape, 3))
    return results_of(plateaus(folder, values, values, test=test, **{CNN: cnn, FCNN: fcnn}))


def distinct(folder):
    """Losses distinct in every record, split, seed and network; records at 0, 10, … 100."""
    records = np.arange(11)
    of = {
        network: {
            "train_loss": start * np.array([100 - records, 50 - records]),
            "test_loss": start * np.array([200 - records, 70 - records]),
        }
        for network, start in ((CNN, 1.0), (FCNN, 3.0))
    }
    return curves(folder, of[CNN], of[FCNN])


@case("loss")
def at_the_nearest_record(folder):
    arguments = {"experiment": "known", "network": FCNN, "split": "test", "sample": 36}
    return distinct(folder), arguments, [3.0 * 196, 3.0 * 66]


@case("loss")
def of_the_images_trained_on(folder):
    arguments = {"experiment": "known", "network": CNN, "split": "train", "sample": 34}
    return distinct(folder), arguments, [97.0, 47.0]


@case("loss_ratio")
def at_the_end(folder):
    arguments = {"experiment": "known", "first": CNN, "second": FCNN, "split": "train"}
    return distinct(folder), arguments, [1 / 3, 1 / 3]


@case("loss_ratio")
def of_the_images_held_out(folder):
    curve = np.linspace(5, 1, 11)
    cnn = {"test_loss": np.array([curve, 2 * curve]), "train_loss": np.full((2, 11), 9.0)}
    fcnn = {"test_loss": np.array([curve[::-1], curve[::-1]]), "train_loss": np.full((2, 11), 8.0)}
    arguments = {"experiment": "known", "first": FCNN, "second": CNN, "split": "test"}
    return curves(folder, cnn, fcnn), arguments, [5 / 1, 5 / 2]


def records(length, other, **values):
    """A curve with some values at some records (``r6=1.0``), and else another."""
    curve = np.full(length, other)
    for name, value in values.items():
        curve[int(name[1:])] = value
    return curve


@case("test_loss_rise")
def from_where_the_other_trials_are_least(folder):
    """That is record 6 of 11 for the first, which is itself far less at record 3, and record 3 for the others."""
    tests = [
        records(11, 9.0, r3=0.1, r6=5.0, r10=6.0),
        records(11, 9.0, r3=2.0, r6=1.5, r10=4.0),
        records(11, 9.0, r3=2.0, r6=1.5, r10=3.0),
    ]
    losses = {"test_loss": np.array(tests), "train_loss": np.ones((3, 11))}
    other = {"test_loss": np.ones((3, 11)), "train_loss": np.ones((3, 11))}
    return curves(folder, losses, other), {"experiment": "known", "network": CNN}, [6 / 5 - 1, 4 / 2 - 1, 3 / 2 - 1]


@case("test_loss_rise")
def of_single_records_if_there_are_few(folder):
    tests = np.array([[5.0, 2.0, 5.0, 5.0, 3.0], [5.0, 1.0, 5.0, 5.0, 4.0]])
    losses = {"test_loss": tests, "train_loss": np.ones((2, 5))}
    return curves(folder, losses, losses), {"experiment": "known", "network": CNN}, [3 / 2 - 1, 4 - 1]


@case("test_loss_rise")
def of_means_over_a_tenth_of_the_records(folder):
    """Two of 21 records: the least of single ones is record 4, that of means are records 9 and 10."""
    tests = [
        records(21, 5.0, r4=0.5, r9=1.0, r10=3.0, r19=4.0, r20=6.0),
        records(21, 5.0, r4=0.7, r9=2.0, r10=2.0, r19=3.0, r20=3.0),
    ]
    losses = {"test_loss": np.array(tests), "train_loss": np.ones((2, 21))}
    other = {"test_loss": np.ones((2, 21)), "train_loss": np.ones((2, 21))}
    return curves(folder, other, losses), {"experiment": "known", "network": FCNN}, [5 / 2 - 1, 3 / 2 - 1]


@case("test_loss_rise")
def none_if_it_falls_to_the_end(folder):
    falling = np.array([np.linspace(5, 1, 11), np.linspace(6, 2, 11)])
    losses = {"test_loss": falling, "train_loss": falling}
    return curves(folder, losses, losses), {"experiment": "known", "network": CNN}, [0, 0]


@case("gap_at_equal_train_loss")
def where_each_first_has_the_lowest_that_both_reach(folder):
    """The FCNN's least is 2.5 in one seed, the CNN's 1.5 in the other."""
    cnn = {
        "train_loss": np.array([records(18, 5.0, r3=2.6, r4=2.0, r5=1.0), records(18, 5.0, r2=1.5, r9=1.6)]),
        "test_loss": np.array([records(18, 9.0, r4=2.1), records(18, 9.0, r2=1.9)]),
    }
    fcnn = {
        "train_loss": np.array([records(18, 6.0, r7=2.5, r8=2.7), records(18, 6.0, r3=1.6, r4=1.4, r10=0.5)]),
        "test_loss": np.array([records(18, 9.0, r7=3.5), records(18, 9.0, r4=1.5)]),
    }
    arguments = {"experiment": "known", "first": FCNN, "second": CNN}
    return curves(folder, cnn, fcnn), arguments, [(3.5 - 2.5) - (2.1 - 2.0), (1.5 - 1.4) - (1.9 - 1.5)]


@case("gap_at_equal_train_loss")
def between_means_over_a_tenth_of_the_records(folder):
    """Of two of 21 records: 2.2 is the FCNN's least, which the CNN first has with 2.1."""
    cnn = {
        "train_loss": np.array([records(21, 5.0, r3=2.0, r4=2.2)]),
        "test_loss": np.array([records(21, 9.0, r3=3.0, r4=3.4)]),
    }
    fcnn = {
        "train_loss": np.array([records(21, 6.0, r7=2.0, r8=2.4)]),
        "test_loss": np.array([records(21, 9.0, r7=4.0, r8=4.4)]),
    }
    arguments = {"experiment": "known", "first": CNN, "second": FCNN}
    return curves(folder, cnn, fcnn), arguments, [(3.2 - 2.1) - (4.2 - 2.2)]


@pytest.mark.parametrize(("measure", "known"), CASES)
def test_measure_gives_what_was_put_in(tmp_path, measure, known):
    check(measure, known, tmp_path)


def test_every_measure_has_a_case():
    assert CASES.covered == CASES.measures


def test_the_rise_of_one_trial_is_not_measured(tmp_path):
    losses = {"test_loss": np.ones((1, 11)), "train_loss": np.ones((1, 11))}
    with pytest.raises(NotMeasuredError, match="taken from other trials, and there is one"):
        MEASURES["test_loss_rise"].function(curves(tmp_path, losses, losses), "known", CNN)


def test_without_images_held_out_there_is_no_test_loss(tmp_path):
    losses = {"train_loss": np.ones((2, 11))}
    results = curves(tmp_path, losses, losses, test=False)
    for measure, arguments in (
        ("loss", {"network": CNN, "split": "test", "sample": 3}),
        ("test_loss_rise", {"network": CNN}),
    ):
        with pytest.raises(NotMeasuredError, match="known has no test images"):
            MEASURES[measure].function(results, "known", **arguments)
