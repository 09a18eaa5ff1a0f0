"""The paper's Fig. 6: deep linear and non-linear CNNs."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learning_dynamics.figures import learning_curves, style
from learning_dynamics.results import ExperimentResults

LINEAR, RECTIFIED = NETWORKS = ("deep_linear_cnn", "deep_relu_cnn")


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Fig. 6: a deep linear CNN and one with ReLU and max-pooling on CIFAR-10 (Pinson et al. 2023, Sec. 6, App. K).

    (a) Mean square error over the p outputs of train and test images, with the level 1/p of a network that answers
    zero. (b, c) The effective singular values a_α(t) of the linear and of the non-linear network with the levels s_α,
    for every mode that tells classes apart. All are mean and one standard deviation over seeds.
    """
    (results,) = experiments
    figure = style.new_figure(style.PAGE, 4.6)
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.5))
    loss = figure.add_subplot(grid[0, :])
    _losses(loss, results)
    linear = figure.add_subplot(grid[1, 0])
    rectified = figure.add_subplot(grid[1, 1], sharey=linear)
    for axes, network in ((linear, LINEAR), (rectified, RECTIFIED)):
        _effective_singular_values(axes, results, network)
        axes.label_outer()
    for axes, letter in zip((loss, linear, rectified), "abc", strict=True):
        learning_curves.time_axis(axes, results)
        style.panel_letter(axes, letter)
    entries = [*learning_curves.mode_entries(results.modes), learning_curves.level_entry()]
    figure.legend(handles=entries, loc="outside lower center", ncols=len(entries) // 2 + 1, handlelength=1.8)
    return figure


def _losses(axes: Axes, results: ExperimentResults) -> None:
    splits = learning_curves.splits_with_loss(results)
    for network in NETWORKS:
        runs = results.trajectories(network, [f"{split}_loss" for split in splits])
        for split in splits:
            values, colour = runs[f"{split}_loss"].values, learning_curves.SPLIT_COLOURS[split]
            style.mean_and_spread(axes, runs["sample"].values, values, colour, style.NETWORK_LINES[network])
    axes.axhline(1 / results.data.classes, color=learning_curves.NEUTRAL, **learning_curves.LEVEL)
    axes.set_ylabel("mean square error")
    entries = [
        *learning_curves.network_entries(NETWORKS),
        *learning_curves.split_entries(splits),
        learning_curves.entry(
            f"zero network, 1/{results.data.classes}", color=learning_curves.NEUTRAL, **learning_curves.LEVEL
        ),
    ]
    axes.legend(handles=entries, ncols=len(entries), loc="lower right", bbox_to_anchor=(1, 1), handlelength=1.8)


def _effective_singular_values(axes: Axes, results: ExperimentResults, network: str) -> None:
    samples, diagonal = results.effective_singular_values(network)
    for index, mode in enumerate(results.modes):
        colour = style.mode_colour(mode)
        axes.axhline(results.decomposition.singular_values[mode], color=colour, zorder=1, **learning_curves.LEVEL)
        style.mean_and_spread(axes, samples, diagonal[..., index], colour)
    axes.set_ylabel(r"$a_\alpha$")
    axes.set_title(style.NETWORK_NAMES[network])
