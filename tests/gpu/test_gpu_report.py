"""docs/gpu.md is what the check's report says, and the check's preparation and plan."""

import io
import json
import re
import sys
import zipfile

import numpy as np
import pytest
import xarray as xr

from benchmarks.gpu import agreement_part, goals, page, prepared, profile_part, trainings_part
from conftest import PROJECT
from learning_dynamics.datasets.sources import class_folders, image_source

SECONDS = {"eager loop": 2e-3, "ours, captured graph": 4e-4}


def a_report(**parts):
    """Of a run that measured an eager loop of 2 ms and an ensemble of ten of 0.4 ms for each network."""
    rows = [
        {
            "network": network,
            "contestant": name,
            "networks": 1 if "eager" in name else 10,
            "seconds_per_batch": seconds,
            "seconds_per_batch_and_network": seconds / (1 if "eager" in name else 10),
            "kernels_per_batch": 40.0,
            "share_of_peak": 0.01,
            "share_of_launch_bound": None,
        }
        for network in ("deep_linear_cnn", "deep_relu_cnn")
        for name, seconds in SECONDS.items()
    ]
    measured = {"machine": {"device": "a fast one"}, "speed": {"rows": rows}, **parts}
    about = {"kind": "check", "commit": "abc", "seconds": 400.0, "seconds_allowed": 480.0, "complete": True}
    entries = {name: {"state": "finished", "seconds": 1.0, "result": found} for name, found in measured.items()}
    return {**about, "parts": entries}


def a_training(network, seconds, batches=156_000):
    losses = {"train_loss": 0.07, "test_loss": 0.08, "file": "x.npz"}
    return {"network": network, "networks": 10, "seconds": seconds, **losses} | {
        "batches": batches,
        "batches_wanted": 156_000,
    }


def test_the_page_is_that_of_the_report():
    assert (PROJECT / "docs" / "gpu.md").read_text(encoding="utf-8") == page.text(page.committed())
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith("| a GPU |")]
    assert row.split(" | ")[2] == page.readme_cell(page.committed())


def test_without_a_report_the_page_says_what_has_not_been_run():
    assert "Not run yet" in page.text(None)
    assert "has not run on a GPU yet" in page.readme_cell(None)


@pytest.mark.parametrize(("seconds", "verdict"), [(100, "met"), (200, "missed")])
def test_goals(seconds, verdict):
    trainings = {f"training of 10 {name}": a_training(name, seconds) for name in ("deep_linear_cnn", "deep_relu_cnn")}
    report = a_report(**trainings)
    text = page.text(report)
    assert f"{verdict}, {2 * seconds} s (measured)" in text
    assert "met, 50 times" in text
    assert f"{2 * seconds / 60:.1f} minutes for the deep networks on one a fast one" in page.readme_cell(report)


def test_unfinished_trainings_are_no_measured_time():
    trainings = {
        f"training of 10 {name}": a_training(name, 100, batches)
        for name, batches in (("deep_linear_cnn", 156_000), ("deep_relu_cnn", 70_000))
    }
    report = a_report(plan={"expected_seconds": {"many": 222.0}}, **trainings)
    assert goals.all_seconds(report) == (222.0, False)
    assert "222 s (expected from" in page.text(report)
    assert "training of 10 deep_relu_cnn: 70,000 of 156,000 batches, the time was over" in page.text(report)


def test_what_deviates_is_listed():
    row = {"network": "deep_relu_cnn", "networks": 3, "precision": "float64", "updates": 10, "of_the_weights": 1e-3}
    resumed = {"equal": False, "largest_difference": 2e-4}
    stopped = {"network": "deep_linear_cnn", "networks": 3, "batches": 100, "stops": 2, "resumed": resumed}
    report = a_report(
        updates={"rows": [{**row, "of_the_movement": 0.1}, {**row, "of_the_movement": float("nan")}]},
        resume={"rows": [{**stopped, "repeated": {"equal": True, "largest_difference": 0.0}}]},
    )
    text = page.text(report)
    for expected in ("differ by 1.0e-01", "differ by nan", "not by 2.0e-04; the same training repeated is equal"):
        assert expected in text
    assert "Nothing." in page.text(a_report())


def test_a_page_is_written_from_a_report_and_not_from_a_self_check(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "gpu.md")
    monkeypatch.setattr(page, "REPORT", tmp_path / "gpu" / "report.json")
    (tmp_path / "given.json").write_text(json.dumps(a_report()))
    page.write(str(tmp_path / "given.json"))
    assert (tmp_path / "gpu.md").read_text() == page.text(page.committed()) == page.text(a_report())
    (tmp_path / "given.json").write_text(json.dumps({**a_report(), "kind": "self-check"}))
    with pytest.raises(SystemExit, match="self-check"):
        page.write(str(tmp_path / "given.json"))


