"""Every curve, bar and image in Figs. 3 to 6, S.1, S.2 and S.5 is what the files hold, read back from the figure.

What is expected is read with the NetCDF library alone and averaged here. Modes, networks, seeds, splits and channels
have different numbers, so that an exchange of two of them, a factor or one seed in place of the mean is noticed.
"""

import re

import netCDF4
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex

from claims.known_results import (
    CNN,
    DEEP,
    FCNN,
    RELU,
    mirrored,
    ramp,
    rotation,
    wave,
    write_experiment,
)
from learning_dynamics.figures import style
from learning_dynamics.figures.paper import (
    balance,
    deep_networks,
    dominant_frequency_bias,
    general_data,
    kernel_against_singular_vectors,
    off_diagonal,
    pure_cosines,
)

SIDE, UPDATES = 4, 100
RECORDS = np.arange(0, UPDATES + 1, 5)
BLUE, VERMILION, GREEN = MODE_COLOURS = ("#0072b2", "#d55e00", "#009e73")
LINES = {CNN: "-", FCNN: "--", DEEP: "-", RELU: "--"}
TRAIN, TEST, BLACK = "#000000", "#999999", "#000000"


def stored(paths, name):
    """A variable as it is in the files: of one file, or of one per seed, stacked."""
    if isinstance(paths, str):
        with netCDF4.Dataset(paths) as file:
            return np.array(file[name][:], dtype=float)
    return np.stack([stored(path, name) for path in paths])


# Half-rise times (seeds, modes) of each network, so far apart that every ramp can be told from the others.
TIMES = {
    CNN: np.array([[20.0, 50.0, 80.0], [25.0, 55.0, 75.0], [15.0, 60.0, 70.0]]),
    FCNN: np.array([[10.0, 30.0, 60.0], [15.0, 40.0, 55.0], [20.0, 35.0, 65.0]]),
}
TIMES |= {DEEP: TIMES[CNN] + 5, RELU: TIMES[FCNN] + 10}


def trajectories(generator, network, levels, shape, test):
    """Everything a trajectory holds, seeds first: a_α along straight lines, all else at random."""
    seeds, records, modes = 3, len(RECORDS), len(levels)
    omega = generator.normal(size=(seeds, records, modes, modes))
    predicted = generator.normal(size=(seeds, records, modes, modes))
    sigmoid = np.empty((seeds, records, modes))
    for mode in range(np.count_nonzero(levels)):
        for seed in range(seeds):
            time = TIMES[network][seed, mode]
            omega[seed, :, mode, mode] = levels[mode] * ramp(RECORDS, time, 10)
            predicted[seed, :, mode, mode] = levels[mode] * ramp(RECORDS, time + 5 * (1 + seed % 2), 20)
            sigmoid[seed, :, mode] = levels[mode] * ramp(RECORDS, time + 5, 10)
    runs = {"effective_singular_values": omega, "train_loss": generator.random((seeds, records))}
    flow = {"effective_singular_values": predicted, "train_loss": generator.random((seeds, records))}
    if test:
        runs["test_loss"], flow["test_loss"] = generator.random((2, seeds, records))
    channels, *plane = shape
    if network == CNN:
        runs["kernel_magnitude"] = generator.random((seeds, records, channels, *plane)) + 0.1
        runs["readout_magnitude"] = generator.random((seeds, records, modes, *plane)) + 0.1
        runs["kernel"] = generator.normal(size=(seeds, 6, channels, *plane))
        flow["kernel_magnitude"] = generator.random((seeds, records, channels, *plane)) + 0.1
        flow["readout_magnitude"] = generator.random((seeds, records, modes, *plane)) + 0.1
        flow["mean_kernel_magnitude"] = generator.random((records, channels, *plane))
        flow["competition_mean_kernel_magnitude"] = generator.random((records, *plane))
        flow["competition_final_kernel_magnitude"] = generator.random((seeds, *plane))
    if network == FCNN:
        runs["first_layer"] = generator.normal(size=(seeds, 6, 3, channels, *plane))
    return runs, flow | {"sigmoid": sigmoid}


