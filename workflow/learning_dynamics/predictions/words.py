"""A prediction, and how well it did, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from learning_dynamics.networks.registry import MODELS
from learning_dynamics.predictions.summary import NOTICEABLE

NETWORK_NAMES = {name: model.LABEL for name, model in MODELS.items()}
_MODES_SHOWN = 12
_CLASSES_SHOWN = 6


def paragraphs(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The prediction as headings with their sentences."""
    return [
        ("Images", list(_images(summary))),
        ("What is found, and when", list(_order(summary))),
        ("Which frequencies win", list(_frequencies(summary))),
        ("What to keep in mind", list(_caveats(summary))),
        ("Settings", list(_settings(summary))),
    ]


def table(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row per mode after a row of headings: s_α, what it tells apart, frequencies, times, coherence."""
    networks = list(summary["networks"])
    times = [f"{NETWORK_NAMES[network]}: after" for network in networks]
    head = ["mode", "s", "tells apart", "strongest frequencies", *times, "coherence"]
    return [head, *(_row(summary, networks, entry) for entry in summary["modes"][:_MODES_SHOWN])]


def _row(summary: Mapping[str, Any], networks: Sequence[str], entry: Mapping[str, Any]) -> list[str]:
    return [
        str(entry["mode"]),
        f"{entry['singular_value']:.3g}",
        distinction(entry),
        ", ".join(f"{pair(part)} {100 * part['share']:.0f} %" for part in entry["frequencies"]),
        *(_when(summary, network, entry["mode"]) for network in networks),
        f"{entry['coherence']:.2f}",
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


def distinction(entry: Mapping[str, Any]) -> str:
    """Which classes a mode tells apart."""
    sides = [_listed(entry[key]) for key in ("classes_for", "classes_against") if entry[key]]
    return " against ".join(sides) if len(sides) == 2 else f"{sides[0]} from the rest"


def pair(frequency: Mapping[str, Any]) -> str:
    """A frequency as (vertical, horizontal) cycles per image."""
    return f"({frequency['row']}, {frequency['column']})".replace("-", "−")


def _images(summary: Mapping[str, Any]) -> Iterator[str]:
    images = summary["images"]
    classes = images["classes"]
    train, test = (sum(entry[split] for entry in classes) for split in ("train", "test"))
    channels = f"{images['channels']} channel{'s' if images['channels'] > 1 else ''}"
    held_out = f" and {test:,} test images" if test else ""
    yield (
        f"{train:,} training images{held_out} of {len(classes)} classes, {images['side']}x{images['side']} pixels, "
        f"{channels}{', mean training image subtracted' if images['centred'] else ''}. Source: {images['origin']}."
    )
    if "further_modes" in summary:
        kept, every = len(summary["modes"]), len(summary["modes"]) + summary["further_modes"]
        yield f"What follows is about {kept} of {every} modes, the leading ones (key most_modes)."
    if images["unbalanced"]:
        yield f"Note that {images['unbalanced']}."


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
        if part["order"] != sorted(part["order"]):
            yield (
                f"The {NETWORK_NAMES[network]} does not find the modes in the order of their singular values: in a CNN "
                "the speed of a mode is n s times its strongest frequency, and modes that share frequencies help each "
                "other; either can change the order."
            )
        missing = [e["mode"] for e in part["modes"] if e["half_rise"] is None]
        if missing:
            plural = "s" if len(missing) > 1 else ""
            yield f"{NETWORK_NAMES[network]}: mode{plural} {_numbers(missing)} not within the run."


def _frequencies(summary: Mapping[str, Any]) -> Iterator[str]:
    frequencies = summary["frequencies"]
    if not frequencies:
        yield "Only a CNN's kernel has frequencies that compete; no CNN is configured."
        return
    listed = ", ".join(f"{pair(part)} {100 * part['share']:.0f} %" for part in frequencies[:6])
    total = sum(part["share"] for part in frequencies)
    yield (
        f"The kernel ends with most of its power at (vertical, horizontal) cycles per image {listed}. "
        f"The {len(frequencies)} strongest frequencies hold {100 * total:.0f} %."
    )


def _caveats(summary: Mapping[str, Any]) -> Iterator[str]:
    caveats = summary["caveats"]
    coherence, outside = caveats["smallest_coherence"], caveats["off_diagonal_share"]
    weak = coherence < NOTICEABLE["coherence"] or outside > NOTICEABLE["off_diagonal_share"]
    yield (
        f"Coherence: the class means hold at least {100 * coherence:.0f} % of the power along any mode (100 %: one "
        f"image per class), and {100 * outside:.0f} % of V'ΣxxV lies off the diagonal. "
        + (
            "The modes are therefore coupled: the closed forms of the paper do not hold, the gradient flow does."
            if weak
            else "The modes hardly disturb each other."
        )
    )
    shared = caveats["largest_shared_power"]
    yield f"Shared frequencies: two modes have up to {100 * shared:.0f} % of their power at the same frequencies. " + (
        "The frequencies of an early mode will also serve a later one, which starts from what is there."
        if shared > NOTICEABLE["shared_power"]
        else "Every mode has its own competition."
    )
    if any(part["method"] != "gradient flow" for part in summary["networks"].values()):
        yield "Estimates ignore this coupling; take them for the order of magnitude."
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


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _CLASSES_SHOWN} more" if len(names) > _CLASSES_SHOWN else ""
    return ", ".join(names[:_CLASSES_SHOWN]) + more


def _numbers(modes: Sequence[int]) -> str:
    return ", ".join(map(str, modes[:_MODES_SHOWN])) + (" …" if len(modes) > _MODES_SHOWN else "")
