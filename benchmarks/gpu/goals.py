"""What the GPU is to reach, and what the report says about it."""

from __future__ import annotations

from typing import Any

SECONDS = 300
TIMES_EAGER = 40

Content = dict[str, Any]


def result(report: Content, part: str) -> Content:
    """What a part has measured; empty if it did not run."""
    return report["parts"].get(part, {}).get("result", {})


def goals(report: Content) -> list[str]:
    """A line for each goal."""
    many = _many(report)
    if not many:
        return ["Updates of an ensemble were not measured."]
    lines = []
    seconds, measured = all_seconds(report)
    if seconds is not None:
        how = "measured" if measured else "expected from the times of an update and of a record"
        lines.append(
            f"- The trainings of both networks, {many} seeds each, in {SECONDS / 60:g} minutes: "
            f"{_verdict(seconds <= SECONDS)}, {seconds:,.0f} s ({how})."
        )
    ratio = times_eager(report)
    if ratio is not None:
        lines.append(
            f"- {TIMES_EAGER} times a plain eager loop on the same device, per batch and network, both networks "
            f"together: {_verdict(ratio >= TIMES_EAGER)}, {ratio:.3g} times."
        )
    return lines


def hours_of(report: Content) -> str:
    """The time of all trainings in words, for the README."""
    seconds, measured = all_seconds(report)
    device = result(report, "machine").get("device", "a GPU")
    if seconds is None:
        return f"not measured on {device}"
    return (
        f"{seconds / 60:.1f} minutes{'' if measured else ', by measured rates,'} for the deep networks on one {device}"
    )


def all_seconds(report: Content) -> tuple[float | None, bool]:
    """Seconds for a whole paper's trainings, and whether they were made rather than expected from their parts."""
    many = _many(report)
    done = [
        part["result"]
        for name, part in report["parts"].items()
        if name.startswith("training of") and part["result"].get("networks") == many
    ]
    whole = [one for one in done if one["batches"] == one["batches_wanted"]]
    if many and len(whole) == 2:
        return sum(one["seconds"] for one in whole), True
    return result(report, "plan").get("expected_seconds", {}).get("many"), False


def times_eager(report: Content) -> float | None:
    """How many times as long a plain eager loop takes for a batch of both networks as a whole paper's ensemble."""
    many, eager, ours = _many(report), {}, {}
    for row in result(report, "speed").get("rows", []):
        if row["contestant"] == "eager loop":
            eager[row["network"]] = row["seconds_per_batch_and_network"]
        elif row["networks"] == many:
            # The last row is that of trainings.
            ours[row["network"]] = row["seconds_per_batch_and_network"]
    if not ours or eager.keys() != ours.keys():
        return None
    return float(sum(eager.values()) / sum(ours.values()))


def _many(report: Content) -> int:
    return max((row["networks"] for row in result(report, "speed").get("rows", [])), default=0)


def _verdict(met: bool) -> str:
    return "met" if met else "missed"
