"""The tables of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.gpu.goals import result

Content = dict[str, Any]

NAMES = {"deep_linear_cnn": "linear", "deep_relu_cnn": "ReLU"}
# The difference, relative to how far the weights moved, above which rounding is no explanation for so few updates. On a
# CPU single and double precision differ by less than a tenth of the first.
_ROUNDING = {"float32": 1e-3, "float64": 1e-9}


def unexpected(report: Content) -> list[str]:
    """Results that are not what is expected of a GPU."""
    lines = [
        f"{NAMES[row['network']]}, {row['networks']} side by side, {row['precision']}: after {row['updates']} updates "
        f"GPU and CPU differ by {row['of_the_movement']:.1e} of the movement; "
        f"at most {_ROUNDING[row['precision']]:.0e} is expected"
        for row in result(report, "updates").get("rows", [])
        if not row["of_the_movement"] <= _ROUNDING[row["precision"]]
    ]
    lines += [
        f"{NAMES[row['network']]}: a training that is stopped and resumed differs from one that is not by "
        f"{row['resumed']['largest_difference']:.1e}; the same training repeated "
        + ("is equal" if row["repeated"]["equal"] else f"differs by {row['repeated']['largest_difference']:.1e}")
        for row in result(report, "resume").get("rows", [])
        if not row["resumed"]["equal"]
    ]
    summary = result(report, "tests").get("summary", "")
    if "skipped" in summary:
        lines.append(f"tests that need a GPU: {summary}")
    for name, part in report["parts"].items():
        found = part["result"]
        if name.startswith(("sweep", "training of")) and found.get("batches", 0) < found.get("batches_wanted", 0):
            lines.append(f"{name}: {found['batches']:,} of {found['batches_wanted']:,} batches, the time was over")
    return lines


def machine(report: Content) -> list[str]:
    """Measured rates."""
    found = result(report, "machine")
    rows = [
        ("float32 matrix product", "float32_product", 1e-12, "Tflop/s"),
        ("the same with TF32", "tf32_product", 1e-12, "Tflop/s"),
        ("copies, read and written", "copy_bytes_per_second", 1e-9, "GB/s"),
        ("an operation asked for by itself", "operation_seconds", 1e6, "µs"),
        ("a graph of one operation", "graph_seconds", 1e6, "µs"),
        ("an operation within a graph", "operation_in_graph_seconds", 1e6, "µs"),
    ]
    return _table(
        ["what the device can do", "measured"],
        [[text, f"{found[key] * factor:,.3g} {unit}"] for text, key, factor, unit in rows if key in found],
    )


def tests(report: Content) -> list[str]:
    """The project's tests that need a GPU."""
    summary = result(report, "tests").get("summary")
    return [f"`tests/unit/test_deep_updates.py` and `test_deep_trainings.py`: {summary}."] if summary else []


def updates(report: Content) -> list[str]:
    """GPU against CPU."""
    return _table(
        ["network", "side by side", "precision", "updates", "difference of the weights", "of their movement"],
        [
            [
                NAMES[row["network"]],
                row["networks"],
                row["precision"],
                row["updates"],
                f"{row['of_the_weights']:.1e}",
                f"{row['of_the_movement']:.1e}",
            ]
            for row in result(report, "updates").get("rows", [])
        ],
    )


def speed(report: Content) -> list[str]:
    """Time of an update."""
    rows = [row for part in ("speed", "compiled") for row in result(report, part).get("rows", [])]
    table = _table(
        [
            "network",
            "contestant",
            "side by side",
            "ms per batch",
            "per network",
            "share of the float32 product",
            "of the launches",
            "kernels",
        ],
        [
            [
                NAMES[row["network"]],
                row["contestant"],
                row["networks"],
                f"{1e3 * row['seconds_per_batch']:.3g}",
                f"{1e3 * row['seconds_per_batch_and_network']:.3g}",
                _percent(row["share_of_peak"]),
                _percent(row["share_of_launch_bound"]),
                _number(row["kernels_per_batch"]),
            ]
            for row in rows
        ],
    )
    if not table:
        return []
    return [
        "TF32 is off for all. The bound of the launches is the time that as many operations on one number take, asked",
        "for one by one or within a graph.",
        "",
        *table,
    ]


