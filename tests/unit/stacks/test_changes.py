"""A change that the cloud or the engine refuses when half of the run is done, instead of before anything happens."""

from ipaddress import IPv4Network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.errors import EngineError, Problem
from common.paths import control_plane_dir
from components.clusters.base import ClusterSpec
from components.clusters.gke import GkeSpec
from components.clusters.managed import ApiEndpoint
from stacks.changes import check_changes, outputs_in, recorded_outputs
from stacks.config import StackSpec
from tests.support.stack_files import load_stack


def deployed(spec: StackSpec, *, version: str = "1.35", protect: bool = True) -> dict[str, Any]:
    """The outputs of a stack that was made by `spec`."""
    cluster = {
        "kind": spec.cluster.kind,
        "name": spec.cluster.name,
        "version": version,
        "fixed": spec.cluster.immutable_fields(),
    }
    return {"cluster": cluster | {"protected": protect}, "tenants": [tenant.name for tenant in spec.tenants]}


def cluster(version: str = "1.35", **other: Any) -> ClusterSpec:
    return load_stack("eks-prod").cluster.model_copy(update={"version": version, **other})


def check(outputs: dict[str, Any], changed: ClusterSpec) -> None:
    """Let `eks-prod` follow on a stack with `outputs`, with a changed cluster."""
    check_changes(outputs, load_stack("eks-prod").model_copy(update={"cluster": changed}))


def refused(outputs: dict[str, Any], changed: ClusterSpec) -> list[Problem]:
    with pytest.raises(EngineError) as error:
        check(outputs, changed)
    return list(error.value.problems)


@pytest.mark.parametrize("version", ["1.35", "1.36"])
def test_a_cluster_keeps_its_version_or_goes_up_by_one(version: str) -> None:
    check(deployed(load_stack("eks-prod")), cluster(version))


@pytest.mark.parametrize(
    ("version", "remedy"), [("1.37", 'write "1.36" and bring the stack up'), ("1.34", 'write "1.35"')]
)
def test_two_minors_at_once_and_a_downgrade_are_refused(version: str, remedy: str) -> None:
    (problem,) = refused(deployed(load_stack("eks-prod")), cluster(version))
    assert problem.code == "PK405"
    assert remedy in problem.remedy


def test_every_fixed_key_that_changed_is_named_with_what_it_was() -> None:
    changed = cluster(region="eu-west-1", zones=("eu-west-1a",))
    problems = refused(deployed(load_stack("eks-prod")), changed)
    assert {problem.code for problem in problems} == {"PK407"}
    zones = ["polykube:cluster.zones"] * 3  # those of the other region stand in the place of the cluster's
    assert [problem.where for problem in problems] == ["polykube:cluster.region", *zones]
    assert problems[1].found == "nothing, and the cluster eks-prod was made with eu-central-1a (quarter 1)"
    assert problems[0].found == "eu-west-1, and the cluster eks-prod was made with eu-central-1"
    assert "write eu-central-1 again" in problems[0].remedy


@pytest.mark.parametrize("other", ["gke-prod", "aks-prod", "dev"])
def test_another_kind_is_one_problem(other: str) -> None:
    (problem,) = refused(deployed(load_stack("eks-prod")), load_stack(other).cluster)
    assert problem.where == "polykube:cluster.kind"


def test_what_is_not_protected_keeps_what_it_was_made_with_as_well_and_another_cluster_can_have_anything() -> None:
    (problem,) = refused(deployed(load_stack("eks-prod"), protect=False), cluster(region="eu-west-1"))
    assert (problem.code, problem.where) == ("PK407", "polykube:cluster.region")
    assert "destroy this one first" in problem.remedy
    check(deployed(load_stack("eks-prod"), version="1.30", protect=False), cluster("1.36", name="other"))


@pytest.mark.parametrize(
    "zones", [("eu-central-1c", "eu-central-1a"), ("eu-central-1a", "eu-central-1c", "eu-central-1b")]
)
def test_zones_of_eks_can_be_added_and_stand_in_any_order(zones: tuple[str, ...]) -> None:
    stack = load_stack("eks-prod")
    had = stack.model_copy(update={"cluster": cluster(zones=("eu-central-1a", "eu-central-1c"))})
    check(deployed(had), cluster(zones=zones))


KUBEADM: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a zone more": (
        {"zones": ("eu-central-1a", "eu-central-1c")},
        {"zones": ("eu-central-1a", "eu-central-1b", "eu-central-1c")},
        "zones",
    ),
    "the same zones": (
        {"zones": ("eu-central-1a", "eu-central-1c")},
        {"zones": ("eu-central-1c", "eu-central-1a")},
        "",
    ),
    "public at last": ({"api_endpoint": ApiEndpoint()}, {}, "apiEndpoint.publicFrom"),
    "private at last": (
        {"api_endpoint": ApiEndpoint.model_validate({"publicFrom": ["203.0.113.0/24"]})},
        {"api_endpoint": ApiEndpoint()},
        "",
    ),
}