# Snapshots at 0, 20, 40, 60, 70 and 100.
SNAPSHOTS = (20, 40, 60, 70)


def written(folder, name, networks, levels, vectors, *, channels=2, test=False, change=None):
    generator = np.random.default_rng(len(name))
    both = {network: trajectories(generator, network, levels, (channels, SIDE, SIDE), test) for network in networks}
    runs = {network: part[0] for network, part in both.items()}
    if change:
        change(runs)
    colours = np.array([0.6, 0.8] if channels == 2 else [1.0])[:, None, None]
    return write_experiment(
        folder,
        name,
        singular_values=levels,
        vectors=np.asarray(vectors)[:, None] * colours,
        left=rotation(0.3, len(levels)),
        trajectories=runs,
        theory={network: part[1] for network, part in both.items()},
        updates=UPDATES,
        snapshots=SNAPSHOTS,
        test=test,
    )


@pytest.fixture(scope="module")
def cosines(tmp_path_factory):
    """Two modes that share no frequency; two channels."""
    vectors = [wave(SIDE, {(0, 1): 0.8, (1, 0): 0.6}), wave(SIDE, {(1, 1): 0.9, (1, 3): np.sqrt(0.19)})]
    return written(tmp_path_factory.mktemp("results"), "sums_of_cosines", [CNN, FCNN], (2.0, 1.0), vectors)


def cascade_at_1_0(runs):
    """The frequency (1, 0) grows from half of what is largest to the largest."""
    kernel = runs[CNN]["kernel_magnitude"]
    kernel *= 0.1
    kernel[:, :, :] += np.linspace(0, 3, len(RECORDS))[:, None, None, None] * mirrored(SIDE, {(1, 0): 1.0})


@pytest.fixture(scope="module")
def general(tmp_path_factory):
    """Three modes and one whose singular value is 0; images held out."""
    vectors = [wave(SIDE, {pair: 1.0}) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]
    folder = tmp_path_factory.mktemp("results")
    return written(folder, "any_images", [CNN, FCNN], (3.0, 2.0, 1.0, 0.0), vectors, test=True, change=cascade_at_1_0)


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    vectors = [wave(SIDE, {pair: 1.0}) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]
    levels = (3.0, 2.0, 1.0, 0.0)
    return written(tmp_path_factory.mktemp("results"), "deep", [DEEP, RELU], levels, vectors, channels=1, test=True)


def panel(figure, letter):
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == f"({letter})"]
    return axes


def titled(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title() == title]
    return axes


def close(drawn, expected):
    return np.shape(drawn) == np.shape(expected) and np.allclose(drawn, expected, rtol=1e-6, atol=1e-9)


def measured_lines(axes):
    """Solid or dashed curves over the records, in the order drawn, as (colour, line, curve)."""
    lines = [line for line in axes.lines if line.get_marker() == "None" and len(line.get_xdata()) > 2]
    assert all(np.array_equal(line.get_xdata(), RECORDS) for line in lines)
    return [(to_hex(line.get_color()), line.get_linestyle(), np.asarray(line.get_ydata())) for line in lines]


def predicted_lines(axes):
    """Dots over the records, as (colour, curve)."""
    lines = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) > 2]
    assert all(np.array_equal(line.get_xdata(), RECORDS) for line in lines)
    return [(to_hex(line.get_color()), np.asarray(line.get_ydata())) for line in lines]


def bands(axes):
    """Lower and upper edge and colour of every band, in the order drawn."""
    found = []
    for band in axes.collections:
        if isinstance(band, PolyCollection):
            vertices = band.get_paths()[0].vertices
            count = len(RECORDS)
            low, high = vertices[1 : count + 1], vertices[count + 2 : 2 * count + 2][::-1]
            assert np.array_equal(low[:, 0], RECORDS)
            assert np.array_equal(high[:, 0], RECORDS)
            found.append((low[:, 1], high[:, 1], to_hex(band.get_facecolor()[0])))
    return found


