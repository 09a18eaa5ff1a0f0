"""A large sweep by calculation: many seeds on many data sets like those of the configuration, on a cluster."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from learning_dynamics.errors import UserError
from planning import grouping, work
from planning.graph import Job
from planning.grouping import Grouping
from planning.rates import Rates
from planning.schedule import Schedule, Task, simulate

# One after the other for each data set, joined into one of Slurm's jobs.
PREPARATION = ("dataset", "correlations", "structure")


@dataclass(frozen=True)
class DataSet:
    """The jobs of one data set; times in seconds.

    preparation: data set, correlations and structure together.
    trainings: one of each network.
    predictions: from all initial weights of the sweep, before any training.
    figures: of all seeds, after trainings and predictions.
    peak_mb: most memory of a job.
    files, storage: those of all its jobs, the trainings once for every seed; storage in bytes.
    """

    preparation: float
    trainings: tuple[float, ...]
    predictions: tuple[float, ...]
    figures: tuple[float, ...]
    peak_mb: float
    files: int
    storage: float


@dataclass(frozen=True)
class Sweep:
    """Trainings of two-layer networks: `seeds` on each of `data_sets`, those of the configuration in turn.

    start_seconds: start of Snakemake in each of Slurm's jobs.
    side_by_side: cores of a Slurm job that holds a group of trainings.
    """

    seeds: int
    data_sets: tuple[DataSet, ...]
    start_seconds: float
    side_by_side: int = 1

    @property
    def trainings(self) -> int:
        """How many there are."""
        return self.seeds * sum(len(data_set.trainings) for data_set in self.data_sets)

    @property
    def training_seconds(self) -> float:
        """Mean time of one."""
        return statistics.fmean(second for data_set in self.data_sets for second in data_set.trainings)

    @property
    def core_seconds(self) -> float:
        """Of all jobs."""
        return sum(
            data_set.preparation + self.seeds * sum(data_set.trainings) + sum(data_set.predictions + data_set.figures)
            for data_set in self.data_sets
        )

    @property
    def files(self) -> int:
        """Of all jobs."""
        return sum(data_set.files for data_set in self.data_sets)

    @property
    def longest_seconds(self) -> float:
        """Time of the longest prediction or figure."""
        return max(seconds for data_set in self.data_sets for seconds in data_set.predictions + data_set.figures)

    @property
    def peak_mb(self) -> float:
        """Most memory of a job."""
        return max(data_set.peak_mb for data_set in self.data_sets)

    @property
    def storage(self) -> float:
        """Bytes of all outputs."""
        return sum(data_set.storage for data_set in self.data_sets)

    def choose(self, cores: int) -> Grouping:
        """The size of the groups of trainings for a number of cores."""
        return grouping.choose(self.training_seconds, self.trainings, cores, self.start_seconds, self.side_by_side)

    def grouped(self, size: int, cores: int) -> Grouping:
        """What groups of this size mean there."""
        return grouping.grouping(
            size, self.training_seconds, self.trainings, cores, self.start_seconds, self.side_by_side
        )

    def run(self, size: int, cores: int) -> Schedule:
        """The whole sweep on a number of cores, its trainings in groups of this size, started no faster than allowed.

        A group holds trainings of one data set. All Slurm jobs hold as many cores, also those of a single job.
        """
        tasks: list[Task] = []
        for data_set in self.data_sets:
            prepared = len(tasks)
            tasks.append(Task(self.start_seconds + data_set.preparation))
            tasks += [Task(self.start_seconds + seconds, (prepared,)) for seconds in data_set.predictions]
            each = itertools.chain.from_iterable(itertools.repeat(data_set.trainings, self.seeds))
            while group := list(itertools.islice(each, size)):
                tasks.append(Task(self.start_seconds + sum(group) / self.side_by_side, (prepared,)))
            before = tuple(range(prepared + 1, len(tasks)))
            tasks += [Task(self.start_seconds + seconds, before) for seconds in data_set.figures]
        return simulate(tasks, max(cores // self.side_by_side, 1), grouping.MOST_JOBS_PER_MINUTE)


def of(
    jobs: Sequence[Job], rates: Rates, seeds: int, experiments: int, start_seconds: float, side_by_side: int = 1
) -> Sweep:
    """The sweep of `seeds` on each of `experiments` data sets, those whose two-layer networks `jobs` train in turn.

    Raises:
        UserError: no two-layer network is trained, or there is no rate for a job.
    """
    names = list(dict.fromkeys(job.wildcards["experiment"] for job in jobs if work.base_rule(job.rule) == "train"))
    if not names:
        raise UserError("--seeds, --experiments: the target trains no two-layer network to multiply")
    of_experiment = {name: _data_set(name, jobs, rates, seeds) for name in names}
    data_sets = tuple(of_experiment[names[place % len(names)]] for place in range(experiments))
    return Sweep(seeds, data_sets, start_seconds, side_by_side)


def _data_set(name: str, jobs: Sequence[Job], rates: Rates, seeds: int) -> DataSet:
    preparation, files, storage, peak = 0.0, 0, 0.0, 0.0
    trainings: dict[str, float] = {}
    others: dict[str, list[float]] = {"predictions": [], "figures": []}
    for job in jobs:
        rule = work.base_rule(job.rule)
        if job.wildcards.get("experiment") != name or rule == "train_deep":
            continue
        if rule == "train" and job.wildcards["network"] in trainings:
            continue
        params: Mapping[str, object] = {**job.params, "seeds": seeds} if rule == "theory" else job.params
        # Figures read what was made for the experiment, and that was counted before: upstream jobs come first.
        estimate = rates.estimate(work.of(replace(job, params=params), storage))
        if estimate.seconds is None or estimate.peak_mb is None:
            raise UserError(f"--seeds, --experiments: the rule {job.rule} has no rate; run it once and add --record")
        times = 1.0
        if rule in PREPARATION:
            preparation += estimate.seconds
        elif rule == "train":
            # A job may train several seeds.
            trainings[job.wildcards["network"]] = estimate.seconds / len(job.outputs)
            times = seeds / len(job.outputs)
        else:
            others["predictions" if rule == "theory" else "figures"].append(estimate.seconds)
        files += round(times * job.files)
        storage += times * estimate.output_bytes
        peak = max(peak, estimate.peak_mb)
    return DataSet(
        preparation,
        tuple(trainings.values()),
        tuple(others["predictions"]),
        tuple(others["figures"]),
        peak,
        files,
        storage,
    )
