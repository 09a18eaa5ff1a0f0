"""The folder that makes the check independent of a network: packages that a plain Python lacks, and the images."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "gpu-check"
MANIFEST = "manifest.json"
LARGEST = 60_000_000

# What the project imports beside torch, numpy, scipy, numba and xarray, with what these packages need in turn.
PACKAGES = (
    "annotated-types",
    "certifi",
    "cftime",
    "netCDF4",
    "pillow",
    "pydantic",
    "pydantic_core",
    "typing-inspection",
    "typing_extensions",
)
_MODULES = ("PIL", "cftime", "certifi", "netCDF4", "pydantic")
_PYTHON = "3.12"
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
# Room for the wheels.
_LARGEST_PICTURES = 36_000_000
_QUALITIES = (95, 90, 85, 80, 75, 60)


class NotPreparedError(Exception):
    """The folder is missing or does not fit this Python."""


def prepare(folder: Path, source: str) -> dict[str, Any]:
    """Fill the folder; needs a network, and the project's own environment.

    Args:
        folder: replaced if it is there.
        source: of CIFAR-10: an archive of pictures, an image folder or torchvision's folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        new = Path(temporary, "prepared")
        wheels = new / "wheels"
        wheels.mkdir(parents=True)
        _download(wheels)
        manifest: dict[str, Any] = {"commit": commit(), "python": _PYTHON, "pictures": _pictures(source, new)}
        manifest["wheels"] = sorted(path.name for path in wheels.iterdir())
        (new / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        size = sum(path.stat().st_size for path in new.rglob("*") if path.is_file())
        if size > LARGEST:
            raise SystemExit(f"the prepared folder would hold {size / 1e6:.1f} MB; expected at most {LARGEST / 1e6:g}")
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    return {**manifest, "bytes": size}


def use(folder: Path, unpacked: Path) -> dict[str, Any]:
    """Make the packages importable, unpacked into another folder, if this Python lacks one; returns the manifest.

    Raises:
        NotPreparedError: the folder is missing, or a package is lacking that it does not hold for this Python.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise NotPreparedError(
            f"{folder} is not prepared ({error}); run gpu_check.py --prepare --cifar10 PATH where there is a network"
        ) from error
    use_packages(folder / "wheels", unpacked)
    return manifest


def use_packages(wheels: Path, unpacked: Path) -> None:
    """See ``use``."""
    missing = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if not missing:
        return
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python != _PYTHON:
        raise NotPreparedError(f"this Python {python} lacks {', '.join(missing)}; the folder has them for {_PYTHON}")
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
    sys.path.insert(0, str(unpacked))
    importlib.invalidate_caches()


def commit() -> str:
    """The code's commit, marked if tracked files differ from it; "unknown" outside a checkout."""
    try:
        arguments = ["git", "-C", str(PROJECT), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
        return subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def pinned(constraints: str) -> list[str]:
    """The packages with the versions that the project pins."""
    versions = dict(line.split("==") for line in constraints.splitlines() if "==" in line)
    by_name = {_canonical(name): version for name, version in versions.items()}
    return [f"{name}=={by_name[_canonical(name)]}" for name in PACKAGES]


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def _download(wheels: Path) -> None:
    constraints = (PROJECT / "envs" / "constraints.txt").read_text(encoding="utf-8")
    platforms = [part for name in _PLATFORMS for part in ("--platform", name)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    target = ["--python-version", _PYTHON, "--implementation", "cp", "--abi", "cp312", "--abi", "none", *platforms]
    subprocess.run([*command, *target, "--dest", str(wheels), *pinned(constraints)], check=True)


def _pictures(source: str, folder: Path) -> dict[str, Any]:
    """Put an archive of pictures into the folder: the source itself if it is one and small enough."""
    path = Path(source).expanduser()
    if path.is_file() and path.stat().st_size <= _LARGEST_PICTURES:
        shutil.copyfile(path, folder / path.name)
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        return {"file": path.name, "origin": f"{path.name}, sha256 {checksum}", "root_mean_square_error": 0.0}
    from benchmarks.gpu.problem import paper_images

    data = paper_images(source, folder)
    names = [data.class_names[label] for label in data.labels]
    content, error, quality = compressed(data.images, names, data.is_test, _LARGEST_PICTURES)
    (folder / "pictures.zip").write_bytes(content)
    origin = f"{data.origin}, as JPEG of quality {quality}"
    return {"file": "pictures.zip", "origin": origin, "root_mean_square_error": error}


def compressed(images: Any, names: list[str], is_test: Any, largest: int) -> tuple[bytes, float, int]:
    """An archive of JPEG pictures of the best quality that fits; lossless, CIFAR-10 needs more than twice the room.

    Returns:
        the archive, the root mean square error of a pixel on the scale of 0 to 255, and the quality.
    """
    import numpy as np
    from PIL import Image

    for quality in _QUALITIES:
        target, squares = io.BytesIO(), 0.0
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for place, (image, name, test) in enumerate(zip(images, names, is_test, strict=True)):
                picture = io.BytesIO()
                pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
                Image.fromarray(pixels).save(picture, "JPEG", quality=quality, subsampling=0)
                decoded = np.asarray(Image.open(picture)).astype(float)
                squares += float(((decoded - pixels) ** 2).mean())
                archive.writestr(f"{'test' if test else 'train'}/{name}/{place:05}.jpg", picture.getvalue())
                if target.tell() > largest:
                    break
        if target.tell() <= largest:
            return target.getvalue(), float(np.sqrt(squares / len(images))), quality
    raise SystemExit(f"the pictures need more than {largest / 1e6:g} MB")