@pytest.mark.parametrize(
    ("left", "few", "many", "expected"),
    [
        (300, 60, 200, ["few", "many"]),
        (220, 60, 200, ["many"]),
        (100, 60, 200, ["few", "many"]),
        (300, np.inf, np.inf, ["few", "many"]),
    ],
)
def test_plan_of_the_trainings(left, few, many, expected):
    assert trainings_part.plan(left, few, many) == expected


def test_kinds_of_work():
    operations = {"aten::convolution_backward": 3.0, "aten::baddbmm": 2.0, "Memcpy DtoD": 1.0, "aten::sum": 4.0}
    assert list(profile_part.by_kind(operations).values()) == [3.0, 2.0, 1.0, 4.0]
    assert profile_part.by_kind({"sm90_xmma_fprop": 1.0, "sgemm": 2.0})["convolutions"] == 1.0


def test_differences_of_weights_are_relative_to_their_norm_or_movement():
    start, moved = {"a": np.zeros(2), "b": np.ones(1)}, {"a": np.array([3.0, 4.0]), "b": np.ones(1)}
    other = {"a": np.array([3.0, 4.5]), "b": np.ones(1)}
    assert agreement_part.largest_difference([moved], [other], [start]) == pytest.approx(0.1)
    assert agreement_part.largest_difference([moved], [other], None) == pytest.approx(0.5 / np.sqrt(26))
    assert agreement_part.largest_difference([moved] * 2, [moved, other], [start] * 2) == pytest.approx(0.1)


def test_a_difference_between_trainings_is_seen():
    whole, other = (xr.Dataset({"loss": ("sample", values)}) for values in (np.array([3.0, 4.0]), [3.0, 4.5]))
    assert agreement_part.comparison([whole], [whole]) == {"equal": True, "largest_difference": 0.0}
    assert agreement_part.comparison([whole], [other]) == {"equal": False, "largest_difference": 0.1}


def test_packages_are_those_the_project_pins():
    constraints = (PROJECT / "envs" / "constraints.txt").read_text(encoding="utf-8")
    assert {re.split("==", line)[0] for line in prepared.pinned(constraints)} == set(prepared.PACKAGES)
    assert all(line in constraints.splitlines() for line in prepared.pinned(constraints))


def test_pictures_that_are_too_large_are_stored_as_jpeg(tmp_path):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    content, error, quality = prepared.compressed(images, ["a", "a", "b", "b"], [False, True] * 2, 100_000)
    assert quality == 95
    (tmp_path / "pictures.zip").write_bytes(content)
    read = dict(class_folders.open_source(image_source.Wanted(), tmp_path / "pictures.zip").read())
    differences = np.stack([read[index] for index in (0, 2, 1, 3)]) - images.astype(float)
    assert np.sqrt((differences**2).mean()) == pytest.approx(error)
    smaller = prepared.compressed(images, ["a", "a", "b", "b"], [False, True] * 2, len(content) - 1)
    assert len(smaller[0]) < len(content)
    assert smaller[2] < quality
    with pytest.raises(SystemExit, match="need more than"):
        prepared.compressed(images, ["a"] * 4, [False] * 4, 100)


def test_packages_that_are_lacking_are_unpacked(tmp_path, monkeypatch):
    (tmp_path / "wheels").mkdir()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr("made_up_package/__init__.py", "found = 1\n")
    (tmp_path / "wheels" / "made_up_package-1-py3-none-any.whl").write_bytes(content.getvalue())
    monkeypatch.setattr(sys, "path", list(sys.path))
    prepared.use_packages(tmp_path / "wheels", tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()
    monkeypatch.setattr(prepared, "_MODULES", ("made_up_package",))
    monkeypatch.setattr(prepared, "_PYTHON", "2.7")
    with pytest.raises(prepared.NotPreparedError, match=r"lacks made_up_package; the folder has them for 2\.7"):
        prepared.use_packages(tmp_path / "wheels", tmp_path / "unpacked")
    monkeypatch.setattr(prepared, "_PYTHON", f"{sys.version_info.major}.{sys.version_info.minor}")
    prepared.use_packages(tmp_path / "wheels", tmp_path / "unpacked")
    import made_up_package

    assert made_up_package.found == 1
