"""How many short jobs go into one of Slurm's, so that the scheduler is spared and no core waits for long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planning.schedule import Task

# Slurm's controller serves everybody: a start every two seconds, kept up for the whole run, is a modest share of it.
MOST_JOBS_PER_MINUTE = 30.0
# Below, the start of a job, its accounting and the waiting in the queue weigh more than what it does.
LEAST_JOB_SECONDS = 600.0


@dataclass(frozen=True)
class Grouping:
    """One way to pack equal jobs.

    size: jobs in one of Slurm's.
    slurm_jobs: how many of those there are.
    seconds: how long one lasts, with the start of Snakemake in it.
    per_minute: Slurm jobs that end, and are replaced, per minute while all cores are busy.
    """

    size: int
    slurm_jobs: int
    seconds: float
    per_minute: float


def grouping(
    size: int, job_seconds: float, jobs: int, cores: int, start_seconds: float, side_by_side: int = 1
) -> Grouping:
    """What packing `size` jobs into one of Slurm's means.

    Args:
        size: jobs in one of Slurm's.
        job_seconds: mean time of a job.
        jobs: how many there are.
        cores: cores of all nodes.
        start_seconds: start of Snakemake in each of Slurm's jobs.
        side_by_side: cores of one Slurm job, on which its members run at once.
    """
    slurm_jobs = math.ceil(jobs / size)
    seconds = start_seconds + math.ceil(min(size, jobs) / side_by_side) * job_seconds
    at_once = min(slurm_jobs, max(cores // side_by_side, 1))
    return Grouping(size, slurm_jobs, seconds, 60.0 * at_once / seconds)


def choose(
    job_seconds: float,
    jobs: int,
    cores: int,
    start_seconds: float,
    side_by_side: int = 1,
    most_per_minute: float = MOST_JOBS_PER_MINUTE,
    least_seconds: float = LEAST_JOB_SECONDS,
) -> Grouping:
    """The smallest groups that last long enough and come seldom enough, or one group of all jobs.

    Larger groups last longer and come more seldom; smaller ones spread over more cores and lose less when one fails.

    Args:
        job_seconds: mean time of a job.
        jobs: how many there are, at least 1.
        cores: cores of all nodes.
        start_seconds: start of Snakemake in each of Slurm's jobs.
        side_by_side: cores of one Slurm job.
        most_per_minute: bound on Slurm jobs per minute while all cores are busy.
        least_seconds: bound from below on the time of one.

    Raises:
        ValueError: no jobs, or jobs that take no time.
    """
    if jobs < 1 or job_seconds <= 0:
        raise ValueError(f"{jobs} jobs of {job_seconds} s; expected at least one that takes time")
    low, high = 1, jobs
    while low < high:
        middle = (low + high) // 2
        tried = grouping(middle, job_seconds, jobs, cores, start_seconds, side_by_side)
        if tried.seconds >= least_seconds and tried.per_minute <= most_per_minute:
            high = middle
        else:
            low = middle + 1
    return grouping(low, job_seconds, jobs, cores, start_seconds, side_by_side)


def grouped(tasks: Sequence[Task], groups: Sequence[Sequence[int]], start_seconds: float = 0.0) -> list[Task]:
    """The tasks with some of them joined, one after the other on one core.

    Args:
        tasks: the graph, upstream tasks first.
        groups: places of the tasks of each group; a task may be in one of them.
        start_seconds: added to every group once.

    Raises:
        ValueError: a task is in two groups.
    """
    members = [list(group) for group in groups]
    taken = {place for group in members for place in group}
    if len(taken) < sum(map(len, members)):
        raise ValueError("a task is in two groups")
    members += [[place] for place in range(len(tasks)) if place not in taken]
    group_of = {place: number for number, group in enumerate(members) for place in group}
    return [
        Task(
            sum(tasks[place].seconds for place in group) + (start_seconds if number < len(groups) else 0.0),
            tuple(sorted({group_of[other] for place in group for other in tasks[place].upstream} - {number})),
            max(tasks[place].memory_mb for place in group),
        )
        for number, group in enumerate(members)
    ]
