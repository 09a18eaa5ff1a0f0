"""Everyday layouts of a user's images are read, and nothing of a source is left out without a word."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from bad_images import array_file, refused
from own_images import made
from pictures_on_disk import encoded, pixels, png, two_classes, write
from PIL import Image

from learning_dynamics.datasets import files as dataset_files
from learning_dynamics.datasets.reading import MOST_LISTED, ClassCount, PassedOver, Reading
from learning_dynamics.datasets.sources import image_source


def jpeg(number=0):
    return encoded(Image.fromarray(pixels(number)), "JPEG")


def split(layout, *classes, images=2):
    """Pictures of some classes in a split's folder, or in none."""
    folder = f"{layout}/" if layout else ""
    return {f"{folder}{name}/{n}.png": png(10 * place + n) for place, name in enumerate(classes) for n in range(images)}


# Names of split folders, and which part of the images is held out.
SPLITS = {
    "train and test": (("train", "test"), 4, ()),
    "train and val": (("train", "val"), 4, ("the validation split 'val' serves as one",)),
    "train, valid and test": (("train", "valid", "test"), 4, ()),
    "Training and Testing": (("Training", "Testing"), 4, ()),
    "Train and Test": (("Train", "Test"), 4, ()),
    "TRAIN and VALIDATION": (("TRAIN", "VALIDATION"), 4, ("the validation split 'VALIDATION' serves as one",)),
    "train alone": (("train",), 0, ()),
}


@pytest.mark.parametrize("around", ["", "data/all/"])
@pytest.mark.parametrize("kind", ["folder", "pictures.zip", "pictures.tar.gz"])
@pytest.mark.parametrize("layout", SPLITS)
def test_split_folders_of_any_usual_name(tmp_path, layout, kind, around):
    folders, held_out, said = SPLITS[layout]
    files = {}
    for name in folders:
        files |= {around + path: content for path, content in split(name, "cat", "dog").items()}
    data = made(write(tmp_path, kind, files), tmp_path / "data.nc")
    assert data.class_names == ("cat", "dog")
    assert data.is_test.sum() == held_out
    assert len(data.labels) == 4 + held_out
    for sentence in said:
        assert any(sentence in note for note in data.reading.notes)
    assert len(data.reading.notes) == len(said)
    passed = [PassedOver("valid", "a validation split beside a test split (4 images)")] if "valid" in folders else []
    assert list(data.reading.passed_over) == passed


WRONG_SPLITS = {
    "val and test": (split("val", "a", "b") | split("test", "a", "b"), "holds test, val, but no training split"),
    "test alone": (split("test", "a", "b"), "holds test, but no training split; expected a folder 'train' beside it"),
    "two training splits": (
        split("train", "a", "b") | split("Training", "a", "b"),
        "Training, train are both the train split",
    ),
    "pictures in splits": ({"train/0.png": png(), "test/0.png": png(1)}, "lie in test, train without class folders"),
    "a fold beside": (split("train", "a", "b") | split("fold", "a"), r"'fold/a/0.png' lies beside the folder 'train'"),
}


@pytest.mark.parametrize("wrong", WRONG_SPLITS)
def test_splits_that_are_not_clear_are_refused(tmp_path, wrong):
    files, complaint = WRONG_SPLITS[wrong]
    assert complaint in refused(write(tmp_path, "folder", files), tmp_path)


ENDINGS = ("jfif", "jpe", "JPG", "jpeg", "JFIF", "", "dat", "png")


@pytest.mark.parametrize("kind", ["folder", "pictures.zip", "pictures.tar.xz"])
def test_a_picture_is_what_its_bytes_say(tmp_path, kind):
    endings = [f".{ending}" if ending else "" for ending in ENDINGS]
    files = {f"{name}/{n}{ending}": jpeg(n) for name in "ab" for n, ending in enumerate(endings)}
    data = made(write(tmp_path, kind, files), tmp_path / "data.nc")
    assert np.bincount(data.labels).tolist() == [len(ENDINGS)] * 2
    assert not data.reading.passed_over


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_formats_are_known_by_their_first_bytes(tmp_path, kind):
    files = {f"{name}/x": encoded(Image.fromarray(pixels(n)), kind) for n, name in enumerate("ab")}
    assert len(made(write(tmp_path, "folder", files), tmp_path / "d.nc").images) == 2


