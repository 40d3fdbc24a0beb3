"""A stack on a cloud whose SDK is not there: the program says so, and how to get it, before it registers anything."""

import pulumi
import pytest

from common.paths import CHECKOUT
from common.sdks import has_sdk
from stacks import program
from stacks.loading import load_file


@pytest.mark.parametrize(("stack", "sdk"), [("eks-dev", "aws"), ("gke-dev", "gcp"), ("aks-dev", "azure-native")])
def test_the_program_names_the_sdk_that_is_missing(stack: str, sdk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.sdks.find_spec", lambda _: None)
    monkeypatch.setattr(program, "load_from_engine", lambda: load_file(CHECKOUT / f"Pulumi.{stack}.yaml"))
    monkeypatch.setattr(program, "recorded_outputs", dict)  # before its first run
    monkeypatch.setattr(program, "compose", lambda _: pytest.fail("built in spite of it"))
    monkeypatch.setattr(pulumi, "get_stack", lambda: stack)
    with pytest.raises(pulumi.RunError) as stopped:
        program.run()
    assert f"PK207: the Python SDK of {sdk} is not installed" in str(stopped.value)
    assert f"python3 bootstrap.py {sdk}" in str(stopped.value)


def test_a_stack_on_no_cloud_needs_no_sdk() -> None:
    assert has_sdk("")
    assert has_sdk("aws"), "everything is installed where the tests run"
    assert not has_sdk("nimbus")
