"""Where the report shows what, and under which label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from learning_dynamics.pipeline.experiments import PAPER_EXPERIMENTS, Experiments


@dataclass(frozen=True)
class Categories:
    """The report's categories, which it lists in alphabetical order.

    That of a user's own experiments is only there if they are.
    """

    experiments: Experiments
    claims = "1 Claims"
    paper = "2 Figures of the paper"
    every_experiment = "3 Every experiment"
    beyond_the_paper = "4 Beyond the paper"
    own = "5 Own experiments"

    @property
    def provenance(self) -> str:
        """Of the provenance page, the last one."""
        return "6 Provenance" if self.experiments.own else "5 Provenance"

    def of_experiment(self, wildcards: Any) -> str:
        """Of an experiment's own figures; Snakemake calls it with the wildcards."""
        return self.every_experiment if wildcards.experiment in PAPER_EXPERIMENTS else self.own


def in_report(
    caption: str, category: str | Callable[[Any], str], figure: str, subcategory: str | None = None
) -> dict[str, Any]:
    """The keywords of Snakemake's ``report`` for a picture or page that the report shows.

    Args:
        caption: file in workflow/report, without its suffix.
        category: in which the report lists it.
        figure: what the report calls it.
        subcategory: in which the category lists it.
    """
    return {
        "caption": f"../report/{caption}.rst",
        "category": category,
        "subcategory": subcategory,
        # One label: the report turns a second one into a switch where it has two values.
        "labels": {"figure": figure},
    }
