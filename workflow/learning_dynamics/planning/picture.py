"""The workflow on one page: its stages, a file of rules each, what they make, and which needs which (make graph)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from learning_dynamics.errors import UserError
from learning_dynamics.figures import style
from learning_dynamics.planning import graph
from learning_dynamics.planning.graph import Job

PROJECT = Path(__file__).parents[3]
PICTURE = PROJECT / "docs" / "images" / "workflow.png"
# An experiment of one's own, whose settings are chosen from its images, and one training of everything.
_EXAMPLE = ("seeds=1", "experiments={yours: {dataset: {kind: shapes}}}")
# Of a box and between boxes, in inches.
_WIDTH, _HEIGHT = 1.0, 0.5
_BETWEEN, _ABOVE = 0.35, 0.14
_LINE = "0.45"

# The stages that each stage needs; on the page there are points between them, too, that lines go through.
Needs = dict[str, set[str]]


def main() -> None:
    """Draw the picture that the README shows.

    Raises:
        SystemExit: the graph cannot be built, with one message.
    """
    try:
        jobs = graph.read(PROJECT / "Snakefile", ("reproduce-all", "own", "results/archive.zip"), _EXAMPLE, [])
    except UserError as error:
        sys.exit(str(error))
    style.save(draw(stages(jobs), made(jobs)), PICTURE)
    print(PICTURE.relative_to(PROJECT))


def stages(jobs: Sequence[Job]) -> Needs:
    """Which stage needs which, without what it needs through others anyway."""
    needs: Needs = {job.stage: set() for job in jobs}
    for job in jobs:
        needs[job.stage].update(jobs[index].stage for index in job.upstream)
    for stage, needed in needs.items():
        needed.discard(stage)
    behind: Needs = {}
    for stage in _in_order(needs):
        behind[stage] = needs[stage].union(*(behind[other] for other in needs[stage]))
    return {
        stage: {other for other in needed if not any(other in behind[between] for between in needed)}
        for stage, needed in needs.items()
    }


def made(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """Files and folders in the results folder that each stage makes."""
    found: dict[str, set[str]] = {}
    for job in jobs:
        for path in job.outputs:
            name, *inside = path.parts[1:]
            found.setdefault(job.stage, set()).add(f"{name}/" if inside else name)
    return {stage: sorted(names) for stage, names in found.items()}


def draw(needs: Needs, makes: Mapping[str, Sequence[str]]) -> Figure:
    """The stages from left to right, each to the right of all that it needs."""
    lines = _by_steps(_joined(needs))
    columns = _columns(lines)
    rows = _rows(lines, columns)
    left = {name: column * (_WIDTH + _BETWEEN) for name, column in columns.items()}
    middle = {name: -row * (_HEIGHT + _ABOVE) for name, row in rows.items()}
    style.use()
    width, height = max(left.values()) + _WIDTH + 0.1, max(rows.values()) * (_HEIGHT + _ABOVE) + _HEIGHT + 0.1
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(-0.05, width - 0.05), ylim=(_HEIGHT / 2 + 0.05 - height, _HEIGHT / 2 + 0.05))
    for name, needed in lines.items():
        for other in sorted(needed):
            head = "-|>" if name in needs else "-"
            arrow = {"arrowstyle": head, "color": _LINE, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (left[name], middle[name]), (left[other] + _WIDTH, middle[other]), arrowprops=arrow)
        if name not in needs:
            axes.plot([left[name], left[name] + _WIDTH], [middle[name]] * 2, color=_LINE, linewidth=0.8)
            continue
        corner = (left[name], middle[name] - _HEIGHT / 2)
        axes.add_patch(Rectangle(corner, _WIDTH, _HEIGHT, facecolor="0.95", edgecolor="black", linewidth=0.8))
        centre, files = left[name] + _WIDTH / 2, "\n".join(makes[name])
        axes.text(centre, middle[name] + 0.06, name.replace("_", " "), ha="center", va="bottom", weight="bold")
        axes.text(centre, middle[name] + 0.02, files, ha="center", va="top", fontsize=5, linespacing=1.1)
    return figure


def _joined(needs: Needs) -> Needs:
    """With a point where the lines to stages meet that need the same three stages or more."""
    lines = {name: set(needed) for name, needed in needs.items()}
    alike: dict[frozenset[str], list[str]] = {}
    for name, needed in needs.items():
        alike.setdefault(frozenset(needed), []).append(name)
    for shared, names in alike.items():
        if len(shared) > 2 and len(names) > 1:
            point = f"to {' '.join(sorted(names))}"
            lines |= {point: set(shared), **{name: {point} for name in names}}
    return lines


def _by_steps(lines: Needs) -> Needs:
    """With points that lead lines through the columns between two stages."""
    columns = _columns(lines)
    stepped: Needs = {name: set() for name in lines}
    for name, needed in lines.items():
        for other in sorted(needed):
            before = other
            for column in range(columns[other] + 1, columns[name]):
                point = f"{other} in {column}"
                stepped.setdefault(point, set()).add(before)
                before = point
            stepped[name].add(before)
    return stepped


def _columns(lines: Needs) -> dict[str, int]:
    columns: dict[str, int] = {}
    for name in _in_order(lines):
        columns[name] = max((columns[other] + 1 for other in lines[name]), default=0)
    return columns


def _rows(lines: Needs, columns: Mapping[str, int]) -> dict[str, float]:
    """Places from the top: near to those of what is needed, so that few lines cross."""
    rows: dict[str, float] = {}
    tallest = max(Counter(columns.values()).values())
    for column in range(max(columns.values()) + 1):
        names = [name for name in lines if columns[name] == column]
        names.sort(key=lambda name: (sum(rows[other] for other in lines[name]) / max(1, len(lines[name])), name))
        for place, name in enumerate(names):
            rows[name] = place + (tallest - len(names)) / 2
    return rows


def _in_order(needs: Needs) -> list[str]:
    """Names after all that they need."""
    return list(TopologicalSorter({name: sorted(needed) for name, needed in sorted(needs.items())}).static_order())


if __name__ == "__main__":
    main()
