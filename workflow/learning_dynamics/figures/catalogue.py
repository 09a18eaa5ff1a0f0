"""Which figures there are and what each needs. The workflow reads it to plan.

A new figure is a module in ``paper``, ``experiment`` or ``beyond`` with a ``draw``, and a line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from learning_dynamics.networks.registry import DEEP_NETWORKS, TWO_LAYER_NETWORKS


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper, or the same on other data.

    title: what the report calls it.
    module: in this package; its ``draw`` takes the list of experiments' results.
    experiments: those it shows, in order.
    networks: those whose trajectories it shows.
    """

    title: str
    module: str
    experiments: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


PAPER_FIGURES = {
    "fig1": PaperFigure("Fig. 1: the vec-2D frequencies", "paper.fourier_basis"),
    "fig2": PaperFigure(
        "Fig. 2: statistical structure of the shapes", "paper.statistical_structure", ("geometric_shapes",)
    ),
    "fig3": PaperFigure(
        "Fig. 3: pure cosines against Eq. 22", "paper.pure_cosines", ("pure_cosines",), TWO_LAYER_NETWORKS
    ),
    "fig4": PaperFigure(
        "Fig. 4: dominant frequency bias", "paper.dominant_frequency_bias", ("sums_of_cosines",), TWO_LAYER_NETWORKS
    ),
    "fig5": PaperFigure(
        "Fig. 5: general data, shapes and CIFAR-4",
        "paper.general_data",
        ("geometric_shapes", "cifar4"),
        TWO_LAYER_NETWORKS,
    ),
    "fig5_digits": PaperFigure(
        "Fig. 5 with the digits in place of CIFAR-4",
        "paper.general_data",
        ("geometric_shapes", "digits4"),
        TWO_LAYER_NETWORKS,
    ),
    "fig6": PaperFigure("Fig. 6: deep networks on CIFAR-10", "paper.deep_networks", ("cifar10",), DEEP_NETWORKS),
    "figS1": PaperFigure(
        "Fig. S.1: diagonal and off-diagonal Ω", "paper.off_diagonal", ("sums_of_cosines",), ("linear_cnn",)
    ),
    "figS2": PaperFigure("Fig. S.2: silent balance", "paper.balance", ("sums_of_cosines",), ("linear_cnn",)),
    "figS3": PaperFigure(
        "Fig. S.3: pure cosines, vectors and spectra", "paper.pure_cosines_structure", ("pure_cosines",)
    ),
    "figS4": PaperFigure("Fig. S.4: CIFAR-4 before and after centring", "paper.centring", ("cifar4",)),
    "figS5": PaperFigure(
        "Fig. S.5: kernel against singular vectors",
        "paper.kernel_against_singular_vectors",
        ("geometric_shapes",),
        ("linear_cnn",),
    ),
}

# Drawn for every experiment, the paper's or a user's, with titles for the report; the ``draw`` of each module takes one
# experiment's results.
EXPERIMENT_FIGURES = {
    "images": "Images",
    "structure": "Statistical structure",
    "effective_singular_values": "Effective singular values",
    "losses": "Losses",
    "spectra": "Spectra",
    "discovery_times": "Discovery times",
}

# Drawn for a prediction, without any training, in one column; the ``draw`` of each takes one experiment's results.
PREDICTION_FIGURES = {
    "predicted_order": "When each mode should be found",
    "predicted_frequencies": "Which frequencies should win",
    "structure": "Statistical structure of the images",
}

# Drawn from a user's own experiment alone after training; the ``draw`` of each module takes a list of one.
COMPARISON_FIGURES = {
    "predicted_discovery": "Prediction and training: discovery times",
    "predicted_kernel": "Prediction and training: kernel",
}

# Drawn once from every experiment with trajectories; the ``draw`` of each module takes the list of their results.
SUMMARY_FIGURES = {
    "predicted_discovery": "beyond.predicted_discovery",
    "predicted_kernel": "beyond.predicted_kernel",
}

# Drawn of the runs beyond the paper's experiments: by key a module in ``beyond``, which names the caption.
EXTENSION_FIGURES = {"scaling": "scaling", "variants": "variants", "zero_padding": "variants"}

# Titles in the report of the figures beyond the paper.
TITLES_BEYOND_THE_PAPER = {
    "predicted_discovery": "Discovery times, predicted and measured",
    "predicted_kernel": "Kernel spectra, predicted and measured",
    "scaling": "Scaling with n, σ and λ",
    "variants": "Kernels, padding, correlation",
    "zero_padding": "Zero padding where images reach the border",
}
