"""The effective singular values over time."""

from __future__ import annotations

from matplotlib.figure import Figure

from learning_dynamics.figures import learning_curves, panels, style
from learning_dynamics.results import ExperimentResults


def draw(results: ExperimentResults) -> Figure:
    """a_α(t) of each network in a panel, with the levels s_α (Pinson et al. 2023, Eqs. 4 and 5).

    Mean and one standard deviation over seeds; modes whose singular value is zero are left out, and of many modes all
    but the first ones. On top the gradient flow from every seed's own start, mean over seeds (Eqs. 15, 16, 19, 20).
    """
    networks = results.networks
    figure = style.new_figure(style.PAGE if len(networks) > 1 else style.COLUMN, 2.2)
    shown = results.modes[: panels.MOST_IMAGES]
    for axes, network in zip(figure.subplots(1, len(networks), sharey=True, squeeze=False)[0], networks, strict=True):
        learning_curves.effective_singular_values(axes, results, [network], shown)
        learning_curves.time_axis(axes, results)
        axes.set_title(style.NETWORK_NAMES[network])
        axes.label_outer()
    entries = [
        *learning_curves.mode_entries(shown),
        learning_curves.level_entry(),
        learning_curves.theory_entry(),
    ]
    title = panels.first_of(len(shown), len(results.modes), "modes")
    figure.legend(handles=entries, loc="outside right center", handlelength=1.5, title=title, title_fontsize=6)
    return figure