def assert_mean_and_spread(axes, expected):
    """A curve and a band for each (colour, line, values (seeds, samples)), and no others."""
    drawn = list(zip(measured_lines(axes), bands(axes), strict=True))
    assert len(drawn) == len(expected)
    for colour, line, values in expected:
        mean, spread = values.mean(axis=0), values.std(axis=0)
        (curve,) = [part for part in drawn if part[0][:2] == (colour, line) and close(part[0][2], mean)]
        low, high, shade = curve[1]
        assert shade == colour
        assert close(low, mean - spread)
        assert close(high, mean + spread)


def assert_predicted(axes, expected):
    """Dots for each (colour, curve), and no others."""
    drawn = predicted_lines(axes)
    assert len(drawn) == len(expected)
    for colour, curve in expected:
        assert len([part for part in drawn if part[0] == colour and close(part[1], curve)]) == 1


def assert_levels(axes, levels):
    """A horizontal line per mode at s_α, in its colour."""
    drawn = {
        to_hex(line.get_color()): line.get_ydata()[0]
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_ydata()[0] == line.get_ydata()[1]
    }
    assert drawn == pytest.approx(dict(zip(MODE_COLOURS, levels, strict=False)))


def assert_discoveries(axes, times):
    """A vertical line per mode at its mean time, in its colour."""
    drawn = {
        to_hex(line.get_color()): line.get_xdata()[0]
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
    }
    assert drawn == pytest.approx(dict(zip(MODE_COLOURS, times, strict=False)))


def legend_of(artist):
    """Label to (colour, line) in a legend."""
    legends = [artist.get_legend()] if hasattr(artist, "get_legend") else artist.legends
    return {
        text.get_text(): (to_hex(handle.get_color()), handle.get_linestyle())
        for legend in legends
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
        if hasattr(handle, "get_linestyle") and hasattr(handle, "get_color")
    }


def omega_of(results, network, modes=3):
    """(measured, predicted) Ω of the modes that can be discovered, (seeds, samples, modes, modes)."""
    name = "effective_singular_values"
    measured = stored(results.trajectory_files[network], name)[..., :modes, :modes]
    return measured, stored(results.theory_files[network], name)[..., :modes, :modes]


def joined(magnitudes):
    """The root of the sum of squares over the channels of (…, C, n, n)."""
    return np.sqrt((magnitudes**2).sum(axis=-3))


def spectrum(images):
    """|Q v| of images (…, n, n)."""
    return np.abs(np.fft.fft2(images)) / np.shape(images)[-1]


def images_of(axes):
    return [np.asarray(image.get_array(), dtype=float) for image in axes.images]


def colours_of(image, limit=None):
    """How an image of two channels is shown: as red and green, zero as grey."""
    padded = np.concatenate([image, np.zeros((1, *image.shape[1:]))])
    return np.clip(0.5 + np.moveaxis(padded, 0, -1) / (2 * (limit or np.abs(image).max())), 0, 1)


def test_fig_3_shows_means_spreads_and_eq_22_of_both_networks(cosines):
    axes = panel(pure_cosines.draw([cosines]), "b")
    curves, sigmoids = [], []
    for network in (CNN, FCNN):
        measured, _ = omega_of(cosines, network, 2)
        sigmoid = stored(cosines.theory_files[network], "sigmoid")
        for mode in range(2):
            curves.append((MODE_COLOURS[mode], LINES[network], measured[:, :, mode, mode]))
            sigmoids.append((BLACK, sigmoid[:, :, mode].mean(axis=0)))
    assert_mean_and_spread(axes, curves)
    assert_predicted(axes, sigmoids)
    assert_levels(axes, (2.0, 1.0))
    legend = legend_of(axes)
    assert (legend["CNN"][1], legend["FCNN"][1]) == ("-", "--")


