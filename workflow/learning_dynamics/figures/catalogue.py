"""Which figures there are and what each needs. Light to import: the workflow reads it to plan.

A new figure is a module in this folder with a ``draw`` and a line here.
"""

from __future__ import annotations

from dataclasses import dataclass

BOTH_NETWORKS = ("linear_cnn", "linear_fcnn")
DEEP_NETWORKS = ("deep_linear_cnn", "deep_relu_cnn")


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper, or the same on other data.

    module: module in this folder; its ``draw`` takes the list of experiments' results.
    experiments: those it shows, in order.
    networks: those whose trajectories it shows.
    """

    module: str
    experiments: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


PAPER_FIGURES = {
    "fig1": PaperFigure("fourier_basis"),
    "fig2": PaperFigure("statistical_structure", ("geometric_shapes",)),
    "fig3": PaperFigure("pure_cosines", ("pure_cosines",), BOTH_NETWORKS),
    "fig4": PaperFigure("dominant_frequency_bias", ("sums_of_cosines",), BOTH_NETWORKS),
    "fig5": PaperFigure("general_data", ("geometric_shapes", "cifar4"), BOTH_NETWORKS),
    "fig5_digits": PaperFigure("general_data", ("geometric_shapes", "digits4"), BOTH_NETWORKS),
    "fig6": PaperFigure("deep_networks", ("cifar10",), DEEP_NETWORKS),
    "figS1": PaperFigure("off_diagonal", ("sums_of_cosines",), ("linear_cnn",)),
    "figS2": PaperFigure("balance", ("sums_of_cosines",), ("linear_cnn",)),
    "figS3": PaperFigure("pure_cosines_structure", ("pure_cosines",)),
    "figS4": PaperFigure("centring", ("cifar4",)),
    "figS5": PaperFigure("kernel_against_singular_vectors", ("geometric_shapes",), ("linear_cnn",)),
}

# Drawn for every experiment, the paper's or a user's; the ``draw`` of each module takes one experiment's results.
EXPERIMENT_FIGURES = (
    "images",
    "structure",
    "effective_singular_values",
    "losses",
    "spectra",
    "discovery_times",
)

# Drawn for a prediction, without any training; the ``draw`` of each module takes one experiment's results.
PREDICTION_FIGURES = {
    "images": "The images",
    "structure": "Their statistical structure",
    "predicted_order": "When each mode should be found",
    "predicted_frequencies": "Which frequencies should win",
}

# Drawn from a user's own experiment alone after training; the ``draw`` of each module takes a list of one.
COMPARISON_FIGURES = ("predicted_discovery", "predicted_kernel")

# Drawn once from every experiment with trajectories; the ``draw`` of each module takes the list of their results.
SUMMARY_FIGURES = {
    "predicted_discovery": "predicted_discovery",
    "predicted_kernel": "predicted_kernel",
}
