"""Scaling of discovery with the image side, the initial standard deviation and the learning rate; beyond the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator

from learning_dynamics.figures import panels, style
from learning_dynamics.numerics.correlations import FloatArray
from learning_dynamics.storage import netcdf

_Corner = Literal["upper left", "upper right", "lower left", "lower right", "center right"]

_ROW_HEIGHT = 2.2
# Measurements are points here, so that a line can be the theory.
_THEORY: dict[str, Any] = {"color": "black", "linewidth": 0.7, "zorder": 1}
_FIT: dict[str, Any] = {"color": "0.6", "linewidth": 0.8, "linestyle": (0, (4, 2)), "zorder": 0}
# Frequencies of mode 0, strongest first.
_SHADES = ("#0072B2", "#5AA5D3", "#9CC9E4", "#C6DFEF")


def draw(files: Mapping[str, str]) -> Figure:
    """Measured against predicted scaling, a row per parameter; points are means and standard deviations over seeds.

    Side n, pure cosines at one λ: (a) half-rise times of CNN and FCNN with Eq. S.164, (b) their ratio with n c_α, (c)
    slopes of ln t against ln n as measured, by Eq. S.164, and without the logarithm ln(s_α/a_α(0) − 1), which leaves −2
    and −1. Standard deviation σ of the initial weights, sums of cosines: (d) half-rise times with the competition's
    closed form, (e) alignment error max |Ω_αβ|/√(s_α s_β), (f) imbalance of mode 0's frequencies when it is discovered;
    open points are too large a σ for the theory and not fitted. Learning rate λ, geometric shapes: (g) half-rise times
    with the gradient flow's, (h) the flow's root mean square error relative to s_α with the classes in turn and (i)
    with classes drawn at random, mean over the modes. Brackets: 95 % intervals over seeds. Errors on a logarithmic
    scale: mean and standard deviation of the logarithm.

    Args:
        files: the result files by parameter, "side", "std" and "learning_rate" or some of them.

    Raises:
        DataError: a file is missing or damaged.
    """
    rows: dict[str, Callable[[Sequence[Axes], xr.Dataset], None]] = {
        "side": _sides,
        "std": _stds,
        "learning_rate": _learning_rates,
    }
    shown = [parameter for parameter in rows if parameter in files]
    figure = style.new_figure(style.PAGE, _ROW_HEIGHT * len(shown))
    grid = figure.subplots(len(shown), 3, squeeze=False)
    for axes, parameter in zip(grid, shown, strict=True):
        rows[parameter](axes, netcdf.read(files[parameter]))
    for index, axes in enumerate(grid.flat):
        style.panel_letter(axes, chr(ord("a") + index))
    return figure


def _sides(row: Sequence[Axes], data: xr.Dataset) -> None:
    times, ratios, slopes = row
    sides = data["side"].values
    networks = [str(name) for name in data["network"].values]
    modes = data.sizes["mode"]
    for index, network in enumerate(networks):
        for mode in range(modes):
            measured = data["discovery_time"].values[index, :, :, mode]
            _points(times, sides, measured, style.mode_colour(mode), style.NETWORK_MARKERS[network])
            times.plot(sides, data["predicted_time"].values[index, :, :, mode].mean(axis=0), **_THEORY)
    times.set(xlabel="image side $n$", ylabel="discovery time (samples)", xscale="log", yscale="log")
    _ticks(times, sides)
    entries = [_mark(style.NETWORK_NAMES[network], style.NETWORK_MARKERS[network]) for network in networks]
    _legend(times, [*entries, panels.key("Eq. S.164", **_THEORY)], "lower left")

    for mode in range(modes):
        _points(ratios, sides, data["speed_up"].values[..., mode], style.mode_colour(mode), "o")
        ratios.plot(sides, data["predicted_speed_up"].values[:, mode], **_THEORY)
    ratios.set(xlabel="image side $n$", ylabel="discovery time, FCNN / CNN", xscale="log", yscale="log")
    _ticks(ratios, sides)
    ratios.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ratios.yaxis.set_major_formatter("{x:g}")
    ratios.yaxis.set_minor_formatter(NullFormatter())
    low, high = ratios.get_ylim()
    ratios.set_ylim(low * (low / high) ** 0.3, high)
    entries = [
        _mark(f"mode {mode}: {_interval(data, 'speed_up_slope', 3, mode)}", "o", style.mode_colour(mode))
        for mode in range(modes)
    ]
    _legend(ratios, [*entries, panels.key(r"$n\,c_\alpha$", **_THEORY)], "lower right", "power of $n$ (theory 1)")

    for index, network in enumerate(networks):
        for mode in range(modes):
            _slope_points(slopes, data, index, mode, network)
    for level in (-1, -2):
        slopes.axhline(level, **_FIT)
    slopes.set(xlabel=r"mode $\alpha$", ylabel=r"slope of $\ln t$ against $\ln n$", xlim=(-0.6, modes - 0.4))
    panels.mode_ticks(slopes, list(range(modes)))
    _legend(
        slopes,
        [
            *(_mark(style.NETWORK_NAMES[network], style.NETWORK_MARKERS[network]) for network in networks),
            _mark("without the logarithm", "o", markerfacecolor="white"),
            panels.key("Eq. S.164", **style.THEORY_LEVEL),
        ],
        "center right",
    )


def _slope_points(axes: Axes, data: xr.Dataset, network: int, mode: int, name: str) -> None:
    """Fitted slope with its interval, the theory's own across it, and beside it that of the reduced time."""
    colour = style.mode_colour(mode)
    for variable, offset, face in (("slope", -0.15, colour), ("reduced_slope", 0.2, "white")):
        mean, low, high = (data[f"{variable}_{part}"].values[network, mode] for part in ("mean", "low", "high"))
        axes.errorbar(
            mode + offset,
            mean,
            [[mean - low], [high - mean]],
            fmt=style.NETWORK_MARKERS[name],
            color=colour,
            markerfacecolor=face,
            markersize=3.5,
            elinewidth=0.8,
        )
    axes.plot(mode - 0.15, data["predicted_slope_mean"].values[network, mode], markersize=10, **style.THEORY_LEVEL)


