"""The statistical structure of the pure cosines (Pinson et al. 2023, Fig. S.3)."""

from __future__ import annotations

from matplotlib.figure import Figure

from learning_dynamics.figures import panels, style
from learning_dynamics.results import ExperimentResults


def draw(experiments: list[ExperimentResults]) -> Figure:
    """Images, singular vectors and spectra of the pure cosines (Pinson et al. 2023, App. H and I.1, Fig. S.3, Eq. 21).

    One column per mode, at most five. (a) Class images, on one scale. (b) Right singular vectors, each on its own.
    (c) |v̂^α| on one scale and its largest coefficient c_α: 1/√2 for a pair of conjugate peaks, 1 where there is but
    one.
    """
    (results,) = experiments
    modes = results.modes[: panels.MOST_MODES]
    figure = style.new_figure(style.PAGE, 0.8 + 3 * min(1.3, style.PAGE / len(modes)))
    images, vectors, spectra = figure.subplots(3, len(modes), squeeze=False)
    shown = panels.show_pictures(images, panels.class_images(results, modes), panels.main_class_labels(results, modes))
    panels.colour_bar(shown, list(images))
    panels.show_vectors(vectors, panels.right_images(results)[: len(modes)], modes)
    for axes, mode in zip(vectors, modes, strict=True):
        value = panels.number(results.decomposition.singular_values[mode])
        axes.set_title(f"$s_{{{mode}}} = {value}$", color=style.mode_colour(mode))
    magnitudes = panels.right_magnitudes(results)[: len(modes)]
    shown = panels.show_spectra(spectra[None], magnitudes, modes, float(magnitudes.max()))
    panels.colour_bar(shown, list(spectra), r"$|\hat{v}^\alpha|$")
    for axes, mode, factor in zip(spectra, modes, magnitudes.max(axis=(1, 2)), strict=True):
        axes.set_title(f"$c_{{{mode}}} = {panels.number(factor)}$", color=style.mode_colour(mode))
    images[0].set_ylabel("class image")
    vectors[0].set_ylabel(r"right singular vector $v^\alpha$")
    for letter, axes in zip("abc", (images, vectors, spectra), strict=True):
        style.panel_letter(axes[0], letter)
    return figure
