"""The deep networks on a GPU, checked and measured by one command on a machine without a network.

Where there is a network, with the project's environment:

    .venv/bin/python benchmarks/gpu_check.py --prepare --cifar10 PATH

fills the folder ``gpu-check/`` with the packages and images that are needed. It is copied with the project to a machine
whose Python 3.12 has torch (CUDA), numpy, scipy, numba, xarray and pytest. There

    python benchmarks/gpu_check.py --output FOLDER

checks and measures for at most eight minutes. FOLDER receives report.json and report.txt, which are written anew after
every part, and the records of the trainings. Afterwards

    .venv/bin/python benchmarks/gpu_check.py --page FOLDER/report.json

writes docs/gpu.md. ``--self-check`` runs every part at a tiny size on a CPU.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "workflow")]

from benchmarks.gpu import page, prepared  # noqa: E402 - needs the path
from benchmarks.gpu.report import Report  # noqa: E402
from benchmarks.gpu.sizes import PAPER, SMALL  # noqa: E402

# First words of the parts' names.
PARTS = (
    *("machine", "images", "tests", "updates", "speed", "records", "resume", "memory", "profile", "settings"),
    *("compiled", "sweep", "plan", "training"),
)


def main() -> int:
    """Do what the arguments ask for; 0 if every part ended well."""
    arguments = _arguments()
    if arguments.page is not None:
        page.write(arguments.page)
    elif arguments.prepare:
        found = prepared.prepare(arguments.folder, arguments.cifar10)
        print(f"{arguments.folder}: {found['bytes'] / 1e6:.1f} MB, {len(found['wheels'])} wheels, {found['pictures']}")
    else:
        with tempfile.TemporaryDirectory() as unpacked:
            return _run(arguments, Path(unpacked))
    return 0


def _run(arguments: argparse.Namespace, unpacked: Path) -> int:
    small = arguments.self_check
    try:
        if small:
            prepared.use_packages(arguments.folder / "wheels", unpacked)
            manifest, pictures = {}, None
        else:
            manifest = prepared.use(arguments.folder, unpacked)
            pictures = arguments.folder / manifest["pictures"]["file"]
    except prepared.NotPreparedError as error:
        print(error, file=sys.stderr)
        return 2
    report = Report(
        arguments.output,
        arguments.seconds,
        page.text,
        arguments.only,
        kind="self-check" if small else "check",
        commit=prepared.commit(),
        prepared_at=manifest.get("commit"),
        pictures=manifest.get("pictures"),
    )
    logging.basicConfig(format="          %(message)s", stream=sys.stdout)
    logging.getLogger("benchmarks").setLevel(logging.INFO)
    # Imported here, because they need the packages.
    from benchmarks.gpu import problem, run

    try:
        device = problem.choose_device(arguments.device)
    except problem.UserError as error:
        print(error, file=sys.stderr)
        return 2
    run.run(report, device, SMALL if small else PAPER, pictures)
    report.content["complete"] = True
    report.write()
    print((arguments.output / "report.txt").read_text(encoding="utf-8"))
    return int(any(part["state"] != "finished" for part in report.content["parts"].values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--prepare", action="store_true", help="fill the folder; needs a network")
    what.add_argument("--self-check", action="store_true", help="every part at a tiny size, on a CPU")
    what.add_argument("--page", nargs="?", const="", metavar="REPORT", help="write docs/gpu.md, by default anew")
    parser.add_argument("--folder", type=Path, default=prepared.FOLDER, help="the prepared folder (%(default)s)")
    parser.add_argument("--cifar10", default=os.environ.get("CIFAR10"), help="archive or folder, for --prepare")
    parser.add_argument("--output", type=Path, default=PROJECT / "results" / "gpu-check")
    parser.add_argument("--seconds", type=float, default=480.0, help="that the run may take (%(default)g)")
    parser.add_argument("--only", nargs="+", default=(), choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--device", default="cuda", help="cuda or cpu (%(default)s)")
    arguments = parser.parse_args()
    if arguments.prepare and not arguments.cifar10:
        parser.error("--prepare needs --cifar10 PATH: an archive of pictures, an image folder or torchvision's folder")
    if arguments.self_check:
        arguments.device = "cpu"
    return arguments


if __name__ == "__main__":
    sys.exit(main())
