"""What a measure is: a function from results to one value per trial, and the statistic that fits its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from learning_dynamics.claims.statistics import Statistic
from learning_dynamics.numerics.correlations import FloatArray

# Of the trials may be without a value.
MOST_WITHOUT = 0.1

Function = Callable[..., FloatArray]
# As an argument's type: the name of a network, which ``entries`` looks up.
Network = str


class NotMeasuredError(Exception):
    """A measurement whose experiment was not run, or in which what it is about did not happen."""


@dataclass(frozen=True)
class Measure:
    """A measurement.

    function: takes the results and a claim's arguments, returns values of shape (trials, …), NaN where there is none.
    statistic: what becomes of the values.
    """

    function: Function
    statistic: Statistic


MEASURES: dict[str, Measure] = {}


def measure(statistic: Statistic) -> Callable[[Function], Function]:
    """Register a function under its name. Its annotations say what a claim's arguments must be."""

    def register(function: Function) -> Function:
        MEASURES[function.__name__] = Measure(function, statistic)
        return function

    return register