def points(axes):
    """Mean and spread of every point with its bar, by marker, colour and place."""
    found = {}
    for line, _, (bar,) in axes.containers:
        ((x, y),) = zip(*line.get_data(), strict=True)
        assert isinstance(bar, LineCollection)
        (segment,) = bar.get_segments()
        assert np.all(segment[:, 0] == x)
        found[line.get_marker(), to_hex(line.get_color()), round(float(x), 6)] = (y, *segment[:, 1])
    return found


def summary(values):
    return pytest.approx((values.mean(), values.mean() - values.std(), values.mean() + values.std()))


def test_fig_3_shows_discovery_times_and_their_ratios(cosines):
    figure = pure_cosines.draw([cosines])
    times, ratios = panel(figure, "c"), panel(figure, "d")
    assert points(times) == {
        (marker, MODE_COLOURS[mode], round(mode + shift, 6)): summary(TIMES[network][:, mode])
        for network, marker, shift in ((CNN, "o", -0.12), (FCNN, "s", 0.12))
        for mode in range(2)
    }
    predicted = [line for line in times.lines if line.get_marker() == "_"]
    for line, network in zip(predicted, (CNN, FCNN), strict=True):
        assert line.get_ydata() == pytest.approx(TIMES[network][:, :2].mean(axis=0) + 5)
    quotient = TIMES[CNN] / TIMES[FCNN]
    assert points(ratios) == {("o", MODE_COLOURS[mode], float(mode)): summary(quotient[:, mode]) for mode in range(2)}
    (level,) = [line for line in ratios.lines if line.get_marker() == "_"]
    assert level.get_ydata() == pytest.approx(((TIMES[CNN] + 5) / (TIMES[FCNN] + 5)).mean(axis=0)[:2])


# Of the two modes of ``cosines``, the strongest frequency first.
FREQUENCIES = [[(0, 1), (1, 0)], [(1, 1), (1, 3)]]


def test_fig_4_shows_the_kernel_at_the_frequencies_of_each_mode(cosines):
    figure = dominant_frequency_bias.draw([cosines])
    kernel = joined(stored(cosines.trajectory_files[CNN], "kernel_magnitude"))
    predicted = stored(cosines.theory_files[CNN], "competition_mean_kernel_magnitude")
    spectra = joined(spectrum(stored(cosines.structure_file, "right_singular_vectors")))
    in_no_mode = (spectra < 1e-6).all(axis=0)
    parts = [axes for axes in figure.axes if axes.get_ylabel() == r"$|\hat{k}_l|$"]
    assert len(parts) == 2
    for mode, axes in enumerate(parts):
        curves = measured_lines(axes)
        of_modes = [curve for curve in curves if curve[0] == MODE_COLOURS[mode]]
        others = [curve for curve in curves if curve[0] == to_hex("0.7")]
        assert len(curves) == len(of_modes) + len(others)
        for (row, column), (_, line, curve), (low, high, _), style_expected, entry in zip(
            FREQUENCIES[mode], of_modes, bands(axes), ("-", "--"), axes.get_legend().get_texts(), strict=True
        ):
            values = kernel[:, :, row, column]
            assert close(curve, values.mean(axis=0))
            assert close(low, values.mean(axis=0) - values.std(axis=0))
            assert close(high, values.mean(axis=0) + values.std(axis=0))
            assert line == style_expected
            pattern = rf"\({row}, {column}\): .*{spectra[mode, row, column]:.2f}\$"
            assert re.match(pattern, entry.get_text())
        assert close(np.array([curve for _, _, curve in others]).T, kernel.mean(axis=0)[:, in_no_mode])
        assert_predicted(axes, [(BLACK, predicted[:, row, column]) for row, column in FREQUENCIES[mode]])


