"""The stand-in clouds, to be asked without an engine."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.clouds.provider import CloudStandIn
from tests.support import needs


@pytest.fixture(scope="module")
def bundles(bundles: None, pytestconfig: pytest.Config) -> Iterator[None]:
    """Every bundle: rendered in a full run, and as a stand-in in a partial one."""
    del bundles
    with nullcontext() if pytestconfig.getoption("full") else needs.stand_ins():
        yield


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, CloudStandIn]:
    """The stand-ins by package, configured as far as ids need it."""
    from devtools.docs.cloud_behaviours import CLOUDS  # noqa: PLC0415 - wants the SDKs, which not every test here does

    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    made = {str(cloud.name): cloud() for cloud in CLOUDS}
    for each in made.values():
        each.config = {"region": "r", "project": "p"}
    return made
