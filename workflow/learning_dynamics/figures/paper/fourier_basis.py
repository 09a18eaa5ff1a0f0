"""The columns of Q, the frequencies that a convolution can tell apart (Pinson et al. 2023, Fig. 1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from learning_dynamics.figures import panels, style
from learning_dynamics.numerics import fourier
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

SIDE = 8
# A frequency whose mirror is another one, for the example.
EXAMPLE = (2, 1)
_GAP = 2
_EXAMPLE_COLOURS = ("#E69F00", "#009E73")


def draw(experiments: list[ExperimentResults]) -> Figure:
    """The vec-2D Fourier basis, needing no experiment (Pinson et al. 2023, Sec. 1, Fig. 1, Eqs. S.14 and S.15).

    (a) The real part of every column l of Q as an image, at (i, j), its frequency pair. (b) The index l = i
    n + j; the mirror pair l, l* of an example is marked, frequencies that are their own mirror are grey. (c) The
    columns of that pair: the real parts are equal and the imaginary parts opposite, v̂[l*] = conj(v̂[l]).
    """
    figure = style.new_figure(style.PAGE, 3.75)
    left, right = panels.blocks(figure, 1, 2, width_ratios=[1.55, 1])
    columns = fourier.fourier_matrix(SIDE).T.reshape(SIDE, SIDE, SIDE, SIDE)
    panels.block_title(left, "a", r"real part of column $l$ of $Q$, as an image")
    _tiles(left.subplots(), columns.real)
    top, bottom = panels.blocks(right, 2, 1, height_ratios=[1.5, 1])
    panels.block_title(top, "b", rf"index $l = i\,n + j$, $n = {SIDE}$ (grey: $l^* = l$)")
    _indices(top.subplots())
    panels.block_title(bottom, "c", "mirror pair: equal real, opposite imaginary parts")
    _pair(list(bottom.subplots(1, 4)), columns)
    return figure


def _pair_indices() -> tuple[int, int]:
    index = EXAMPLE[0] * SIDE + EXAMPLE[1]
    return index, int(fourier.mirror_index(SIDE)[index])


def _tiles(axes: Axes, columns: FloatArray) -> None:
    step = SIDE + _GAP
    mosaic = np.full((SIDE * step - _GAP,) * 2, np.nan)
    for row in range(SIDE):
        for column in range(SIDE):
            mosaic[row * step : row * step + SIDE, column * step : column * step + SIDE] = columns[row, column]
    axes.set_facecolor("0.8")
    image = axes.imshow(mosaic, cmap=style.SIGNED, vmin=-1 / SIDE, vmax=1 / SIDE)
    centres = np.arange(SIDE) * step + (SIDE - 1) / 2
    _frequency_axes(axes, centres)
    for index, colour in zip(_pair_indices(), _EXAMPLE_COLOURS, strict=True):
        row, column = divmod(index, SIDE)
        _outline(axes, column * step - 1, row * step - 1, SIDE + 1, colour)
    bar = axes.figure.colorbar(image, ax=axes, aspect=30, pad=0.03, ticks=[-1 / SIDE, 0, 1 / SIDE])
    bar.ax.set_yticklabels(["$-1/n$", "0", "$1/n$"])
    bar.outline.set_visible(False)


def _indices(axes: Axes) -> None:
    axes.set(xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5), aspect="equal")
    _frequency_axes(axes, np.arange(SIDE))
    marked = dict(zip(_pair_indices(), _EXAMPLE_COLOURS, strict=True))
    for row in range(SIDE):
        for column in range(SIDE):
            index = row * SIDE + column
            own_mirror = fourier.is_self_conjugate(row, column, SIDE)
            colour = marked.get(index, "0.85" if own_mirror else "white")
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="0.7", linewidth=0.4))
            axes.text(column, row, str(index), ha="center", va="center", fontsize=6)


def _pair(axes: list[Axes], columns: fourier.ComplexArray) -> None:
    names = ("l", "l^*")
    for pair, (index, name, colour) in enumerate(zip(_pair_indices(), names, _EXAMPLE_COLOURS, strict=True)):
        row, column = divmod(index, SIDE)
        parts = {"real": columns[row, column].real, "imaginary": columns[row, column].imag}
        for panel, (part, values) in zip(axes[2 * pair : 2 * pair + 2], parts.items(), strict=True):
            style.show_image(panel, values, limit=1 / SIDE)
            panels.frame(panel, colour)
            panel.set_title(f"${name} = {index}$\n{part}")


def _frequency_axes(axes: Axes, indices: npt.NDArray[Any]) -> None:
    names = [str(index) for index in range(SIDE)]
    axes.set_xticks(indices, names)
    axes.set_yticks(indices, names)
    axes.set(xlabel="horizontal frequency $j$", ylabel="vertical frequency $i$")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _outline(axes: Axes, left: float, top: float, size: float, colour: str) -> None:
    axes.add_patch(Rectangle((left, top), size, size, fill=False, edgecolor=colour, linewidth=2, clip_on=False))