def test_fig_4_shows_final_kernel_and_first_layer(cosines):
    figure = dominant_frequency_bias.draw([cosines])
    kernel = stored(cosines.trajectory_files[CNN], "kernel")
    magnitude = joined(stored(cosines.trajectory_files[CNN], "kernel_magnitude"))
    rows = stored(cosines.trajectory_files[FCNN], "first_layer")
    by_title = {axes.get_title(): images_of(axes) for axes in figure.axes if axes.images}
    assert close(by_title["kernel $k$\n(seed 0)"][0], colours_of(kernel[0, -1]))
    assert close(by_title["$|\\hat{k}|$\n(mean of seeds)"][0], np.fft.fftshift(magnitude[:, -1].mean(axis=0)))
    for unit in range(2):
        assert close(
            by_title[f"row {unit} of $W_1$\n(seed 0)"][0], colours_of(rows[0, -1, unit], np.abs(rows[0, -1, :2]).max())
        )
    expected = np.sqrt((joined(spectrum(rows[:, -1])) ** 2).mean(axis=1)).mean(axis=0)
    assert close(by_title["$|\\hat{W}_1|$\n(mean of seeds)"][0], np.fft.fftshift(expected))


def test_fig_4_compares_final_magnitudes_relative_to_the_largest_of_the_mode(cosines):
    figure = dominant_frequency_bias.draw([cosines])
    (axes,) = [axes for axes in figure.axes if axes.get_ylabel().startswith("relative to the largest")]
    spectra = joined(spectrum(stored(cosines.structure_file, "right_singular_vectors")))
    kernel = joined(stored(cosines.trajectory_files[CNN], "kernel_magnitude")[:, -1])
    winners = stored(cosines.theory_files[CNN], "competition_final_kernel_magnitude")
    rows = joined(spectrum(stored(cosines.trajectory_files[FCNN], "first_layer")[:, -1]))
    layer = np.sqrt((rows**2).mean(axis=1))
    bars = {
        round(bar.get_x() + bar.get_width() / 2, 6): (to_hex(bar.get_facecolor()), to_hex(bar.get_edgecolor()), bar)
        for bar in axes.patches
    }
    spreads = {
        round(float(x), 6): segment[:, 1]
        for container in axes.containers
        if hasattr(container, "lines")
        for segment in container.lines[2][0].get_segments()
        for x in segment[:1, 0]
    }
    levels = {float(x): y for line in axes.lines for x, y in zip(*line.get_data(), strict=True)}
    place = 0
    for mode, pairs in enumerate(FREQUENCIES):

        def relative(magnitudes, pairs=pairs):
            values = np.stack([magnitudes[:, row, column] for row, column in pairs], axis=1)
            return values / values.max(axis=1, keepdims=True)

        colour = MODE_COLOURS[mode]
        for index in range(len(pairs)):
            for shift, values, fill, edge in (
                (-0.27, relative(spectra[mode : mode + 1]), to_hex("0.75"), to_hex("0.75")),
                (0.0, relative(kernel), colour, colour),
                (0.27, relative(layer), "#ffffff", colour),
            ):
                drawn = bars.pop(round(place + shift, 6))
                mean, spread = values[:, index].mean(), values[:, index].std()
                assert drawn[:2] == (fill, edge)
                assert drawn[2].get_height() == pytest.approx(mean, rel=1e-6)
                if len(values) > 1:
                    assert spreads.pop(round(place + shift, 6)) == pytest.approx([mean - spread, mean + spread])
            assert levels.pop(place) == pytest.approx(relative(winners)[:, index].mean())
            place += 1
    assert not bars
    assert not spreads
    assert not levels
    assert [label.get_text() for label in axes.get_xticklabels()] == ["(0, 1)", "(1, 0)", "(1, 1)", "(1, 3)"]


def assert_effective_singular_values(axes, results, networks, modes):
    curves, flows = [], []
    for network in networks:
        measured, predicted = omega_of(results, network, modes)
        for mode in range(modes):
            curves.append((MODE_COLOURS[mode], LINES[network], measured[:, :, mode, mode]))
            flows.append((BLACK, predicted[:, :, mode, mode].mean(axis=0)))
    assert_mean_and_spread(axes, curves)
    assert_predicted(axes, flows)