@pytest.mark.parametrize("what", KUBEADM)
def test_control_planes_of_kubeadm_keep_their_zones_and_the_names_of_their_endpoints(what: str) -> None:
    had, has, where = KUBEADM[what]
    spec = load_stack("kubeadm-aws")
    before, after = (
        spec.model_copy(update={"cluster": spec.cluster.model_copy(update=update)}) for update in (had, has)
    )
    outputs = deployed(before, version=spec.cluster.version, protect=False)
    if not where:
        check_changes(outputs, after)
        return
    with pytest.raises(EngineError) as error:
        check_changes(outputs, after)
    (problem,) = error.value.problems
    assert (problem.code, problem.where) == ("PK407", f"polykube:cluster.{where}")


@pytest.mark.parametrize("stack", ["kubeadm-aws", "kubeadm-hosts"])
def test_clusters_of_kubeadm_go_up_by_one_version_although_theirs_was_fixed_once(stack: str) -> None:
    outputs = deployed(load_stack(stack), version="1.35", protect=False)
    outputs["cluster"]["fixed"] |= {"version": "1.35", "controlPlanes.machineType": "m7g.large"}
    check_changes(outputs, load_stack(stack))
    outputs["cluster"]["version"] = "1.34"
    with pytest.raises(EngineError) as error:
        check_changes(outputs, load_stack(stack))
    assert [(problem.code, problem.allowed) for problem in error.value.problems] == [("PK405", "1.34 or 1.35")]


def test_a_stack_that_was_never_up_can_be_anything() -> None:
    check({}, cluster("1.36"))
    check(dict(outputs_in({})), cluster("1.36"))
    check(dict(outputs_in({"resources": [{"type": "pulumi:pulumi:Stack"}]})), cluster("1.36"))


@pytest.mark.parametrize(("nodes", "keeps"), [("10.20.0.0/20", True), ("10.20.0.0/18", True), ("10.20.0.0/21", False)])
def test_the_nodes_of_gke_get_more_addresses_and_not_fewer(nodes: str, keeps: bool) -> None:
    spec = load_stack("gke-prod")
    assert isinstance(spec.cluster, GkeSpec)
    network = spec.cluster.network.model_copy(update={"nodes": IPv4Network(nodes)})
    changed = spec.cluster.model_copy(update={"network": network})
    if keeps:
        check(deployed(spec, version="1.36"), changed)
    else:
        (problem,) = refused(deployed(spec, version="1.36"), changed)
        assert (problem.code, problem.where) == ("PK407", "polykube:cluster.network.nodes")


def test_a_local_cluster_that_is_there_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    spec = load_stack("dev")
    renamed = spec.model_copy(update={"cluster": spec.cluster.model_copy(update={"name": "two"})})
    outputs = deployed(spec, protect=False)
    check_changes(outputs, renamed)
    control_plane_dir("dev").mkdir(parents=True)
    with pytest.raises(EngineError) as error:
        check_changes(outputs, renamed)
    (problem,) = error.value.problems
    assert (problem.code, problem.where, problem.allowed) == ("PK412", "polykube:cluster.name", "dev")
    check_changes(outputs, spec)


def test_a_protected_stack_keeps_its_tenants_until_its_protection_was_taken_away() -> None:
    spec = load_stack("gke-prod")
    alone = spec.model_copy(update={"tenants": spec.tenants[1:]})
    with pytest.raises(EngineError) as error:
        check_changes(deployed(spec, version=spec.cluster.version), alone)
    (problem,) = error.value.problems
    assert (problem.code, problem.where, problem.found) == ("PK413", "polykube:tenants", "no tenant shop")
    assert "deletionProtection: false" in problem.remedy
    assert "protect-cluster: disabled" in problem.remedy
    check_changes(deployed(spec, version=spec.cluster.version, protect=False), alone)


def test_another_stage_does_not_take_the_protection_away() -> None:
    spec = load_stack("gke-prod")
    outputs = deployed(spec, version=spec.cluster.version)
    with pytest.raises(EngineError) as error:
        check_changes(outputs, spec.model_copy(update={"stage": "qa"}))
    (problem,) = error.value.problems
    assert (problem.code, problem.where) == ("PK413", "polykube:stage")
    let_go = spec.cluster.model_copy(update={"deletion_protection": False})
    check_changes(outputs, spec.model_copy(update={"stage": "qa", "cluster": let_go}))


def test_a_state_that_is_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    unfinished = Exception("failed to load checkpoint: EOF")
    answers: list[Any] = [unfinished, unfinished, {"outputs": {"a": 1}}]

    def invoke(*_: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(value=answer)

    monkeypatch.setattr("pulumi.runtime.invoke", invoke)
    for asked in ("get_organization", "get_project", "get_stack"):
        monkeypatch.setattr(f"pulumi.{asked}", lambda: "a")
    assert recorded_outputs() == {"a": 1}
    answers.append(Exception("no such stack"))
    with pytest.raises(Exception, match="no such stack"):
        recorded_outputs()
