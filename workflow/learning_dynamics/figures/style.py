"""One look for all figures: colours, sizes, and the elements that recur."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.transforms import Bbox

from learning_dynamics.networks.registry import MODELS
from learning_dynamics.storage import whole_files

# Widths of a column and of a page in the paper's format, in inches.
COLUMN = 3.25
PAGE = 6.75

# Okabe and Ito's palette, distinct for every kind of colour vision; the same mode has the same colour everywhere.
_MODE_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7F7F7F",
    "#8B4513",
    "#4B0082",
    "#000000",
)
# Tol's bright palette: not to be taken for modes.
_EXPERIMENT_COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB")
NETWORK_LINES = {name: model.LINE for name, model in MODELS.items()}
NETWORK_NAMES = {name: model.LABEL for name, model in MODELS.items()}
NETWORK_MARKERS = {name: model.MARKER for name, model in MODELS.items()}
# Predictions are dots at equal distances on the page, measurements lines: neither hides the other or its dashes.
THEORY: dict[str, Any] = {
    "color": "black",
    "linestyle": "",
    "marker": "o",
    "markersize": 2.5,
    "markeredgecolor": "white",
    "markeredgewidth": 0.4,
    "markevery": 0.055,
    "zorder": 3,
}
# Where measurements are points or bars: a level across them, in front of bars and behind points.
THEORY_LEVEL: dict[str, Any] = {"color": "black", "linestyle": "", "marker": "_", "zorder": 1.5}
FLOW = "gradient flow"
# No mode's and no experiment's colour.
HIGHLIGHT = "#882255"
SIGNED = "RdBu_r"
MAGNITUDE = "viridis"


def use() -> None:
    """Set the defaults of all figures, whatever a user's own matplotlibrc says."""
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "font.size": 7,
            "axes.titlesize": 7,
            "axes.labelsize": 7,
            "legend.fontsize": 6,
            "xtick.labelsize": 6,
            "ytick.labelsize": 6,
            "axes.linewidth": 0.6,
            "lines.linewidth": 1.2,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "image.interpolation": "nearest",
            "figure.dpi": 200,
            "pdf.fonttype": 42,
        }
    )


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches whose panels arrange themselves."""
    use()
    return Figure(figsize=(width, height), layout="constrained")


def mode_colour(mode: int) -> str:
    """The colour of mode α."""
    return _MODE_COLOURS[mode % len(_MODE_COLOURS)]


def experiment_colour(index: int) -> str:
    """The colour of an experiment among several."""
    return _EXPERIMENT_COLOURS[index % len(_EXPERIMENT_COLOURS)]


def mean_and_spread(
    axes: Axes,
    samples: npt.ArrayLike,
    values: npt.ArrayLike,
    colour: str,
    line: str | tuple[float, Sequence[float]] = "-",
    *,
    label: str | None = None,
    width: float | None = None,
) -> None:
    """The mean over seeds as a line and one standard deviation on either side as a band; values (seeds, samples)."""
    seeds = np.asarray(values, dtype=np.float64)
    mean, spread = seeds.mean(axis=0), seeds.std(axis=0)
    axes.fill_between(samples, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    axes.plot(samples, mean, color=colour, linestyle=line, label=label, linewidth=width)


def predicted_mean(axes: Axes, samples: npt.ArrayLike, values: npt.ArrayLike, colour: str = "black") -> None:
    """The mean over seeds of a prediction; values (seeds, samples)."""
    axes.plot(samples, np.asarray(values, dtype=np.float64).mean(axis=0), **{**THEORY, "color": colour})


def show_image(axes: Axes, image: npt.ArrayLike, signed: bool = True, limit: float | None = None) -> AxesImage:
    """An image (C, n, n) or (n, n) without ticks.

    One channel: signed values around white, or magnitudes. More: the first three as colours (of two channels red and
    green), zero as grey if signed.
    """
    values = np.asarray(image)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    if values.ndim == 3 and len(values) == 1:
        values = values[0]
    scale = limit or float(np.abs(values).max()) or 1.0
    if values.ndim == 3:
        return axes.imshow(_channels_as_colours(values, signed, scale))
    if signed:
        return axes.imshow(values, cmap=SIGNED, vmin=-scale, vmax=scale)
    return axes.imshow(values, cmap=MAGNITUDE, vmin=0, vmax=scale)


def colours(image: npt.ArrayLike, signed: bool, limit: float | None = None) -> npt.NDArray[np.float64]:
    """The same as values from 0 to 1 of red, green and blue, shape (n, n, 3); magnitudes of one channel are grey."""
    values = np.asarray(image, dtype=np.float64)
    scale = limit or float(np.abs(values).max()) or 1.0
    if len(values) > 1:
        return _channels_as_colours(values, signed, scale)
    if signed:
        return np.asarray(mpl.colormaps[SIGNED]((values[0] + scale) / (2 * scale))[..., :3])
    return np.repeat(np.clip(values[0] / scale, 0, 1)[..., None], 3, axis=-1)


def _channels_as_colours(values: npt.NDArray[np.float64], signed: bool, scale: float) -> npt.NDArray[np.float64]:
    missing = max(3 - len(values), 0)
    channels = np.moveaxis(np.pad(values[:3], ((0, missing), (0, 0), (0, 0))), 0, -1)
    return np.clip(0.5 + channels / (2 * scale) if signed else channels / scale, 0, 1)


def panel_letter(axes: Axes, letter: str) -> None:
    """The letter of a panel, top left."""
    axes.set_title(f"({letter})", loc="left", fontweight="bold")


def samples_axis(axes: Axes) -> None:
    """Label the time axis, counted in training samples."""
    axes.set_xlabel("training samples seen")
    axes.margins(x=0)


def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure once per path, by its suffix, whole or not at all; no dates, so equal figures have equal bytes.

    The panels are arranged once, with the sizes that text has in the PNG. ``Figure.savefig`` would draw the figure once
    more for every file to do so.
    """
    FigureCanvasAgg(figure)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
        _round_places(figure)
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_files.replacing(path) as temporary:
            # Drawn in memory first: a full disk leaves Matplotlib's writer of PDF in a state it cannot report.
            drawn = io.BytesIO()
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
            figure.savefig(drawn, dpi="figure", format=path.suffix.removeprefix("."), metadata=metadata)
            temporary.write_bytes(drawn.getbuffer())


def _round_places(figure: Figure) -> None:
    """Take off the last digits of where the panels are: the solver adds in an order that changes from run to run."""
    for axes in figure.axes:
        axes.set_position(Bbox(_rounded(axes.get_position(original=True).get_points())))
    waiting: list[SubFigure] = [*figure.subfigs]
    while waiting:
        part = waiting.pop()
        part.bbox_relative.set_points(_rounded(part.bbox_relative.get_points()))
        waiting += part.subfigs


def _rounded(indices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Zero is added so that there is no negative zero, which files would tell from zero.
    return np.asarray(np.round(indices, 9) + 0.0)
