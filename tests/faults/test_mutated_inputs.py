"""Settings, pictures, arrays and archives in which anything may be wrong: read, or refused in one line each.

``make faults`` tries thousands (``--mutations``), the ordinary tests some.
"""

from __future__ import annotations

import warnings

import numpy as np
import yaml
from PIL import Image

from conftest import PROJECT
from learning_dynamics.config import loading, reading
from learning_dynamics.errors import ConfigurationError, UserError
from unit.own_images import made
from unit.pictures_on_disk import deep_png, deep_pnm, deep_tiff, encoded, pixels, write_archive, write_folder

VALUES = """
null true no -1 0 1 2 1e5 1e-5 1.5e0 1e300 1e-300 1e999 .nan .inf -.inf 2147483648 9223372036854775808 1e12
auto '' 'a' [] {} [[]] [1,2] {a: 1} [no,yes] [a,a] *x &x &x[*x] !!binary aGk= !!set{a} 2020-01-01 2020-13-45
0x10 0o17 1_000 ~ << 12:30:45 images cosines random epochs linear_cnn torchvision:MNIST "\\0" "\\u2028" 🙂
"""
OWN = """
seeds: 2
results: here
automatic: {step: 0.02, start: 0.001, most_updates: 1000}
scaling: null
experiments:
  cifar4: null
  mine:
    dataset: {kind: images, source: pictures, side: 8, colour: rgb, classes: [a, b], test_fraction: 0.2, scale: auto}
    networks:
      linear_cnn: {learning_rate: 1.0e-3, kernel_std: 1.0e-3, initial_weights: normal}
      linear_fcnn: {learning_rate: auto, hidden_units: 16, weight_std: auto}
    updates: 1e4
    order: epochs
    records: 100
    snapshots: [10, 20]
"""
SETTINGS = {
    "own.yaml": OWN.encode(),
    "own.json": b'{"seeds": 1, "experiments": {"m": {"dataset": {"kind": "images", "source": "x"}, "updates": 500}}}',
    "smoke.yaml": (PROJECT / "config" / "smoke.yaml").read_bytes(),
}


def mutated(content: bytes, generator: np.random.Generator) -> bytes:
    """Some bytes changed, put in, left out, repeated, exchanged, or the end cut off."""
    changed = bytearray(content)
    for _ in range(generator.integers(1, 5)):
        if not changed:
            break
        here = int(generator.integers(len(changed)))
        length = int(generator.integers(1, max(2, min(40, len(changed)))))
        match generator.integers(8):
            case 0:
                changed[here] = generator.integers(256)
            case 1:
                changed[here] ^= 1 << int(generator.integers(8))
            case 2:
                changed[here:here] = generator.bytes(length)
            case 3:
                del changed[here : here + length]
            case 4:
                changed[here:here] = changed[here : here + length] * int(generator.integers(1, 9))
            case 5:
                changed[here : here + length] = bytes(length)
            case 6:
                changed[here : here + 4] = bytes([255, 255, 255, 127])
            case _:
                del changed[here:]
    return bytes(changed)


def with_other_values(content: bytes, generator: np.random.Generator) -> bytes:
    """Settings some of whose values, keys or lines are others."""
    words = content.decode().replace("\n", " \n ").split(" ")
    for _ in range(generator.integers(1, 4)):
        here = int(generator.integers(len(words)))
        match generator.integers(4):
            case 0:
                words[here] = str(generator.choice(VALUES.split()))
            case 1:
                words[here] = words[int(generator.integers(len(words)))]
            case 2:
                words[here:here] = [str(generator.choice(VALUES.split()))]
            case _:
                words[here] += ","
    return " ".join(words).encode("utf-8", "surrogatepass")


def check_message(message: str, what: str, lines: int = 1) -> None:
    assert message, what
    assert message.count("\n") < lines, what
    assert max(map(len, message.splitlines())) < 1500, what


def mutations(request):
    return range(request.config.getoption("--mutations"))


def test_any_settings_are_read_or_refused(request, tmp_path):
    names = sorted(SETTINGS)
    read = 0
    for number in mutations(request):
        generator = np.random.default_rng([1, number])
        name = names[number % 8 % len(names)] if number % 8 < len(names) else "own.yaml"
        change = mutated if number % 3 == 0 else with_other_values
        path = tmp_path / name
        path.write_bytes(change(SETTINGS[name], generator))
        try:
            loading.load(reading.read(path))
            read += 1
        except ConfigurationError as error:
            # One for the file, or one for each key.
            check_message(str(error), f"mutation {number}", 1 if str(error).startswith(str(path)) else 100)
        except BaseException as error:
            raise AssertionError(f"mutation {number}: {path.read_bytes()!r}") from error
    assert read, "some are still what they were"


