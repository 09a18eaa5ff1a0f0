"""Train and test loss over time."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learning_dynamics.figures import learning_curves, style
from learning_dynamics.results import ExperimentResults


def draw(results: ExperimentResults) -> Figure:
    """Mean square error over the p outputs of each network, with the level 1/p of a network that answers zero.

    Train loss, and test loss where images are held out; mean and one standard deviation over seeds (Pinson et al.
    2023, Fig. 5 c and d). On top the gradient flow from every seed's own start, mean over seeds (Eqs. 15, 16, 19, 20).
    """
    figure = style.new_figure(style.COLUMN, 2.2)
    axes = figure.subplots()
    learning_curves.losses(axes, results)
    learning_curves.time_axis(axes, results)
    _zero_network(axes, results.data.classes)
    entries = [
        *learning_curves.split_entries(learning_curves.splits_with_loss(results)),
        *learning_curves.network_entries(results.networks),
        learning_curves.theory_entry(),
    ]
    figure.legend(handles=entries, loc="outside upper center", ncols=len(entries), handlelength=1.7, columnspacing=1)
    return figure


def _zero_network(axes: Axes, classes: int) -> None:
    level = 1 / classes
    axes.axhline(level, color=learning_curves.NEUTRAL, **learning_curves.LEVEL)
    axes.annotate(
        f"zero network, 1/{classes}",
        (1, level),
        (0, 2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=6,
    )
