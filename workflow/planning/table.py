"""The plan as text: a table of the rules, totals and where the rates come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from planning import grouping, work
from planning.graph import Job
from planning.grouping import grouped
from planning.rates import Estimate, Rates, Recorded, left_out
from planning.schedule import Task, simulate
from planning.sweep import PREPARATION, Sweep

_MEGABYTE = 10**6


@dataclass(frozen=True)
class Cluster:
    """Numbers of nodes to plan for, and the cores of each."""

    nodes: tuple[int, ...]
    cores_per_node: int


@dataclass(frozen=True)
class Plan:
    """Everything that the text is made of.

    target: what was asked for.
    jobs, estimates: all jobs of its graph and what they cost.
    rates, recorded: what they come from.
    cores: of this machine.
    cluster: what else to plan for.
    gpu_batches_per_second: of one GPU, given by the user; None if not.
    """

    target: str
    jobs: Sequence[Job]
    estimates: Sequence[Estimate]
    rates: Rates
    recorded: Recorded
    cores: int
    cluster: Cluster
    gpu_batches_per_second: float | None

    @property
    def needed(self) -> list[int]:
        """Places of the jobs that would run now."""
        return [place for place, job in enumerate(self.jobs) if job.is_needed]

    def seconds(self, place: int) -> float | None:
        """Time of a job where the configuration lets it run, on a GPU or on a core; None if there is no rate."""
        return self.gpu_seconds(place) if self.jobs[place].gpus else self.estimates[place].seconds

    def gpu_seconds(self, place: int) -> float | None:
        """Time of a deep training on a GPU, at the rate that the user gave or one that was measured; None without."""
        job = self.jobs[place]
        if self.gpu_batches_per_second is not None:
            return work.batches(job) / self.gpu_batches_per_second
        return self.rates.estimate(work.of(replace(job, gpus=1), 0.0)).seconds

    def tasks(self, start_seconds: float = 0.0) -> list[Task]:
        """The jobs to run, for a simulation; one without a rate takes no time.

        Args:
            start_seconds: start of Snakemake in each job that goes to a cluster.
        """
        position = {place: number for number, place in enumerate(self.needed)}
        return [
            Task(
                (self.seconds(place) or 0.0) + (0.0 if self.jobs[place].is_local else start_seconds),
                tuple(position[other] for other in self.jobs[place].upstream if other in position),
                self.estimates[place].peak_mb or 0.0,
                sum(self.estimates[other].output_bytes for other in self.jobs[place].upstream),
            )
            for place in position
        ]

    def groups(self) -> tuple[list[list[int]], int]:
        """The groups of Slurm's jobs, by their places among the jobs to run, and the trainings in each.

        The preparation of each data set is one; trainings of two-layer networks go together.
        """
        preparation: dict[str, list[int]] = {}
        trainings: list[int] = []
        times: list[float] = []
        for number, place in enumerate(self.needed):
            job = self.jobs[place]
            if job.rule in PREPARATION:
                preparation.setdefault(job.wildcards["experiment"], []).append(number)
            elif work.base_rule(job.rule) == "train":
                trainings.append(number)
                times.append(self.seconds(place) or 0.0)
        groups = list(preparation.values())
        if not sum(times):
            return groups + [[number] for number in trainings], 1
        cores = max(self.cluster.nodes) * self.cluster.cores_per_node
        mean = sum(times) / len(times)
        size = grouping.choose(mean, len(times), cores, self.recorded.start_seconds).size
        return groups + [trainings[first : first + size] for first in range(0, len(trainings), size)], size


def lines(plan: Plan) -> Iterator[str]:
    """The plan, line by line."""
    needed = plan.needed
    yield f"Plan for {plan.target}: {len(needed)} of {len(plan.jobs)} jobs to run. Nothing was started.\n"
    if not needed:
        yield "Nothing is left to do."
        return
    yield from _table(
        ["rule", "jobs", "one job", "core-hours", "GPU-hours", "peak memory", "asked for", "output", "rate"],
        [*_rows(plan), _total_row(plan)],
    )
    yield ""
    yield from _unknown(plan)
    yield from _wall_times(plan)
    yield ""
    yield from _storage(plan)
    yield from _gpus(plan)
    yield from _warnings(plan)
    yield ""
    yield from _origin(plan)


def sweep_lines(sweep: Sweep, cluster: Cluster) -> Iterator[str]:
    """A sweep with several sizes of the groups, line by line."""
    times = [seconds for data_set in sweep.data_sets for seconds in data_set.trainings]
    yield (
        f"Sweep by calculation: {sweep.seeds:,} seeds, {len(sweep.data_sets)} data sets, {sweep.trainings:,} trainings "
        f"of two-layer networks of {_time(min(times))} to {_time(max(times))}, mean {_time(sweep.training_seconds)}; "
        f"{sweep.core_seconds / 3600:,.1f} core-hours, {sweep.files:,} files, {_bytes(sweep.storage)}. Without the "
        "figures and claims over several data sets.\n"
    )
    most = max(cluster.nodes) * cluster.cores_per_node
    chosen = sweep.choose(most).size
    rows = []
    for size in sorted({1, 10, 100, 1000, chosen}):
        packed = [sweep.grouped(size, nodes * cluster.cores_per_node) for nodes in cluster.nodes]
        runs = [sweep.run(size, nodes * cluster.cores_per_node) for nodes in cluster.nodes]
        rows.append(
            [
                f"{size}{' (chosen)' if size == chosen else ''}",
                f"{packed[0].slurm_jobs:,}",
                _time(packed[0].seconds),
                ", ".join(f"{one.per_minute:,.0f}" for one in packed),
                ", ".join(_time(run.seconds) for run in runs),
            ]
        )
    numbers = ", ".join(str(number) for number in cluster.nodes)
    yield from _table(
        [
            "trainings per Slurm job",
            "Slurm jobs",
            "one of them",
            f"Slurm jobs per minute, {numbers} nodes",
            f"wall time, {numbers} nodes",
        ],
        rows,
    )
    yield (
        f"\nChosen: the smallest group whose Slurm job lasts at least {_time(grouping.LEAST_JOB_SECONDS)} and whose "
        f"jobs come at most {grouping.MOST_JOBS_PER_MINUTE:.0f} a minute with {_nodes(max(cluster.nodes))} of "
        f"{cluster.cores_per_node} cores; a Slurm job holds {sweep.side_by_side} of them. Jobs per minute: while every "
        "core is busy. Wall time: with at most "
        f"{grouping.MOST_JOBS_PER_MINUTE:.0f} starts a minute, without the time in Slurm's queue. The longest job that "
        f"is not grouped: {_time(sweep.longest_seconds)}; the one with most memory: {_megabytes(sweep.peak_mb)}."
    )


def comparison_lines(plan: Plan, measured_seconds: float) -> Iterator[str]:
    """Recorded jobs against what their rates say, and a run of the whole target against its simulation."""
    rows = []
    kinds = {kind for place in range(len(plan.jobs)) if (kind := _kind(plan, place)) in plan.recorded.points}
    for kind in sorted(kinds):
        points = plan.recorded.points[kind]
        line = Rates.fit(plan.recorded.points, {}).seconds[kind]
        measured = sum(point.jobs * point.seconds for point in points)
        predicted = sum(point.jobs * line.at(point.operations) for point in points)
        jobs = str(sum(point.jobs for point in points))
        ratios = left_out(points)
        carried = _range(ratios, lambda ratio: f"{ratio:.2f}") if ratios else "-"
        rows.append([kind, jobs, f"{measured:.1f} s", f"{predicted:.1f} s", f"{predicted / measured:.2f}", carried])
    yield from _table(["kind of job", "jobs", "measured", "fitted", "fitted/measured", "left out/measured"], rows)
    everything = replace(plan, jobs=[replace(job, is_needed=True) for job in plan.jobs])
    predicted = simulate(everything.tasks(), plan.cores).seconds
    work_seconds = sum(task.seconds for task in everything.tasks())
    yield (
        f"\n{plan.target}, {len(plan.jobs)} jobs on {plan.cores} cores: {predicted:.0f} s simulated, "
        f"{measured_seconds:.0f} s measured, ratio {predicted / measured_seconds:.2f}. Work divided by cores: "
        f"{work_seconds / plan.cores:.0f} s. Left out: each point predicted from the others of its kind alone."
    )


def _rows(plan: Plan) -> Iterator[list[str]]:
    rules: dict[str, list[int]] = {}
    for place in plan.needed:
        job = plan.jobs[place]
        name = work.base_rule(job.rule)
        kind = f"{name} {job.wildcards['network']}" if name in ("train", "train_deep") else name
        rules.setdefault(kind, []).append(place)
    for kind, places in rules.items():
        yield _row(plan, kind, places)


def _row(plan: Plan, name: str, places: list[int]) -> list[str]:
    on_gpu = any(plan.jobs[place].gpus for place in places)
    times = [seconds for place in places if (seconds := plan.seconds(place)) is not None]
    peaks = [peak for place in places if (peak := plan.estimates[place].peak_mb) is not None]
    requested = [asked for place in places if (asked := plan.jobs[place].requested_mb) is not None]
    sources = {plan.estimates[place].source for place in places}
    gpu_hours = "-"
    if on_gpu:
        gpu_hours = f"{sum(times) / 3600:.2f}" if times else "not known"
    return [
        name,
        str(len(places)),
        _range(times, _time),
        f"{sum(times) / 3600:.3f}" if times else "not known",
        gpu_hours,
        _range(peaks, _megabytes),
        _range(requested, _megabytes),
        _bytes(sum(plan.estimates[place].output_bytes for place in places)) if peaks else "not known",
        "given" if on_gpu and plan.gpu_batches_per_second else ", ".join(sorted(sources)),
    ]


def _total_row(plan: Plan) -> list[str]:
    needed = plan.needed
    times = [plan.seconds(place) or 0.0 for place in needed]
    peaks = [plan.estimates[place].peak_mb or 0.0 for place in needed]
    storage = sum(plan.estimates[place].output_bytes for place in needed)
    on_gpu = [place for place in needed if plan.jobs[place].gpus]
    gpu_hours = "-"
    if on_gpu:
        known = [seconds for place in on_gpu if (seconds := plan.seconds(place)) is not None]
        gpu_hours = f"{sum(known) / 3600:.2f}" if known else "not known"
    return [
        *("all", str(len(needed)), "", f"{sum(times) / 3600:.3f}", gpu_hours),
        *(f"up to {_megabytes(max(peaks))}", "", _bytes(storage), ""),
    ]


def _unknown(plan: Plan) -> Iterator[str]:
    without = [place for place in plan.needed if plan.seconds(place) is None]
    if without:
        rules = ", ".join(sorted({work.base_rule(plan.jobs[place].rule) for place in without}))
        yield f"No rate for {len(without)} jobs ({rules}): the times below are without them, so at least these.\n"


def _wall_times(plan: Plan) -> Iterator[str]:
    start = plan.recorded.start_seconds
    groups, size = plan.groups()
    tasks = plan.tasks()
    alone = simulate(tasks, plan.cores)
    rows = [[f"this machine, {plan.cores} cores", _time(alone.seconds), "-", _megabytes(alone.memory_mb)]]
    on_cluster = plan.tasks(start)
    joined = grouped(tasks, groups, start)
    for nodes in plan.cluster.nodes:
        cores = nodes * plan.cluster.cores_per_node
        single = simulate(on_cluster, cores, grouping.MOST_JOBS_PER_MINUTE)
        rows.append(
            [
                f"{_nodes(nodes)} of {plan.cluster.cores_per_node} cores",
                _time(single.seconds),
                _time(simulate(joined, cores, grouping.MOST_JOBS_PER_MINUTE).seconds),
                _megabytes(single.memory_mb),
            ]
        )
    yield from _table(["wall time on", "a Slurm job each", "grouped", "memory in use at once"], rows)
    submitted = [number for number, place in enumerate(plan.needed) if not plan.jobs[place].is_local]
    joined_jobs = len(groups) + len(set(submitted) - {number for group in groups for number in group})
    yield (
        f"\nSlurm jobs: {len(submitted)} with a job each, {joined_jobs} grouped (data set, correlations and structure "
        f"of an experiment together, two-layer trainings by {size}). Each starts Snakemake anew, {start:.1f} s; the "
        f"time in Slurm's queue is not known, and at most {grouping.MOST_JOBS_PER_MINUTE:.0f} start a minute. Wall "
        "times come from a simulation of the jobs and what they wait for."
    )


def _storage(plan: Plan) -> Iterator[str]:
    needed = plan.needed
    files = sum(plan.jobs[place].files for place in needed)
    storage = sum(plan.estimates[place].output_bytes for place in needed)
    yield f"Storage: {_bytes(storage)} in {files:,} files: outputs, their records in .snakemake, logs, benchmarks."


def _gpus(plan: Plan) -> Iterator[str]:
    deep = [place for place in plan.needed if work.base_rule(plan.jobs[place].rule) == "train_deep"]
    if not deep:
        return
    updates = sum(work.batches(plan.jobs[place]) for place in deep)
    hours = [seconds / 3600 for place in deep if (seconds := plan.gpu_seconds(place)) is not None]
    text = f"GPU-hours of the deep trainings ({updates:,} updates), if they run on GPUs: "
    if len(hours) < len(deep):
        yield text + "not known, no run on a GPU was recorded; give a rate with --gpu-batches-per-second."
    elif plan.gpu_batches_per_second is None:
        yield text + f"{sum(hours):.2f}, from recorded runs on a GPU."
    else:
        yield text + f"{sum(hours):.2f} at the given {plan.gpu_batches_per_second:g} updates per second of one GPU."


def _warnings(plan: Plan) -> Iterator[str]:
    for place in plan.needed:
        job, peak = plan.jobs[place], plan.estimates[place].peak_mb
        if peak is not None and job.requested_mb is not None and peak > job.requested_mb:
            which = " ".join(job.wildcards.values())
            yield (
                f"More memory than the rule asks for: {job.rule} {which}, {_megabytes(peak)} instead of "
                f"{_megabytes(job.requested_mb)}."
            )


def _origin(plan: Plan) -> Iterator[str]:
    sources = {plan.estimates[place].source for place in plan.needed}
    if "here" in sources:
        yield "Rates marked here: from the benchmark files of earlier jobs in the same results folder."
    if "recorded" in sources:
        used = {
            plan.recorded.run_of[kind]
            for place in plan.needed
            if plan.estimates[place].source == "recorded" and (kind := _kind(plan, place)) in plan.recorded.run_of
        }
        lines = []
        for run in (plan.recorded.runs[number] for number in sorted(used)):
            versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
            lines.append(
                f"Rates marked recorded: {run.machine['processor']}, {run.machine['cores']} cores, {versions}, commit "
                f"{run.code_commit[:12]}; another machine is faster or slower."
            )
        yield from dict.fromkeys(lines)


def _kind(plan: Plan, place: int) -> str:
    effort = work.of(plan.jobs[place], 0.0)
    return effort.kind if effort is not None else ""


def _table(header: list[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown with columns of equal width, so that it reads well in a terminal too."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for number, row in enumerate([header, *rows]):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def _range(values: Sequence[float], text: Callable[[float], str]) -> str:
    if not values:
        return "not known"
    low, high = text(min(values)), text(max(values))
    return low if low == high else f"{low} to {high}"


def _nodes(number: int) -> str:
    return f"{number} node{'s' if number > 1 else ''}"


def _time(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:,.1f} h"


def _megabytes(megabytes: float) -> str:
    return f"{megabytes:,.0f} MB" if megabytes < 9999.5 else f"{megabytes / 1000:,.0f} GB"


def _bytes(size: float) -> str:
    if size < 9999.5 * _MEGABYTE:
        return f"{size / _MEGABYTE:,.0f} MB" if size > 9.95 * _MEGABYTE else f"{size / _MEGABYTE:.1f} MB"
    return f"{size / _MEGABYTE / 1000:,.0f} GB"
