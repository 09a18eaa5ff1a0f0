"""A wrong key of a user's own images is named, with what was meant."""

from __future__ import annotations

import pytest

from learning_dynamics.config import loading
from learning_dynamics.errors import ConfigurationError

BAD_KEYS = {
    "{kind: images}": ["dataset.source'", "missing"],
    "{kind: images, source: 3}": ["source'", "expected text, got 3", "put it in quotes, as in '3'"],
    "{kind: images, source: []}": ["source'", "string"],
    "{kind: images, source: x, sidee: 3}": ["sidee'", "did you mean 'side'"],
    "{kind: images, source: x, color: grey}": ["color'", "did you mean 'colour'"],
    "{kind: images, source: x, side: 1}": ["side'", "greater than or equal to 2"],
    "{kind: images, source: x, side: 5000}": ["side'", "less than or equal to 4096"],
    "{kind: images, source: x, side: 32.5}": ["side'", "integer"],
    "{kind: images, source: x, side: 8x8}": ["side'", "integer, got '8x8'"],
    "{kind: images, source: x, scale: 0}": ["scale'", "greater than 0"],
    "{kind: images, source: x, scale: automatic}": ["scale'"],
    "{kind: images, source: x, images_per_class: 1.5e0}": ["images_per_class'", "integer"],
    "{kind: images, source: x, side: '32'}": ["side'", "without quotes"],
    "{kind: images, source: x, side: [32, 32]}": ["side'", "integer"],
    "{kind: images, source: x, colour: gray}": ["colour'", "did you mean 'grey'"],
    "{kind: images, source: x, colour: null}": ["colour'", "expected"],
    "{kind: images, source: x, classes: a}": ["classes'", "list"],
    "{kind: images, source: x, classes: [a]}": ["classes'", "2 items"],
    "{kind: images, source: x, classes: [a, a]}": ["classes'", "twice"],
    "{kind: images, source: x, classes: [1, 2]}": ["classes.0'", "expected text, got 1", "in quotes, as in '1'"],
    "{kind: images, source: x, classes: [no, yes]}": ["classes.0'", "got False", "in quotes, as in 'yes' or 'no'"],
    "{kind: images, source: x, images_per_class: 0}": ["images_per_class'", "greater than or equal to 1"],
    "{kind: images, source: x, images_per_class: all}": ["images_per_class'", "integer"],
    "{kind: images, source: x, test_fraction: 1.0}": ["test_fraction'", "less than 1"],
    "{kind: images, source: x, test_fraction: -0.1}": ["test_fraction'", "greater than or equal to 0"],
    "{kind: images, source: x, test_fraction: .nan}": ["test_fraction'"],
    "{kind: images, source: x, centred: 1}": ["centred'", "boolean"],
    "{kind: image, source: x}": ["dataset'", "did you mean 'images'"],
}


@pytest.mark.parametrize("text", BAD_KEYS)
def test_a_bad_key_is_named(text):
    import yaml

    with pytest.raises(ConfigurationError) as raised:
        loading.load({"experiments": {"mine": {"dataset": yaml.safe_load(text), "updates": 1000}}})
    for part in BAD_KEYS[text]:
        assert part in str(raised.value), str(raised.value)
