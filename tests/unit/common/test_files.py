"""A file of which a reader sees a part, or that is lost when its writer fails."""

import os
from pathlib import Path

import pytest

from common.files import write_atomically


def test_text_and_bytes_are_written_with_their_directory_and_mode(tmp_path: Path) -> None:
    for name, content in (("a", "ü\n"), ("b", b"\xff\x00")):
        file = tmp_path / "deep" / "er" / name
        write_atomically(file, content, 0o600)
        assert file.read_bytes() == (content.encode() if isinstance(content, str) else content)
        assert file.stat().st_mode & 0o777 == 0o600


def test_everybody_may_read_what_is_no_secret_whatever_the_mask(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        write_atomically(tmp_path / "a", "text")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_writer_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    write_atomically(tmp_path / "a", "old")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(tmp_path / "a", "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a", "old")]
