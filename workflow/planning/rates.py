"""Recorded rates: seconds, memory and bytes of jobs that were run, and what they say about jobs that were not."""

from __future__ import annotations

import csv
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from learning_dynamics.errors import DataError
from learning_dynamics.storage import whole_files
from planning import work
from planning.graph import Job
from planning.work import Work

# In the log of a deep training that was interrupted.
WENT_ON = "going on from the checkpoint"


@dataclass(frozen=True)
class Point:
    """Jobs of one kind with equal work that were run.

    operations, memory_bytes, output_bytes: their work, see ``work.Work``.
    jobs: how many.
    seconds, seconds_sd: mean and standard deviation of their time (0 for a single one).
    peak_mb: largest peak of resident memory, in MB of 2^20 bytes.
    written_bytes: mean size of their outputs.
    """

    operations: float
    memory_bytes: float
    output_bytes: float
    jobs: int
    seconds: float
    seconds_sd: float
    peak_mb: float
    written_bytes: float


@dataclass(frozen=True)
class Run:
    """Where rates come from: machine, versions and the code's commit.

    start_seconds: processor time of a start of Snakemake on this workflow, which every job of a cluster pays.
    """

    machine: Mapping[str, str | int]
    versions: Mapping[str, str]
    code_commit: str
    start_seconds: float


@dataclass(frozen=True)
class Recorded:
    """Points by kind of job, and the run that each kind was recorded in."""

    runs: list[Run]
    points: dict[str, list[Point]]
    run_of: dict[str, int]

    @property
    def start_seconds(self) -> float:
        """Of the latest run; 0 without any."""
        return self.runs[-1].start_seconds if self.runs else 0.0

    def with_run(self, run: Run, points: Mapping[str, list[Point]]) -> Recorded:
        """These records, those of the kinds in `points` replaced by a new run's."""
        run_of = {kind: place for kind, place in self.run_of.items() if kind not in points}
        kept = sorted(set(run_of.values()))
        runs = [self.runs[place] for place in kept]
        if run not in runs:
            runs.append(run)
        run_of = {kind: kept.index(place) for kind, place in run_of.items()}
        run_of |= dict.fromkeys(points, runs.index(run))
        merged = {**{kind: self.points[kind] for kind in run_of if kind not in points}, **points}
        return Recorded(runs, merged, run_of)


@dataclass(frozen=True)
class Estimate:
    """What one job costs; None where there is no rate.

    source: "here" for rates from benchmark files of the same results folder, "recorded", or "none".
    """

    seconds: float | None
    peak_mb: float | None
    output_bytes: float
    source: str


NO_RATE = Estimate(None, None, 0.0, "none")


@dataclass(frozen=True)
class _Line:
    """y = start + slope·x."""

    start: float
    slope: float

    def at(self, x: float) -> float:
        return self.start + self.slope * x


@dataclass
class Rates:
    """The time, memory and output of jobs, by kind.

    Within a kind each is a line in the job's work: a fixed part, such as the start of Python, and one in proportion.
    The times are fitted to relative errors, memory and output, where the large ones matter, to absolute errors. Where
    all measured jobs of a kind have the same work, the fixed part is that of the cheapest job of any kind. Jobs that
    were run here set the level of the times, the recorded ones their growth with the settings.
    """

    seconds: dict[str, _Line] = field(default_factory=dict)
    peak_mb: dict[str, _Line] = field(default_factory=dict)
    written: dict[str, _Line] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fit(cls, recorded: Mapping[str, Sequence[Point]], here: Mapping[str, Sequence[Point]]) -> Rates:
        """From recorded points, and those measured here, which win."""
        rates = cls()
        combined = {**here, **recorded}
        everything = [point for points in combined.values() for point in points]
        if not everything:
            return rates
        cheapest = min(point.seconds for point in everything), min(point.peak_mb for point in everything)
        for kind, points in combined.items():
            jobs = [point.jobs for point in points]
            operations = [point.operations for point in points]
            seconds = [point.seconds for point in points]
            line = _fit(operations, seconds, jobs, cheapest[0], relative=True)
            measured = here.get(kind, ())
            if measured:
                level = sum(p.jobs * p.seconds for p in measured)
                level /= sum(p.jobs * line.at(p.operations) for p in measured)
                line = _Line(level * line.start, level * line.slope)
            rates.seconds[kind] = line
            memory = [point.memory_bytes for point in points]
            rates.peak_mb[kind] = _fit(memory, [point.peak_mb for point in points], jobs, cheapest[1])
            output = [point.output_bytes for point in points]
            rates.written[kind] = _fit(output, [point.written_bytes for point in points], jobs, 0.0)
            rates.source[kind] = "here" if measured else "recorded"
        return rates

    def estimate(self, job: Work | None) -> Estimate:
        """What a job of this work costs."""
        if job is None or job.kind not in self.seconds:
            return NO_RATE
        return Estimate(
            self.seconds[job.kind].at(job.operations),
            self.peak_mb[job.kind].at(job.memory_bytes),
            self.written[job.kind].at(job.output_bytes),
            self.source[job.kind],
        )


