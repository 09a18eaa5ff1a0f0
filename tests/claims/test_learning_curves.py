"""What the figures of trajectories share: when modes count as found, which snapshot shows it, where time is cut."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from claims.known_results import CNN, FCNN, diagonal, ramp, wave, write_experiment
from learning_dynamics.figures import learning_curves

SIDE = 4
VECTORS = [wave(SIDE, {pair: 1.0}) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]
LEVELS = np.array([3.0, 2.0, 1.0, 0.0])
TIMES = np.arange(101)
NEVER = 500.0


def learned(folder, times, snapshots=(), **variables):
    """A CNN whose modes are found at these times, (seeds, modes); a fourth mode has the singular value 0."""
    times = np.asarray(times)
    values = np.full((len(times), 101, 4), 9.0)
    for (seed, mode), time in np.ndenumerate(times):
        values[seed, :, mode] = LEVELS[mode] * ramp(TIMES, time, 4)
    return write_experiment(
        folder,
        "known_data",
        singular_values=LEVELS,
        vectors=VECTORS,
        trajectories={CNN: {"effective_singular_values": diagonal(values), **variables}},
        snapshots=snapshots,
    )


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_mean_discovery_time_is_that_of_the_seeds_that_find_the_mode(tmp_path):
    found = learned(tmp_path, [[10, NEVER, NEVER], [20, NEVER, 60], [40, NEVER, 30]])
    times = learning_curves.mean_discovery_times(found, CNN)
    assert times == pytest.approx([70 / 3, np.nan, 45], nan_ok=True)


def test_a_mode_that_no_seed_finds_has_no_mark(tmp_path, axes):
    found = learned(tmp_path, [[10, NEVER, 40], [20, NEVER, 60]])
    learning_curves.mark_discoveries(axes, found, CNN)
    drawn = [(to_hex(line.get_color()), *line.get_xdata()) for line in axes.lines]
    assert drawn == [("#0072b2", 15, 15), ("#009e73", 50, 50)]


@pytest.mark.parametrize(
    ("times", "end"), [([10, 20, 30], 75), ([10, 20, 39], 97.5), ([10, 20, 40], 100), ([10, 20, 60], 100)]
)
def test_time_is_cut_at_two_and_a_half_times_the_last_discovery(tmp_path, axes, times, end):
    found = learned(tmp_path, [times])
    learning_curves.time_axis(axes, found)
    learning_curves.show_discoveries_only(axes, found, CNN)
    assert axes.get_xlim() == (0, end)


def test_time_is_not_cut_while_a_mode_is_not_found(tmp_path, axes):
    found = learned(tmp_path, [[5, 10, NEVER]])
    learning_curves.time_axis(axes, found)
    learning_curves.show_discoveries_only(axes, found, CNN)
    assert axes.get_xlim() == (0, 100)
    assert axes.get_xlabel() == "training samples seen"
    assert axes.xaxis.get_major_formatter()(12345) == "12,345"
    assert axes.get_xticks().tolist() == [0, 20, 40, 60, 80, 100]


def test_a_discovery_is_the_first_snapshot_after_mean_less_standard_deviation(tmp_path):
    # Means 15, 40, 80 and deviations 5, 10, 0: from 10, 30 and 80 on; snapshots at 0, 10, 29, 31, 79, 81, 100.
    found = learned(tmp_path, [[10, 30, 80], [20, 50, 80]], snapshots=[10, 29, 31, 79, 81])
    moments = learning_curves.discoveries(found, CNN)
    assert [(m.index, m.sample, m.modes) for m in moments] == [(1, 10, (0,)), (3, 31, (1,)), (5, 81, (2,))]
    assert moments[1].label == "t = 31\nmode 1 found"


def test_modes_that_share_a_snapshot_stand_together_in_order_of_time(tmp_path):
    found = learned(tmp_path, [[50, 45, 20]], snapshots=[30, 60])
    moments = learning_curves.discoveries(found, CNN)
    assert [(m.index, m.sample, m.modes) for m in moments] == [(1, 30, (2,)), (2, 60, (0, 1))]
    assert moments[1].label == "t = 60\nmodes 0, 1 found"


def test_where_no_mode_is_found_the_last_snapshot_stands_alone(tmp_path):
    found = learned(tmp_path, [[NEVER, NEVER, NEVER]], snapshots=[30])
    (moment,) = learning_curves.discoveries(found, CNN)
    assert (moment.index, moment.sample, moment.modes, moment.label) == (2, 100, (), "t = 100\nno mode found")


def test_a_mode_that_no_seed_finds_is_no_discovery(tmp_path):
    found = learned(tmp_path, [[20, NEVER, 70]], snapshots=[30])
    assert [m.modes for m in learning_curves.discoveries(found, CNN)] == [(0,), (2,)]


def test_weights_are_of_the_seed_asked_for(tmp_path):
    kernels = np.random.default_rng(0).random((2, 2, 1, SIDE, SIDE))
    found = learned(tmp_path, [[10, 20, 30], [10, 20, 30]], kernel=kernels)
    for seed in range(2):
        assert np.array_equal(learning_curves.weights(found, CNN, "kernel", seed), kernels[seed])


def test_half_plane_has_every_frequency_of_a_real_image_once():
    # l = 3 i + j of n = 3; (2, j) mirrors (1, −j), and (0, 2) mirrors (0, 1).
    assert learning_curves.half_plane(3).tolist() == [0, 1, 3, 4, 5]
    # Of n = 4 (0, 2), (2, 0) and (2, 2) mirror themselves.
    assert learning_curves.half_plane(4).tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    ("l", "side", "words"),
    [(0, 4, "(0, 0)"), (7, 4, "(1, −1)"), (10, 4, "(2, 2)"), (14, 5, "(2, −1)"), (15, 5, "(−2, 0)"), (2, 5, "(0, 2)")],
)
def test_frequency_has_signs(l, side, words):
    assert learning_curves.frequency(l, side) == words


def test_only_the_modes_asked_for_are_shown(tmp_path, axes):
    found = learned(tmp_path, [[10, 20, 30], [20, 30, 40]])
    learning_curves.effective_singular_values(axes, found, [CNN], modes=[0, 1])
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert [to_hex(line.get_color()) for line in curves] == ["#0072b2", "#d55e00"]
    for mode, line in enumerate(curves):
        expected = LEVELS[mode] * (ramp(TIMES, 10 * (mode + 1), 4) + ramp(TIMES, 10 * (mode + 2), 4)) / 2
        assert line.get_ydata() == pytest.approx(expected)
    assert axes.get_ylim()[0] == 0


def test_the_axis_of_losses_has_no_offset(tmp_path, axes):
    losses = np.full((1, 101), 1000.0) + np.linspace(0, 0.01, 101)
    learning_curves.losses(axes, learned(tmp_path, [[10, 20, 30]], train_loss=losses))
    formatter = axes.yaxis.get_major_formatter()
    formatter.set_locs([1000.0, 1000.005, 1000.01])
    assert formatter.get_offset() == ""


def test_titles_and_legend_entries():
    entry = learning_curves.level_entry()
    assert (entry.get_label(), entry.get_linewidth(), to_hex(entry.get_color())) == (
        r"level $s_\alpha$",
        0.6,
        "#333333",
    )
    assert entry.get_linestyle() == "--"
    assert entry._unscaled_dash_pattern == (0, (1, 2))
    assert learning_curves.theory_entry().get_label() == "gradient flow"
    assert [e.get_linestyle() for e in learning_curves.network_entries([CNN, FCNN])] == ["-", "--"]
    assert [to_hex(e.get_color()) for e in learning_curves.split_entries(["train", "test"])] == ["#000000", "#999999"]
    modes = learning_curves.mode_entries([2, 0])
    assert [(e.get_label(), to_hex(e.get_color())) for e in modes] == [("mode 2", "#009e73"), ("mode 0", "#0072b2")]
