"""Elements that several figures share: rows of images, spectra with shifted axes, heat maps, titles of blocks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from learning_dynamics.figures import style
from learning_dynamics.figures.class_labels import ClassLabels, class_labels
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

# More images side by side than this could not be read on a page.
MOST_IMAGES = 10
# Modes and classes in a figure of the paper, where four is the most; other data may have more.
MOST_MODES = 5
# Numbers in the cells of a larger heat map would overlap.
MOST_NUMBERS = 6
# Names below one another in a heat map.
MOST_NAMES = 25

# The line on which prediction and measurement are equal.
EQUALITY: dict[str, Any] = {"color": "0.6", "linewidth": 0.6, "zorder": 0}

AxesArray = npt.NDArray[Any]
Panel = Figure | SubFigure


def blocks(panel: Panel, rows: int, columns: int, **ratios: Any) -> list[SubFigure]:
    """The parts of a figure that arrange their own axes, row by row; ratios as for ``Figure.subfigures``."""
    return list(panel.subfigures(rows, columns, squeeze=False, **ratios).flat)


def block_title(panel: Panel, letter: str, title: str = "") -> None:
    """The letter and title of a block of several axes, top left, in the manner of ``style.panel_letter``."""
    panel.suptitle(rf"$\mathbf{{({letter})}}$  {title}", x=0.01, horizontalalignment="left", fontsize=7)


def wrapped(name: str, width: int = 12) -> str:
    """A class name broken into lines that fit above an image."""
    return textwrap.fill(name, width)


def mode_name(mode: int) -> str:
    """How a mode is called in titles and legends."""
    return f"mode {mode}"


def first_of(shown: int, number: int, what: str) -> str | None:
    """That only the first of many are shown; None if all are."""
    return f"first {shown} of {number} {what}" if shown < number else None


def frame(axes: Axes, colour: str) -> None:
    """A frame in the colour of the mode that an image belongs to."""
    axes.spines[:].set(visible=True, color=colour, linewidth=1.2)


def right_images(results: ExperimentResults) -> FloatArray:
    """v^α of the discoverable modes as images, shape (modes, C, n, n)."""
    return np.asarray(results.structure["right_singular_vectors"].values[results.modes])


def class_images(results: ExperimentResults, modes: Sequence[int]) -> FloatArray:
    """For every mode the mean image of the class that its u^α weighs most, shape (modes, C, n, n)."""
    return np.asarray(results.structure["class_means"].values[_main_classes(results, modes)])


def main_class_labels(results: ExperimentResults, modes: Sequence[int]) -> ClassLabels:
    """For every mode the label of the class that its u^α weighs most."""
    every = labels(results)
    return replace(every, texts=tuple(every.texts[index] for index in _main_classes(results, modes)))


def labels(results: ExperimentResults) -> ClassLabels:
    """What figures call the classes."""
    return class_labels(results.data.class_names)


def _main_classes(results: ExperimentResults, modes: Sequence[int]) -> npt.NDArray[np.intp]:
    return np.abs(results.decomposition.left[:, list(modes)]).argmax(axis=0)


def class_rows(results: ExperimentResults) -> FloatArray:
    """The rows of Σyx as images: class means times the shares of the classes, shape (p, C, n, n)."""
    shares = results.structure["class_frequency"].values
    return np.asarray(results.structure["class_means"].values * shares[:, None, None, None])


def right_magnitudes(results: ExperimentResults) -> FloatArray:
    """|v̂^α_l| of the discoverable modes, channels combined, shape (modes, n, n)."""
    parts = results.structure["right_singular_spectra"].values[results.modes]
    return over_channels(np.hypot(parts[..., 0], parts[..., 1]))


def over_channels(magnitudes: npt.ArrayLike) -> FloatArray:
    """Magnitudes (…, C, n, n) combined as the root of the sum of squares over the channels, shape (…, n, n)."""
    return np.asarray(np.sqrt(np.square(magnitudes, dtype=np.float64).sum(axis=-3)))


def final_kernel_magnitude(results: ExperimentResults) -> FloatArray:
    """|k̂_l| at the last record, mean over seeds, channels combined, shape (n, n)."""
    return np.asarray(over_channels(results.final_kernel_magnitudes).mean(axis=0))


def class_modes(singular_values: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """The modes s_α u^α v^αᵀ as one image per class and mode, shape (p, modes, C, n, n).

    Args:
        singular_values: s_α, shape (modes,).
        left: U, shape (p, modes).
        right: v^α as images, shape (modes, C, n, n).
    """
    return np.asarray(np.einsum("m,cm,mkij->cmkij", singular_values, left, right))


def show_pictures(axes: Iterable[Axes], pictures: Iterable[FloatArray], titles: ClassLabels | None = None) -> AxesImage:
    """Input images on one scale: dark to bright or, with negative values, signed; the last one is returned."""
    pictures = list(pictures)
    signed = min(float(picture.min()) for picture in pictures) < 0
    limit = max(float(np.abs(picture).max()) for picture in pictures)
    for index, (panel, picture) in enumerate(zip(axes, pictures, strict=True)):
        image = style.show_image(panel, picture, signed, limit)
        if not signed:
            image.set_cmap("gray")
        if titles:
            panel.set_title(wrapped(titles.texts[index]), **titles.appearance)
    return image


def show_vectors(axes: Iterable[Axes], vectors: Iterable[FloatArray], modes: Sequence[int]) -> None:
    """Right singular vectors as images, each on its own scale, framed in the colours of their modes."""
    for panel, vector, mode in zip(axes, vectors, modes, strict=True):
        style.show_image(panel, vector)
        frame(panel, style.mode_colour(mode))


def show_class_modes(grid: AxesArray, images: FloatArray, classes: ClassLabels) -> None:
    """The modes s_α u^α v^αᵀ, a row of axes per class and a column per mode, each mode on its own scale.

    Args:
        grid: axes, shape (p, modes).
        images: shape (p, modes, C, n, n).
        classes: labels of the rows.
    """
    for mode in range(images.shape[1]):
        show_column(grid[:, mode], images[:, mode], mode_name(mode), style.mode_colour(mode))
    for axes, name in zip(grid[:, 0], classes.texts, strict=False):
        axes.set_ylabel(wrapped(name), **classes.appearance)


def show_column(axes: AxesArray, images: FloatArray, title: str, colour: str) -> None:
    """Images below one another on one signed scale, which the title gives."""
    limit = float(np.abs(images).max())
    for panel, values in zip(axes, images, strict=True):
        # What is rounding must not be blown up to colours.
        style.show_image(panel, values, limit=limit if limit > 1e-9 else 1.0)
        frame(panel, colour)
    axes[0].set_title(f"{title}\n±{number(limit)}", color=colour)


def show_spectrum(
    axes: Axes,
    magnitudes: FloatArray,
    limit: float | None = None,
    labels: tuple[str, str] | None = None,
    reach: int | None = None,
) -> AxesImage:
    """The magnitudes of a spectrum (n, n) with the zero frequency in the centre, in cycles per image.

    Args:
        axes: where.
        magnitudes: in the order of the transform.
        limit: upper end of the colour scale; the maximum if not given.
        labels: of the vertical and the horizontal axis; no ticks if not given.
        reach: the highest frequency shown; all if not given.
    """
    side = magnitudes.shape[-1]
    image = style.show_image(axes, np.fft.fftshift(magnitudes), signed=False, limit=limit)
    first = -(side // 2) - 0.5
    image.set_extent((first, first + side, first + side, first))
    if reach is not None:
        low, high = max(first, -reach - 0.5), min(first + side, reach + 0.5)
        axes.set(xlim=(low, high), ylim=(high, low))
    if labels is not None:
        tick = max(min(side // 2, reach or side) // 2, 1)
        ticks = [index for index in (-tick, 0, tick) if first < index < first + side]
        axes.set(xticks=ticks, yticks=ticks, ylabel=labels[0], xlabel=labels[1])
    return image


def frequency_reach(magnitudes: FloatArray, share: float = 0.99) -> int:
    """The highest frequency, vertical or horizontal, needed for a share of the energy of every spectrum (…, n, n)."""
    side = magnitudes.shape[-1]
    index = np.arange(side)
    frequency = np.minimum(index, side - index)
    highest = np.maximum.outer(frequency, frequency).ravel()
    energies = np.square(magnitudes).reshape(-1, side * side)
    inside = np.stack([energies[:, highest <= reach].sum(axis=1) for reach in range(side // 2 + 1)], axis=1)
    return int((inside >= share * energies.sum(axis=1, keepdims=True)).argmax(axis=1).max())


def show_spectra(
    grid: AxesArray,
    magnitudes: FloatArray,
    modes: Sequence[int],
    limit: float | None = None,
    reach: int | None = None,
) -> AxesImage:
    """|v̂^α| of several modes in a grid of axes, framed in the colours of their modes; the last image is returned.

    Args:
        grid: axes, at least one per mode; those left over vanish.
        magnitudes: shape (modes, n, n).
        modes: their numbers.
        limit: upper end of the common colour scale; each has its own if not given.
        reach: the highest frequency shown; all if not given.
    """
    columns = grid.shape[1]
    for index, axes in enumerate(grid.flat):
        if index >= len(modes):
            axes.set_axis_off()
            continue
        below = index + columns >= len(modes)
        labels = (FREQUENCY_AXES[0] if index % columns == 0 else "", FREQUENCY_AXES[1] if below else "")
        image = show_spectrum(axes, magnitudes[index], limit, labels, reach)
        frame(axes, style.mode_colour(modes[index]))
    return image


FREQUENCY_AXES = ("vertical frequency\n(cycles per image)", "horizontal frequency\n(cycles per image)")


def heat_map(
    axes: Axes,
    values: FloatArray,
    rows: ClassLabels | Sequence[str],
    columns: Sequence[int],
    norm: Normalize,
    *,
    colours: str | Colormap = style.SIGNED,
) -> AxesImage:
    """A matrix with a column per mode; its numbers are written in if there is room.

    Args:
        axes: where.
        values: shape (rows, columns).
        rows: their names.
        columns: the modes.
        norm: of the colours.
        colours: colour map.
    """
    image = axes.imshow(values, cmap=colours, norm=norm, aspect="auto")
    axes.spines[:].set_visible(False)
    class_ticks(axes, rows)
    mode_ticks(axes, columns)
    axes.tick_params(length=0)
    if max(values.shape) <= MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(values):
            red, green, blue, _ = image.cmap(norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            colour = "white" if dark else "black"
            axes.text(column, row, number(value), ha="center", va="center", fontsize=6, color=colour)
    return image


def class_ticks(axes: Axes, rows: ClassLabels | Sequence[str], most: int = MOST_NAMES) -> None:
    """A name beside every row, or beside some of many; rows stand at 0, 1, 2 …"""
    names, appearance = (rows.texts, rows.appearance) if isinstance(rows, ClassLabels) else (rows, {})
    every = -(-len(names) // most)
    axes.set_yticks(range(0, len(names), every), names[::every], **appearance)


def mode_ticks(axes: Axes, modes: Sequence[int]) -> None:
    """A number below every mode, or below some of many; modes stand at 0, 1, 2 …"""
    # Numbers of three digits need more room.
    every = -(-len(modes) // (MOST_IMAGES if len(modes) <= 100 else MOST_NUMBERS))
    axes.set_xticks(range(0, len(modes), every), [str(mode) for mode in modes[::every]])
    axes.tick_params(axis="x", length=0)


def number(value: float) -> str:
    """A few digits, a true minus sign, and 0 for what is rounding."""
    if abs(value) < 1e-9:
        return "0"
    if abs(value) < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        return rf"${mantissa}\times 10^{{{int(exponent)}}}$"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    text = f"{value:.2g}" if abs(value) < 0.1 else f"{value:.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def singular_values(axes: Axes, values: FloatArray, modes: Sequence[int], limit: float | None = None) -> None:
    """A bar per mode in its colour, the value written above it if there is room.

    Args:
        axes: where.
        values: s_α, shape (modes,).
        modes: their numbers.
        limit: upper end of the axis; by the largest value if not given.
    """
    axes.bar(range(len(modes)), values, color=[style.mode_colour(mode) for mode in modes], width=0.7)
    axes.set(xlabel=r"mode $\alpha$", ylabel=r"singular value $s_\alpha$", ylim=(0, 1.15 * (limit or values.max())))
    mode_ticks(axes, modes)
    if len(modes) <= MOST_NUMBERS:
        for index, value in enumerate(values):
            axes.annotate(number(value), (index, value), (0, 1), textcoords="offset points", ha="center", fontsize=6)


def left_vectors(axes: Axes, vectors: FloatArray, classes: ClassLabels, modes: Sequence[int]) -> None:
    """U as a heat map, a row per class and a column per mode, shape (p, modes); of many classes entries are small."""
    limit = 1.0 if len(vectors) <= MOST_NAMES else float(np.abs(vectors).max())
    image = heat_map(axes, vectors, classes, modes, Normalize(-limit, limit))
    axes.set_xlabel(r"mode $\alpha$")
    if max(vectors.shape) > MOST_NUMBERS:
        colour_bar(image, axes)


def key(label: str, **options: Any) -> Line2D:
    """A legend entry of its own, for what the look of a line or marker means."""
    return Line2D([], [], label=label, **options)


def equality(axes: Axes) -> None:
    """The same limits across and up, by what is drawn so far, and the line on which both are equal."""
    limits = (*axes.get_xlim(), *axes.get_ylim())
    ends = min(limits), max(limits)
    axes.plot(ends, ends, **EQUALITY)
    axes.set(xlim=ends, ylim=ends)


def colour_bar(image: AxesImage, axes: Axes | Sequence[Axes], label: str = "") -> None:
    """A slim colour bar beside one or more axes, with ticks at its ends and at zero; none for colour images."""
    values = image.get_array()
    if values is not None and values.ndim == 3:
        return
    figure = (axes if isinstance(axes, Axes) else axes[0]).figure
    low, high = image.get_clim()
    ticks = [low, 0.0, high] if low < 0 else [low, high]
    bar = figure.colorbar(image, ax=axes, label=label, pad=0.03, shrink=0.9, ticks=ticks, aspect=20)
    bar.outline.set_visible(False)
    bar.set_ticklabels([number(tick) for tick in ticks])
    bar.ax.tick_params(length=2)
    bar.ax.minorticks_off()
