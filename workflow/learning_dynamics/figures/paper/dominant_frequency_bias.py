"""The kernel keeps the dominant frequencies, the fully connected weights keep all (Pinson et al. 2023, Fig. 4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from learning_dynamics.figures import panels, style
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

# Of one mode; line styles tell them apart.
_LINES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (6, 3)))
# A coefficient below this share of its mode's largest is zero to rounding.
_SHARE = 1e-6
_ROWS = 2
_VECTOR = "0.75"
_OTHERS: dict[str, Any] = {"color": "0.7", "linewidth": 0.4}


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Soft winner-takes-all among the kernel's frequencies (Pinson et al. 2023, Sec. 4, Fig. 4, Eqs. 23, 24, S.66).

    (a) Class images and |v̂^α|, at most five. (b) |k̂_l|(t), mean and standard deviation over seeds, for the frequencies
    of each mode, those in no mode in grey; on top the competition's closed form from each seed's own start, mean over
    seeds. (c) The kernel of one seed at the end and |k̂|, mean over seeds. (d) Rows of the FCNN's first layer W1, and
    the root mean square of their spectra over rows and seeds. (e) At the end, per mode and relative to its largest
    coefficient: |v̂^α_l|, |k̂_l| with the competition's winners across, and the same root mean square, mean and standard
    deviation over seeds. The FCNN's weights follow the singular vectors (Eq. 18), the kernel exaggerates their dominant
    frequencies.
    """
    (results,) = experiments
    upper, lower = 0.4 + 1.05 * len(_modes(results)), 1.7
    figure = style.new_figure(style.PAGE, upper + lower)
    top, bottom = panels.blocks(figure, 2, 1, height_ratios=[upper, lower])
    images, magnitudes = panels.blocks(top, 1, 2, width_ratios=[1, 2.3])
    _class_images(images, results)
    _kernel_magnitudes(magnitudes, results)
    kernel, fcnn, shares = panels.blocks(bottom, 1, 3, width_ratios=[2, 3, 3])
    _kernel(kernel, results)
    _first_layer(fcnn, results)
    _shares(shares, results)
    return figure


def _modes(results: ExperimentResults) -> list[int]:
    return results.modes[: panels.MOST_MODES]