LOST = {
    "GIFs": (["dog/0.gif"], "holds no picture, but dog/0.gif"),
    "text": (["dog/readme.txt"], "holds no picture, but dog/readme.txt"),
    "hidden pictures": (["dog/.0.png"], "holds no picture, but dog/.0.png"),
}


@pytest.mark.parametrize("kind", ["folder", "pictures.tar"])
@pytest.mark.parametrize("lost", LOST)
def test_a_class_folder_without_a_picture_is_an_error(tmp_path, lost, kind):
    names, complaint = LOST[lost]
    source = write(tmp_path, kind, split("", "ant", "bee") | dict.fromkeys(names, b"GIF89a"))
    message = refused(source, tmp_path)
    assert f"the class folder 'dog' {complaint}" in message
    data = made(source, tmp_path / "data.nc", classes=["bee", "ant"])
    assert data.class_names == ("bee", "ant")


def test_an_empty_class_folder_is_an_error(tmp_path):
    source = write(tmp_path, "folder", split("", "ant", "bee"))
    (source / "dog").mkdir()
    assert "the class folder 'dog' holds no picture, but nothing" in refused(source, tmp_path)


def test_an_empty_class_folder_of_a_split_is_an_error(tmp_path):
    source = write(tmp_path, "folder", split("train", "a", "b") | split("test", "a"))
    (source / "test" / "b").mkdir()
    assert "the class folder 'test/b' holds no picture" in refused(source, tmp_path)


def test_everything_that_is_passed_over_is_listed_with_its_reason(tmp_path):
    files = {
        **two_classes(),
        "cats/notes.txt": b"",
        "labels.csv": b"a,b\n",
        ".hidden/0.png": png(),
        "dogs/.secret.png": png(),
        "dogs/.DS_Store": b"",
        "dogs/Thumbs.db": b"",
        "dogs/._0.png": b"",
        "cats/.ipynb_checkpoints/0-checkpoint.png": png(),
        "dogs/0.gif": b"GIF89a",
    }
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc", classes=["dogs", "cats"], images_per_class=2)
    assert data.reading.classes == (ClassCount("dogs", 2, 0), ClassCount("cats", 2, 0))
    assert data.reading.passed_over == (
        PassedOver(".hidden", "hidden"),
        PassedOver("cats/notes.txt", "no picture"),
        PassedOver("dogs/.secret.png", "hidden"),
        PassedOver("dogs/0.gif", "a picture of a kind that is not read"),
        PassedOver("labels.csv", "a table; the classes are those of the folders"),
    )
    assert data.reading.passed_over_total == 5
    assert data.reading.notes == ("dataset.images_per_class leaves out 2 images of these classes.",)


def test_classes_that_are_not_wanted_are_listed(tmp_path):
    data = made(write(tmp_path, "folder", split("", "a", "b", "c")), tmp_path / "data.nc", classes=["c", "a"])
    assert data.reading.passed_over == (PassedOver("b", "a class that dataset.classes does not name (2 images)"),)


def test_a_long_list_is_bounded_and_its_length_is_said(tmp_path):
    files = two_classes() | {f"notes/{n:04}.txt": b"" for n in range(MOST_LISTED + 20)}
    source = write(tmp_path, "folder", files)
    data = made(source, tmp_path / "data.nc", classes=["cats", "dogs"])
    assert len(data.reading.passed_over) == MOST_LISTED
    assert data.reading.passed_over_total == MOST_LISTED + 20


@pytest.mark.parametrize("kind", ["folder", "arrays"])
def test_a_test_split_that_lacks_a_class_is_said(tmp_path, kind):
    if kind == "folder":
        source = write(tmp_path, "folder", split("train", "a", "b", "c") | split("test", "b"))
        lacking = "the classes a, c"
    else:
        images, labels = np.stack([pixels(n, (5, 5)) for n in range(9)]), np.arange(9) % 3
        source = array_file(tmp_path, images=images, labels=labels, test_images=images[:2], test_labels=labels[:2])
        lacking = "class 2"
    data = made(source, tmp_path / "data.nc")
    assert data.reading.notes == (
        f"The test split has no image of {lacking}: what is measured on it says nothing of that.",
    )


