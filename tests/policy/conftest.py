"""The policy pack in the real engine."""

import os
from typing import Final

import pytest

from tests.policy.analysis import Analysis, ByEngine, InProcess
from tests.support.engine import make_engine

WITHOUT_ENGINE: Final = "POLYKUBE_WITHOUT_ENGINE" in os.environ  # mutation testing asks thousands of times


@pytest.fixture(scope="session")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The pack over state files."""
    if WITHOUT_ENGINE:
        project = tmp_path_factory.mktemp("project")
        (project / "Pulumi.yaml").touch()
        return InProcess(project)
    return ByEngine(make_engine(tmp_path_factory.mktemp("policy")), tmp_path_factory.mktemp("states"))
