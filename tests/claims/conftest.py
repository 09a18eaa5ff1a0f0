"""The files of these tests need not outlast a power cut."""

import pytest

from learning_dynamics.storage import whole_files


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch):
    monkeypatch.setattr(whole_files.os, "fsync", lambda _file: None)