def _stds(row: Sequence[Axes], data: xr.Dataset) -> None:
    times, alignment, balance = row
    stds = data["std"].values
    fitted = data["is_fitted"].values == 1
    entries = []
    for mode in range(data.sizes["mode"]):
        colour = style.mode_colour(mode)
        _points(times, stds, data["discovery_time"].values[..., mode], colour, "o", filled=fitted)
        times.plot(stds, data["predicted_time"].values[..., mode].mean(axis=0), **_THEORY)
        mean, low, high = (data[f"slope_{part}"].values[mode] for part in ("mean", "low", "high"))
        theory = data["predicted_slope_mean"].values[mode]
        label = f"mode {mode}: {mean:.0f} [{low:.0f}, {high:.0f}] ({theory:.0f})"
        entries.append(_mark(label, "o", colour))
    times.set(xlabel=r"initial $\sigma$", ylabel="discovery time (samples)", xscale="log")
    times.set_ylim(bottom=0)
    times.yaxis.set_major_formatter("{x:,.0f}")
    _plain_minor_ticks(times)
    title = r"slope against $\ln(1/\sigma^2)$ (theory)"
    _headroom(times, 0.15)
    _legend(times, [*entries, panels.key("closed form", **_THEORY)], "upper right", title)

    _points(alignment, stds, data["alignment_error"].values, "0.2", "o", filled=fitted, logarithmic=True)
    _fit(alignment, stds[fitted], data["alignment_error"].values[:, fitted], float(data["alignment_power_mean"]))
    alignment.set(xlabel=r"initial $\sigma$", ylabel="alignment error", xscale="log", yscale="log")
    _plain_minor_ticks(alignment)
    fit = _fit_entry(_interval(data, "alignment_power", 2))
    _legend(alignment, [fit], "upper left", r"power of $\sigma$ (theory 1)")

    entries = []
    for index, colour in zip(range(data.sizes["frequency"]), _SHADES, strict=False):
        errors = np.abs(data["balance_error"].values[..., index])
        _points(balance, stds, errors, colour, "o", filled=fitted, logarithmic=True)
        _fit(balance, stds[fitted], errors[:, fitted], float(data["balance_power_mean"].values[index]))
        power = data["predicted_balance_power"].values[index]
        label = (
            rf"$|\hat{{v}}_l| = {data['frequency_magnitude'].values[index]:.2f}$: "
            f"{_interval(data, 'balance_power', 2, index)} ({power:.2f})"
        )
        entries.append(_mark(label, "o", colour))
    balance.set(xlabel=r"initial $\sigma$", ylabel=r"$|\,|B_{0l}|/|\hat{k}_l| - 1\,|$", xscale="log", yscale="log")
    _plain_minor_ticks(balance)
    _headroom(balance, 0.35)
    _legend(balance, entries, "upper left", r"power of $\sigma$ (theory)")


