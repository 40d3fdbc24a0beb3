"""A program that gives up where waiting helps, waits where it does not, or makes anew what was made in part."""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components import propagation
from components.propagation import Propagation, delay_of, pause_after
from tests.support.polling import awaited

AKS = "azure-native:containerservice:ManagedCluster"
NETWORK = "rpc error: Status=400 Code=ResourceMissingPermissionError Message=Check access result not allowed for action"


def failed(message: str, type_: str = AKS, operation: str = "create", times: int = 1) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs("urn", "", "shop", type_, failed_operation=operation, errors=[message] * times)


@pytest.mark.parametrize(
    ("type_", "message", "until"),
    [
        (AKS, NETWORK, "role on the network"),
        (AKS, "AzureKeyVaultKmsValidateIdentityPermissionCustomerError", "role on the key"),
        (
            "gcp:container/cluster:Cluster",
            "googleapi: Error 400: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource",
            "GKE's right to use the key",
        ),
        (
            "gcp:container/cluster:Cluster",
            'Failed precondition: failed to check status for "a"; Verify if principal exists and is valid',
            "service account is known",
        ),
        ("gcp:kms/keyRing:KeyRing", "Error 403: Cloud KMS API has not been used in project 1 before", "API"),
        (
            "gcp:projects/iAMMember:IAMMember",
            "Error 400: Service account a@b does not exist., badRequest",
            "service account is known",
        ),
        (
            "gcp:serviceaccount/iAMMember:IAMMember",
            "Identity Pool does not exist (p.svc.id.goog)",
            "pool of identities",
        ),
        (
            "aws:eks/nodeGroup:NodeGroup",
            "The provided role doesn't have the Amazon EKS Managed Policies associated",
            "IAM",
        ),
        ("aws:eks/accessEntry:AccessEntry", "The specified principalArn is invalid: invalid principal", "IAM"),
    ],
)
def test_what_a_cloud_says_of_something_that_is_too_new_is_understood(type_: str, message: str, until: str) -> None:
    for operation in ("create", "update"):
        delay = delay_of(failed(message, type_, operation))
        assert delay
        assert until in delay.until
    assert delay_of(failed(message, type_, "delete")) is None
    assert delay_of(failed(message, "kubernetes:core/v1:Namespace")) is None


@pytest.mark.parametrize(
    "message",
    [
        "The client 'x' does not have authorization to perform action 'Microsoft.Network/virtualNetworks/write'",
        "Required 'compute.networks.create' permission for 'projects/p'",
        "QuotaExceeded",
    ],
)
def test_what_no_waiting_helps_against_fails_at_once(message: str) -> None:
    assert delay_of(failed(message)) is None


def test_what_was_made_in_part_is_not_made_again_but_changed_again() -> None:
    in_part = f"1 error occurred:\n\t* {NETWORK}\n\n"
    assert delay_of(failed(in_part)) is None
    assert delay_of(failed(in_part, operation="update"))


def test_pauses_grow_and_fit_into_the_engines_number_of_trials() -> None:
    pauses = [pause_after(failures) for failures in range(1, 100)]
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses == sorted(pauses)
    assert sum(pauses) > propagation._PATIENCE


def test_it_tries_again_for_a_while_then_says_what_it_waited_for_and_where_to_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = iter((1.0, 701.0))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(propagation, "time", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.setattr(propagation, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, **_: told.append(text))
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: told.append(text))
    waits: Any = Propagation("shop").tries_again
    assert awaited(waits(failed(NETWORK))) is True
    assert awaited(waits(failed(NETWORK, times=2))) is False
    assert slept == [2]
    assert told[0] == "shop: waiting until the control plane's role on the network counts"
    assert "waited 700 s until the control plane's role on the network counts" in told[1]
    assert "az identity show -g shop -n shop-control-plane" in told[1]


def test_a_preview_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert awaited(Propagation("shop").tries_again(failed(NETWORK))) is False
