"""A file backend whose layout says nothing that the engine can read, and no attributes beside it that would tell."""

from pathlib import Path

import pytest

from automation.state.files import StateFiles


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"version: ", b"version: [", b"version: 1\nversion: 1\n"])
def test_a_layout_that_the_engine_cannot_read_is_written_anew(tmp_path: Path, content: bytes) -> None:
    layout = tmp_path / "meta.yaml"
    layout.write_bytes(content)
    assert StateFiles(tmp_path, "shop", "dev").sweep() == [layout]
    assert layout.read_text() == "version: 1\n"


@pytest.mark.parametrize("content", ["version: 0\n", "version: 1\n", "version: 2\nadded: later\n"])
def test_a_layout_that_it_can_read_is_left_to_it(tmp_path: Path, content: str) -> None:
    layout = tmp_path / "meta.yaml"
    layout.write_text(content)
    assert StateFiles(tmp_path, "shop", "dev").sweep() == []
    assert layout.read_text() == content
