"""A prediction, and how well it did, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from learning_dynamics.errors import printable
from learning_dynamics.networks.base import TwoLayerNetwork
from learning_dynamics.networks.registry import MODELS
from learning_dynamics.predictions import answer
from learning_dynamics.predictions.answer import NETWORK_NAMES, Names, pair, percent

# Why each two-layer network may find modes in another order than that of their singular values.
ORDER_REASONS = {name: model.ORDER for name, model in MODELS.items() if issubclass(model, TwoLayerNetwork)}
_MODES_SHOWN = 12
_CLASSES_IN_A_ROW = 4


def paragraphs(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The details of the prediction as headings with their sentences."""
    return [
        ("Images", list(_images(summary))),
        ("What is found, and when", list(_order(summary))),
        ("Which frequencies win", list(_frequencies(summary))),
        ("What to keep in mind", list(_caveats(summary))),
        ("Settings", list(_settings(summary))),
    ]


def table(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row per mode after a row of headings: s_α, what it tells apart, frequencies, times, coherence."""
    networks, names = list(summary["networks"]), Names(summary)
    groups = {mode: group for group in summary["groups"] for mode in group["modes"]}
    times = [f"{NETWORK_NAMES[network]}: after" for network in networks]
    head = ["mode", "s", "tells apart", "strongest frequencies", *times, "coherence"]
    return [
        head,
        *(
            [
                _number(entry["mode"], groups.get(entry["mode"])),
                f"{entry['singular_value']:.3g}",
                names.told_apart(entry, _CLASSES_IN_A_ROW) or "nothing: common to all",
                ", ".join(f"{pair(part)} {percent(part['share'])}" for part in entry["frequencies"]),
                *(_when(summary, network, entry["mode"]) for network in networks),
                f"{entry['coherence']:.2f}",
            ]
            for entry in summary["modes"][:_MODES_SHOWN]
        ),
    ]


def _number(mode: int, group: Mapping[str, Any] | None) -> str:
    if not group:
        return str(mode)
    others = answer.joined([str(other) for other in group["modes"] if other != mode][:_MODES_SHOWN])
    return f"{mode} (one group with {others})"


def class_table(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row per class after a row of headings: its name and its number of images by split."""
    names, test = Names(summary), any(entry["test"] for entry in summary["images"]["classes"])
    head = ["class", "training images", *(["test images"] if test else [])]
    return [
        head,
        *(
            [names.of(entry["name"]), f"{entry['train']:,}", *([f"{entry['test']:,}"] if test else [])]
            for entry in summary["images"]["classes"]
        ),
    ]


def passed_over(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What was not read of the source: reasons, and the paths of each."""
    entries = summary["images"].get("reading", {}).get("passed_over", [])
    ordered = sorted(entries, key=lambda entry: str(entry["reason"]))
    return [
        (printable(str(reason)), [printable(str(entry["path"])) for entry in some])
        for reason, some in groupby(ordered, key=lambda entry: str(entry["reason"]))
    ]


def comparison(measured: Mapping[str, Any]) -> list[str]:
    """How well the prediction did."""
    lines = []
    for network, part in measured["networks"].items():
        for entry in _first(part["modes"]):
            name = f"{NETWORK_NAMES[network]}, mode {entry['mode']}"
            if entry["measured"] is None:
                remark = "; ".join(_unexpected(entry)) or "not found within the run, by training or by prediction"
                lines.append(f"{name}: {remark}")
                continue
            unexpected = "".join(f"; {remark}" for remark in _unexpected(entry))
            lines.append(
                f"{name}: predicted {entry['predicted']:,.0f}, measured {entry['measured']:,.0f} images "
                f"({100 * entry['deviation']:+.1f} % on average, {100 * entry['deviation_of_a_seed']:.1f} % for one "
                f"training; n = {entry['seeds']}{unexpected})"
            )
    return [*lines, *comparison_remarks(measured)]


def comparison_table(measured: Mapping[str, Any]) -> list[list[str]]:
    """The same as a table, a row per network and mode after a row of headings."""
    rows = [["network", "mode", "predicted", "measured", "deviation", "of one training", "n", ""]]
    for network, part in measured["networks"].items():
        for entry in _first(part["modes"]):
            start = [NETWORK_NAMES[network], str(entry["mode"])]
            if entry["measured"] is None:
                remark = "; ".join(_unexpected(entry)) or "neither expected nor found within the run"
                rows.append([*start, "–", "–", "–", "–", "0", remark])
                continue
            rows.append(
                [
                    *start,
                    *(f"{entry[key]:,.0f}" for key in ("predicted", "measured")),
                    f"{100 * entry['deviation']:+.1f} %",
                    f"{100 * entry['deviation_of_a_seed']:.1f} %",
                    str(entry["seeds"]),
                    "; ".join(_unexpected(entry)),
                ]
            )
    return rows


def comparison_remarks(measured: Mapping[str, Any]) -> list[str]:
    """What is left out of lines and table, and how well the final kernel was predicted."""
    lines = []
    for network, part in measured["networks"].items():
        more = len(part["modes"]) - len(_first(part["modes"]))
        if more:
            lines.append(f"{NETWORK_NAMES[network]}: {more} more modes are in the JSON file")
    if "final_kernel" in measured:
        kernel = measured["final_kernel"]
        lines.append(
            f"Final kernel: |k̂| within {100 * kernel['relative_error']:.1f} % of the prediction; of its "
            f"{kernel['strongest']} strongest frequencies "
            f"{100 * kernel['strongest_predicted_right']:.0f} % are those predicted"
        )
    return lines


def _first(modes: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return modes[:_MODES_SHOWN]


def _unexpected(entry: Mapping[str, Any]) -> list[str]:
    kinds = (("missed", "did not find it"), ("found_unexpectedly", "found it unexpectedly"))
    return [f"{entry[key]} seeds {remark}" for key, remark in kinds if entry.get(key)]


def _images(summary: Mapping[str, Any]) -> Iterator[str]:
    images, names = summary["images"], Names(summary)
    classes = images["classes"]
    train, test = (sum(entry[split] for entry in classes) for split in ("train", "test"))
    channels = f"{images['channels']} channel{'s' if images['channels'] > 1 else ''}"
    held_out = f" and {test:,} test images" if test else ""
    yield (
        f"{train:,} training images{held_out} of {len(classes)} classes, {images['side']}x{images['side']} pixels, "
        f"{channels}{', mean training image subtracted' if images['centred'] else ''}. Source: {images['origin']}."
    )
    yield from _reading(images.get("reading", {}))
    untested = [entry["name"] for entry in classes if test and not entry["test"]]
    if untested and "reading" not in images:
        yield f"There is no test image of {names.listed(untested)}."
    if "further_modes" in summary:
        kept, every = len(summary["modes"]), len(summary["modes"]) + summary["further_modes"]
        yield f"What follows is about {kept} of {every} modes, the leading ones (key most_modes)."
    if images["unbalanced"]:
        yield f"Note that {images['unbalanced']}."


def _reading(reading: Mapping[str, Any]) -> Iterator[str]:
    """How the source was read, where the data set's file says."""
    extent = reading.get("value_range")
    if extent is not None:
        between = " to ".join(f"{value:g}" for value in extent) if isinstance(extent, list | tuple) else str(extent)
        yield f"Values from {between}{_scaled(reading)}."
    elif reading.get("scaling"):
        yield f"Scaling: {printable(str(reading['scaling']))}."
    yield from (printable(str(sentence)) for sentence in reading.get("notes", []))
    entries = reading.get("passed_over", [])
    total = reading.get("passed_over_total", len(entries))
    if entries:
        which = "listed below" if total == len(entries) else f"the first {len(entries)} of them listed below"
        yield f"Passed over in the source: {total:,}, {which}."


def _scaled(reading: Mapping[str, Any]) -> str:
    return f"; scaling: {printable(str(reading['scaling']))}" if reading.get("scaling") else ""


def _order(summary: Mapping[str, Any]) -> Iterator[str]:
    for network, part in summary["networks"].items():
        found = [entry for entry in part["modes"] if entry["half_rise"] is not None]
        found.sort(key=lambda entry: entry["half_rise"])
        how = (
            f"by the gradient flow from the initial weights of {part['seeds']} trainings"
            if part["method"] == "gradient flow"
            else "estimated for each mode by itself, because the gradient flow of these data costs too much"
        )
        order = ", ".join(f"mode {e['mode']} after {e['half_rise']:,.0f} images" for e in found[:_MODES_SHOWN])
        more = f" and {len(found) - _MODES_SHOWN} more" if len(found) > _MODES_SHOWN else ""
        what = f"{order or 'nothing within the run'}{more}"
        yield f"{NETWORK_NAMES[network]}: {what} ({how}; found: half of s is reached)."
        if _out_of_order(part["order"], summary["groups"]):
            yield (
                f"The {NETWORK_NAMES[network]} does not find the modes in the order of their singular values: "
                f"{ORDER_REASONS[network]}."
            )
        missing = [e["mode"] for e in part["modes"] if e["half_rise"] is None]
        if missing:
            yield f"{NETWORK_NAMES[network]}: {answer.mode_numbers(missing)} not within the run."


def _out_of_order(order: Sequence[int], groups: Sequence[Mapping[str, Any]]) -> bool:
    """Whether modes that are not of one group come in another order than that of their singular values."""
    first = {mode: group["modes"][0] for group in groups for mode in group["modes"]}
    places = [first.get(mode, mode) for mode in order]
    return places != sorted(places)


def _frequencies(summary: Mapping[str, Any]) -> Iterator[str]:
    frequencies = summary["frequencies"]
    if not frequencies:
        yield "Only a CNN's kernel has frequencies that compete; no CNN is configured."
        return
    listed = ", ".join(f"{pair(part)} {percent(part['share'])}" for part in frequencies[:6])
    total = sum(part["share"] for part in frequencies)
    together = f" The {len(frequencies)} strongest frequencies hold {percent(total)}." if len(frequencies) > 1 else ""
    yield f"The kernel ends with most of its power at (vertical, horizontal) cycles per image {listed}.{together}"


def _caveats(summary: Mapping[str, Any]) -> Iterator[str]:
    if any(part["method"] != "gradient flow" for part in summary["networks"].values()):
        yield "Estimates ignore how modes are coupled; take them for the order of magnitude."
    yield (
        "Training draws images at random and takes finite steps: single trainings scatter around the prediction, the "
        "more the larger the learning rate."
    )


def _settings(summary: Mapping[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    rates = ", ".join(f"{NETWORK_NAMES[name]} {rate:g}" for name, rate in settings["learning_rate"].items())
    how = " (chosen from the structure where the configuration says auto)" if settings["chosen"] else ""
    yield f"Learning rates {rates}; {settings['updates']:,} updates{how}."
    if settings["capped"]:
        yield "The run ends at the limit automatic.most_updates, before every mode worth it is found."


def _when(summary: Mapping[str, Any], network: str, mode: int) -> str:
    (entry,) = [entry for entry in summary["networks"][network]["modes"] if entry["mode"] == mode]
    if entry["half_rise"] is None:
        return "not within the run"
    return f"{entry['half_rise']:,.0f}" + (f" ± {entry['spread']:,.0f}" if entry["spread"] is not None else "")
