"""One function per measurement: results in, one value per trial out.

A trial in which the event that is measured did not happen, such as a discovery, has no value (NaN). What a network does
before it has learned anything says nothing about how it learns: trajectories count from those trials that discover mode
0, and what is measured of final weights from those that discover every mode. A new claim needs a function here only if
none of these measures what it says; a module of this package registers its functions by being imported.
"""

from learning_dynamics.claims.measures import beyond, data_sets, frequencies, losses, trajectories, weights
from learning_dynamics.claims.measures.registry import MEASURES
from learning_dynamics.claims.measures.trials import Results

__all__ = ["MEASURES", "Results", "beyond", "data_sets", "frequencies", "losses", "trajectories", "weights"]
