"""What unit tests have in place of tools."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.support import needs


@pytest.fixture(scope="module")
def bundles(bundles: None, pytestconfig: pytest.Config) -> Iterator[None]:
    """Every bundle: rendered in a full run, and as a stand-in in a partial one."""
    del bundles
    with nullcontext() if pytestconfig.getoption("full") else needs.stand_ins():
        yield
