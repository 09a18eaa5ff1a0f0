"""How strong each frequency of the kernel should be in the end and how strong it is, over all experiments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.results import ExperimentResults

_NETWORK = "linear_cnn"
_PER_ROW = 4
# Of the legend, in inches.
_ENTRY_WIDTH = 1.1
_COMPETITION = "competition_final_kernel_magnitude"
_FLOW = "final_kernel_magnitude"
_CONSTANT: dict[str, Any] = {"marker": "x", "markersize": 3, "markeredgewidth": 0.6}


@dataclass(frozen=True)
class _Kernels:
    """Final |k̂_l| of one experiment's CNN, every seed and every frequency of the half plane that is predicted.

    closed_form: whether the prediction is the competition's; it is the gradient flow's otherwise.
    constant: which is the constant frequency l = 0, shape (frequencies,).
    predicted, measured: shape (seeds, frequencies).
    """

    title: str
    colour: str
    closed_form: bool
    constant: npt.NDArray[np.bool_]
    predicted: FloatArray
    measured: FloatArray

    @property
    def error(self) -> float:
        """‖measured − predicted‖/‖predicted‖ over the frequencies, mean over seeds."""
        difference = np.linalg.norm(self.measured - self.predicted, axis=1)
        return float((difference / np.linalg.norm(self.predicted, axis=1)).mean())


def draw(experiments: list[ExperimentResults]) -> Figure:
    """The kernel's spectrum at the end, predicted and measured (Pinson et al. 2023, Secs. 4 and 5).

    One point per seed and frequency, l and l* being one; channels are combined as the root of the sum of squares.
    Above, measured against predicted |k̂_l|; below, measured over predicted − 1. (a) Where modes share no frequency, the
    winners of the competition (Eqs. 23, 24) in closed form, at the frequencies of the modes. After it, one panel per
    other experiment: the gradient flow (Eqs. 15, 16) from every seed's own start at all frequencies; those that are not
    learned stay where they started. Crosses are the constant frequency. The legend gives ‖measured − predicted‖ /
    ‖predicted‖, mean over seeds.
    """
    kernels = [
        _kernels(results, style.experiment_colour(index))
        for index, results in enumerate(experiments)
        if _NETWORK in results.networks and _FLOW in results.theory(_NETWORK, [_FLOW])
    ]
    closed = [part for part in kernels if part.closed_form]
    groups = [closed] * bool(closed) + [[part] for part in kernels if not part.closed_form]
    columns = min(max(len(groups), 1), _PER_ROW)
    rows = -(-len(groups) // columns) or 1
    width = style.PAGE * max(columns, 2) / _PER_ROW
    figure = style.new_figure(width, 0.5 + 2.7 * rows)
    for index, (panel, group) in enumerate(zip(panels.blocks(figure, rows, columns), groups, strict=False)):
        _group(panel, chr(ord("a") + index), group, first=index % columns == 0)
    if kernels:
        entries = [_entry(part) for part in kernels]
        entries.append(panels.key("constant, $l = 0$", color=learning_curves.NEUTRAL, linestyle="", **_CONSTANT))
        title = r"$\Vert$measured − predicted$\Vert$ / $\Vert$predicted$\Vert$, mean over seeds"
        lines = -(-len(entries) // int(width / _ENTRY_WIDTH))
        figure.legend(
            handles=entries,
            title=title,
            title_fontsize=6,
            loc="outside upper center",
            ncols=-(-len(entries) // lines),
            handletextpad=0.2,
        )
    return figure


def _kernels(results: ExperimentResults, colour: str) -> _Kernels:
    theory = results.theory(_NETWORK, [_COMPETITION, _FLOW])
    closed_form = _COMPETITION in theory
    predicted = theory[_COMPETITION].values if closed_form else panels.over_channels(theory[_FLOW].values)
    measured = panels.over_channels(results.final_kernel_magnitudes)
    half = learning_curves.half_plane(predicted.shape[-1])
    predicted, measured = (values.reshape(len(values), -1)[:, half] for values in (predicted, measured))
    present = (predicted > 0).any(axis=0)
    title, constant = learning_curves.title(results), half[present] == 0
    return _Kernels(title, colour, closed_form, constant, predicted[:, present], measured[:, present])


def _group(panel: SubFigure, letter: str, group: list[_Kernels], first: bool) -> None:
    panels.block_title(panel, letter, "competition" if group[0].closed_form else style.FLOW)
    values, deviations = panel.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
    for part in group:
        _points(values, part, part.measured)
        _points(deviations, part, 100 * (part.measured / part.predicted - 1))
    values.set(xscale="log", yscale="log")
    panels.equality(values)
    for axis in (values.xaxis, values.yaxis):
        axis.set_major_locator(LogLocator(numticks=5))
        axis.set_minor_locator(NullLocator())
    deviations.axhline(0, **panels.EQUALITY)
    deviations.set_xlabel(r"$|\hat{k}_l|$ predicted")
    if first:
        values.set_ylabel(r"$|\hat{k}_l|$ measured")
        deviations.set_ylabel("measured /\npredicted − 1 (%)")


def _points(axes: Axes, part: _Kernels, values: FloatArray) -> None:
    dots: dict[str, Any] = {"marker": "o", "markersize": 2.5 if part.closed_form else 1.5, "markeredgewidth": 0}
    for which, look in ((~part.constant, dots), (part.constant, _CONSTANT)):
        across, up = part.predicted[:, which].ravel(), values[:, which].ravel()
        # Thousands of points would make a heavy vector file.
        axes.plot(across, up, color=part.colour, linestyle="", alpha=0.6, rasterized=True, **look)


def _entry(part: _Kernels) -> Line2D:
    return panels.key(
        f"{part.title}: {100 * part.error:.1f} %", color=part.colour, linestyle="", marker="o", markersize=3
    )
