"""Logs that are copied nowhere, by nobody who may, with a key that outlives them, or in with other backups."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.registered import _NESTED as NESTED
from tests.support.registered import Registered
from tests.support.stack_files import registered_with

pytestmark = pytest.mark.usefixtures("bundles")

# By cloud: the kind of repository, what it calls its bucket, what buckets are, who checks the members' token.
CLOUDS = {
    "eks-prod": ("s3", "bucket", "aws:s3/bucket:Bucket", "pods.eks.amazonaws.com"),
    "gke-prod": ("gcs", "bucket", "gcp:storage/bucket:Bucket", None),
    "aks-prod": ("azure", "container", "azure-native:storage:BlobContainer", "api://AzureADTokenExchange"),
}
CONFIGURATION = Path("/usr/share/elasticsearch/config")


@pytest.fixture(scope="module", params=CLOUDS)
def made(request: pytest.FixtureRequest) -> tuple[str, list[Registered]]:
    """What a cloud's stack registers when it copies its logs, besides backups, in order."""
    with pytest.MonkeyPatch.context() as patch:  # what the clouds work out
        patch.setitem(NESTED, "aws:s3/bucket:Bucket", {"bucket": "drawn"})
        patch.setitem(NESTED, "gcp:serviceaccount/account:Account", {"email": "logs@shop.iam.gserviceaccount.com"})
        patch.setitem(NESTED, "azure-native:managedidentity:UserAssignedIdentity", {"clientId": "0-1"})
        with_both = registered_with(request.param, logging={"snapshots": {"retentionDays": 90}}, backup={})
        return request.param, list(with_both.values())


def named(made: list[Registered], kind: str, name: str) -> Registered:
    (found,) = [each for each in made if each.type.endswith(f":{kind}") and each.name == f"logging/{name}"]
    return found


def pod_of(made: list[Registered]) -> dict[str, Any]:
    return dict(named(made, "StatefulSet", "elasticsearch").inputs["spec"]["template"])


def environment(made: list[Registered]) -> dict[str, str]:
    (container,) = pod_of(made)["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


def test_the_setup_asks_for_a_repository_and_daily_copies_that_are_kept_as_long_as_said(
    made: tuple[str, list[Registered]],
) -> None:
    stack, resources = made
    kind, named_there, *_ = CLOUDS[stack]
    (container,) = named(resources, "Job", "elasticsearch-setup").inputs["spec"]["template"]["spec"]["containers"]
    asked = dict(re.findall(r"ask PUT (\S+) <<EOF\n(.*)\nEOF", container["command"][2]))
    repository, daily = (json.loads(asked[path]) for path in ("_snapshot/polykube", "_slm/policy/polykube-daily"))
    assert repository == {"type": kind, "settings": {named_there: "$BUCKET"}}
    assert daily["repository"] == "polykube"
    assert daily["retention"]["expire_after"] == "90d"
    assert daily["config"]["indices"] == "*"
    known = named(resources, "Secret", "elasticsearch-setup").inputs["stringData"]
    assert known["BUCKET"] == ("drawn" if stack == "eks-prod" else f"{stack}-logs")
    assert "BUCKET" in [each["name"] for each in container["env"]]


def test_logs_and_backups_have_a_bucket_each_that_is_kept_in_prod(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    buckets = [each for each in resources if each.type == CLOUDS[stack][2]]
    assert {each.name for each in buckets} == {f"{stack}-backup", f"{stack}-logs"}
    assert all(each.protect for each in buckets)
    assert len({each.urn for each in resources}) == len(resources)


def test_members_are_somebody_in_the_cloud_without_a_key(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    pod, account = pod_of(resources), named(resources, "ServiceAccount", "elasticsearch")
    assert pod["spec"]["serviceAccountName"] == "elasticsearch"
    assert pod["spec"]["automountServiceAccountToken"] is False, "it has nothing to ask of the API server"
    assert account.urn in named(resources, "StatefulSet", "elasticsearch").after
    given = " ".join(environment(resources)).upper()
    assert not re.search("ACCESS_KEY|SECRET_KEY|SAS|CREDENTIALS_FILE", given)
    annotations = account.inputs["metadata"]["annotations"]
    if stack == "eks-prod":
        (association,) = [
            each.inputs
            for each in resources
            if each.type.endswith("PodIdentityAssociation") and each.inputs["namespace"] == "logging"
        ]
        assert association["serviceAccount"] == "elasticsearch"
    if stack == "gke-prod":
        assert annotations["iam.gke.io/gcp-service-account"] == "logs@shop.iam.gserviceaccount.com"
    if stack == "aks-prod":
        assert annotations["azure.workload.identity/client-id"] == "0-1"
        assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"


def test_the_token_is_for_the_cloud_and_where_elasticsearch_may_read_it(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    audience = CLOUDS[stack][3]
    spec = pod_of(resources)["spec"]
    tokens = {each["name"]: each["projected"]["sources"][0] for each in spec["volumes"] if "projected" in each}
    if audience is None:
        assert not tokens
        return
    ((volume, source),) = tokens.items()
    (mounted,) = [each for each in spec["containers"][0]["volumeMounts"] if each["name"] == volume]
    assert source["serviceAccountToken"]["audience"] == audience
    file = Path(mounted["mountPath"], source["serviceAccountToken"]["path"])
    assert file.is_relative_to(CONFIGURATION)
    assert str(file) in environment(resources).values()


def test_members_reach_the_store_and_their_credentials(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    rules = [each for each in resources if each.type.endswith(":NetworkPolicy")]
    policies = {each.name.removeprefix("logging/"): each.inputs["spec"] for each in rules}
    (store,) = policies["elasticsearch.snapshots-egress"]["egress"]
    assert [port["port"] for port in store["ports"]] == [443]
    credentials = [name for name in policies if name.startswith("elasticsearch.credentials")]
    assert len(credentials) == {"eks-prod": 1, "gke-prod": 2, "aks-prod": 0}[stack]
    if stack == "eks-prod":
        (agent,) = policies[credentials[0]]["egress"]
        address = agent["to"][0]["ipBlock"]["cidr"].removesuffix("/32")
        assert f"http://{address}/" in environment(resources)["AWS_CONTAINER_CREDENTIALS_FULL_URI"]


def test_on_azure_the_account_is_in_the_key_store_before_elasticsearch_starts(tmp_path: Path) -> None:
    made = list(registered_with("aks-prod", logging={"snapshots": {}}).values())
    for program in ("elasticsearch-keystore", "docker-entrypoint.sh"):
        stand_in = tmp_path / program
        stand_in.write_text(f'#!/bin/bash\necho "{program} $*" >> "$SEEN"\n[ "$1" != add ] || cat >> "$SEEN"\n')
        stand_in.chmod(0o755)
    (container,) = pod_of(made)["spec"]["containers"]
    seen = tmp_path / "seen"
    known = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SEEN": str(seen), "ACCOUNT": environment(made)["ACCOUNT"]}
    subprocess.run(container["args"], env=known, check=True, timeout=30)
    assert seen.read_text() == (
        "elasticsearch-keystore create\n"
        "elasticsearch-keystore add --stdin azure.client.default.account\n"
        "logsaksproddocker-entrypoint.sh eswrapper\n"
    )


def test_without_snapshots_members_are_nobody() -> None:
    made = list(registered_with("eks-prod", logging={}).values())
    assert "serviceAccountName" not in pod_of(made)["spec"]
    assert not [each for each in made if each.type == CLOUDS["eks-prod"][2]]