def test_the_reading_is_in_the_file_as_json_and_survives_an_excerpt(tmp_path):
    from learning_dynamics.storage import netcdf

    reading = made(write(tmp_path, "folder", two_classes()), tmp_path / "data.nc").reading
    assert Reading.from_json(reading.json()) == reading
    assert dataset_files.open_file(tmp_path / "data.nc").reading == reading
    netcdf.write(dataset_files.excerpt(tmp_path / "data.nc"), tmp_path / "excerpt.nc")
    assert dataset_files.read(tmp_path / "excerpt.nc").reading == reading
    assert reading.classes == (ClassCount("cats", 3, 0), ClassCount("dogs", 3, 0))
    assert reading.scaling == "divided by 255, the full range of uint8"
    assert reading.value_range == (0, 255)


def test_data_sets_that_are_no_users_have_no_reading(tmp_path):
    from learning_dynamics.datasets.kinds.base import Making
    from learning_dynamics.datasets.kinds.shapes import ShapesDataset

    ShapesDataset(side=8).write(Making("mine", 0), tmp_path / "data.nc")
    assert dataset_files.read(tmp_path / "data.nc").reading is None


def test_pictures_however_deep_are_looked_at(tmp_path):
    around = "/".join("abcdefgh")
    data = made(write(tmp_path, "folder", {f"{around}/{k}": v for k, v in two_classes().items()}), tmp_path / "d.nc")
    assert len(data.images) == 6
    source = write(tmp_path, "deep", two_classes() | {f"cats/{around}/9.png": png()})
    assert "9.png' lies too deep" in refused(source, tmp_path)


def test_numbered_classes_are_in_numeric_order(tmp_path):
    data = made(write(tmp_path, "folder", split("", *map(str, range(12)), images=1)), tmp_path / "d.nc")
    assert data.class_names == tuple(map(str, range(12)))
    assert image_source.in_order(["10", "9", "09"]) == ["09", "9", "10"]
    assert image_source.in_order(["10", "9", "b"]) == ["10", "9", "b"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("kind", ["folder", "pictures.zip", "pictures.tar"])
def test_names_are_the_same_however_their_accents_are_written(tmp_path, kind, form):
    names = ("café", "Gemüse")
    files = {unicodedata.normalize(form, path): content for path, content in split("", *names).items()}
    wanted = [unicodedata.normalize("NFC" if form == "NFD" else "NFD", name) for name in names]
    data = made(write(tmp_path, kind, files), tmp_path / "data.nc", classes=wanted)
    assert data.class_names == tuple(unicodedata.normalize("NFC", name) for name in names)


def test_two_folders_of_one_name_are_refused(tmp_path):
    files = {}
    for form in ("NFC", "NFD"):
        files |= split("", unicodedata.normalize(form, "café"), "b")
    source = write(tmp_path, "pictures.zip", files)
    assert "two folders are called 'café', each written with other characters" in refused(source, tmp_path)


def test_a_name_that_is_no_text_is_escaped(tmp_path):
    source = write(tmp_path, "folder", two_classes())
    (source / "cats").rename(Path(str(source / "c") + "\udcff"))
    assert made(source, tmp_path / "data.nc").class_names == ("c\\udcff", "dogs")


# Arrays

IMAGES, LABELS = np.random.default_rng(0).integers(0, 256, (6, 5, 5), dtype=np.uint8), np.array([0, 1, 0, 1, 0, 1])
ARRAYS = {
    "ours": ("images", "labels", "test_images", "test_labels"),
    "MedMNIST": ("train_images", "train_labels", "test_images", "test_labels"),
    "Keras": ("x_train", "y_train", "x_test", "y_test"),
    "capitals": ("X_train", "y_train", "X_test", "y_test"),
    "validation": ("train_images", "train_labels", "val_images", "val_labels"),
    "Keras's validation": ("x_train", "y_train", "x_val", "y_val"),
}


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("names", ARRAYS)
def test_arrays_of_the_usual_names(tmp_path, names, column):
    labels = LABELS[:, None] if column else LABELS
    values = (IMAGES, labels, IMAGES[:2], labels[:2])
    data = made(array_file(tmp_path, **dict(zip(ARRAYS[names], values, strict=True))), tmp_path / "data.nc")
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1, 0, 1]
    assert data.is_test.tolist() == [False] * 6 + [True] * 2
    assert bool(data.reading.notes) == ("val" in ARRAYS[names][2])
    assert not data.reading.passed_over


