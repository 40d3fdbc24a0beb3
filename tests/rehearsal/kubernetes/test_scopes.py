"""A kind that counts as one of a namespace and is of the whole cluster, or the other way round."""

from common.api_versions import NEWEST, REMOVED, STABLE
from common.kinds import is_cluster_scoped, is_of_kubernetes
from tests.support.api import Api


def test_the_table_of_cluster_scoped_kinds_is_what_the_api_server_serves(api: Api) -> None:
    versions = {"v1": "/api/v1"}
    for group in api.get("/apis")["groups"]:
        preferred = group["preferredVersion"]["groupVersion"]
        if group["name"].endswith(".k8s.io") or "." not in group["name"]:
            versions[preferred] = f"/apis/{preferred}"
    served = {
        (version, resource["kind"]): not resource["namespaced"]
        for version, path in versions.items()
        for resource in api.get(path)["resources"]
        if "list" in resource["verbs"]
    }
    assert any(served.values())
    assert {key: is_cluster_scoped(*key) for key in served} == served


def test_what_is_removed_is_not_served_and_what_takes_its_place_is(api: Api) -> None:
    minor = int(NEWEST.partition(".")[2])
    assert api.get("/version")["minor"] == str(minor)
    groups = api.get("/apis")["groups"]
    served = {
        (version["groupVersion"], resource["kind"])
        for group in groups
        for version in group["versions"]
        for resource in api.get(f"/apis/{version['groupVersion']}")["resources"]
    }
    gone = {of for of, (since, _) in REMOVED.items() if since <= minor}
    assert not gone & served
    stable = {(instead, kind) for (_, kind), (_, instead) in REMOVED.items() if instead and "beta" not in instead}
    assert stable <= served


def test_what_is_stable_is_what_the_api_server_serves_in_namespaces(api: Api) -> None:
    served = set()
    for group in [{"name": "", "versions": [{"groupVersion": "v1"}]}, *api.get("/apis")["groups"]]:
        for version in (each["groupVersion"] for each in group["versions"]):
            if is_of_kubernetes(group["name"]) and "alpha" not in version and "beta" not in version:
                resources = api.get(f"/apis/{version}" if "/" in version else f"/api/{version}")["resources"]
                here = [each for each in resources if each["namespaced"] and "/" not in each["name"]]
                served |= {(version, each["kind"]) for each in here}
    assert served == STABLE
