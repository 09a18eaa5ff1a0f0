"""What makes figures and claims cheap stays so: counts of imports, reads, layouts and drawings."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from conftest import PROJECT
from learning_dynamics.errors import DataError
from learning_dynamics.figures import catalogue, panels, style
from learning_dynamics.results import ExperimentResults
from learning_dynamics.storage import netcdf

SEEDS, SAMPLES, MODES, SIDE = 3, 5, 2, 4


def imported_by(statements):
    """The modules in memory after some statements in a Python of their own."""
    made = subprocess.run(
        [sys.executable, "-c", f"import json, sys; {statements}; print(json.dumps(sorted(sys.modules)))"],
        cwd=PROJECT / "workflow",
        env={"PYTHONPATH": str(PROJECT / "workflow"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(made.stdout))


def test_figures_import_nothing_that_few_of_them_use():
    modules = {figure.module for figure in catalogue.PAPER_FIGURES.values()}
    modules |= {f"experiment.{figure}" for figure in catalogue.EXPERIMENT_FIGURES}
    modules |= {*catalogue.SUMMARY_FIGURES.values(), "beyond.scaling", "beyond.variants"}
    names = [f"learning_dynamics.figures.{module}" for module in ("render", *sorted(modules))]
    imported = imported_by(f"import {', '.join(names)}")
    assert imported.issuperset(names)
    assert {"matplotlib.figure", "learning_dynamics.figures.paper.general_data"} <= imported
    unused = {"seaborn", "scipy", "numba", "matplotlib.pyplot", "torch", "torchvision", "sklearn"}
    assert not imported & unused


def test_claims_and_provenance_import_neither_pictures_nor_statistics():
    imported = imported_by(
        "from learning_dynamics.publishing import provenance_page; from learning_dynamics.claims import write"
    )
    assert "learning_dynamics.claims.measures" in imported
    assert not imported & {"matplotlib", "seaborn", "scipy.stats", "torch", "sklearn"}


@pytest.fixture
def counted(monkeypatch):
    """How often figures are arranged, drawn, and files read."""
    counts = {"arranged": 0, "drawn": 0, "read": 0}

    def count(owner, name, key):
        original = getattr(owner, name)

        def counting(*arguments, **options):
            counts[key] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counting)

    count(ConstrainedLayoutEngine, "execute", "arranged")
    count(Figure, "draw", "drawn")
    count(netcdf, "read", "read")
    return counts


def figure_with_parts():
    figure = style.new_figure(4, 3)
    left, right = panels.blocks(figure, 1, 2)
    for part in (left, *panels.blocks(right, 2, 1)):
        panels.block_title(part, "a", r"fi $\hat{k}_l$ and AVA")
        axes = part.subplots(1, 2)
        axes[0].plot([0, 1, 2])
        panels.colour_bar(axes[1].imshow(np.arange(4.0).reshape(2, 2)), axes[1])
    return figure


def test_a_figure_is_arranged_once_and_drawn_once_for_each_file(counted, tmp_path):
    style.save(figure_with_parts(), tmp_path / "a.pdf", tmp_path / "a.png")
    assert (counted["arranged"], counted["drawn"]) == (1, 2)


def test_panels_stand_where_no_last_digit_of_the_layout_shows(tmp_path):
    figure = figure_with_parts()
    style.save(figure, tmp_path / "a.pdf")
    places = [axes.get_position(original=True).get_points() for axes in figure.axes]
    parts = [*figure.subfigs]
    for part in parts:
        parts.extend(part.subfigs)
    places += [part.bbox_relative.get_points() for part in parts]
    assert len(parts) == 4
    for place in places:
        assert np.array_equal(place, np.round(place, 9))
        assert not np.signbit(place[place == 0]).any()


@pytest.fixture
def results(tmp_path):
    generator = np.random.default_rng(0)
    shapes = {
        "effective_singular_values": (("sample", "left_mode", "right_mode"), (SAMPLES, MODES, MODES)),
        "train_loss": (("sample",), (SAMPLES,)),
        "kernel_magnitude": (
            ("sample", "channel", "frequency_row", "frequency_column"),
            (SAMPLES, 1, SIDE, SIDE),
        ),
    }
    paths = [tmp_path / f"seed-{seed}.nc" for seed in range(SEEDS)]
    for seed, path in enumerate(paths):
        variables = {
            name: netcdf.variable(dimensions, generator.random(shape).astype(np.float32), name)
            for name, (dimensions, shape) in shapes.items()
        }
        sample = netcdf.variable(("sample",), np.arange(SAMPLES), "training samples seen", "samples")
        attributes = {"seed": str(seed), "settings": '{"network": "linear_cnn"}'}
        netcdf.write(xr.Dataset(variables, {"sample": sample}, attributes), path)
    return ExperimentResults("own", {}, "", "", {"linear_cnn": [str(path) for path in paths]}, {})


def test_a_trajectory_is_opened_once_for_all_its_curves(results, counted):
    loss = results.trajectories("linear_cnn", ["train_loss"])
    again = results.trajectories("linear_cnn", ["train_loss", "effective_singular_values"])
    assert counted["read"] == SEEDS
    assert set(loss) == {"train_loss"}
    assert set(again) == {"train_loss", "effective_singular_values"}
    xr.testing.assert_identical(loss["train_loss"], again["train_loss"])
    with pytest.raises(DataError, match=r"seed-0\.nc: not a trajectory file, 'test_loss' is missing"):
        results.trajectories("linear_cnn", ["test_loss"])


def test_the_last_record_of_the_kernel_is_read_once(results, counted):
    whole = results.trajectories("linear_cnn", ["kernel_magnitude"])["kernel_magnitude"].values
    for _ in range(2):
        assert np.array_equal(results.final_kernel_magnitudes, whole[:, -1])
    assert counted["read"] == SEEDS
