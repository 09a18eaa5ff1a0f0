"""Archives of results: what goes in comes out, or nothing does."""

import hashlib
import json
import random
import zipfile

import numpy as np
import pytest
import xarray as xr

from learning_dynamics.config import loading
from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.errors import ConfigurationError, DataError
from learning_dynamics.figures import style
from learning_dynamics.figures.experiment import images
from learning_dynamics.publishing import archive, archive_writing
from learning_dynamics.storage import checksums
from unit.archives_of_results import LOG, SHAPES, configuration, described, make, members_of, rewritten
from unit.deadly import CONTAINS_ITSELF

CIFAR4 = {"cifar4": ["linear_cnn"]}


@pytest.fixture
def packed(tmp_path):
    return make(tmp_path / "made", SHAPES)


def unpack(path, folder):
    archive.unpack(archive.open_archive(path), folder)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_round_trip(packed, tmp_path):
    unpack(packed, tmp_path / "back")
    back = contents(tmp_path / "back")
    assert set(back) == {"manifest.json", *(path for path in contents(packed.parent) if path.endswith(".nc"))}
    for name, content in back.items():
        if name != "manifest.json":
            assert content == (packed.parent / name).read_bytes(), name
    assert packed.with_name("archive.zip.sha256").read_text() == f"{checksums.sha256(packed)}  archive.zip\n"
    assert not list(packed.parent.glob("*partial*")) + list(packed.parent.glob(".*"))


def test_same_bytes_whenever_it_is_made(packed, tmp_path):
    for path in packed.parent.rglob("*.nc"):
        path.touch()
    assert make(packed.parent, SHAPES, "again.zip").read_bytes() == packed.read_bytes()
    with zipfile.ZipFile(packed) as file:
        assert file.namelist() == sorted(file.namelist())
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_archive_that_cannot_be_written_leaves_nothing(packed):
    before = contents(packed.parent)
    (packed.parent / "structure" / "geometric_shapes.nc").unlink()
    files = {"structure/geometric_shapes.nc": str(packed.parent / "structure" / "geometric_shapes.nc")}
    with pytest.raises(DataError, match=r"geometric_shapes\.nc"):
        archive_writing.write(
            files,
            packed.parent / "provenance.html",
            {"experiments": {}},
            packed,
            LOG,
            licences={},
            described=described({}),
        )
    assert contents(packed.parent) == {n: c for n, c in before.items() if n != "structure/geometric_shapes.nc"}


def test_altered_byte_is_found_or_harmless(packed, tmp_path):
    """Wherever the byte: what is unpacked is what was packed, or nothing is and the archive is named."""
    whole = packed.read_bytes()
    unpack(packed, tmp_path / "expected")
    expected, messages = contents(tmp_path / "expected"), []
    generator = random.Random(1)
    damaged = tmp_path / "damaged.zip"
    for number in range(150):
        place = generator.randrange(len(whole))
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << generator.randrange(8)]) + whole[place + 1 :])
        folder = tmp_path / str(number)
        try:
            unpack(damaged, folder)
            outcome = expected
        except DataError as error:
            messages.append(str(error))
            outcome = {}
        assert (contents(folder) if folder.exists() else {}) == outcome
    assert len(messages) > 120
    assert all("damaged.zip" in message for message in messages)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_truncated_archive_is_named(packed, tmp_path, share):
    packed.write_bytes(packed.read_bytes()[: int(share * packed.stat().st_size)])
    with pytest.raises(DataError, match=r"archive\.zip.*not a whole ZIP archive.*get the archive again"):
        unpack(packed, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../evil.nc",
        "/tmp/evil.nc",
        "datasets/../../evil.nc",
        "trajectories/a/b/seed-1.nc/../x",
        "notes.txt",
        "C:evil.nc",
    ],
)
def test_member_that_does_not_belong_is_named_and_not_unpacked(packed, tmp_path, name):
    manifest = json.loads(dict(members_of(packed))["manifest.json"])
    manifest["files"][name] = {"size": 1, "sha256": "0" * 64}
    members = [(n, c if n != "manifest.json" else json.dumps(manifest)) for n, c in members_of(packed)]
    rewritten(packed, [*members, (name, b"x")])
    with pytest.raises(DataError, match="does not belong") as caught:
        unpack(packed, tmp_path / "a" / "back")
    assert name in str(caught.value)
    assert not list(tmp_path.rglob("*evil*"))


