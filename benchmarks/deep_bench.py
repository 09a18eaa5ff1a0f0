"""The deep networks' engine against a plain eager script, side by side in one run: ``make bench``.

Both make the same updates from the same weights and samples, and measure the losses and Ω of 5,000 train and 5,000
test images; how far the results differ is shown. They are timed in turn, several times, each on one thread, as a job
of the workflow is, and the ratio is that of each pair: it holds when the machine's speed drifts. Counted is processor
time, which other programs disturb least. The plain script comes in PyTorch's own memory layout and, for comparison,
with the channels last.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "workflow")]

import numpy as np  # noqa: E402 - after the number of threads is set
import torch  # noqa: E402

from benchmarks import ceilings, deep_eager  # noqa: E402
from learning_dynamics.datasets.labelled_images import LabelledImages  # noqa: E402
from learning_dynamics.engines.deep import architecture, device, engine, evaluation  # noqa: E402
from learning_dynamics.numerics.correlations import decompose  # noqa: E402
from learning_dynamics.storage import machine  # noqa: E402

SIDE, CHANNELS, HIDDEN, CLASSES, BATCH, IMAGES = 32, 16, 16, 10, 8, 5000
RATE = 0.005
BATCHES_PER_RECORD = 500
CPU = torch.device("cpu")


def made_up_images():
    generator = np.random.default_rng(0)
    labels = np.arange(2 * IMAGES) % CLASSES
    patterns = generator.integers(0, 156, (CLASSES, 3, SIDE, SIDE))
    images = (patterns[labels] + generator.integers(0, 100, (2 * IMAGES, 3, SIDE, SIDE))).astype(np.uint8)
    return LabelledImages(images, labels, np.arange(2 * IMAGES) >= IMAGES, tuple("abcdefghij"), True, "made up")


class Ours:
    def __init__(self, shapes, weights, data, structure):
        self.ensemble = engine.Ensemble(shapes, [weights], RATE, BATCH, CPU)
        self.samples = engine.Samples(data.split("train"), CPU)
        splits = {name: data.split(name) for name in data.splits}
        averages = {name: split.correlations() for name, split in splits.items()}
        self.measure = (
            evaluation.FromAnswers(splits, structure, CPU)
            if shapes.rectified
            else evaluation.FromCorrelations(averages, structure)
        )

    def train(self, order):
        for row in order:
            self.ensemble.update(self.samples, row)

    def evaluate(self):
        record = self.measure(self.ensemble)
        return record.losses["train"][0], record.losses["test"][0], record.effective[0]


class Eager:
    def __init__(self, shapes, weights, data, structure, memory_format):
        model = deep_eager.network(shapes)
        self.model = deep_eager.load(model, weights).to(memory_format=memory_format)
        self.splits = [
            (
                torch.tensor(part.inputs(slice(None)), dtype=torch.float32).contiguous(memory_format=memory_format),
                torch.tensor(part.labels),
            )
            for part in (data.split("train"), data.split("test"))
        ]
        self.structure = structure

    def train(self, order):
        with torch.enable_grad():
            deep_eager.train(self.model, *self.splits[0], order, learning_rate=RATE, classes=CLASSES)

    def evaluate(self):
        train, test = self.splits
        return deep_eager.evaluate(self.model, train, test, self.structure.left, self.structure.right)


def seconds(action, *arguments):
    start = time.process_time()
    action(*arguments)
    return time.process_time() - start


def timed(contestant, order):
    """Seconds per batch, per evaluation, and per batch with its share of the evaluations."""
    batch, measure = seconds(contestant.train, order) / len(order), seconds(contestant.evaluate)
    return batch, measure, batch + measure / BATCHES_PER_RECORD


def differences(ours, theirs):
    """Largest relative difference of the losses, and that of Ω."""
    mine, other = ours.evaluate(), theirs.evaluate()
    loss = max(abs(mine[place] / other[place] - 1) for place in (0, 1))
    return float(loss), float(np.linalg.norm(mine[2] - other[2]) / np.linalg.norm(other[2]))


def compare(name, contestants, order, *, repetitions, operations, peak):
    ours = contestants["ours"]
    checked = {}
    for contestant in contestants.values():
        contestant.train(order[:10])
    for label in list(contestants)[1:]:
        checked[label] = differences(ours, contestants[label])
    times = {label: [] for label in contestants}
    for _ in range(repetitions):
        for label, contestant in contestants.items():
            times[label].append(timed(contestant, order))
    rows = []
    for label, measured in times.items():
        batch, measure, total = (statistics.median(values) for values in zip(*measured, strict=True))
        pairs = [other[2] / own[2] for own, other in zip(times["ours"], measured, strict=True)]
        row = {
            "case": name,
            "contestant": label,
            "ms_per_batch": 1e3 * batch,
            "ms_per_evaluation": 1e3 * measure,
            "ms_per_batch_with_evaluation": 1e3 * total,
            "ratio_to_ours": statistics.median(pairs),
            "ratios": pairs,
            "share_of_matrix_product_peak": operations / batch / peak,
            "difference_of_losses_and_omega": checked.get(label),
        }
        rows.append(row)
        print(
            f"{name:18} {label:22} {row['ms_per_batch']:9.2f} {row['ms_per_evaluation']:11.0f} "
            f"{row['ms_per_batch_with_evaluation']:9.2f} {row['ratio_to_ours']:7.2f} "
            f"{row['share_of_matrix_product_peak']:7.0%}  {checked.get(label, '')}",
            flush=True,
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/deep_bench.json"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--batches", type=int, default=100)
    arguments = parser.parse_args()
    device.choose("cpu")
    data = made_up_images()
    structure = decompose(data.split("train").correlations().input_output)
    order = torch.from_numpy(np.random.default_rng(1).integers(0, IMAGES, (arguments.batches, BATCH)))
    peak = ceilings.matrix_product(1536, 1536, 1536, np.float32)
    print(
        f"{'milliseconds':41} {'per batch':>9} {'per measure':>11} {'together':>9} {'ratio':>7} {'of peak':>7}  "
        "difference"
    )
    results = []
    with torch.no_grad():
        for name, rectified in (("deep linear CNN", False), ("deep ReLU CNN", True)):
            shapes = architecture.Architecture(rectified, 3, SIDE, CHANNELS, HIDDEN, CLASSES)
            weights = architecture.initial_weights(np.random.default_rng(2), shapes, 0.9)
            contestants = {
                "ours": Ours(shapes, weights, data, structure),
                "eager": Eager(shapes, weights, data, structure, torch.contiguous_format),
                "eager, channels last": Eager(shapes, weights, data, structure, torch.channels_last),
            }
            operations = deep_eager.operations_per_batch(shapes, BATCH)
            results += compare(
                name, contestants, order, repetitions=arguments.repetitions, operations=operations, peak=peak
            )
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine.description(),
        "threads": 1,
        "torch": torch.__version__,
        "float32_matrix_product": peak,
        "results": results,
    }
    arguments.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
