"""What unit tests have in place of tools."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.support import needs


@pytest.fixture(scope="module", autouse=True)
def _stand_ins(pytestconfig: pytest.Config) -> Iterator[None]:
    """In a partial run, stand-ins for what upstream's tools render."""
    with nullcontext() if pytestconfig.getoption("full") else needs.stand_ins():
        yield