def test_fig_5_shows_effective_singular_values_and_losses_of_both_halves(general, cosines):
    figure = general_data.draw([cosines, general])
    for results, letters, levels in ((cosines, "ac", (2.0, 1.0)), (general, "bd", (3.0, 2.0, 1.0))):
        values, losses = panel(figure, letters[0]), panel(figure, letters[1])
        assert values.get_title() == results.name.replace("_", " ")
        assert_effective_singular_values(values, results, (CNN, FCNN), len(levels))
        assert_levels(values, levels)
        splits = {"train_loss": TRAIN} | ({"test_loss": TEST} if results is general else {})
        curves, flows = [], []
        for network in (CNN, FCNN):
            for name, colour in splits.items():
                curves.append((colour, LINES[network], stored(results.trajectory_files[network], name)))
                flows.append((colour, stored(results.theory_files[network], name).mean(axis=0)))
        assert_mean_and_spread(losses, curves)
        assert_predicted(losses, flows)
        shown = {label: colour for label, (colour, _) in legend_of(losses).items()}
        assert shown == {name.removesuffix("_loss"): colour for name, colour in splits.items()}
        assert (values.get_xlim(), losses.get_xlim()) == ((0, UPDATES), (0, UPDATES))
    legend = legend_of(figure)
    assert [legend[f"mode {mode}"][0] for mode in range(3)] == list(MODE_COLOURS)
    assert (legend["CNN"][1], legend["FCNN"][1]) == ("-", "--")


def snapshot_of(network, mode):
    """Index of the first snapshot at or after the mean half-rise time less a standard deviation."""
    times = TIMES[network][:, mode]
    snapshots = [0, *SNAPSHOTS, UPDATES]
    return min(i for i, sample in enumerate(snapshots) if sample >= times.mean() - times.std())


def test_fig_5_shows_weights_of_one_seed_when_each_mode_is_found(general, cosines):
    figure = general_data.draw([cosines, general])
    rows = stored(general.trajectory_files[FCNN], "first_layer")[0]
    kernels = stored(general.trajectory_files[CNN], "kernel")[0]
    first = figure.axes.index(panel(figure, "d")) + 1
    shown = [images_of(axes)[0] for axes in figure.axes[first:] if axes.images]
    expected = []
    snapshots = sorted({snapshot_of(FCNN, mode) for mode in range(3)})
    assert len(snapshots) > 1
    expected += [colours_of(rows[index, unit] - rows[0, unit]) for index in snapshots for unit in range(2)]
    snapshots = sorted({snapshot_of(CNN, mode) for mode in range(3)})
    for index in snapshots:
        expected += [colours_of(kernels[index]), np.fft.fftshift(joined(spectrum(kernels[index])))]
    assert len(shown) == len(expected)
    for drawn, array in zip(shown, expected, strict=True):
        assert close(drawn, array)
    labels = [axes.get_xlabel() for axes in figure.axes[first:] if axes.images and axes.get_xlabel()]
    samples = [0, *SNAPSHOTS, UPDATES]
    assert [int(label.split("=")[1].split("\n")[0]) for label in labels[-len(snapshots) :]] == [
        samples[index] for index in snapshots
    ]


def test_fig_5_shows_every_coefficient_and_the_one_that_cascades(general, cosines):
    axes = panel(general_data.draw([cosines, general]), "j")
    kernel = joined(stored(general.trajectory_files[CNN], "kernel_magnitude")).mean(axis=0)
    curves = measured_lines(axes)
    grey = [curve for colour, _, curve in curves if colour == to_hex("0.55")]
    pairs = [(i, j) for i in range(SIDE) for j in range(SIDE) if i * SIDE + j <= -i % SIDE * SIDE + -j % SIDE]
    assert len(pairs) == 10
    assert close(np.array(grey), np.array([kernel[:, i, j] for i, j in pairs]))
    (highlighted,) = [curve for colour, _, curve in curves if colour != to_hex("0.55")]
    assert close(highlighted, kernel[:, 1, 0])
    assert axes.get_legend().get_texts()[0].get_text() == "(i, j) = (1, 0)"
    flow = joined(stored(general.theory_files[CNN], "mean_kernel_magnitude"))
    assert_predicted(axes, [(BLACK, flow[:, 1, 0])])
    assert_discoveries(axes, TIMES[CNN].mean(axis=0))


