"""Full disks and folders that cannot be written: a message that names the file, nothing lost, and on it goes."""

import contextlib
import logging
import os
import subprocess

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from learning_dynamics.claims import ledger, page
from learning_dynamics.errors import DataError
from learning_dynamics.figures import style
from learning_dynamics.storage import netcdf
from learning_dynamics.training import checkpoints
from unit.test_claims_page import TABLE
from unit.test_claims_page import ledger as ledger_of_claims

SMALL, LARGE = "size=256k", "size=64m"


class Disk:
    """A small file system of its own."""

    def __init__(self, folder):
        self.folder = folder

    def change(self, *options):
        subprocess.run(["mount", "-o", ",".join(("remount", *options)), self.folder], check=True)

    def fill(self):
        with contextlib.suppress(OSError), open(self.folder / "filler", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 1024)

    def make_room(self):
        (self.folder / "filler").unlink()


@pytest.fixture
def mount():
    """Mounts a small file system on a folder."""
    mounted = []

    def mount(folder):
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small file system: what happens on a full disk is not checked")
        folder.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", folder], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no file system can be mounted here ({made.stderr.strip()}): full disks are not checked")
        mounted.append(folder)
        return Disk(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def noise():
    return netcdf.variable(("x",), np.random.default_rng(0).standard_normal(2000), "noise")


def write_netcdf(path):
    netcdf.write(xr.Dataset({"noise": noise()}), path)


def write_figure(path):
    figure = Figure()
    figure.add_subplot().imshow(noise().values.reshape(40, 50))
    style.save(figure, path)


def write_ledger(path):
    ledger.write([{"id": "x" * 5000}], path)


def write_page(path):
    page.write(ledger_of_claims(), TABLE, path)


WRITERS = {
    "a.nc": write_netcdf,
    "a.png": write_figure,
    "a.pdf": write_figure,
    "a.json": write_ledger,
    "a.html": write_page,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_file_that_cannot_be_written_is_named_and_the_earlier_one_stays(name, fault, tmp_path, mount):
    disk = mount(tmp_path / "disk")
    path = disk.folder / name
    path.write_text("earlier")
    disk.fill() if fault == "full" else disk.change("ro")
    with pytest.raises(DataError, match=r"could not be written .*make room or choose another results folder") as error:
        WRITERS[name](path)
    assert str(error.value).startswith(f"{path}: ")
    assert path.read_text() == "earlier"
    assert {file.name for file in disk.folder.iterdir()} <= {name, "filler"}
    disk.make_room() if fault == "full" else disk.change("rw")
    disk.change(LARGE)
    WRITERS[name](path)
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_checkpoint_that_cannot_be_written_is_a_warning_and_the_earlier_one_stays(fault, tmp_path, mount, caplog):
    disk = mount(tmp_path / "disk")
    checkpoint = checkpoints.Checkpoint(disk.folder / "seed-0", lambda: "this")
    checkpoint.save({"here": np.array(1)})
    disk.fill() if fault == "full" else disk.change("ro")
    with caplog.at_level(logging.WARNING):
        checkpoint.save({"here": np.array(2), "weights": noise().values})
    assert "the checkpoint could not be written" in caplog.text
    assert checkpoint.load()["here"] == 1


@pytest.mark.workflow
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_workflow_says_what_is_wrong_and_completes_once_it_is_mended(fault, project, mount):
    disk = mount(project.folder / "results")
    disk.change(LARGE)
    arguments = (*project.settings("seeds: 1\nscaling: null\nvariants: null\n"), "--")
    files = [f"results/{kind}/digits4.nc" for kind in ("datasets", "correlations", "structure")]
    target = "results/trajectories/digits4/linear_cnn/seed-0.nc"
    run = project.snakemake(*arguments, files[-1])
    assert run.returncode == 0, run.stdout[-5000:]
    before = {file: (project.folder / file).read_bytes() for file in files}
    if fault == "full":
        used = sum(file.stat().st_blocks * 512 for file in disk.folder.rglob("*")) // 1024
        disk.change(f"size={used + 40}k")
        message = f"{target}: could not be written"
    else:
        disk.change("ro")
        message = "Read-only file system: 'results/"
    failed = project.snakemake(*arguments, target)
    assert failed.returncode != 0
    assert message in failed.stdout, failed.stdout[-5000:]
    assert "Logging error" not in failed.stdout
    assert fault == "read-only" or "Traceback" not in failed.stdout
    assert {file: (project.folder / file).read_bytes() for file in files} == before
    assert not (project.folder / target).exists()
    disk.change("rw", LARGE)
    run = project.snakemake(*arguments, target)
    assert run.returncode == 0, run.stdout[-5000:]
    assert netcdf.read(project.folder / target)["sample"][-1] == 3000
    assert {file: (project.folder / file).read_bytes() for file in files} == before
    assert not project.results("**/*.partial*")
