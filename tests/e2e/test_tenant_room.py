"""A tenant's member who leaves the tenant's room, or cannot move in it: each request is made at the API server.

What is tried is data (attempts/), and the tables of docs/guide/tenants.md are made of it. The tenant has what a tenant
of any stack has; one pool of three has a taint for everybody, one for the system.
"""

from collections.abc import Iterator

import pytest

from common.paths import CHECKOUT
from devtools.docs.markdown import table
from rehearsal.control_plane import ControlPlane
from tests.support.api import Api, ApiError, Object
from tests.support.attempts import NEIGHBOURS, ROOM, Attempt, allowed, refused, refuser, rows
from tests.support.golden import Golden
from tests.support.stack import dev_spec, make_stack

PAGE = CHECKOUT / "docs" / "guide" / "tenants.md"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"


def tenant(name: str) -> Object:
    """A tenant with every bound."""
    return {
        "name": name,
        "group": f"{name}-members",
        "quota": {
            "pods": 40,
            "requests": {"cpu": "2", "memory": "2Gi"},
            "limits": {"cpu": "8", "memory": "2Gi"},
            "persistentVolumeClaims": 4,
            "storageClasses": [{"name": "retained", "persistentVolumeClaims": 0}],
        },
        "limitRange": {
            "default": {"cpu": "200m", "memory": "8Mi"},
            "defaultRequest": {"cpu": "50m", "memory": "4Mi"},
            "min": {"cpu": "10m"},
            "max": {"cpu": "3", "memory": "3Gi"},
            "volumes": {"max": "10Gi"},
        },
    }


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The cluster's name, with the tenants in it."""
    stack = make_stack(tmp_path_factory.mktemp("room"))
    spec = dev_spec(control_plane.name)
    taint = {"key": "workload", "value": "batch", "effect": "NoSchedule"}
    spec["cluster"]["nodePools"].append({"name": "batch", "nodes": 1, "taints": [taint]})
    spec["tenants"] = [tenant(ROOM), tenant(NEIGHBOURS)]
    stack.write(spec)
    stack.must_up()
    yield control_plane.name
    stack.destroy()


@pytest.fixture(scope="module")
def member(control_plane: ControlPlane, cluster: str) -> Iterator[Api]:
    """A member of the tenant's group, who has made all that is allowed."""
    administrator = Api(control_plane.kubeconfig)
    someone = administrator.impersonating("mallory", f"{ROOM}-members")
    for attempt in allowed():
        attempt.run(someone, cluster)
    yield someone
    administrator.close()


@pytest.mark.parametrize("attempt", refused(), ids=lambda attempt: attempt.title.replace(" ", "-"))
def test_a_member_is_refused(member: Api, cluster: str, attempt: Attempt) -> None:
    with pytest.raises(ApiError) as refusal:
        attempt.run(member, cluster)
    assert refuser(refusal.value) == attempt.by


@pytest.mark.parametrize("attempt", [each for each in allowed() if each.has_pods], ids=lambda each: each.title)
def test_the_pods_of_what_is_allowed_run(member: Api, attempt: Attempt) -> None:
    name = attempt.body["metadata"]["name"]
    if name == "another-pod":
        return  # the last that is allowed deletes it
    pods = f"/api/v1/namespaces/{ROOM}/pods?labelSelector=app={name}"
    found = member.until(pods, lambda them: _are_running(them["items"]))["items"]
    pools = {pod["spec"]["nodeName"].rpartition("-")[0] for pod in found}
    assert "system" not in pools
    assert ("batch" in pools) == ("taint" in attempt.title)


def _are_running(pods: list[Object]) -> bool:
    return bool(pods) and all(pod["status"]["phase"] in ("Running", "Succeeded") for pod in pods)


def test_no_expression_is_of_another_type_than_what_it_judges(api: Api, cluster: str) -> None:
    """A wrong one would refuse everything, or nothing, when it is met."""
    for name in ("tenant-pods", "tenant-services", "tenant-secrets"):
        policy = api.until(f"{POLICIES}/{name}.{cluster}", lambda it: "typeChecking" in it.get("status", {}))
        assert policy["status"]["typeChecking"] == {}


@pytest.mark.usefixtures("cluster")
def test_what_was_there_before_the_guards_can_be_changed_but_not_for_the_worse(api: Api, namespace: str) -> None:
    """Whatever controllers write must go on, or nothing of it could be scaled down, finalized or deleted."""
    body = next(each.body for each in allowed() if each.title == "a Deployment")
    pod = {
        "nodeName": "general-0",
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
    }
    body["spec"]["template"]["spec"] |= pod
    deployments, services = (
        f"/apis/apps/v1/namespaces/{namespace}/deployments",
        f"/api/v1/namespaces/{namespace}/services",
    )
    api.post(deployments, body | {"metadata": {"name": "old", "finalizers": ["example.test/held"]}})
    api.post(services, {"metadata": {"name": "old"}, "spec": {"ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]}})

    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"polykube.dev/tenant": namespace}}})
    api.merge(f"{deployments}/old", {"metadata": {"finalizers": None}, "spec": {"paused": True}})
    api.merge(f"{services}/old", {"spec": {"ports": [{"port": 81}]}})
    for place, change, policy in (
        (f"{deployments}/old", {"spec": {"template": {"spec": {"nodeName": "system-0"}}}}, "tenant-pods"),
        (f"{services}/old", {"spec": {"externalIPs": ["192.0.2.1", "192.0.2.2"]}}, "tenant-services"),
    ):
        with pytest.raises(ApiError) as refusal:
            api.merge(place, change)
        assert refuser(refusal.value) == f"ValidatingAdmissionPolicy `{policy}`"


def test_the_guide_has_the_attempts(golden: Golden) -> None:
    golden.check_part(PAGE, "refused", table(("A member tries", "By", "Refused by"), rows(refused())) + "\n")
    golden.check_part(PAGE, "allowed", table(("A member needs", "By"), rows(allowed())) + "\n")
