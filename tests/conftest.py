"""Fixtures that the tests of several rooms share: one real control plane for the whole run."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Final

import hypothesis
import pytest

from automation.bundles import ensure_bundles
from common.paths import REHEARSAL
from components.addons.bundles import read_bundles
from rehearsal.control_plane import Binaries, ControlPlane, all_control_planes
from rehearsal.site import sweep
from rehearsal.toolchain import CONTROL_PLANE, ensure
from tests.support import needs
from tests.support.api import Api
from tests.support.golden import Golden

_STATES: Final = "POLYKUBE_TEST_STATES"

# How long a machine takes to make examples, or to try one, says nothing about what is tried.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--accept` takes what the golden tests get as what they expect; `--full` makes what tests need."""
    parser.addoption("--accept", action="store_true", help="write tests/golden anew")
    parser.addoption(needs.FULL, action="store_true", help="make the tools that are missing, and fail without them")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", needs.MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip files that need what is not here, in a partial run."""
    report = yield
    if not collector.config.getoption("full"):
        needs.skip_without_sdk(report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests that need what is not here, in a partial run."""
    if not item.config.getoption("full"):
        needs.require(item)


def pytest_xdist_auto_num_workers() -> int:
    """How many processes run the tests: one more than there are processors, for they wait a quarter of their time.

    Each has a control plane of its own, of half a GiB; more than five would gain nothing, for the longest file lasts.
    """
    return min(len(os.sched_getaffinity(0)) + 1, 5)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the directory in which each process of the run has its state; who ends the run early leaves nothing."""
    for ended in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs would inherit SIGINT ignored
        signal.signal(ended, signal.default_int_handler)
    if not hasattr(session.config, "workerinput"):
        os.environ[_STATES] = tempfile.mkdtemp(prefix="polykube-")


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Sweep up, also after processes that were ended before their fixtures could."""
    yield
    if hasattr(session.config, "workerinput"):
        return
    for state in Path(os.environ[_STATES]).iterdir():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_STATE_HOME", str(state))
            sweep()
            for name in all_control_planes():
                ControlPlane(name).delete()
    shutil.rmtree(os.environ[_STATES])


@pytest.fixture
def golden(pytestconfig: pytest.Config) -> Golden:
    """The expected outputs in tests/golden."""
    return Golden(accept=pytestconfig.getoption("--accept"))


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The control plane's executables: of the directory POLYKUBE_TEST_BIN, or those of the toolchain."""
    if directory := os.environ.get("POLYKUBE_TEST_BIN"):
        return Binaries.by_name({name: Path(directory, name) for name in CONTROL_PLANE})
    return Binaries.by_name({name: tool.path for name, tool in ensure(CONTROL_PLANE).items()})


@pytest.fixture(scope="session")
def bundles(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every bundle, rendered: what builds an add-on of upstream's reads it from the cache, or takes a stand-in."""
    if pytestconfig.getoption("full"):
        ensure_bundles(read_bundles(), rehearsal=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(REHEARSAL, str(tmp_path_factory.mktemp("rehearsal")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_state() -> Iterator[None]:
    """A state directory of the process's own, so that no test sees or touches the user's control planes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", tempfile.mkdtemp(dir=os.environ[_STATES]))
        yield


@pytest.fixture(scope="session", autouse=True)
def _partial(pytestconfig: pytest.Config) -> Iterator[None]:
    """Nothing is compiled for a part of the tests."""
    with nullcontext() if pytestconfig.getoption("full") else needs.nothing_made():
        yield


@pytest.fixture(scope="session")
def control_plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """A running control plane that all tests share: whoever stops it, starts it again."""
    plane = ControlPlane(f"test-{os.getpid()}", binaries)
    try:
        plane.start()
        yield plane
    finally:
        plane.delete()


@pytest.fixture
def api(control_plane: ControlPlane) -> Iterator[Api]:
    """The shared control plane, as its administrator."""
    with closing(Api(control_plane.kubeconfig)) as client:
        yield client


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the test's own; it is deleted afterwards, without waiting until it is gone."""
    name = f"test-{secrets.token_hex(4)}"
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    api.until(f"/api/v1/namespaces/{name}/serviceaccounts/default", bool)  # no pod is admitted before
    yield name
    api.delete(f"/api/v1/namespaces/{name}")
