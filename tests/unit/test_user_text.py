"""What a user wrote is shown in the report as it is, and does nothing there."""

from __future__ import annotations

import ast
import html
import pickle
import re

import pytest

from learning_dynamics.config.loading import load
from learning_dynamics.pipeline.experiments import Experiments
from learning_dynamics.pipeline.user_text import UserText, marked

HOSTILE = [
    "</script><script>alert(1)</script>",
    "a\n\n.. raw:: html\n\n   <script>alert(1)</script>",
    "a\n\n.. include:: /etc/passwd\n",
    "`x <javascript:alert(1)>`__ |y| :raw:`z` *b* **c** d_ [1]_ http://example.org",
    "my pictures, 'ü' {x} [a] $(touch no) & 100% #1\\",
    "猫 \u2028 \x07",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_caption_shows_the_text_and_nothing_else(text):
    from docutils.core import publish_parts

    body = publish_parts(f"Images ({UserText(text).in_caption}).", writer="html")["body"]
    seen = "".join(character if character.isprintable() else "?" for character in text)
    shown = re.fullmatch(r"<p>(.*)</p>\n", body, re.DOTALL)
    assert shown, body
    assert "<" not in shown[1]
    assert html.unescape(shown[1]) == f"Images ({seen})."


@pytest.mark.parametrize("text", HOSTILE)
def test_a_parameter_is_the_same_text_without_tags(text):
    written = str(marked({"source": [text]}))
    assert "<" not in written
    assert ast.literal_eval(written) == {"source": [text]}
    assert type(pickle.loads(pickle.dumps(UserText(text)))) is str
    assert marked({"a": 1, "b": None}) == {"a": 1, "b": None}


def test_every_text_in_settings_is_marked():
    source = HOSTILE[0]
    config = load({"experiments": {"own": {"dataset": {"kind": "images", "source": source, "classes": ["<a>", "b"]}}}})
    settings = Experiments(config).settings("own")
    assert settings["dataset"]["source"] == source
    assert "<" not in repr(settings)


def test_a_results_folder_may_not_hold_a_tag():
    from learning_dynamics.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="'results': 'a<b' holds '<'"):
        load({"results": "a<b"})
