"""The report as a page: docs/gpu.md, and the readable text beside report.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.gpu import tables
from benchmarks.gpu.goals import goals, hours_of
from benchmarks.gpu.prepared import PROJECT

Content = dict[str, Any]

PAGE = PROJECT / "docs" / "gpu.md"
# The report that the page is made from, once there is one.
REPORT = PROJECT / "docs" / "gpu" / "report.json"

_HOW = """\
`benchmarks/gpu_check.py` checks and measures the deep networks on a GPU with one command that needs no network.
What it needs is fetched beforehand, with the project's environment:

    .venv/bin/python benchmarks/gpu_check.py --prepare --cifar10 PATH

fills the folder `gpu-check/`, less than 60 MB, with CIFAR-10 and the packages that a Python 3.12 with torch, numpy,
scipy, numba, xarray and pytest lacks. PATH is an archive of pictures, an image folder or torchvision's folder; what
is larger than the folder may be is stored as JPEG, and the report says with what error. On the machine with the GPU

    python benchmarks/gpu_check.py --output FOLDER

takes at most eight minutes. A part that fails is recorded and the others run; a run that is cut short leaves what
it has. Then `make gpu-page REPORT=FOLDER/report.json` writes this page. `benchmarks/gpu_check.py --self-check` runs
every part at a tiny size on a CPU, as `make test` does.
"""

_PARTS = """\
It measures the device's rates; the weights after 1, 10 and 100 updates on GPU and CPU; the time of an update for a
plain eager loop, one with the channels last, one with `torch.compile`, and for ensembles of 1, 3 and 10 networks,
operation by operation and as a captured graph; the time of a record; whether a training that is stopped and resumed
is equal to one that is not; memory; and where the time of an update goes. It ends with a sweep over learning rate
and initial factor, and as many of the paper's twenty trainings as there is time for.
"""

_NOT_RUN = """\
**Not run yet.** No part of this check has run on a GPU: neither that the captured graph makes the updates of the
CPU, nor that a training on a GPU goes on where it was stopped, nor any time, is verified. The tests of `make test`
that need a GPU are skipped without one, and say so.
"""


def text(report: Content | None) -> str:
    """The page of a report, or the one that says that there is none."""
    lines = ["# The deep networks on a GPU", ""]
    if report is None:
        lines += [_NOT_RUN, _PARTS, "## How to run it", "", _HOW]
        return "\n".join(lines).rstrip() + "\n"
    sections = [
        _run(report),
        *_section("Goals", goals(report)),
        *_section("What deviates", _deviations(report)),
    ]
    for title, table in tables.TABLES:
        sections += _section(title, table(report))
    return "\n".join([*lines, *sections, "## How to run it", "", _HOW]).rstrip() + "\n"


def readme_cell(report: Content | None) -> str:
    """What the README's table says about the time on a GPU."""
    if report is None:
        return "not measured: this path has not run on a GPU yet ([docs/gpu.md](docs/gpu.md))"
    return f"{hours_of(report)} ([docs/gpu.md](docs/gpu.md))"


def committed() -> Content | None:
    """The report in docs/gpu/, if there is one."""
    return json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else None


def write(source: str) -> None:
    """Write docs/gpu.md from a report, which is kept beside it, or anew if none is named."""
    if source:
        report = json.loads(Path(source).read_text(encoding="utf-8"))
        if report["kind"] != "check":
            raise SystemExit(f"{source}: of a self-check, which says nothing about a GPU")
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(committed()), encoding="utf-8")


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""] if lines else []


def _run(report: Content) -> str:
    machine = report["parts"].get("machine", {}).get("result", {})
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items())
    images = report["parts"].get("images", {}).get("result", {})
    what = "A self-check at a tiny size, which says nothing about speed" if report["kind"] != "check" else "One run"
    state = "" if report.get("complete") else " It was cut short."
    if report.get("only"):
        state += f" Only these parts were asked for: {', '.join(report['only'])}."
    lines = [
        f"{what}, {report['seconds']:.0f} of {report['seconds_allowed']:.0f} seconds allowed.{state} "
        f"Device: {machine.get('device', 'not recorded')}. Commit {_commit(report)}. "
        f"Python {machine.get('python', 'not recorded')}, {versions}, CUDA {machine.get('cuda')}. "
        f"Images: {images.get('origin', 'not read')}{_error(report)}."
    ]
    return "\n".join([*lines, ""])


def _commit(report: Content) -> str:
    if report["commit"] == "unknown":
        return f"{report.get('prepared_at') or 'unknown'} when it was prepared"
    return str(report["commit"])


def _error(report: Content) -> str:
    error = (report.get("pictures") or {}).get("root_mean_square_error", 0)
    return f" (root mean square error of a pixel {error:.1f} of 255)" if error else ""


def _deviations(report: Content) -> list[str]:
    """Parts that did not end well, and why; and results that are not what is expected."""
    lines = [
        f"- {name}: {part['state']} after {part['seconds']:.0f} s. {part.get('error', '')}".rstrip()
        for name, part in report["parts"].items()
        if part["state"] != "finished"
    ]
    lines += [f"- {line}" for line in tables.unexpected(report)]
    return lines or ["Nothing."]
