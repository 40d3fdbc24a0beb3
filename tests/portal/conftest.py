"""What the tests of the portal share; without its packages there is nothing to test."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from portal.data.database import Database

if importlib.util.find_spec("temporalio") is None:
    collect_ignore_glob = ["*"]  # a partial run; `make clouds` installs them


@pytest.fixture
def database(tmp_path: Path) -> "Iterator[Database]":
    """An empty database of the test's own."""
    from portal.data.database import open_database  # noqa: PLC0415 - its packages may not be here

    opened = open_database(f"sqlite:///{tmp_path / 'portal.db'}")
    yield opened
    opened.close()
