"""The steps of CONTRIBUTING.md, followed to the letter in a copy of the project."""

import json
import os
import subprocess
import sys

import pytest
import xarray as xr

from conftest import Project, as_installed

pytestmark = pytest.mark.workflow

STRIPES = '''"""Stripes: one image per class with a period of its own."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from learning_dynamics.datasets.kinds.base import DatasetKind, Making, one_per_class
from learning_dynamics.datasets.labelled_images import LabelledImages
from learning_dynamics.values import Side


class StripesDataset(DatasetKind):
    """Horizontal stripes, a period for each class."""

    ONE_IMAGE_PER_CLASS: ClassVar[bool] = True

    kind: Literal["stripes"] = "stripes"
    side: Side = Field(default=12, description="Image side n in pixels.")
    periods: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=2)] = Field(
        description="Rows from one stripe to the next, for each class."
    )

    @property
    def class_names(self) -> list[str]:
        """Names of the p classes."""
        return [f"every {period} rows" for period in self.periods]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels C and side n."""
        return 1, self.side

    def make(self, making: Making) -> LabelledImages:
        """Bright rows on a dark ground."""
        rows = np.arange(self.side)
        images = [np.repeat((rows % period == 0)[:, None], self.side, axis=1) for period in self.periods]
        return one_per_class(np.stack(images)[:, None].astype(float), self, "stripes, computed")
'''

ONE_LAYER = '''"""A network of one layer, y = M x: what two layers are compared with."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from learning_dynamics.networks.base import Layout, TwoLayerNetwork
from learning_dynamics.values import Automatic, Positive


class OneLayer(TwoLayerNetwork):
    """One layer, y = M x, from zero."""

    LABEL: ClassVar[str] = "one layer"
    LINE: ClassVar[str] = ":"
    MARKER: ClassVar[str] = "^"
    SNAPSHOTS: ClassVar[Layout] = {"layer": (("class", "channel", "row", "column"), "rows of M as images")}

    learning_rate: Positive | Automatic = "auto"

    def start(self, trial, data, beside):
        """Zero, in every trial."""
        return np.zeros((data.classes, data.inputs))

    def training(self, start, samples, data, error_limit):
        """Exact updates of M."""
        return Training(start.copy(), samples, self.rate, error_limit)

    def flow(self, starts, data, samples, principal=None):
        """M(t) = Σyx Σxx⁺ + (M(0) − Σyx Σxx⁺) exp(−λ Σxx t)."""
        from learning_dynamics.theory.gradient_flow import Solution
        from learning_dynamics.theory.whole_networks import Factors

        train = data.correlations["train"]
        limit = train.input_output @ np.linalg.pinv(train.input, hermitian=True)
        values, vectors = np.linalg.eigh(train.input)
        decay = np.exp(-self.rate * np.outer(samples, values))
        common = np.eye(len(values))
        paths = [limit + ((start - limit) @ vectors * decay[:, None]) @ vectors.T for start in starts]
        return Solution(Factors(paths, common, [common[:0]] * len(starts)), [path[-1] for path in paths], 0)

    def rates(self, modes):
        """As an FCNN."""
        return np.ones(len(modes.singular_values))

    def typical_start(self, modes, inputs):
        """It starts from nothing."""
        return np.zeros(len(modes.singular_values))

    def estimated_times(self, modes, inputs):
        """1/(λ d) ln 2."""
        with np.errstate(divide="ignore"):
            return np.log(2) / (self.rate * modes.input_correlation)

    def microseconds(self, inputs, classes):
        """A product and a step."""
        return 5 + inputs * classes / 500

    def flow_numbers(self, inputs, classes, records):
        """The whole networks."""
        return records * classes * inputs


class Training:
    """M and its updates."""

    piece = 1000

    def __init__(self, layer, samples, rate, error_limit):
        self._layer, self._samples, self._rate, self._limit = layer, samples, rate, error_limit

    def update(self, order):
        """One update per index."""
        total = 0.0
        for made, index in enumerate(order):
            x = self._samples.vectors(np.array([index]))[0]
            error = -self._layer @ x
            error[self._samples.labels[index]] += 1
            if not error @ error <= self._limit:
                return made, float(error @ error)
            total += float(error @ error)
            self._layer += self._rate * np.outer(error, x)
        return len(order), total

    def network(self):
        """M."""
        return self._layer.copy()

    def record(self):
        """Nothing of its own."""
        return {}

    def snapshot(self):
        """M as images."""
        return {"layer": self._layer.reshape(len(self._layer), *self._samples.source.shape).copy()}

    def state(self):
        """M."""
        return {"layer": self._layer.copy()}

    def restore(self, state):
        """Go back."""
        self._layer[...] = state["layer"]
'''


def insert(project, file, line, before):
    """Add a line to a file of the library, before the first one that begins so."""
    path = project.folder / "workflow" / "learning_dynamics" / file
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    index = next(index for index, text in enumerate(lines) if text.startswith(before))
    path.write_text("".join([*lines[:index], line + "\n", *lines[index:]]), encoding="utf-8")


def module(project, file, text):
    (project.folder / "workflow" / "learning_dynamics" / file).write_text(text, encoding="utf-8")


def run(project, experiment, *arguments):
    (project.folder / "mine.yaml").write_text(f"experiments: {{mine: {experiment}}}", encoding="utf-8")
    return project.snakemake("--configfile", "config/smoke.yaml", "mine.yaml", *arguments, cores=2)


