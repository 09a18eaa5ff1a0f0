"""Several kernels, zero padding and correlation against one circular kernel; beyond the paper's figures."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.storage import netcdf

COMPARISON = "comparison"

_KERNELS_IN_A_ROW = 9
_REFERENCE: dict[str, Any] = {"color": "black", "linewidth": 0.8, "linestyle": (0, (1, 1.2)), "zorder": 3}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_GROUP_WIDTH = 0.6


def draw(files: Mapping[str, str]) -> Figure:
    """How far the theory of one circular kernel carries (Pinson et al. 2023, Sec. 1 and App. C.2).

    (a) a_α(t)/s_α of each variant, mean and standard deviation over seeds, with the reference's mean dotted. (b) Final
    kernels of seed 0, the zero shift in the middle, each on its own scale; a correlation's is the flipped kernel of the
    convolution, up to the relative difference in the title. (c) Discovery times over the reference's of the same seed
    and (d) root mean square difference from it, relative to s_α; means and their 95 % intervals over seeds. There is no
    time of a mode that a seed does not find within the run.

    Args:
        files: the result files by variant, and their comparison.

    Raises:
        DataError: a file is missing or damaged.
    """
    comparison = netcdf.read(files[COMPARISON])
    runs = {str(name): netcdf.read(files[str(name)]) for name in comparison["variant"].values}
    reference = str(comparison.attrs["reference"])
    others = [name for name in runs if name != reference]
    images = [(name, kernel) for name, run in runs.items() for kernel in run["final_kernel"].values[0]]
    rows = -(-len(images) // _KERNELS_IN_A_ROW)
    heights = [1.75, 1.05 * rows, 1.9]
    figure = style.new_figure(style.PAGE, sum(heights))
    curves, kernels, numbers = panels.blocks(figure, 3, 1, height_ratios=heights)
    _curves(curves, runs, reference, others)
    _kernels(kernels, runs, images, rows)
    ratio, difference = numbers.subplots(1, 2)
    _ratios(ratio, comparison, others)
    _differences(difference, comparison, others)
    marks = [
        panels.key(_words(name), color="0.4", linestyle="", marker=marker, markersize=3.5)
        for name, marker in zip(others, itertools.cycle(_MARKERS), strict=False)
    ]
    numbers.legend(handles=marks, loc="outside lower center", ncols=max(len(marks), 1))
    return figure


def _curves(block: SubFigure, runs: Mapping[str, xr.Dataset], reference: str, others: Sequence[str]) -> None:
    row = block.subplots(1, max(len(others), 1), sharey=True, squeeze=False)[0]
    expected = _diagonal(runs[reference]).mean(axis=0)
    for axes, name in zip(row, others or [reference], strict=True):
        samples, values = runs[name]["sample"].values, _diagonal(runs[name])
        for mode in range(values.shape[-1]):
            style.mean_and_spread(axes, samples, values[..., mode], style.mode_colour(mode))
            axes.plot(runs[reference]["sample"].values, expected[:, mode], **_REFERENCE)
        axes.set_title(_words(name))
        # Before, not even the first mode has begun to rise.
        axes.set(xscale="log", xlim=(samples[-1] / 500, samples[-1]), ylim=(0, None), xlabel="training samples seen")
    row[0].set_ylabel(r"$a_\alpha\,/\,s_\alpha$")
    modes = range(values.shape[-1])
    block.legend(
        handles=[*learning_curves.mode_entries(modes), panels.key(_words(reference), **_REFERENCE)],
        loc="outside upper center",
        ncols=len(modes) + 1,
    )
    style.panel_letter(row[0], "a")


def _kernels(
    block: SubFigure, runs: Mapping[str, xr.Dataset], images: Sequence[tuple[str, FloatArray]], rows: int
) -> None:
    grid = block.subplots(rows, min(len(images), _KERNELS_IN_A_ROW), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    before = None
    for axes, (name, kernel) in zip(grid.flat, images, strict=False):
        axes.set_axis_on()
        style.show_image(axes, np.fft.fftshift(kernel))
        if name != before:
            axes.set_title(panels.wrapped(_words(name)), fontsize=6, loc="left")
        before = name
    flipped = [
        f"{_words(name)}: the convolution's flipped, up to {_power_of_ten(float(run['flip_difference'].max()))}"
        for name, run in runs.items()
        if "flip_difference" in run
    ]
    panels.block_title(block, "b", "; ".join(["final kernels of seed 0", *flipped]))


def _ratios(axes: Axes, comparison: xr.Dataset, others: Sequence[str]) -> None:
    axes.axhline(1, **panels.EQUALITY)
    _by_mode(axes, comparison, "discovery_time_ratio", others)
    axes.set_ylabel(f"discovery time\nover that of {_words(str(comparison.attrs['reference']))}")
    style.panel_letter(axes, "c")


def _differences(axes: Axes, comparison: xr.Dataset, others: Sequence[str]) -> None:
    axes.axhline(0, **panels.EQUALITY)
    _by_mode(axes, comparison, "difference", others)
    axes.set_ylabel("difference of $a_\\alpha(t)$,\nrelative to $s_\\alpha$")
    style.panel_letter(axes, "d")


def _by_mode(axes: Axes, comparison: xr.Dataset, variable: str, others: Sequence[str]) -> None:
    """Mean and interval for every mode and variant, the variants of a mode side by side."""
    modes = range(comparison.sizes["mode"])
    names = [str(name) for name in comparison["variant"].values]
    for group, name in enumerate(others):
        mean, low, high = (
            comparison[f"{variable}_{part}"].values[names.index(name)] for part in ("mean", "low", "high")
        )
        offset = _GROUP_WIDTH * ((group + 0.5) / len(others) - 0.5)
        marker = _MARKERS[group % len(_MARKERS)]
        for mode in modes:
            axes.errorbar(
                mode + offset,
                mean[mode],
                [[mean[mode] - low[mode]], [high[mode] - mean[mode]]],
                fmt=marker,
                color=style.mode_colour(mode),
                markersize=3.5,
                elinewidth=0.8,
            )
    panels.mode_ticks(axes, list(modes))
    axes.set(xlabel=r"mode $\alpha$", xlim=(-0.5, len(modes) - 0.5))


def _diagonal(run: xr.Dataset) -> FloatArray:
    """a_α(t)/s_α, shape (seeds, samples, modes)."""
    return np.einsum("stmm->stm", run["effective_singular_values"].values) / run["singular_values"].values


def _words(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")


def _power_of_ten(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return rf"${mantissa}\times 10^{{{int(exponent)}}}$"
