"""Small sources of images of every kind, and what can be wrong with one."""

from __future__ import annotations

import io
import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

WAVES = {"bars": (1, 0), "stripes": (0, 2), "checks": (3, 3)}
KINDS = ("folder", "pictures.tar", "pictures.tar.gz", "pictures.tar.xz", "pictures.zip")
COMPRESSIONS = {".tar": "", ".gz": "gz", ".tgz": "gz", ".xz": "xz", ".txz": "xz"}
# What can happen to an archive, and the complaint.
DAMAGE = {
    "empty": (lambda whole: b"", "empty file"),
    "something else": (lambda whole: b"certainly no archive" * 100, "damaged, incomplete or not readable"),
    "a third": (lambda whole: whole[: len(whole) // 3], "damaged, incomplete or not readable"),
    "without its end": (lambda whole: whole[: 5 * len(whole) // 9], "damaged, incomplete or not readable"),
}


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


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    """An archive with these files; of which kind, its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, f"w:{COMPRESSIONS[path.suffix]}") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def write(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """An archive where the name is one of an archive, else a folder."""
    path = folder / name
    is_archive = path.suffix in (*COMPRESSIONS, ".zip")
    return write_archive(path, files) if is_archive else write_folder(path, files)


def encrypt(path: Path) -> None:
    """Mark every member of a zip as protected by a password."""
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(content)):
            content[found.start() + flags] |= 1
    path.write_bytes(content)


def huge_png(side):
    """A picture that claims to be enormous: only its header is true to that."""
    content = bytearray(encoded(Image.new("RGB", (1, 1))))
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


def deep_png(values=None):
    """A PNG of 16 bits per channel, grey for values of shape (n, n), else colour."""
    values = np.zeros((9, 9, 3), dtype=np.uint16) if values is None else values

    def chunk(name, body):
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    rows, columns = values.shape[:2]
    kind = 0 if values.ndim == 2 else 2
    header = columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes([16, kind, 0, 0, 0])
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def deep_tiff(values, order="<", black_is_zero=True):
    """The same as TIFF, uncompressed, in either byte order."""
    rows, columns = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    content = values.astype(f"{order}u2").tobytes()
    photometric = 2 if channels == 3 else int(black_is_zero)
    bits = (258, 3, 1, 16) if channels == 1 else (258, 3, channels, 8 + len(content))
    fields = [(256, 3, 1, columns), (257, 3, 1, rows), bits, (259, 3, 1, 1), (262, 3, 1, photometric)]
    fields += [(273, 4, 1, 8), (277, 3, 1, channels), (278, 3, 1, rows), (279, 4, 1, len(content)), (284, 3, 1, 1)]
    directory = struct.pack(f"{order}H", len(fields))
    for tag, kind, count, value in fields:
        # A short stands in the first half of the field.
        packed = struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value)
        directory += struct.pack(f"{order}HHI", tag, kind, count) + packed
    mark = b"II*\0" if order == "<" else b"MM\0*"
    start = struct.pack(f"{order}I", 8 + len(content) + 2 * channels)
    return mark + start + content + struct.pack(f"{order}{channels}H", *[16] * channels) + directory + bytes(4)


def deep_pnm(values, largest=65535):
    """The same as PGM or PPM, whose largest value is white."""
    rows, columns = values.shape[:2]
    head = f"P{5 if values.ndim == 2 else 6}\n{columns} {rows}\n{largest}\n".encode()
    return head + values.astype(">u2").tobytes()
