"""What a run would do and cost, before anything starts: jobs, hours, memory, storage and wall time (docs/plan.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from learning_dynamics.errors import UserError
from learning_dynamics.planning import graph, rates, table, work
from learning_dynamics.storage import machine

PROJECT = Path(__file__).parents[3]
RECORD = PROJECT / "config" / "recorded_rates.tsv"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan, or record the rates of a run.

    Raises:
        SystemExit: a mistake in the arguments, the configuration or a file, with one message.
    """
    given = _parser().parse_args(arguments)
    try:
        jobs = graph.read(PROJECT / "Snakefile", [given.target], given.config, given.configfile)
        if given.record:
            where = f"on {machine.processor()}, {machine.usable_cores()} cores"
            rates.save(rates.measured(jobs, where), given.rates)
            return
        recorded, here = rates.load(given.rates), rates.measured(jobs, "in this results folder")
        costs = [rates.estimate(work.of(job), recorded, here) for job in jobs]
        print("\n".join(table.lines(given.target, jobs, costs, given.cores)))
    except UserError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plan", description=__doc__)
    # Everything by default: a plan costs nothing, and what is dearest should not be left out of it.
    parser.add_argument("target", nargs="?", default="reproduce-all", help="rule or file (default: reproduce-all)")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], help="files of settings, as for snakemake")
    parser.add_argument(
        "--config", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="settings, as for snakemake"
    )
    parser.add_argument("--cores", type=_count, default=machine.usable_cores(), help="by default this machine's")
    parser.add_argument("--record", action="store_true", help="record the rates of the finished run instead")
    parser.add_argument("--rates", type=Path, default=RECORD, help="file of recorded rates")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    main()