def test_a_validation_split_beside_a_test_split_is_passed_over(tmp_path):
    arrays = {
        f"{part}_{what}": value
        for part in ("train", "val", "test")
        for what, value in (("images", IMAGES), ("labels", LABELS))
    }
    data = made(array_file(tmp_path, **arrays, more=IMAGES), tmp_path / "data.nc")
    assert len(data.labels) == 12
    assert [part.path for part in data.reading.passed_over] == ["more", "val_images", "val_labels"]


BAD_ARRAYS = {
    "MATLAB's order": (
        {"X": np.moveaxis(np.stack([IMAGES] * 3, -1), 0, -1), "y": LABELS[:, None]},
        "'X' has the shape (5, 5, 3, 6), with the 6 images last, as MATLAB stores them; expected them first; save "
        "numpy.ascontiguousarray(numpy.transpose(X, (3, 0, 1, 2)))",
    ),
    "MATLAB's order, grey": ({"X": np.moveaxis(IMAGES, 0, -1), "y": LABELS}, "numpy.transpose(X, (2, 0, 1))"),
    "two conventions": (
        {"images": IMAGES, "labels": LABELS, "x_train": IMAGES, "y_train": LABELS},
        "images, x_train are all the train split; expected one of them",
    ),
    "no labels of a split": ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES}, "no array 'y_test'"),
    "several labels": ({"train_images": IMAGES, "train_labels": np.zeros((6, 14), int)}, "shape (6, 14)"),
    "no training split": ({"x_test": IMAGES, "y_test": LABELS}, "no array 'images'"),
}


@pytest.mark.parametrize("bad", BAD_ARRAYS)
def test_arrays_that_are_not_clear(tmp_path, bad):
    arrays, complaint = BAD_ARRAYS[bad]
    assert complaint in refused(array_file(tmp_path, **arrays), tmp_path)


