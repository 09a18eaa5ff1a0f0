"""The parts of the check in their order, each whatever became of the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks.gpu import agreement_part, machine_part, profile_part, speed_part, tests_part, trainings_part
from benchmarks.gpu.problem import NETWORKS, Problem, cifar10_problem, made_up_problem
from benchmarks.gpu.report import Report, Result
from benchmarks.gpu.sizes import Sizes

# At most this share of the time left goes to the sweep of one network.
_SWEEP_SHARE = 0.2


def run(report: Report, device: torch.device, sizes: Sizes, pictures: Path | None) -> None:
    """Run every part; without pictures on images that are made up."""
    kept: list[Problem] = []
    with torch.no_grad():
        report.part("machine", lambda result: machine_part.describe(result, device, sizes), 60)
        report.part("images", lambda result: _read(result, device, sizes, pictures, kept), 90)
        if kept:
            _measure(report, kept[0])
            _train(report, kept[0])


def _read(result: Result, device: torch.device, sizes: Sizes, pictures: Path | None, kept: list[Problem]) -> None:
    problem = made_up_problem(device, sizes) if pictures is None else cifar10_problem(pictures, device, sizes)
    kept.append(problem)
    result["origin"] = problem.data.origin
    result["images"] = {name: len(problem.data.split(name)) for name in problem.data.splits}


def _measure(report: Report, problem: Problem) -> None:
    machine = report.result("machine")
    parts: list[tuple[str, float, Callable[[Result], None]]] = [
        ("tests", 90, tests_part.run),
        ("updates", 60, partial(agreement_part.compare_updates, problem=problem)),
        ("speed", 90, partial(speed_part.measure, problem=problem, machine=machine)),
        ("records", 40, partial(speed_part.evaluation, problem=problem)),
        ("resume", 60, partial(agreement_part.stop_and_resume, problem=problem)),
        ("memory", 30, partial(speed_part.memory, problem=problem)),
        (
            "profile",
            40,
            lambda result: profile_part.where_time_goes(result, problem, report.result("speed")),
        ),
        ("settings", 40, partial(profile_part.other_settings, problem=problem)),
        ("compiled", 60, partial(speed_part.measure_compiled, problem=problem, machine=machine)),
    ]
    for name, limit, action in parts:
        report.part(name, action, limit)


def _train(report: Report, problem: Problem) -> None:
    for network in NETWORKS:
        allowed = report.left() * _SWEEP_SHARE
        action = partial(trainings_part.sweep, problem=problem, network=network, folder=report.folder, allowed=allowed)
        report.part(f"sweep {network}", action, allowed)
    left, speed, records = report.left(), report.result("speed"), report.result("records")
    report.part("plan", lambda result: trainings_part.choose(result, problem, left, speed, records))
    ensembles = [(one["networks"], one["network"]) for one in report.result("plan").get("ensembles", [])]
    for place, (number, network) in enumerate(ensembles):
        # Ensembles of one size share what is left; one that ends early leaves the rest to the next.
        allowed = report.left() / sum(other == number for other, _ in ensembles[place:])
        action = partial(
            trainings_part.paper,
            problem=problem,
            network=network,
            number=number,
            folder=report.folder,
            allowed=allowed,
        )
        report.part(f"training of {number} {network}", action, allowed)