def test_missing_extra_twice_and_changed_members_are_named(packed, tmp_path):
    members = members_of(packed)
    name = "trajectories/geometric_shapes/linear_cnn/seed-1.nc"
    other = b"\xff" * 500
    cases = {
        "is missing": [member for member in members if member[0] != name],
        "not in its manifest": [*members, ("datasets/other.nc", b"x")],
        "in it twice": [*members, (name, dict(members)[name])],
        "SHA-256": [(n, other if n == name else c) for n, c in members],
        "has 501 bytes, expected 500": [(n, c + b"x" if n == name else c) for n, c in members],
        "manifest.json is missing": [member for member in members if member[0] != "manifest.json"],
        "manifest.json is damaged": [(n, b"{}" if n == "manifest.json" else c) for n, c in members],
    }
    for message, changed in cases.items():
        rewritten(packed, changed)
        with pytest.raises(DataError, match=message) as caught:
            unpack(packed, tmp_path / "back")
        assert any(part in str(caught.value) for part in (name, "datasets/other.nc", "manifest.json")), message
        assert contents(tmp_path) == contents(packed.parent) or not list(tmp_path.glob("back/*"))


def test_manifest_that_would_fill_the_memory_is_refused_unread(packed):
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", b" " * 2**26)
    with pytest.raises(DataError, match=r"manifest\.json has 67,108,864 bytes, expected at most"):
        archive.open_archive(packed)


@pytest.mark.parametrize("experiments", [None, [], {}, {"a": 1}, {"a": {"networks": 1}}])
def test_manifest_without_experiments_is_refused(packed, experiments):
    members = dict(members_of(packed))
    manifest = json.loads(members["manifest.json"])
    manifest["settings"]["experiments"] = experiments
    rewritten(packed, (members | {"manifest.json": json.dumps(manifest)}).items())
    with pytest.raises(DataError, match=r"manifest\.json is damaged \(settings: .*the settings lack experiments"):
        archive.open_archive(packed)


def test_absent_archive_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        archive.open_archive(tmp_path / "none.zip")


def test_configuration_is_restricted_to_what_is_there(packed):
    restricted = archive.restricted(configuration(), archive.open_archive(packed))
    assert list(restricted.experiments) == ["geometric_shapes"]
    assert restricted.experiments["geometric_shapes"].networks.names == ["linear_cnn"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"seeds": 3}, "'experiments.geometric_shapes.seeds': 3 here, 2 in the archive"),
        (
            {"experiments": {"geometric_shapes": {"seeds": 3}}},
            "'experiments.geometric_shapes.seeds': 3 here, 2 in the archive",
        ),
        ({"root_seed": 1}, "'root_seed': 1 here, 20230723 in the archive"),
        (
            {"experiments": {"geometric_shapes": {"networks": {"linear_cnn": {"learning_rate": 0.5}}}}},
            "'experiments.geometric_shapes.networks.linear_cnn.learning_rate': 0.5 here, 0.00011 in the archive",
        ),
        ({"experiments": {"geometric_shapes": None}}, "'experiments.geometric_shapes': null here"),
        ({"scaling": None}, "'scaling': null here"),
    ],
)
def test_another_setting_is_named_with_both_values(packed, changes, line):
    with pytest.raises(ConfigurationError, match="--configfile") as caught:
        archive.restricted(configuration(**changes), archive.open_archive(packed))
    assert f"configuration key {line}" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [{"cifar10": "elsewhere"}, {"deep_training": {"device": "cpu"}}, {"experiments": {"digits4": {"order": "random"}}}],
)
def test_settings_on_which_no_archived_result_depends_may_differ(packed, changes):
    assert archive.restricted(configuration(**changes), archive.open_archive(packed)).experiments


