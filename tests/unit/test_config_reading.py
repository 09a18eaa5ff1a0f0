"""A file of settings that cannot be read is one line, in bounded time; a path in it may mean a place beside it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from conftest import PROJECT
from learning_dynamics.config import reading
from learning_dynamics.errors import ConfigurationError
from learning_dynamics.pipeline import configuration

CLAIMS = PROJECT / "config" / "claims.yaml"
GOOD = "seeds: 1\nexperiments:\n  own:\n    dataset: {kind: images, source: pictures}\n"


def bomb(pattern, levels=12):
    lines = [f"a0: &a0 {pattern % tuple('x' * 9)}"]
    lines += [f"a{n}: &a{n} {pattern % tuple([f'*a{n - 1}'] * 9)}" for n in range(1, levels)]
    return "\n".join(lines)


LIST, MAPPING = (
    "[%s, %s, %s, %s, %s, %s, %s, %s, %s]",
    "{a: %s, b: %s, c: %s, d: %s, e: %s, f: %s, g: %s, h: %s, i: %s}",
)
BAD = {
    "UTF-16": (GOOD.encode("utf-16"), "is text in UTF-16; expected UTF-8; save it as UTF-8"),
    "UTF-32": (GOOD.encode("utf-32"), "expected UTF-8; save it as UTF-8"),
    "Latin-1": ("seeds: 1\nresults: é\n".encode("latin-1"), "line 2 holds a byte that is no UTF-8 (0xe9)"),
    "binary": (bytes(range(256)), "holds a byte that is no UTF-8"),
    "a bomb of lists": (bomb(LIST).encode(), "more than 50,000 values, those counted again that aliases"),
    "a bomb of mappings": (bomb(MAPPING).encode(), "more than 50,000 values"),
    "many values": (b"seeds: [" + b"1, " * 60_000 + b"1]", "more than 50,000 values"),
    "nested lists": (b"seeds: " + b"[" * 5000 + b"]" * 5000, "nested more than 50 levels deep"),
    "unclosed lists": (b"seeds: " + b"[" * 5000, "nested more than 50 levels deep"),
    "nested mappings": (b"{a: " * 5000 + b"1" + b"}" * 5000, "nested more than 50 levels deep"),
    "nested by indentation": ("\n".join(" " * n + "a:" for n in range(60)).encode(), "nested more than 50 levels deep"),
    "nested JSON": (b'{"seeds": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested more than 50 levels deep"),
    "rather nested JSON": (b'{"seeds": ' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 50 levels deep"),
    "an alias of itself": (b"a: &a [*a]", "line 1: '*a' stands inside of what it repeats"),
    "an alias of nothing": (b"a: *b", "line 1: '*b' stands inside of what it repeats, or repeats nothing"),
    "a long number": (b"seeds: " + b"9" * 5000, "line 1: a number of 5000 digits"),
    "no date": (b"seeds: 2020-13-45", "a value cannot be read (month must be in 1..12)"),
    "an object": (b"seeds: !!python/object/apply:os.system ['touch pwned']", "not valid YAML or JSON"),
    "a tab": (GOOD.replace("  own:", "\town:").encode(), "not valid YAML or JSON"),
    "a list as key": (b"? [a, b]\n: 3\n", "not valid YAML or JSON"),
    "two documents": (b"seeds: 1\n---\nseeds: 2\n", "not valid YAML or JSON"),
    "empty": (b"", "holds no keys; expected settings"),
    "a list": (b"- 1\n- 2\n", "holds no keys"),
    "a word": (b"seeds", "holds no keys"),
    "a key twice": ((GOOD + "  own: {seeds: 3}\n").encode(), "line 5: the key 'own' stands twice in one place"),
    "a key twice in JSON": (b'{"seeds": 1, "seeds": 2}', "the key 'seeds' stands twice in one place"),
    "large": (b"#" * 2**20 + b"\nseeds: 1", "larger than 1 MiB"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, bad):
    content, complaint = BAD[bad]
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    start = time.monotonic()
    with pytest.raises(ConfigurationError) as error:
        reading.read(path)
    assert time.monotonic() - start < 20, "half a minute on a busy machine is minutes of a bomb"
    message = str(error.value)
    assert complaint in message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 500
    assert not Path("pwned").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_is_not_there_or_no_file(tmp_path, there):
    path = tmp_path if there else tmp_path / "nowhere"
    with pytest.raises(ConfigurationError, match=r"could not be read .*; name a file of settings"):
        reading.read(path)


@pytest.mark.parametrize("name", ["config.yaml", "smoke.yaml", "deep_sweep.yaml"])
def test_our_own_files_are_read_as_others_read_them(name):
    text = (PROJECT / "config" / name).read_text(encoding="utf-8")
    assert reading.read(PROJECT / "config" / name) == yaml.safe_load(text)


def test_marks_anchors_and_merges_are_read(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("\ufeffbase: &base {side: 8, a: 1}\na: {<<: *base, side: 9}\nb: {<<: *base}\n", encoding="utf-8")
    assert reading.read(path)["a"] == {"side": 9, "a": 1}


def test_the_command_ends_with_the_line(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(BAD["UTF-16"][0])
    with pytest.raises(SystemExit) as error:
        reading.main([str(tmp_path / "mine.yaml")])
    assert "is text in UTF-16" in str(error.value)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The source that settings in some files name, where some folders are there."""

    def source_of(files, made):
        for folder in made:
            (tmp_path / folder).mkdir(parents=True)
        paths = []
        merged = {}
        for name, own in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = {"experiments": {"own": {"dataset": {"kind": "images", "source": own}}}}
            path.write_text(yaml.safe_dump(content), encoding="utf-8")
            paths.append(path)
            merged = content
        here = tmp_path / "here"
        here.mkdir(exist_ok=True)
        monkeypatch.chdir(here)
        config, _ = configuration.read(merged | {"results": "results"}, CLAIMS, paths)
        return config.experiments["own"].dataset.source

    return source_of


def test_a_relative_source_is_looked_for_beside_the_file_that_names_it(settings, tmp_path):
    assert settings({"there/mine.yaml": "pictures"}, ["there/pictures"]) == str(tmp_path / "there" / "pictures")


def test_a_source_below_the_working_directory_keeps_a_relative_path(settings):
    assert settings({"here/settings/mine.yaml": "pictures"}, ["here/settings/pictures"]) == "settings/pictures"


def test_what_lies_beside_the_file_comes_first(settings, tmp_path):
    found = settings({"there/mine.yaml": "pictures"}, ["there/pictures", "here/pictures"])
    assert found == str(tmp_path / "there" / "pictures")


def test_the_file_that_counts_is_the_one_whose_source_it_is(settings, tmp_path):
    files = {"one/a.yaml": "other", "two/b.yaml": "pictures"}
    assert settings(files, ["one/pictures", "two/pictures"]) == str(tmp_path / "two" / "pictures")


@pytest.mark.parametrize(
    "source", ["pictures", "../here/pictures", "nowhere", "torchvision:MNIST", "/nowhere", "~/nowhere"]
)
def test_any_other_source_stays_as_it_is_written(settings, source):
    assert settings({"there/mine.yaml": source}, ["here/pictures", "there"]) == source


def test_a_file_beside_itself_stays_as_it_is_written(settings):
    assert settings({"here/mine.yaml": "./pictures"}, ["here/pictures"]) == "./pictures"