def _fit(x: Sequence[float], y: Sequence[float], jobs: Sequence[int], fixed: float, relative: bool = False) -> _Line:
    """Line through points that each stand for some jobs, with the least squared error and no negative part."""
    if len(set(x)) == 1:
        level = float(np.average(y, weights=jobs))
        start = min(fixed, level) if x[0] > 0 else level
        return _Line(start, (level - start) / x[0] if x[0] > 0 else 0.0)
    values, scale = np.asarray(y, dtype=np.float64), max(x)
    weights = np.sqrt(np.asarray(jobs, dtype=np.float64))
    if relative:
        weights /= np.maximum(values, 1e-9)
    columns = np.stack([np.ones(len(values)), np.asarray(x) / scale], axis=1)
    (start, slope), _ = nnls(columns * weights[:, None], values * weights)
    return _Line(float(start), float(slope) / scale)


def left_out(points: Sequence[Point]) -> list[float]:
    """Predicted over measured seconds of each point of a kind, with its rate from the others alone.

    Empty for a single point: then nothing is known about the growth with the settings.
    """
    ratios = []
    for place, point in enumerate(points):
        others = [*points[:place], *points[place + 1 :]]
        if others:
            rates = Rates.fit({"kind": others}, {})
            ratios.append(rates.seconds["kind"].at(point.operations) / point.seconds)
    return ratios


def estimates(jobs: Sequence[Job], rates: Rates) -> list[Estimate]:
    """What every job costs, in order; outputs that a job reads count as large as they are or will be."""
    sizes: list[float] = []
    result: list[Estimate] = []
    for job in jobs:
        estimate = rates.estimate(work.of(job, sum(sizes[place] for place in job.upstream)))
        result.append(estimate)
        sizes.append(estimate.output_bytes if job.is_needed else _size(job))
    return result


def measured(jobs: Sequence[Job], trusted: Iterable[bool]) -> dict[str, list[Point]]:
    """The points of jobs that have a benchmark file, by kind.

    Args:
        jobs: all jobs of the graph.
        trusted: for each of them whether its benchmark file belongs to its present settings.

    Raises:
        DataError: a benchmark file is damaged.
    """
    sizes = [_size(job) for job in jobs]
    # Of a training that went on from a checkpoint the file has only the last part.
    whole = [trust and not _went_on(job) for job, trust in zip(jobs, trusted, strict=True)]
    found: dict[Work, list[tuple[float, float, float]]] = defaultdict(list)
    for job, is_whole, size in zip(jobs, whole, sizes, strict=True):
        if not is_whole or job.benchmark is None or not Path(job.benchmark).is_file():
            continue
        effort = work.of(job, sum(sizes[place] for place in job.upstream))
        if effort is not None:
            found[effort] += [(*row, size) for row in _benchmark(Path(job.benchmark))]
    points: dict[str, list[Point]] = defaultdict(list)
    for effort, rows in sorted(found.items(), key=lambda item: (item[0].kind, item[0].operations)):
        seconds, peaks, written = zip(*rows, strict=True)
        points[effort.kind].append(
            Point(
                effort.operations,
                effort.memory_bytes,
                effort.output_bytes,
                len(rows),
                round(statistics.fmean(seconds), 3),
                round(statistics.stdev(seconds), 3) if len(rows) > 1 else 0.0,
                max(peaks),
                round(statistics.fmean(written)),
            )
        )
    return dict(points)


def _went_on(job: Job) -> bool:
    if work.base_rule(job.rule) != "train_deep":
        return False
    logs = [Path(path) for path in job.log]
    return any(WENT_ON in log.read_text(encoding="utf-8", errors="replace") for log in logs if log.is_file())


def _size(job: Job) -> float:
    paths = [Path(path) for path in job.outputs]
    return float(sum(path.stat().st_size for path in paths if path.is_file()))


def _benchmark(path: Path) -> list[tuple[float, float]]:
    """Seconds and peak of resident memory (MB) of each repetition in a benchmark file of Snakemake."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(float(row["s"]), row["max_rss"]) for row in csv.DictReader(file, delimiter="\t")]
        # Of a job that ended before its memory was looked at there is a dash.
        return [(seconds, float(peak)) for seconds, peak in rows if peak not in ("-", "NA")]
    except (KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a benchmark file of Snakemake; delete it") from error


def load(path: Path) -> Recorded:
    """The recorded rates of a file; none if there is no such file.

    Raises:
        DataError: the file is damaged.
    """
    if not path.is_file():
        return Recorded([], {}, {})
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        runs = [Run(**run) for run in document["runs"]]
        kinds = document["kinds"]
        points = {kind: [Point(**point) for point in entry["points"]] for kind, entry in kinds.items()}
        run_of = {kind: int(entry["run"]) for kind, entry in kinds.items()}
        if not all(0 <= place < len(runs) for place in run_of.values()):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path}: not a file of recorded rates; record them anew with --record") from error
    return Recorded(runs, points, run_of)


def save(recorded: Recorded, path: Path) -> None:
    """Write recorded rates, for ``load``."""
    document: dict[str, Any] = {
        "runs": [asdict(run) for run in recorded.runs],
        "kinds": {
            kind: {"run": recorded.run_of[kind], "points": [asdict(point) for point in recorded.points[kind]]}
            for kind in sorted(recorded.points)
        },
    }
    with whole_files.replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