def _frequencies(magnitudes: FloatArray) -> list[tuple[int, int]]:
    """The frequency pairs in |v̂^α|, one of each mirror pair, the dominant one first, as many as can be told apart."""
    side = len(magnitudes)
    flat = magnitudes.ravel()
    index = np.arange(side * side)
    present = index[(flat > _SHARE * flat.max()) & (index <= fourier.mirror_index(side))]
    ordered = present[np.argsort(-flat[present], kind="stable")][: len(_LINES)]
    return [(int(l) // side, int(l) % side) for l in ordered]


def _class_images(panel: SubFigure, results: ExperimentResults) -> None:
    panels.block_title(panel, "a", r"class images and $|\hat{v}^\alpha|$")
    grid = panel.subplots(len(_modes(results)), 2, squeeze=False)
    panels.show_pictures(grid[:, 0], panels.class_images(results, _modes(results)))
    for axes, magnitudes, mode in zip(grid[:, 1], panels.right_magnitudes(results), _modes(results), strict=False):
        panels.show_spectrum(axes, magnitudes)
        panels.frame(axes, style.mode_colour(mode))
    for axes, mode in zip(grid[:, 0], _modes(results), strict=True):
        axes.set_ylabel(panels.mode_name(mode), color=style.mode_colour(mode))


def _kernel_magnitudes(panel: SubFigure, results: ExperimentResults) -> None:
    panels.block_title(panel, "b", r"kernel spectrum $|\hat{k}_l|$ at the frequencies of each mode")
    runs = results.trajectories("linear_cnn", ["kernel_magnitude"])
    samples = runs["sample"].values
    kernel = panels.over_channels(runs["kernel_magnitude"].values)
    spectra = panels.right_magnitudes(results)
    others = kernel.mean(axis=0)[:, (spectra <= _SHARE * spectra.max(axis=(1, 2), keepdims=True)).all(axis=0)]
    theory = results.theory("linear_cnn", ["competition_mean_kernel_magnitude"])
    axes = panel.subplots(len(_modes(results)), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for part, mode, magnitudes in zip(axes, _modes(results), spectra, strict=False):
        for (row, column), line in zip(_frequencies(magnitudes), _LINES, strict=False):
            label = rf"({row}, {column}):  $|\hat{{v}}^{{{mode}}}_l| = {magnitudes[row, column]:.2f}$"
            style.mean_and_spread(part, samples, kernel[:, :, row, column], style.mode_colour(mode), line, label=label)
            for predicted in theory.values():
                part.plot(samples, predicted.values[:, row, column], **style.THEORY)
        part.plot(samples, others, zorder=0, **_OTHERS)
        part.set_ylabel(r"$|\hat{k}_l|$")
        part.margins(x=0)
        part.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="$l$: $(i, j)$", title_fontsize=6, handlelength=3)
    style.samples_axis(axes[-1])
    axes[-1].set_ylim(bottom=0)
    entries = [panels.key("in no mode", **_OTHERS)]
    if theory:
        entries.append(panels.key("competition (Eqs. 23, 24)", **style.THEORY))
    panel.legend(handles=entries, loc="outside lower center", ncols=2)


def _kernel(panel: SubFigure, results: ExperimentResults) -> None:
    runs = results.trajectories("linear_cnn", ["sample", "kernel"])
    image, spectrum = panel.subplots(1, 2)
    panels.block_title(panel, "c", f"CNN, {int(runs['snapshot_sample'][-1])} samples")
    style.show_image(image, runs["kernel"].values[0, -1])
    image.set_title(f"kernel $k$\n(seed {int(runs['seed'][0])})")
    panels.show_spectrum(spectrum, panels.final_kernel_magnitude(results))
    spectrum.set_title("$|\\hat{k}|$\n(mean of seeds)")


def _first_layer(panel: SubFigure, results: ExperimentResults) -> None:
    runs = results.trajectories("linear_fcnn", ["sample", "first_layer"])
    rows = runs["first_layer"].values[0, -1, :_ROWS]
    panels.block_title(panel, "d", f"FCNN, {int(runs['snapshot_sample'][-1])} samples")
    axes = panel.subplots(1, len(rows) + 1)
    for index, (image, row) in enumerate(zip(axes, rows, strict=False)):
        style.show_image(image, row, limit=float(np.abs(rows).max()))
        image.set_title(f"row {index} of $W_1$\n(seed {int(runs['seed'][0])})")
    panels.show_spectrum(axes[-1], _first_layer_magnitudes(results).mean(axis=0))
    axes[-1].set_title("$|\\hat{W}_1|$\n(mean of seeds)")


def _first_layer_magnitudes(results: ExperimentResults) -> FloatArray:
    """Root mean square over the rows of W1 of their spectra's magnitudes at the end, shape (seeds, n, n)."""
    rows = results.trajectories("linear_fcnn", ["sample", "first_layer"])["first_layer"].values[:, -1]
    magnitudes = panels.over_channels(np.abs(fourier.spectrum(rows)))
    return np.asarray(np.sqrt(np.square(magnitudes).mean(axis=1)))


def _shares(panel: SubFigure, results: ExperimentResults) -> None:
    panels.block_title(panel, "e", "final magnitudes")
    axes = panel.subplots()
    kernels = panels.over_channels(results.final_kernel_magnitudes)
    weights = _first_layer_magnitudes(results)
    theory = results.theory("linear_cnn", ["competition_final_kernel_magnitude"])
    names: list[str] = []
    for mode, magnitudes in zip(_modes(results), panels.right_magnitudes(results), strict=False):
        frequencies = _frequencies(magnitudes)
        indices = len(names) + np.arange(len(frequencies))
        colour = style.mode_colour(mode)
        _bars(axes, indices - 0.27, _relative(magnitudes[None], frequencies), _VECTOR, _VECTOR)
        _bars(axes, indices, _relative(kernels, frequencies), colour, colour)
        for winners in theory.values():
            axes.plot(indices, _relative(winners.values, frequencies).mean(axis=0), markersize=7, **style.THEORY_LEVEL)
        _bars(axes, indices + 0.27, _relative(weights, frequencies), "white", colour)
        names += [f"({row}, {column})" for row, column in frequencies]
    axes.set_xticks(range(len(names)), names, rotation=0 if len(names) <= panels.MOST_NUMBERS else 90)
    axes.tick_params(axis="x", length=0)
    axes.set(xlabel="frequency $l$: $(i, j)$", ylabel="relative to the largest\nof the mode")
    entries: list[Artist] = [
        Patch(color=_VECTOR, label=r"$|\hat{v}^\alpha_l|$"),
        Patch(color="0.3", label=r"$|\hat{k}_l|$"),
        Patch(facecolor="white", edgecolor="0.3", label=r"$|\hat{W}_{1,l}|$"),
    ]
    if theory:
        entries.append(panels.key("Eqs. 23, 24", **style.THEORY_LEVEL))
    axes.legend(
        handles=entries, ncols=4, loc="lower right", bbox_to_anchor=(1, 1), handlelength=1, columnspacing=1, borderpad=0
    )


def _relative(magnitudes: FloatArray, frequencies: list[tuple[int, int]]) -> FloatArray:
    """Magnitudes (seeds, n, n) at some frequencies, in units of each seed's largest of them, (seeds, frequencies)."""
    rows, columns = np.transpose(frequencies)
    values = magnitudes[:, rows, columns]
    return np.asarray(values / values.max(axis=1, keepdims=True))


def _bars(axes: Axes, positions: npt.NDArray[Any], values: FloatArray, fill: str, edge: str) -> None:
    mean = values.mean(axis=0)
    axes.bar(positions, mean, 0.25, color=fill, edgecolor=edge, linewidth=0.8)
    if len(values) > 1:
        axes.errorbar(positions, mean, values.std(axis=0), fmt="none", ecolor="black", elinewidth=0.6)
