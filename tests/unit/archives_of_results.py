"""Small archives of results, and others made of them."""

import logging
import warnings
import zipfile
from dataclasses import asdict

import numpy as np

from learning_dynamics.config import loading
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets import labelled_images
from learning_dynamics.publishing import archive, archive_writing

LOG = logging.getLogger("test")
SHAPES = {"geometric_shapes": ["linear_cnn"]}


def some_files(folder, experiment):
    """Small files with the names of results; only the data set's is read."""
    names = [f"structure/{experiment}.nc", f"theory/{experiment}/linear_cnn.nc", "scaling/std.nc", "variants/a-b.nc"]
    names += [f"trajectories/{experiment}/linear_cnn/seed-{seed}.nc" for seed in range(2)]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(bytes([number]) * 500)
    (folder / "datasets").mkdir()
    generator = np.random.default_rng(0)
    data = labelled_images.LabelledImages(
        images=generator.integers(0, 256, (40, 3, 8, 8), dtype=np.uint8),
        labels=np.arange(40) % 4,
        is_test=np.arange(40) >= 32,
        class_names=("a", "b", "c", "d"),
        centred=True,
        origin="drawn for a test",
    )
    dataset_files.write(data, folder / "datasets" / f"{experiment}.nc", experiment, {})
    names.append(f"datasets/{experiment}.nc")
    (folder / "provenance.html").write_text("whence")
    return {name: str(folder / name) for name in names}


def described(licences):
    """As much of a provenance as small files have."""
    data = {
        name: {"origin": "drawn for a test", "licence": licence["terms"], "citation": licence["citation"]}
        for name, licence in licences.items()
    }
    code = [{"commit": "0" * 40, "dirty": "false", "files": 7}]
    return {"data": data, "code": code, "versions": {"numpy": {"2.4.6": 7}}}


def configuration(**changes):
    return loading.load({"seeds": 2, **changes})


def make(folder, networks, name="archive.zip"):
    folder.mkdir(exist_ok=True)
    files = (
        some_files(folder, next(iter(networks)))
        if not (folder / "datasets").exists()
        else {path.relative_to(folder).as_posix(): str(path) for path in folder.rglob("*.nc")}
    )
    settings = archive.settings_with(configuration(), networks)
    licences = {experiment: asdict(configuration().experiments[experiment].dataset.LICENCE) for experiment in networks}
    page = folder / "provenance.html"
    archive_writing.write(files, page, settings, folder / name, LOG, licences=licences, described=described(licences))
    return folder / name


def rewritten(path, members):
    """The archive with other members; a list may hold a name twice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(path, "w") as file:
            for name, content in members:
                file.writestr(zipfile.ZipInfo(name), content)
    return path


def members_of(path):
    with zipfile.ZipFile(path) as file:
        return [(name, file.read(name)) for name in file.namelist()]
