"""What jobs cost that were run, and what that says about jobs that were not."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.optimize import nnls

from learning_dynamics.errors import DataError, UserError
from learning_dynamics.planning import work
from learning_dynamics.planning.graph import Job
from learning_dynamics.storage import whole_files

# In the log of a training that was interrupted: its benchmark file has only the last part.
_WENT_ON = "going on from the checkpoint"


@dataclass(frozen=True)
class Cost:
    """What one job takes: seconds, the peak of its memory and the size of its output; and where it was measured."""

    seconds: float
    peak_mb: float
    output_mb: float
    machine: str


# Equal jobs that were run, and what one of them took.
Measured = tuple[work.Work, Cost]

_COLUMNS = [field.name for field in (*fields(work.Work), *fields(Cost))]


def measured(jobs: Iterable[Job], machine: str) -> list[Measured]:
    """What the benchmark files say about jobs that were run with the present settings.

    Raises:
        DataError: a benchmark file is damaged.
    """
    found: dict[work.Work, list[tuple[float, float, float]]] = defaultdict(list)
    for job in jobs:
        # Of guessed work nothing is learned about its growth; reading images is always guessed.
        is_known = not work.is_guessed(job) or work.rule_of(job) == "dataset"
        if job.is_measured and job.benchmark and is_known and not _went_on(job):
            size = sum(path.stat().st_size for path in job.outputs) / 1e6
            found[work.of(job)] += [(*row, size) for row in _benchmark(job.benchmark)]
    return [(done, _mean(rows, machine)) for done, rows in found.items() if rows]


def _mean(rows: Sequence[tuple[float, float, float]], machine: str) -> Cost:
    seconds, peaks, sizes = zip(*rows, strict=True)
    return Cost(round(fmean(seconds), 2), max(peaks), round(fmean(sizes), 3), machine)


def _went_on(job: Job) -> bool:
    return any(_WENT_ON in log.read_text(encoding="utf-8", errors="replace") for log in job.logs if log.is_file())


def _benchmark(path: Path) -> list[tuple[float, float]]:
    """Seconds and peak of resident memory (MB) in a benchmark file of Snakemake."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(float(row["s"]), row["max_rss"]) for row in csv.DictReader(file, delimiter="\t")]
        # Of a job that ended before its memory was looked at there is a dash.
        return [(seconds, float(peak)) for seconds, peak in rows if peak not in ("-", "NA")]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a benchmark file of Snakemake; delete it") from error


def estimate(effort: work.Work, recorded: Sequence[Measured], here: Sequence[Measured]) -> Cost | None:
    """What a job of this work costs; None if none of its kind was ever run.

    Each number is a line in the work: a fixed part, such as the start of Python, and one in proportion. Jobs that were
    run here set the level of the times, recorded ones their growth with the settings.
    """
    here = [point for point in here if point[0].kind == effort.kind]
    points = [point for point in recorded if point[0].kind == effort.kind] or here
    if not points:
        return None
    seconds = _line([(done.time, cost.seconds) for done, cost in points])
    peak = _line([(done.memory, cost.peak_mb) for done, cost in points])
    output = _line([(done.output, cost.output_mb) for done, cost in points])
    level = fmean(cost.seconds for _, cost in here) / fmean(seconds(done.time) for done, _ in here) if here else 1.0
    machine = (here or points)[0][1].machine
    return Cost(level * seconds(effort.time), peak(effort.memory), output(effort.output), machine)


def _line(points: Sequence[tuple[float, float]]) -> Callable[[float], float]:
    """A line that fits small jobs and large ones: as if errors grew with the root; no part of it is negative."""
    x, y = np.asarray(points, dtype=np.float64).T
    scale = x.max() or 1.0
    # Where all jobs are alike nothing is known about a fixed part.
    fixed = 0.0 if x.min() == x.max() > 0 else 1.0
    columns, root = np.stack([np.full(len(x), fixed), x / scale], axis=1), np.sqrt(np.maximum(y, 1e-6))
    (start, slope), _ = nnls(columns / root[:, None], y / root)
    return lambda work: float(start + slope * work / scale)


def load(path: Path) -> list[Measured]:
    """The recorded jobs of a file; none if there is no such file.

    Raises:
        DataError: the file is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [[row[name] for name in _COLUMNS] for row in csv.DictReader(file, delimiter="\t")]
        return [
            (work.Work(kind, float(time), float(memory), float(output)), Cost(float(s), float(peak), float(mb), at))
            for kind, time, memory, output, s, peak, mb, at in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a file of recorded rates; record them anew with --record") from error


def save(points: Sequence[Measured], path: Path) -> None:
    """Write recorded jobs, for ``load``: of the kinds that the file has already they replace the old ones.

    Raises:
        UserError: there is none.
    """
    if not points:
        raise UserError("there is no benchmark file of these jobs; run them first, with the same settings")
    kinds = {done.kind for done, _ in points}
    kept = [point for point in load(path) if point[0].kind not in kinds]
    ordered = sorted([*kept, *points], key=lambda point: (point[0].kind, point[0].time))
    with whole_files.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(astuple(done) + astuple(cost) for done, cost in ordered)
