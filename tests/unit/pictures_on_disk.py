"""Small sources of images of every kind, and what can be wrong with one."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

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


def write(folder: Path, kind: str, files: dict[str, bytes]) -> Path:
    """A source of some kind with these files."""
    path = folder / kind
    if kind == "folder":
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
