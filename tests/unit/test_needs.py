"""A tool that is compiled for one unit test, or a test that is skipped in a full run or without a reason."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.addons.bundles import load
from rehearsal import toolchain
from tests.support import needs


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with none of the tools."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setattr(needs, "is_here", needs.is_here.__wrapped__)


def test_what_asks_for_a_binary_is_skipped_and_names_it() -> None:
    with needs.nothing_made(), pytest.raises(pytest.skip.Exception, match="needs etcd: run `make setup`"):
        toolchain.ensure(["etcd"])


def test_what_asks_for_a_bundle_is_skipped_and_names_it() -> None:
    with needs.nothing_made(), pytest.raises(pytest.skip.Exception, match="needs the bundle descheduler"):
        load("descheduler")


def test_a_mark_says_what_the_programs_of_a_test_need() -> None:
    item: Any = SimpleNamespace(iter_markers=lambda name: [getattr(pytest.mark, name)("engine").mark])
    with pytest.raises(pytest.skip.Exception, match="needs the engine, and there is no pulumi"):
        needs.require(item)


def test_a_mark_that_nobody_knows_is_an_error() -> None:
    item: Any = SimpleNamespace(iter_markers=lambda name: [getattr(pytest.mark, name)("moon").mark])
    with pytest.raises(KeyError):
        needs.require(item)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("ModuleNotFoundError: No module named 'pulumi_aws'", "skipped"),
        ("PackageNotFoundError: No package metadata was found for pulumi-azure-native", "skipped"),
        ("ModuleNotFoundError: No module named 'pulumi_awry'", "failed"),
        ("SyntaxError: invalid syntax", "failed"),
    ],
)
def test_a_file_that_wants_the_sdk_of_a_cloud_is_skipped(said: str, outcome: str) -> None:
    report = pytest.CollectReport("tests/some.py", "failed", said, None)
    needs.skip_without_sdk(report)
    assert report.outcome == outcome
    assert ("make clouds" in str(report.longrepr)) == (outcome == "skipped")
