"""A folder of photographs to try the pipeline on: python docs/examples/photographs.py my-photographs.

Four things, each seen in 80 photographs from slightly different places, cut from the pictures that scikit-learn and
Matplotlib bring along: a temple, a flower, a face and a present.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

PHOTOGRAPHS = 80
SIDE = 64
# Upper left corner and size of the thing in its picture, and how far the camera strays, in pixels.
THINGS = {
    "temple": ("china.jpg", (130, 60), 260, 12),
    "flower": ("flower.jpg", (200, 70), 250, 12),
    "face": ("grace_hopper.jpg", (150, 30), 250, 12),
    "present": ("Minduka_Present_Blue_Pack.png", (16, 16), 96, 5),
}


def picture(name: str) -> Image.Image:
    """One of the bundled pictures."""
    if name in ("china.jpg", "flower.jpg"):
        return Image.fromarray(load_sample_image(name))
    return Image.open(Path(matplotlib.get_data_path()) / "sample_data" / name).convert("RGB")


def make(folder: Path) -> None:
    """Write folder/<thing>/<number>.png."""
    generator = np.random.default_rng(0)
    for thing, (name, corner, size, stray) in THINGS.items():
        whole = picture(name)
        (folder / thing).mkdir(parents=True, exist_ok=True)
        for number in range(PHOTOGRAPHS):
            left, top = np.array(corner) + generator.integers(-stray, stray + 1, 2)
            seen = whole.crop((left, top, left + size, top + size)).resize((SIDE, SIDE))
            seen.save(folder / thing / f"{number:03}.png")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
    print(f"{len(THINGS) * PHOTOGRAPHS} photographs of {', '.join(THINGS)} in {sys.argv[1]}")
