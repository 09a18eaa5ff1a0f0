"""How settings that are `auto` are chosen."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from learning_dynamics.values import Count, Model


class AutomaticSettings(Model):
    """How `learning_rate`, `updates` and standard deviations that are `auto` are chosen from the structure of the data.

    docs/own-images.md gives the formulas and what was measured.
    """

    step: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.02,
        description="Size ε of an update against the slow regime: λ = ε / max_α r_α max(2 d_α/s_α, ⟨‖x‖²⟩ s_α/d_α), "
        "with r_α = n max_l|v̂^α_l| for the CNN and 1 for the FCNN.",
    )
    smallest_mode: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05, description="A mode is worth waiting for if its s_α is at least this share of the largest."
    )
    start: Annotated[float, Field(ge=1e-12, le=0.1)] = Field(
        default=0.001,
        description="Initial weights whose standard deviation is `auto` are such that the part of a_α(0) that grows is "
        "typically at most this share of s_α, for every mode worth waiting for.",
    )
    most_updates: Count = Field(
        default=1_000_000,
        description="The longest run that is chosen; a warning says so where modes are left that would take longer.",
    )