def test_fig_6_shows_losses_and_effective_singular_values_of_the_deep_networks(deep):
    figure = deep_networks.draw([deep])
    losses = panel(figure, "a")
    assert_mean_and_spread(
        losses,
        [
            (colour, LINES[network], stored(deep.trajectory_files[network], name))
            for network in (DEEP, RELU)
            for name, colour in (("train_loss", TRAIN), ("test_loss", TEST))
        ],
    )
    assert losses.get_lines()[-1].get_ydata() == pytest.approx([1 / 4, 1 / 4])
    legend = legend_of(losses)
    assert (legend["deep linear CNN"][1], legend["deep non-linear CNN"][1]) == ("-", "--")
    assert (legend["train"][0], legend["test"][0]) == (TRAIN, TEST)
    for letter, network, title in (("b", DEEP, "deep linear CNN"), ("c", RELU, "deep non-linear CNN")):
        axes = panel(figure, letter)
        omega = stored(deep.trajectory_files[network], "effective_singular_values")
        assert_mean_and_spread(axes, [(MODE_COLOURS[mode], "-", omega[:, :, mode, mode]) for mode in range(3)])
        assert_levels(axes, (3.0, 2.0, 1.0))
        assert axes.get_title() == title
    legend = legend_of(figure)
    assert [legend[f"mode {mode}"][0] for mode in range(3)] == list(MODE_COLOURS)


def test_fig_s1_shows_omega_on_and_off_the_diagonal(cosines):
    figure = off_diagonal.draw([cosines])
    on, off = panel(figure, "a"), panel(figure, "b")
    assert_effective_singular_values(on, cosines, (CNN,), 2)
    assert_levels(on, (2.0, 1.0))
    measured, predicted = omega_of(cosines, CNN, 2)
    places = [(0, 1), (1, 0)]
    assert_mean_and_spread(off, [(MODE_COLOURS[left], "-", measured[:, :, left, right]) for left, right in places])
    assert_predicted(off, [(BLACK, predicted[:, :, left, right].mean(axis=0)) for left, right in places])
    labels = {text: colour for text, (colour, _) in legend_of(off).items()}
    assert labels == {r"$\Omega_{01}$": BLUE, r"$\Omega_{10}$": VERMILION}


def test_fig_s2_shows_median_and_quartiles_of_the_balance(cosines):
    figure = balance.draw([cosines])
    kernel, readout = (stored(cosines.trajectory_files[CNN], f"{part}_magnitude") for part in ("kernel", "readout"))
    flow = [stored(cosines.theory_files[CNN], f"{part}_magnitude") for part in ("kernel", "readout")]
    for mode, letter in enumerate("ab"):
        axes = panel(figure, letter)
        fraction, predicted = readout[:, :, mode] / joined(kernel), flow[1][:, :, mode] / joined(flow[0])
        drawn = list(zip(measured_lines(axes), bands(axes), FREQUENCIES[mode], ("-", "--"), strict=True))
        for (colour, line, curve), (low, high, shade), (row, column), expected_line in drawn:
            quarter, median, three = np.percentile(fraction[:, :, row, column], [25, 50, 75], axis=0)
            assert (colour, shade, line) == (MODE_COLOURS[mode], MODE_COLOURS[mode], expected_line)
            assert close(curve, median)
            assert close(low, quarter)
            assert close(high, three)
        dots = [np.median(predicted[:, :, row, column], axis=0) for row, column in FREQUENCIES[mode]]
        assert_predicted(axes, [(BLACK, curve) for curve in dots])
        assert_discoveries(axes, TIMES[CNN].mean(axis=0)[:2])
        texts = [text.get_text() for text in axes.get_legend().get_texts()]
        assert texts[:2] == [["(0, 1)", "(1, 0)"], ["(1, 1)", "(1, −1)"]][mode]


