"""What a run would do and cost, before anything starts: jobs, hours, memory, storage and wall times.

The jobs are those of Snakemake's own graph, given what is there already. Times, memory and sizes come from the
benchmark files in the results folder, if there are any, otherwise from config/recorded_rates.json. docs/plan.md
explains the rest.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import netCDF4
import yaml

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "workflow"))

import machine  # noqa: E402
from learning_dynamics.errors import DataError, UserError
from planning import graph, rates, sweep, table, work  # noqa: E402

RECORD = PROJECT / "config" / "recorded_rates.json"
_PACKAGES = ("snakemake", "numpy", "scipy", "numba", "torch")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan, or record the rates of a run.

    Raises:
        SystemExit: a mistake in the arguments, the configuration or a file, with one message.
    """
    given = _parser().parse_args(arguments)
    try:
        jobs = graph.read(PROJECT / "Snakefile", given.target, _settings(given.config), given.configfile)
        if given.record is not None:
            _record(jobs, given.rates, given.record)
            return
        recorded = rates.load(given.rates)
        here = rates.measured(jobs, [job.same_settings for job in jobs])
        fitted = rates.Rates.fit(recorded.points, here)
        cluster = table.Cluster(tuple(given.nodes), given.cores_per_node)
        plan = table.Plan(
            given.target,
            jobs,
            rates.estimates(jobs, fitted),
            fitted,
            recorded,
            given.cores or machine.usable_cores(),
            cluster,
            given.gpu_batches_per_second,
        )
        if given.compare:
            print("\n".join(table.comparison_lines(plan, given.compare)))
            return
        print("\n".join(table.lines(plan)))
        if given.seeds or given.experiments:
            seeds, experiments = given.seeds or 1000, given.experiments or 20
            whole = sweep.of(jobs, fitted, seeds, experiments, recorded.start_seconds, given.side_by_side)
            print("\n".join(["", *table.sweep_lines(whole, cluster)]))
    except UserError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plan.py", description=__doc__.split("\n")[0])
    # Everything by default: a plan costs nothing, and what is dearest should not be left out of it.
    parser.add_argument("target", nargs="?", default="reproduce-all", help="rule or file (default: reproduce-all)")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], help="files of settings, as for snakemake")
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="settings, as for snakemake")
    parser.add_argument("--cores", type=_count, help="cores of this machine (default: those that may be used)")
    parser.add_argument("--nodes", nargs="+", type=_count, default=[1, 10, 100], help="nodes of a cluster to plan for")
    parser.add_argument("--cores-per-node", type=_count, default=32)
    parser.add_argument("--gpu-batches-per-second", type=_rate, metavar="R", help="updates of one GPU, over all seeds")
    parser.add_argument("--seeds", type=_count, help="add the calculation of a sweep with so many seeds")
    parser.add_argument("--experiments", type=_count, help="and so many data sets (default: 1000 seeds, 20 data sets)")
    parser.add_argument(
        "--side-by-side", type=_count, default=1, metavar="CORES", help="of a Slurm job of the sweep (default: 1)"
    )
    parser.add_argument(
        "--record",
        nargs="*",
        metavar="RULE",
        help="record the rates of the finished run instead (default: of all rules)",
    )
    parser.add_argument(
        "--compare", type=_rate, metavar="SECONDS", help="compare the rates with a run of the target that took so long"
    )
    parser.add_argument("--rates", type=Path, default=RECORD, help="file of recorded rates")
    return parser


def _count(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number of at least 1")
    return number


def _rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a positive number")
    return number


def _settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Settings given as key=value, the value in YAML."""
    settings = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise UserError(f"--config: {pair!r} is not of the form key=value")
        try:
            settings[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UserError(f"--config: the value of {key} is not YAML: {value}") from None
    return settings


def _record(jobs: Sequence[graph.Job], path: Path, rules: Sequence[str]) -> None:
    """Replace the recorded rates of every kind of job that the finished run has; other kinds keep theirs.

    Args:
        jobs: all jobs of the run.
        path: file of recorded rates.
        rules: those whose jobs count; all if there are none.

    Raises:
        UserError: there is no benchmark file.
    """
    started = time.process_time()
    points = rates.measured(jobs, [not rules or work.base_rule(job.rule) in rules for job in jobs])
    if not points:
        raise UserError("there is no benchmark file of these jobs; run them first, with the same settings")
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    described: dict[str, str | int] = {
        "processor": machine.processor(),
        "cores": machine.usable_cores(),
        "system": platform.system(),
    }
    run = rates.Run(described, versions, _commit(jobs), round(started, 2))
    rates.save(rates.load(path).with_run(run, points), path)
    number = sum(point.jobs for kind in points.values() for point in kind)
    print(f"{path}: rates of {len(points)} kinds of jobs from {number} jobs")


def _commit(jobs: Sequence[graph.Job]) -> str:
    """The commit of the code that made the results."""
    trajectories = [Path(file) for job in jobs if job.rule.startswith("train") for file in job.outputs]
    for path in trajectories:
        if path.is_file():
            try:
                with netCDF4.Dataset(path) as file:
                    return str(file.code_commit)
            except (OSError, AttributeError) as error:
                raise DataError(f"{path}: not a readable NetCDF file; delete it and run again") from error
    return "unknown"


if __name__ == "__main__":
    main()
