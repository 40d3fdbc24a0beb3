"""The policy pack in the real engine."""

import pytest

from tests.policy.analysis import Analysis
from tests.support.engine import make_engine


@pytest.fixture(scope="session")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The pack over state files."""
    return Analysis(make_engine(tmp_path_factory.mktemp("policy")), tmp_path_factory.mktemp("states"))
