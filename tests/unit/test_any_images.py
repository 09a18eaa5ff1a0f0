"""Whatever names, bytes and numbers of images there are: read as they are, or refused in one line."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
from bad_images import IMAGES, LABELS, array_file
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from own_images import made
from pictures_on_disk import KINDS, png, two_classes, write

from learning_dynamics.datasets.sources import image_source, listing
from learning_dynamics.errors import DataError, UserError

NAME = st.text(st.characters(exclude_characters="/\0\n\r", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: (
        name.strip(". ") == name
        and not name.startswith(".")
        and not image_source.split_called(name)
        and not listing.is_litter(name)
        # A drive of Windows: nothing in an archive may be there.
        and not re.fullmatch("[A-Za-z]:", name)
    )
)


def folded(name):
    return unicodedata.normalize("NFC", name).casefold()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(names=["0", "0:"], kind="pictures.tar")
@given(names=st.lists(NAME, min_size=2, max_size=4, unique_by=folded), kind=st.sampled_from(KINDS))
def test_classes_of_any_name_are_read(tmp_path_factory, names, kind):
    folder = tmp_path_factory.mktemp("names")
    content = {f"{name}/0.png": png(place, (3, 3)) for place, name in enumerate(names)}
    if kind.endswith(".zip"):
        content = {name.replace("\\", "_"): file for name, file in content.items()}
    data = made(write(folder, kind, content), folder / "data.nc")
    names = {unicodedata.normalize("NFC", name.split("/")[0]) for name in content}
    assert list(data.class_names) == image_source.in_order(names)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), start=st.integers(0, 220))
def test_any_bytes_are_a_picture_or_one_message(content, start):
    from learning_dynamics.datasets.sources import pictures

    whole = png()
    spoilt = whole[:start] + content + whole[start + len(content) :]
    message = None
    try:
        image = pictures.decoded(spoilt, None, "as_stored")
    except DataError as error:
        message = str(error)
    if message is not None:
        assert "\n" not in message
    else:
        assert image.dtype in (np.uint8, np.uint16)
        assert image.shape[1] == image.shape[2]


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 2000), value=st.integers(0, 255), kind=st.sampled_from([*KINDS[1:], "images.npz"]))
def test_a_changed_byte_is_found_or_harmless(tmp_path_factory, position, value, kind):
    folder = tmp_path_factory.mktemp("changed")
    if kind == "images.npz":
        source = array_file(folder, images=IMAGES, labels=LABELS)
    else:
        source = write(folder, kind, two_classes(2, (3, 3)))
    content = bytearray(source.read_bytes())
    content[position % len(content)] = value
    source.write_bytes(content)
    message = None
    try:
        data = made(source, folder / "data.nc")
    except UserError as error:
        message = str(error)
    if message is not None:
        assert "\n" not in message
        assert not (folder / "data.nc").exists()
    else:
        # A picture whose name lost its ending is passed over, and the log says so.
        assert len(data.images) in (3, 4)


@given(
    train=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=2),
    at_most=st.none() | st.integers(1, 5),
    fraction=st.floats(0, 0.99),
)
def test_every_class_keeps_a_training_image(train, at_most, fraction):
    entries = [image_source.Entry(f"{n}", "train", name) for name, count in train.items() for n in range(count)]
    wanted = image_source.Wanted(most={"train": at_most} if at_most else {}, test_fraction=fraction)
    selection = image_source.selected(entries, wanted, "made up")
    names = selection.class_names
    labels, is_test = image_source.places(selection.entries, names)
    counts = np.bincount(labels[~is_test], minlength=len(names))
    assert (counts >= 1).all()
    assert names == tuple(sorted(train))
    for label, name in enumerate(names):
        assert (labels == label).sum() == min(train[name], at_most or 9)
    assert not is_test[: np.count_nonzero(~is_test)].any(), "training images first"
    surplus = sum(train.values()) - len(labels)
    assert any(f"leaves out {surplus} image" in note for note in selection.notes) == bool(surplus)
