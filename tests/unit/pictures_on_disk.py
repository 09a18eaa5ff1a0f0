"""Small sources of images of every kind, and what can be wrong with one."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

WAVES = {"bars": (1, 0), "stripes": (0, 2), "checks": (3, 3)}
KINDS = ("folder", "pictures.tar", "pictures.tar.gz", "pictures.tar.xz", "pictures.zip")


def pixels(number, shape=(9, 9, 3)):
    return np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)


def encoded(image, kind="PNG", **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def png(number=0, shape=(9, 9, 3)):
    return encoded(Image.fromarray(pixels(number, shape)))


def two_classes(images=3, shape=(9, 9, 3)):
    """The content of every file, by name."""
    return {
        f"{name}/{number}.png": png(100 * place + number, shape)
        for place, name in enumerate(("cats", "dogs"))
        for number in range(images)
    }


def waves(images=6):
    """The content of the files of three classes: a wave of its own each with some noise, 8x8 pixels, grey."""
    generator = np.random.default_rng(0)
    row, column = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    files = {}
    for name, (vertical, horizontal) in WAVES.items():
        wave = np.cos(2 * np.pi * (row * vertical + column * horizontal) / 8)
        for number in range(images):
            values = np.clip(128 + 60 * wave + 5 * generator.standard_normal((8, 8)), 0, 255)
            files[f"{name}/{number}.png"] = encoded(Image.fromarray(values.astype(np.uint8)))
    return files


def write(folder: Path, kind: str, files: dict[str, bytes]) -> Path:
    """A source of some kind with these files; a kind that is none of `KINDS` is the name of a folder."""
    path = folder / kind
    if kind not in KINDS[1:]:
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        path.mkdir(exist_ok=True)
    elif kind.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        compression = path.suffix.removeprefix(".") if path.suffix != ".tar" else ""
        with tarfile.open(path, f"w:{compression}") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return path


def huge_png(side):
    """A picture that claims to be enormous: only its header is true to that."""
    content = bytearray(encoded(Image.new("RGB", (1, 1))))
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


def deep_png():
    """A PNG of 16 bits for each of red, green and blue."""

    def chunk(name, body):
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    header = (9).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    rows = b"".join(b"\0" + bytes(9 * 6) for _ in range(9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
