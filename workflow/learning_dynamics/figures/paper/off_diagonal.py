"""The paper's Fig. S.1: the elements of Ω on and off the diagonal."""

from __future__ import annotations

import itertools

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learning_dynamics.figures import learning_curves, style
from learning_dynamics.results import ExperimentResults

NETWORK = "linear_cnn"


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Fig. S.1: the elements of Ω for a linear CNN on sums of cosines (Pinson et al. 2023, Eq. 5 and App. G).

    (a) The diagonal, the effective singular values a_α(t), with the levels s_α. (b) The elements off the diagonal, on
    an axis of their own and in the colour of the left mode: transient peaks around the discoveries, of either sign,
    then back to 0. Mean and spread over seeds, and on top the mean of the gradient flow from every seed's own start
    (Eqs. 15 and 16); time is shown to 2.5 times the last mean discovery time.
    """
    (results,) = experiments
    figure = style.new_figure(style.PAGE, 2.1)
    diagonal, off_diagonal = figure.subplots(1, 2)
    learning_curves.effective_singular_values(diagonal, results, [NETWORK])
    entries = [*learning_curves.mode_entries(results.modes), learning_curves.level_entry()]
    diagonal.legend(handles=[*entries, learning_curves.theory_entry()])
    _off_diagonal(off_diagonal, results)
    for axes, letter in ((diagonal, "a"), (off_diagonal, "b")):
        style.panel_letter(axes, letter)
        learning_curves.time_axis(axes, results)
        learning_curves.show_discoveries_only(axes, results, NETWORK)
    return figure


def _off_diagonal(axes: Axes, results: ExperimentResults) -> None:
    runs = results.trajectories(NETWORK, ["effective_singular_values"])
    samples, elements = runs["sample"].values, runs["effective_singular_values"].values
    flow = results.theory(NETWORK, ["effective_singular_values"])["effective_singular_values"]
    for left, right in itertools.permutations(results.modes, 2):
        label = rf"$\Omega_{{{left}{right}}}$"
        style.mean_and_spread(axes, samples, elements[..., left, right], style.mode_colour(left), label=label)
        style.predicted_mean(axes, flow["sample"], flow.values[..., left, right])
    axes.set_ylabel(r"$\Omega_{\alpha\beta}$")
    axes.legend()