def test_settings_in_the_archive_are_a_configuration_file(packed, tmp_path):
    import yaml

    with zipfile.ZipFile(packed) as file:
        settings = yaml.safe_load(file.read("config.yaml"))
    again = loading.load(settings)
    assert list(again.experiments) == ["geometric_shapes"]
    assert again.seeds_of("geometric_shapes") == 2
    assert archive.restricted(again, archive.open_archive(packed)) == again


def test_archive_with_one_number_of_seeds_for_all_is_an_earlier_one(packed):
    members = dict(members_of(packed))
    manifest = json.loads(members["manifest.json"])
    manifest["settings"]["seeds"] = manifest["settings"]["experiments"]["geometric_shapes"].pop("seeds")
    rewritten(packed, [*({**members, "manifest.json": json.dumps(manifest)}).items()])
    opened = archive.open_archive(packed)
    assert list(archive.restricted(configuration(), opened).experiments) == ["geometric_shapes"]
    with pytest.raises(ConfigurationError, match=r"geometric_shapes\.seeds': 10 here, 2 in the archive"):
        archive.restricted(configuration(seeds="auto"), opened)


def test_archive_with_a_file_that_its_reader_dies_of_is_refused_whole(packed, tmp_path):
    members = dict(members_of(packed)) | {"theory/geometric_shapes/linear_cnn.nc": CONTAINS_ITSELF}
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["theory/geometric_shapes/linear_cnn.nc"] = {
        "size": len(CONTAINS_ITSELF),
        "sha256": hashlib.sha256(CONTAINS_ITSELF).hexdigest(),
    }
    rewritten(packed, [*({**members, "manifest.json": json.dumps(manifest)}).items()])
    with pytest.raises(DataError, match=r"archive\.zip: 'theory/geometric_shapes/linear_cnn\.nc' crashes"):
        unpack(packed, tmp_path / "back")
    assert not [path for path in (tmp_path / "back").rglob("*") if path.is_file()]


def test_required_file_that_is_not_there_is_named(packed):
    opened = archive.open_archive(packed)
    archive.require(opened, ["scaling/std.nc"])
    with pytest.raises(DataError, match=r"seed-7\.nc missing in it"):
        archive.require(opened, ["scaling/std.nc", "trajectories/geometric_shapes/linear_cnn/seed-7.nc"])


def test_own_results_and_those_of_an_archive_are_kept_apart(packed, tmp_path):
    opened, folder = archive.open_archive(packed), tmp_path / "back"
    archive.check_results_folder(folder, opened)
    with pytest.raises(ConfigurationError, match="computed here"):
        archive.check_results_folder(packed.parent, opened)
    archive.unpack(opened, folder)
    archive.check_results_folder(folder, opened)
    with pytest.raises(ConfigurationError, match="results of an archive"):
        archive.check_results_folder(folder, None)


def test_of_images_that_are_not_ours_only_those_in_figures_are_packed(tmp_path):
    packed = make(tmp_path / "made", CIFAR4)
    unpack(packed, tmp_path / "back")
    name = "datasets/cifar4.nc"
    whole, part = (dataset_files.read(folder / name) for folder in (packed.parent, tmp_path / "back"))
    assert len(whole.images) == 40
    assert len(part.images) == 16 + 8
    assert np.array_equal(part.mean_image, whole.mean_image)
    assert part.splits == whole.splits
    with xr.open_dataset(tmp_path / "back" / name) as file:
        assert file.attrs["excerpt"] == "4 of each class and split, of 32 to train on, 8 held out"
        with zipfile.ZipFile(packed) as packed_file:
            assert "a few of every class" in packed_file.read("README.md").decode()

    class Results:
        def __init__(self, data):
            self.data = data

    for data, picture in ((whole, "whole.png"), (part, "part.png")):
        style.save(images.draw(Results(data)), tmp_path / picture)
    assert (tmp_path / "whole.png").read_bytes() == (tmp_path / "part.png").read_bytes()
