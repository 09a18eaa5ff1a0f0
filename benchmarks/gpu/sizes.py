"""How much every part of the check does: at the paper's size, or in seconds to check the script itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of the parts.

    product: side of the square matrices whose product is timed.
    calls: launches that are timed.
    channels, hidden_units: of the networks.
    evaluation_images: of each split.
    compared: updates after which GPU and CPU are compared.
    ensembles: networks trained side by side whose updates are timed; the last is a whole paper's.
    eager_batches, batches, repetitions: how many updates are timed, how often.
    compiler: backend of ``torch.compile``.
    resumed_batches: of the training that is stopped.
    rates, factors, sweep_batches, sweep_records: of the sweep.
    paper_batches, records, few, many: of the trainings.
    """

    product: int
    calls: int
    channels: int
    hidden_units: int
    evaluation_images: int
    compared: tuple[int, ...]
    ensembles: tuple[int, ...]
    eager_batches: int
    batches: int
    repetitions: int
    compiler: str
    resumed_batches: int
    rates: tuple[float, ...]
    factors: tuple[float, ...]
    sweep_batches: int
    sweep_records: int
    paper_batches: int
    records: int
    few: int
    many: int


PAPER = Sizes(
    product=8192,
    calls=2000,
    channels=16,
    hidden_units=16,
    evaluation_images=5000,
    compared=(1, 10, 100),
    ensembles=(1, 3, 10),
    eager_batches=200,
    batches=1000,
    repetitions=3,
    compiler="inductor",
    resumed_batches=1000,
    rates=(0.02, 0.03, 0.05, 0.1),
    factors=(0.3, 0.4, 0.5),
    sweep_batches=30_000,
    sweep_records=60,
    paper_batches=156_000,
    records=312,
    few=3,
    many=10,
)

SMALL = Sizes(
    product=128,
    calls=20,
    channels=4,
    hidden_units=5,
    evaluation_images=24,
    compared=(1, 2, 4),
    ensembles=(1, 2, 3),
    eager_batches=3,
    batches=6,
    repetitions=2,
    compiler="aot_eager",
    resumed_batches=120,
    rates=(0.02, 0.1),
    factors=(0.4, 0.5),
    sweep_batches=12,
    sweep_records=3,
    paper_batches=60,
    records=4,
    few=2,
    many=3,
)