def test_the_transposition_that_is_asked_for_is_the_right_one(tmp_path):
    colour = np.stack([IMAGES, IMAGES // 2, IMAGES // 3], -1)
    matlab = np.asfortranarray(np.moveaxis(colour, 0, -1))
    assert "transpose(X, (3, 0, 1, 2))" in refused(array_file(tmp_path, X=matlab, y=LABELS), tmp_path)
    fixed = np.ascontiguousarray(np.transpose(matlab, (3, 0, 1, 2)))
    data = made(array_file(tmp_path, X=fixed, y=LABELS), tmp_path / "data.nc")
    assert np.array_equal(data.images, np.moveaxis(colour, -1, 1)[np.argsort(LABELS, kind="stable")])


# Tables of labels

TABLES = {
    "names": "file,label\na.png,cat\nb.png,dog\nc.png,cat\nd.png,dog\n",
    "paths": "file,label\npictures/a.png,cat\npictures/b.png,dog\npictures/c.png,cat\npictures/d.png,dog\n",
    "no endings": "id,breed\na,cat\nb,dog\nc,cat\nd,dog\n",
    "no head": "a.png,cat\nb.png,dog\nc.png,cat\nd.png,dog\n",
    "semicolons": "file;label\na.png;cat\nb.png;dog\nc.png;cat\nd.png;dog\n",
    "classes first": "label,file\ncat,a.png\ndog,b.png\ncat,c.png\ndog,d.png\n",
    "more columns": "age,file,Label,x\n1,a.png,cat,\n2,b.png,dog,\n3,c.png,cat,\n4,d.png,dog,\n",
    "a mark": "\ufefffile,label\r\na.png,cat\r\nb.png,dog\r\nc.png,cat\r\nd.png,dog\r\n",
    "quotes": '"file","label"\n"a.png","cat"\n"b.png","dog"\n"c.png","cat"\n"d.png","dog"\n',
}
FOUR = {f"pictures/{name}.png": png(n) for n, name in enumerate("abcd")}


@pytest.mark.parametrize("kind", ["folder", "pictures.zip"])
@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_labels_beside_pictures(tmp_path, table, kind):
    files = FOUR | {"labels.csv": TABLES[table].encode()}
    data = made(write(tmp_path, kind, files), tmp_path / "data.nc")
    assert data.class_names == ("cat", "dog")
    assert np.array_equal(data.images, [pixels(n).transpose(2, 0, 1) for n in (0, 2, 1, 3)])
    assert not data.reading.passed_over


def test_a_table_beside_flat_pictures_with_numbers_for_classes(tmp_path):
    table = "id,label\n" + "".join(f"{n},{10 - n}\n" for n in range(10))
    files = {f"{n}.png": png(n) for n in range(11)} | {"train.csv": table.encode()}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    assert data.class_names == tuple(map(str, range(1, 11)))
    assert data.reading.passed_over == (PassedOver("10.png", "not in the table train.csv"),)


def test_a_table_of_pictures_in_splits(tmp_path):
    table = "".join(f"{part}/{n}.png,{'ab'[n % 2]}\n" for part in ("train", "test") for n in range(4))
    files = {f"{part}/{n}.png": png(n) for part in ("train", "test") for n in range(4)} | {"l.csv": table.encode()}
    data = made(write(tmp_path, "folder", files), tmp_path / "data.nc")
    assert data.is_test.tolist() == [False] * 4 + [True] * 4
    assert data.class_names == ("a", "b")


BAD_TABLES = {
    "a picture that is not there": ("a.png,x\nb.png,y\ne.png,x\n", "row 3: 'e.png' is no picture there"),
    "two classes": ("a.png,x\nb.png,y\na.png,y\n", "row 3: 'a.png' is of class 'y' here and 'x' before"),
    "no class": ("a.png,x\nb.png,\n", "row 2: no class for 'b.png'"),
    "one column": ("a.png\nb.png\n", "one column; expected CSV"),
    "empty": ("", "empty; expected CSV"),
    "no pictures": ("q.png,x\nr.png,y\n", "no column names the pictures beside it"),
    "three columns": (
        "a.png,x,1\nb.png,y,2\n",
        "which column holds the classes is not clear (3 columns without names)",
    ),
    "two labels": ("file,label,class\na.png,x,1\nb.png,y,2\n", "is not clear (file, label, class)"),
    "a short row": ("a.png,x\nb.png,y\nc.png\n", "row 3 has 1 columns; expected 2"),
    "another encoding": ("a.png,é\n".encode("latin-1"), "not a table that can be read"),
    "quotes": ('a.png,"x\nb.png,y\n', "not a table that can be read"),
}


@pytest.mark.parametrize("bad", BAD_TABLES)
def test_a_table_that_is_not_clear(tmp_path, bad):
    text, complaint = BAD_TABLES[bad]
    content = text if isinstance(text, bytes) else text.encode()
    message = refused(write(tmp_path, "folder", FOUR | {"labels.csv": content}), tmp_path)
    assert complaint in message
    assert "labels.csv" in message


def test_a_name_that_several_pictures_have(tmp_path):
    files = {"train/a.png": png(0), "test/a.png": png(1), "labels.csv": b"a.png,x\na.png,y\n"}
    assert "'a.png' names more than one picture" in refused(write(tmp_path, "folder", files), tmp_path)


def test_files_of_torchvision_in_a_folder_are_pointed_out(tmp_path):
    files = {"MNIST/raw/train-images-idx3-ubyte": b"", "MNIST/raw/train-labels-idx1-ubyte": b""}
    assert "set source to torchvision:MNIST" in refused(write(tmp_path, "folder", files), tmp_path)