def test_fig_s5_shows_vectors_as_dots_and_the_kernel_as_crosses(general):
    figure = kernel_against_singular_vectors.draw([general])
    half = [l for l in range(SIDE**2) if l <= -(l // SIDE) % SIDE * SIDE + -l % SIDE]
    vectors = joined(spectrum(stored(general.structure_file, "right_singular_vectors"))).reshape(4, -1)[:, half]
    kernel = joined(spectrum(stored(general.trajectory_files[CNN], "kernel")).mean(axis=0)).reshape(6, -1)[:, half]
    found_at = [snapshot_of(CNN, mode) for mode in range(3)]
    snapshots = sorted(set(found_at))
    largest = kernel[snapshots].max()
    assert len(figure.axes) == len(snapshots)
    for index, letter in zip(snapshots, "abc", strict=False):
        axes = panel(figure, letter)
        modes = [mode for mode in range(3) if found_at[mode] <= index]
        assert axes.get_title().startswith(f"t = {[0, *SNAPSHOTS, UPDATES][index]} samples")
        dots = {to_hex(line.get_color()): line for line in axes.lines}
        assert set(dots) == {MODE_COLOURS[mode] for mode in modes}
        crosses = [part for part in axes.collections if isinstance(part, PathCollection)]
        for mode, marks in zip(modes, crosses, strict=True):
            line = dots[MODE_COLOURS[mode]]
            assert np.array_equal(line.get_xdata(), half)
            assert close(line.get_ydata(), vectors[mode])
            shown = kernel[index] > largest / 10
            assert close(marks.get_offsets(), np.stack([half, vectors[mode]], axis=1)[shown])
            assert close(np.sqrt(marks.get_sizes()) / 8, kernel[index][shown] / largest)


ORIGINAL = style.mean_and_spread


def scaled(axes, samples, values, *arguments, **options):
    ORIGINAL(axes, samples, 1.01 * np.asarray(values), *arguments, **options)


def of_one_seed(axes, samples, values, *arguments, **options):
    ORIGINAL(axes, samples, np.asarray(values)[:1], *arguments, **options)


def in_the_next_colour(axes, samples, values, colour, *arguments, **options):
    turned = {BLUE.upper(): VERMILION, VERMILION.upper(): BLUE, "black": "0.6", "0.6": "black"}
    ORIGINAL(axes, samples, values, turned.get(colour.upper(), turned.get(colour, colour)), *arguments, **options)


def of_the_other_network(axes, samples, values, colour, line="-", **options):
    ORIGINAL(axes, samples, values, colour, {"-": "--", "--": "-"}.get(line, line), **options)


@pytest.mark.parametrize("falsified", [scaled, of_one_seed, in_the_next_colour, of_the_other_network])
@pytest.mark.parametrize(
    "check",
    [
        test_fig_3_shows_means_spreads_and_eq_22_of_both_networks,
        test_fig_4_shows_the_kernel_at_the_frequencies_of_each_mode,
        test_fig_5_shows_effective_singular_values_and_losses_of_both_halves,
        test_fig_6_shows_losses_and_effective_singular_values_of_the_deep_networks,
        test_fig_s1_shows_omega_on_and_off_the_diagonal,
    ],
)
def test_falsified_curves_are_noticed(request, monkeypatch, check, falsified):
    monkeypatch.setattr(style, "mean_and_spread", falsified)
    names = check.__code__.co_varnames[: check.__code__.co_argcount]
    with pytest.raises((AssertionError, ValueError)):
        check(**{name: request.getfixturevalue(name) for name in names})
