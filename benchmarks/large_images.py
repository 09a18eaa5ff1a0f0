"""Peak memory of every job from 100,000 colour images of side 64 to the prediction; minutes, and 3 GB of disk.

The images are made up, and too large for Σxx and so for training (``largest_input``). Snakemake measures the memory
(``max_rss`` in the jobs' benchmark files).
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).parents[1]
CHUNK = 1000
SETTINGS = """
experiments:
  large:
    dataset: {{kind: images, source: "{source}"}}
seeds: 1
"""


def make_images(path, number, side, classes=4):
    """An .npz file with `images` and `labels`, of which a thousand images are in memory at a time."""
    generator = np.random.default_rng(0)
    patterns = generator.integers(0, 156, (classes, 3, side, side))
    labels = np.arange(number) % classes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("labels.npy", "w") as file:
            np.lib.format.write_array(file, labels)
        with archive.open("images.npy", "w", force_zip64=True) as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (number, side, side, 3)}
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, number, CHUNK):
                part = labels[start : start + CHUNK]
                images = patterns[part] + generator.integers(0, 100, (len(part), 3, side, side))
                file.write(np.ascontiguousarray(images.transpose(0, 2, 3, 1), np.uint8).tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--side", type=int, default=64)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PROJECT / "results") as name:
        folder = Path(name)
        for part in ("Snakefile", "config", "workflow", "envs"):
            source = PROJECT / part
            target = folder / part
            shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
        make_images(folder / "large.npz", arguments.images, arguments.side)
        (folder / "large.yaml").write_text(SETTINGS.format(source=folder / "large.npz"), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "large.yaml", "--", "predict"]
        made = subprocess.run(command, cwd=folder, check=False)
        for path in sorted((folder / "results" / "benchmarks").rglob("*.tsv")):
            with path.open(encoding="utf-8", newline="") as file:
                row = next(csv.DictReader(file, delimiter="\t"))
            print(f"{path.relative_to(folder / 'results' / 'benchmarks')}: {row['max_rss']} MB, {row['s']} s")
        sys.exit(made.returncode)


if __name__ == "__main__":
    main()
