"""Trainings killed at random moments and started again until they end: ``killing.py FOLDER SEED '{"kind": kills, …}'``.

Prints a table in JSON. Every attempt is a process of its own, forked from this one so that it starts at once; the kill
comes at a random moment of the training, or once the result is being written. A checkpoint is written at every
opportunity, so that kills meet the writing of checkpoints as well.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np

from learning_dynamics import jobs
from learning_dynamics.config import experiments
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.kinds import shapes
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.networks import deep_cnn, linear_cnn, linear_fcnn, registry
from learning_dynamics.numerics.correlations import decompose
from learning_dynamics.storage import netcdf
from learning_dynamics.structure.files import write_correlations, write_structure
from learning_dynamics.structure.training_data import StructureFiles
from learning_dynamics.training import checkpoints, deep, two_layer
from learning_dynamics.training.task import TwoLayerTask

CLASSES = 4
ALWAYS = 1e-9  # minutes between checkpoints
KILLS_PER_TRAINING = 3  # at most


def images() -> LabelledImages:
    """Noise around a pattern of each class."""
    generator = np.random.default_rng(1)
    labels = np.arange(300) % CLASSES
    patterns = generator.integers(0, 120, (CLASSES, 3, 8, 8))
    values = patterns[labels] + generator.integers(0, 100, (300, 3, 8, 8))
    return LabelledImages(values.astype(np.uint8), labels, np.arange(300) >= 280, tuple("abcd"), True, "made up")


def experiment(deep_networks: bool) -> experiments.Experiment:
    """Records farther apart than the pieces in which updates are made."""
    networks = {"linear_cnn": None, "linear_fcnn": None}
    if deep_networks:
        shared = {"channels": 4, "hidden_units": 5, "batch_size": 4, "learning_rate": 0.05}
        networks["deep_linear_cnn"] = deep_cnn.DeepLinearCNN(**shared)
        networks["deep_relu_cnn"] = deep_cnn.DeepReluCNN(**shared)
    else:
        networks["linear_cnn"] = linear_cnn.LinearCNN(learning_rate=1e-3)
        networks["linear_fcnn"] = linear_fcnn.LinearFCNN(learning_rate=1e-3, hidden_units=50)
    return experiments.Experiment(
        dataset=shapes.ShapesDataset(side=8),
        networks=registry.Networks(**networks),
        updates=800 if deep_networks else 4000,
        order="epochs",
        records=5,
    )


def train(folder: Path, network: str) -> None:
    """What the rule's script calls."""
    files = StructureFiles(*(folder.parent / f"{name}.nc" for name in ("dataset", "correlations", "structure")))
    data = files.training_data(in_memory=True)
    is_deep = network in registry.DEEP_NETWORKS
    described = {"name": "made_up", "settings": experiment(is_deep), "network": network, "root_seed": 0}
    log = jobs.begin(folder / "job.log")
    kept = checkpoints.CheckpointFolder(folder / "checkpoints", ALWAYS, "the code")
    output = str(folder / "seed-0.nc")
    if is_deep:
        deep.Training.piece = 5
        task = deep.DeepTask(**described, seeds=(0,), data=data.images, structure=data.structure)
        deep.train_to_files(task, "cpu", [output], kept, log)
    else:
        two_layer.train_to_files(TwoLayerTask(**described, data=data), {0: output}, kept, log)


def attempt(folder: Path, network: str, announce: int | None) -> int:
    """A process that trains; it tells through a pipe when it begins to write the result."""
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        if announce is not None:
            write = netcdf.write

            def announced(*arguments: object) -> None:
                os.write(announce, b"w")
                write(*arguments)

            netcdf.write = announced
        train(folder, network)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def killed(folder: Path, network: str, writing: bool, seconds: float, generator: random.Random) -> bool:
    """Whether the kill came before the end."""
    receiver, sender = os.pipe()
    process = attempt(folder, network, sender if writing else None)
    os.close(sender)
    if writing:
        os.read(receiver, 1)
        time.sleep(generator.uniform(0, 0.02))
    else:
        time.sleep(generator.uniform(0, seconds))
    os.close(receiver)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return True
    assert status == 0
    return False


def finish(folder: Path, network: str) -> float:
    """Train to the end, and how long it took."""
    start = time.monotonic()
    _, status = os.waitpid(attempt(folder, network, None), 0)
    assert status == 0
    return time.monotonic() - start


def went_on(folder: Path) -> bool:
    # There is none of a process that was killed while it started.
    log = folder / "job.log"
    return log.exists() and "going on from the checkpoint" in log.read_text(encoding="utf-8")


def leftovers(folder: Path) -> list[str]:
    """Files that should not be there after the end."""
    expected = {folder / "seed-0.nc", folder / "job.log"}
    return [str(path) for path in folder.rglob("*") if path.is_file() and path not in expected]


def kind(folder: Path, name: str, wanted: int, generator: random.Random) -> Counter[str]:
    """Kills of one kind, named as network or network and "writing"."""
    network, *rest = name.split(", ")
    reference = folder / "whole"
    reference.mkdir(parents=True)
    finish(reference, network)
    whole = (reference / "seed-0.nc").read_bytes()
    seconds = finish(reference, network)
    counts: Counter[str] = Counter()
    place = folder / "killed"
    while counts["kills"] < wanted:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for _ in range(min(KILLS_PER_TRAINING, wanted - counts["kills"])):
            if not killed(place, network, bool(rest), seconds, generator):
                break
            counts["kills"] += 1
            counts["went on"] += went_on(place)
        else:
            finish(place, network)
        counts["trainings"] += 1
        counts["went on"] += went_on(place)
        counts["identical"] += (place / "seed-0.nc").read_bytes() == whole
        counts["leftovers"] += len(leftovers(place))
    return counts


def main() -> None:
    """Make the data, kill, print."""
    folder, generator = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    data = images()
    correlations = {split: data.split(split).correlations() for split in data.splits}
    assert decompose(correlations["train"].input_output).singular_values.min() > 0
    table = {}
    for name, wanted in json.loads(sys.argv[3]).items():
        part = folder / name.replace(", ", "-")
        part.mkdir()
        dataset_files.write(data, part / "dataset.nc", "made_up", {})
        write_correlations(data, part / "correlations.nc", "made_up", {})
        write_structure(data, correlations, part / "structure.nc", "made_up", {})
        start = time.monotonic()
        table[name] = {**kind(part, name, wanted, generator), "seconds": round(time.monotonic() - start, 1)}
    print(json.dumps(table))


if __name__ == "__main__":
    main()