def _pictures() -> dict[str, bytes]:
    """A class each of grey and of colour pictures in every format, all of 6x6 pixels."""
    grey, colour = (Image.fromarray(pixels(n, shape)) for n, shape in enumerate(((6, 6), (6, 6, 3))))
    files = {}
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM"):
        for image, name in ((grey, "grey"), (colour, "colour")):
            ending = "ppm" if kind == "PPM" else kind.lower()
            files[f"{name}/0.{ending}"] = encoded(image, kind)
    files["grey/1.tiff"] = encoded(grey, "TIFF", compression="tiff_lzw")
    return files


def _folders() -> dict[str, dict[str, bytes]]:
    """Small folders of one kind of picture, which one mutation each goes into."""
    deep = pixels(3, (6, 6)).astype(np.uint16) * 257
    kinds = {name.rsplit(".", 1)[1] + str(n): content for n, (name, content) in enumerate(_pictures().items())}
    kinds |= {
        "png": deep_png(deep),
        "tif": deep_tiff(deep),
        "pgm": deep_pnm(deep),
        "pgm4095": deep_pnm(deep // 16, 4095),
    }
    folders = {kind: {"a/0": content, "b/0": content} for kind, content in kinds.items()}
    endings = {"ppm": ".ppm", "pgm": ".pgm", "bmp": ".bmp"}
    for kind, files in folders.items():
        ending = next((suffix for start, suffix in endings.items() if kind.startswith(start)), "")
        folders[kind] = {f"{name}{ending}": content for name, content in files.items()}
    table = b"file,label\na.png,x\nb.png,y\nc.png,x\n"
    flat = {f"{name}.png": encoded(Image.fromarray(pixels(n, (6, 6)))) for n, name in enumerate("abc")}
    return folders | {"table": {"labels.csv": table, **flat}}


FILES = {f"{name}/{n}.png": encoded(Image.fromarray(pixels(n, (6, 6)))) for name in ("a", "b") for n in range(2)}
ARCHIVES = ("x.zip", "x.tar", "x.tar.gz", "x.tar.xz")


def _array_file(folder):
    values, labels = pixels(0, (6, 5, 5)), np.arange(6) % 2
    np.savez(folder / "x.npz", images=values, labels=labels, test_images=values[:2], test_labels=labels[:2])
    np.savez_compressed(
        folder / "y.npz", x_train=values / 255, y_train=labels[:, None], class_names=np.array(["a", "b"])
    )
    return [(folder / name).read_bytes() for name in ("x.npz", "y.npz")]


def _source(number, generator, folder, arrays):
    """A source of which something is wrong."""
    folders = _FOLDERS
    match number % 3:
        case 0:
            files = dict(folders[sorted(folders)[number // 3 % len(folders)]])
            name = sorted(files)[int(generator.integers(len(files)))]
            files[name] = mutated(files[name], generator)
            return write_folder(folder / "x", files)
        case 1:
            path = write_archive(folder / ARCHIVES[number // 3 % len(ARCHIVES)], FILES)
            path.write_bytes(mutated(path.read_bytes(), generator))
            return path
        case _:
            path = folder / "x.npz"
            path.write_bytes(mutated(arrays[number // 3 % len(arrays)], generator))
            return path


_FOLDERS = _folders()


def test_any_pictures_and_archives_are_read_or_refused(request, tmp_path):
    arrays = _array_file(tmp_path)
    wishes = (
        {},
        {"side": 4},
        {"colour": "rgb"},
        {"scale": "auto"},
        {"scale": 255.0, "side": 5},
        {"test_fraction": 0.5},
    )
    read = 0
    for number in mutations(request):
        folder = tmp_path / str(number)
        folder.mkdir()
        generator = np.random.default_rng([2, number])
        source = _source(number, generator, folder, arrays)
        target = folder / "results" / "data.nc"
        target.parent.mkdir()
        try:
            with warnings.catch_warnings():
                # Two members of one name in a zip.
                warnings.simplefilter("ignore", UserWarning)
                data = made(source, target, **wishes[number // 7 % len(wishes)])
            assert np.isfinite(data.split("train").inputs(slice(None))).all()
            assert data.reading.classes
            read += 1
        except UserError as error:
            check_message(str(error), f"mutation {number}")
            assert not list(target.parent.iterdir()), f"mutation {number} left something"
        except BaseException as error:
            raise AssertionError(f"mutation {number} of {source}") from error
    assert read, "some are still what they were"


def test_what_is_mutated_is_read_as_it_is(tmp_path):
    for name, content in SETTINGS.items():
        (tmp_path / name).write_bytes(content)
        assert loading.load(reading.read(tmp_path / name)).experiments
    assert yaml.safe_load(OWN)["seeds"] == 2
    for kind, files in _FOLDERS.items():
        data = made(write_folder(tmp_path / kind, files), tmp_path / "data.nc")
        assert len(data.class_names) == 2, kind
    for number, name in enumerate(("x.npz", "y.npz")):
        (tmp_path / name).write_bytes(_array_file(tmp_path)[number])
        assert len(made(tmp_path / name, tmp_path / "data.nc").class_names) == 2
    for name in ARCHIVES:
        assert len(made(write_archive(tmp_path / name, FILES), tmp_path / "data.nc").images) == 4