def one_line_about(answer, *expected):
    assert answer.returncode != 0
    assert "Traceback" not in answer.stdout
    said = [line for line in answer.stdout.splitlines() if line.startswith("configuration key")]
    assert len(said) == 1, answer.stdout
    for part in expected:
        assert part in said[0]


@pytest.fixture(scope="module")
def striped(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("stripes") / "project")
    module(project, "datasets/kinds/stripes.py", STRIPES)
    line = "from learning_dynamics.datasets.kinds.stripes import StripesDataset"
    insert(project, "datasets/registry.py", line, "from learning_dynamics.datasets.kinds.shapes")
    insert(project, "datasets/registry.py", "    StripesDataset,", "    ImagesDataset,")
    return project


def test_a_new_kind_of_data_set_is_predicted_trained_and_drawn(striped):
    made = run(striped, "{dataset: {kind: stripes, periods: [3, 4, 5]}, updates: 400, records: 40}", "--", "own")
    assert made.returncode == 0, made.stdout[-5000:]
    (path,) = striped.results("predictions/mine.json")
    classes = json.loads(path.read_text(encoding="utf-8"))["images"]["classes"]
    assert [entry["name"] for entry in classes] == [f"every {period} rows" for period in (3, 4, 5)]
    assert len(striped.results("trajectories/mine/*/seed-*.nc")) == 4
    assert striped.results("figures/mine/losses.png")


def test_a_new_kind_of_data_set_is_documented(striped):
    environment = os.environ | as_installed() | {"PYTHONPATH": str(striped.folder / "workflow")}
    command = [sys.executable, "-m", "learning_dynamics.config.documents"]
    subprocess.run(command, check=True, env=environment, cwd=striped.folder / "workflow")
    page = (striped.folder / "config" / "README.md").read_text(encoding="utf-8")
    assert "`experiments.<name>.dataset` with `kind: stripes`" in page
    assert "| `periods` | list of integer | required | Rows from one stripe to the next, for each class. |" in page
    assert "StripesDataset" in (striped.folder / "config" / "schema.json").read_text(encoding="utf-8")


def test_mistakes_in_a_new_kind_of_data_set_get_its_own_answers(striped):
    missing = run(striped, "{dataset: {kind: stripes}}", "-n")
    one_line_about(missing, "mine.dataset.periods'", "missing")
    typo = run(striped, "{dataset: {kind: stripes, periods: [3, 4], sidr: 9}}", "-n")
    one_line_about(typo, "mine.dataset.sidr'", "did you mean 'side'")
    foreign = run(striped, "{dataset: {kind: stripes, periods: [3, 4], period: 9}}", "-n")
    one_line_about(foreign, "mine.dataset.period'", "did you mean 'periods'")
    other = run(striped, "{dataset: {kind: strips}}", "-n")
    one_line_about(other, "'stripes'", "did you mean 'stripes'")
    nothing = run(striped, "{dataset: {side: 9}}", "-n")
    one_line_about(nothing, "'kind' is missing", "stripes")


def test_a_new_network_is_predicted_trained_and_drawn(project):
    module(project, "networks/one_layer.py", ONE_LAYER)
    line = "from learning_dynamics.networks.one_layer import OneLayer"
    insert(project, "networks/registry.py", line, "from learning_dynamics.networks.linear_fcnn")
    insert(project, "networks/registry.py", "    one_layer: OneLayer | None = None", "    deep_relu_cnn:")
    settings = "{dataset: {kind: shapes}, updates: 3000, records: 30, networks: {linear_fcnn: null, one_layer: {}}}"
    made = run(project, settings, "--", "own")
    assert made.returncode == 0, made.stdout[-5000:]
    assert project.results("figures/mine/effective_singular_values.png")
    assert "one layer" in project.results("predictions/mine.txt")[0].read_text(encoding="utf-8")
    with (
        xr.open_dataset(project.results("trajectories/mine/one_layer/seed-0.nc")[0]) as trained,
        xr.open_dataset(project.results("theory/mine/one_layer.nc")[0]) as flow,
        xr.open_dataset(project.results("structure/mine.nc")[0]) as structure,
    ):
        assert trained["layer"].dims == ("seed", "snapshot_sample", "class", "channel", "row", "column")
        difference = trained["effective_singular_values"] - flow["effective_singular_values"]
        assert abs(difference[..., 0, 0]).max() < 0.05 * structure["singular_values"][0]
    # What does not concern it is as before: settings hold no network that is left out.
    for path in project.results("trajectories/mine/linear_cnn/seed-0.nc"):
        with xr.open_dataset(path) as other:
            assert "deep_relu_cnn" not in other.attrs["settings"]


def test_a_mistake_in_a_new_network_gets_its_own_answer(project):
    module(project, "networks/one_layer.py", ONE_LAYER)
    insert(
        project,
        "networks/registry.py",
        "from learning_dynamics.networks.one_layer import OneLayer",
        "from learning_dynamics.networks.linear_fcnn",
    )
    insert(project, "networks/registry.py", "    one_layer: OneLayer | None = None", "    deep_relu_cnn:")
    typo = run(project, "{dataset: {kind: shapes}, networks: {one_layer: {learning_rat: 0.1}}}", "-n")
    one_line_about(typo, "networks.one_layer.learning_rat'", "did you mean 'learning_rate'")
