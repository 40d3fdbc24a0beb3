"""The stand-in clouds, to be asked without an engine."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.clouds.provider import CloudStandIn
from tests.support import needs


@pytest.fixture(scope="module", autouse=True)
def _stand_ins(pytestconfig: pytest.Config) -> Iterator[None]:
    """In a partial run, stand-ins for what upstream's tools render."""
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