def records(report: Content) -> list[str]:
    """Time of a record."""
    return _table(
        ["network", "side by side", "ms per record", "s before the first"],
        [
            [
                NAMES[row["network"]],
                row["networks"],
                f"{1e3 * row['seconds_per_record']:.3g}",
                f"{row['seconds_to_begin']:.2g}",
            ]
            for row in result(report, "records").get("rows", [])
        ],
    )


def resume(report: Content) -> list[str]:
    """Whether trainings repeat and resume."""
    return _table(
        ["network", "side by side", "batches", "the same training again", "stopped and resumed"],
        [
            [
                NAMES[row["network"]],
                row["networks"],
                f"{row['batches']:,}",
                _equality(row["repeated"]),
                f"{_equality(row['resumed'])} ({row['stops']} stops)",
            ]
            for row in result(report, "resume").get("rows", [])
        ],
    )


def memory(report: Content) -> list[str]:
    """Memory of a training."""
    return _table(
        ["network", "side by side", "GPU memory, MB", "reserved, MB", "process, MB"],
        [
            [
                NAMES[row["network"]],
                row["networks"],
                *(
                    _number(row[key] and row[key] / 1e6)
                    for key in ("device_bytes", "device_bytes_reserved", "process_bytes")
                ),
            ]
            for row in result(report, "memory").get("rows", [])
        ],
    )


def profile(report: Content) -> list[str]:
    """Where the time of an update goes."""
    rows = result(report, "profile").get("rows", [])
    if not rows:
        return []
    kinds = list(rows[0]["share_of_work"])
    table = _table(
        ["network", "side by side", "ms per batch", "ms of work", *kinds, "between kernels, of the batch"],
        [
            [
                NAMES[row["network"]],
                row["networks"],
                "–" if row["seconds_per_batch"] is None else f"{1e3 * row['seconds_per_batch']:.3g}",
                f"{1e3 * row['seconds_of_work_per_batch']:.3g}",
                *(_percent(row["share_of_work"][kind]) for kind in kinds),
                _percent(row["share_between_kernels"]),
            ]
            for row in rows
        ],
    )
    others = _table(
        ["network", "settings", "ms per batch"],
        [
            [NAMES[row["network"]], row["settings"], f"{1e3 * row['seconds_per_batch']:.3g}"]
            for row in result(report, "settings").get("rows", [])
        ],
    )
    return [*table, "", *others]


def sweep(report: Content) -> list[str]:
    """The points of the sweep."""
    rows = []
    for name, part in report["parts"].items():
        if name.startswith("sweep"):
            rows += [(part["result"]["network"], point) for point in part["result"].get("points", [])]
    return _table(
        [
            "λ",
            "factor",
            "network",
            "largest start of a_α/s_α",
            "batches to s_α/2",
            "a_α/s_α at the end",
            "train loss",
        ],
        [[f"{point['rate']:g}", f"{point['factor']:g}", NAMES[network], *_course(point)] for network, point in rows],
    )


def trainings(report: Content) -> list[str]:
    """The trainings of the paper's size."""
    found = [part["result"] for name, part in report["parts"].items() if name.startswith("training of")]
    return _table(
        ["network", "seeds", "batches", "seconds", "train loss at the end", "test loss", "records"],
        [
            [
                NAMES[row["network"]],
                row["networks"],
                f"{row['batches']:,}",
                f"{row['seconds']:.0f}",
                f"{row['train_loss']:.4f}",
                f"{row['test_loss']:.4f}",
                f"`{row['file']}`",
            ]
            for row in found
            if row
        ],
    )


TABLES: list[tuple[str, Callable[[Content], list[str]]]] = [
    ("The device", machine),
    ("Tests that need a GPU", tests),
    ("Updates against those of the CPU", updates),
    ("An update", speed),
    ("A record", records),
    ("Stopped and resumed", resume),
    ("Memory", memory),
    ("Where the time of an update goes", profile),
    ("Sweep", sweep),
    ("Trainings", trainings),
]


def _course(point: Content) -> list[str]:
    if point["diverged"]:
        return ["diverged", "", "", ""]
    times = ", ".join("–" if when is None else f"{when:,.0f}" for when in point["batches_to_half"])
    ends = ", ".join(f"{value:.2f}" for value in point["end"])
    return [f"{point['start']:.2f}", times, ends, f"{point['train_loss']:.4f}"]


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    if not rows:
        return []
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows),
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2g} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _equality(found: Content) -> str:
    return "equal" if found["equal"] else f"differs by {found['largest_difference']:.1e}"