def _learning_rates(row: Sequence[Axes], data: xr.Dataset) -> None:
    times, in_turn, at_random = row
    rates = data["learning_rate"].values
    fitted = data["is_fitted"].values == 1
    entries = []
    for mode in range(data.sizes["mode"]):
        colour = style.mode_colour(mode)
        _points(times, rates, data["discovery_time"].values[0, ..., mode], colour, "o")
        times.plot(rates, data["predicted_time"].values[..., mode].mean(axis=0), **_THEORY)
        label = f"mode {mode}: {_interval(data, 'slope', 3, (0, mode))}"
        entries.append(_mark(label, "o", colour))
        _points(in_turn, rates, data["flow_error"].values[0, ..., mode], colour, "o", filled=fitted, logarithmic=True)
    times.set(xlabel=r"learning rate $\lambda$", ylabel="discovery time (samples)", xscale="log", yscale="log")
    _plain_minor_ticks(times)
    _headroom(times, 0.45)
    _legend(times, [*entries, panels.key(style.FLOW, **_THEORY)], "upper right", r"power of $\lambda$ (theory −1)")
    mean = data["flow_error"].values.mean(axis=-1)
    power = float(data["flow_error_power_mean"].values[0])
    _fit(in_turn, rates[fitted], mean[0][:, fitted], power, rates)
    modes = [_mark(f"mode {mode}", "o", style.mode_colour(mode)) for mode in range(data.sizes["mode"])]
    in_turn.set(ylabel="error of the flow, classes in turn")

    series = (
        ("single seeds", mean[1], "o", style.experiment_colour(0)),
        ("scatter over the seeds", data["sampling_error"].values.mean(axis=-1), "s", style.experiment_colour(1)),
        ("mean of the seeds", data["mean_flow_error"].values[1].mean(axis=-1)[None], "^", style.experiment_colour(2)),
    )
    for index, (_, values, marker, colour) in enumerate(series):
        _points(at_random, rates, values, colour, marker, filled=fitted if index == 1 else None, logarithmic=True)
    _fit(at_random, rates[fitted], series[1][1][:, fitted], float(data["sampling_error_power_mean"]), rates)
    at_random.set(ylabel="error of the flow, random classes")
    for axes in (in_turn, at_random):
        axes.set(xlabel=r"learning rate $\lambda$", xscale="log", yscale="log")
        _plain_minor_ticks(axes)
        _headroom(axes, 0.35)
    fit = _fit_entry(f"mean {_interval(data, 'flow_error_power', 2, 0)}")
    _legend(in_turn, [*modes, fit], "upper left", r"power of $\lambda$ (theory 1)")
    entries = [_mark(name, marker, colour) for name, _, marker, colour in series]
    fit = _fit_entry(f"scatter {_interval(data, 'sampling_error_power', 2)}")
    _legend(at_random, [*entries, fit], "upper left", r"power of $\lambda$ (theory ½)")


