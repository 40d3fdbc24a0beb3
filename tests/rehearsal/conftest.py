"""The real engine with the stand-in plugins, one for each test."""

from pathlib import Path

import pytest

from tests.support.engine import Engine, make_engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine with the empty stack `dev`; everything that it keeps is gone with the test."""
    return make_engine(tmp_path)
