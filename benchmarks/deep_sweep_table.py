"""The table of docs/deep-sweep.md, from the results of config/deep_sweep.yaml.

Run it as ``python benchmarks/deep_sweep_table.py sweep-results``.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))

import numpy as np

from learning_dynamics.numerics import discovery
from learning_dynamics.structure import files as structure_files
from learning_dynamics.training import files as trajectory_files

NETWORKS = {"deep_linear_cnn": "linear", "deep_relu_cnn": "ReLU"}


def row(path, decomposition):
    trajectory = trajectory_files.read(path)
    network = trajectory.attrs["network"]
    model = json.loads(trajectory.attrs["settings"])["networks"][network]
    modes = decomposition.discoverable
    effective = np.einsum("tmm->tm", trajectory["effective_singular_values"].values)[:, modes]
    relative = effective / decomposition.singular_values[modes]
    batches = trajectory["batch"].values.astype(float)
    times = discovery.discovery_times(batches, relative, np.ones(relative.shape[1]))
    found = ", ".join("–" if np.isnan(time) else f"{time:,.0f}" for time in times)
    end = ", ".join(f"{value:.2f}" for value in relative[-1])
    start, least, loss = np.abs(relative[0]).max(), relative.min(), float(trajectory["train_loss"][-1])
    settings = f"| {model['learning_rate']} | {model['initial_factor']} | {NETWORKS[network]} "
    return f"{settings}| {start:.2f} | {least:.2f} | {found} | {end} | {loss:.4f} |"


def main(results):
    print("| λ | factor | network | largest start of a_α/s_α | least | batches to s_α/2 | at the end | train loss |")
    print("|---|---|---|---|---|---|---|---|")
    for path in sorted((results / "trajectories").glob("*/deep_*/seed-*.nc")):
        file = results / "structure" / f"{path.parents[1].name}.nc"
        print(row(path, structure_files.structure_of(structure_files.read_structure(file))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