def _points(
    axes: Axes,
    indices: npt.NDArray[Any],
    values: FloatArray,
    colour: str,
    marker: str,
    *,
    filled: npt.NDArray[np.bool_] | None = None,
    logarithmic: bool = False,
) -> None:
    """Mean and standard deviation over the seeds (first axis), of the logarithms if so said; open where not filled."""
    trials = np.log(values) if logarithmic else values
    mean, spread = trials.mean(axis=0), trials.std(axis=0)
    middle, low, high = (np.exp(v) if logarithmic else v for v in (mean, mean - spread, mean + spread))
    full = np.ones(len(indices), dtype=bool) if filled is None else filled
    for part, face in ((full, colour), (~full, "white")):
        axes.errorbar(
            indices[part],
            middle[part],
            [middle[part] - low[part], high[part] - middle[part]],
            fmt=marker,
            color=colour,
            markerfacecolor=face,
            markersize=3,
            markeredgewidth=0.8,
            elinewidth=0.8,
        )


def _fit(
    axes: Axes,
    indices: npt.NDArray[Any],
    values: FloatArray,
    power: float,
    shown: npt.NDArray[Any] | None = None,
) -> None:
    """The fitted power law, if any, through the mean of the logarithms, over the fitted or the given range."""
    if not np.isfinite(power):
        return
    middle = np.log(values).mean() - power * np.log(indices).mean()
    ends = np.array([np.min(indices), np.max(indices)]) if shown is None else np.array([shown.min(), shown.max()])
    axes.plot(ends, np.exp(middle) * ends**power, **_FIT)


def _fit_entry(label: str) -> Line2D:
    return panels.key(label, **_FIT)


def _mark(label: str, marker: str, colour: str = "0.4", **appearance: Any) -> Line2D:
    """A legend entry for a marker."""
    return panels.key(label, color=colour, linestyle="", marker=marker, markersize=3, markeredgewidth=0.8, **appearance)


def _legend(axes: Axes, entries: Sequence[Line2D], corner: _Corner, title: str | None = None) -> None:
    """A legend inside the panel, small because it says what the fits gave."""
    legend = axes.legend(
        handles=entries,
        loc=corner,
        title=title,
        title_fontsize=5.5,
        alignment="left",
        fontsize=5.5,
        handlelength=1.2,
        handletextpad=0.4,
        labelspacing=0.25,
        borderpad=0.1,
        borderaxespad=0.2,
    )
    legend.set_in_layout(False)


def _headroom(axes: Axes, share: float) -> None:
    """Room for a legend above what is drawn: this share more of the axis, logarithmic or not."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** share if axes.get_yscale() == "log" else high + share * (high - low))


def _interval(data: xr.Dataset, variable: str, digits: int, index: Any = ()) -> str:
    """Mean and 95 % interval in words, with true minus signs."""
    mean, low, high = (float(data[f"{variable}_{part}"].values[index]) for part in ("mean", "low", "high"))
    if not np.isfinite(mean):
        return "not fitted"
    text = f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
    return text.replace("-", "\N{MINUS SIGN}")


def _ticks(axes: Axes, values: npt.NDArray[Any]) -> None:
    """A tick at some of the values themselves, on a logarithmic axis."""
    kept = [value for value in values if value in {values[0], values[-1]} or value & (value - 1) == 0]
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _plain_minor_ticks(axes: Axes) -> None:
    """No numbers between the decades of the horizontal axis: on a short axis they would overlap."""
    axes.xaxis.set_minor_formatter(NullFormatter())
