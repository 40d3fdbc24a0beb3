"""Add-ons that are installed though they need one that is off, or exclude one that is on."""

from collections.abc import Collection
from typing import Any

from components.addons.addon import AddOn
from components.addons.plan import AddOnPlan
from components.addons.spec import AddOnSpec, SpecType
from components.contract import BuiltIn
from spec.problems import Code, Finding


class MeshSpec(AddOnSpec):
    """Nothing to choose."""


class Mesh(AddOn[MeshSpec]):
    """Depends on nothing."""

    name = "mesh"
    spec_type = MeshSpec
    superseded_by = (BuiltIn.METRICS,)


class OtherMesh(AddOn[AddOnSpec]):
    """Cannot be beside the first."""

    name = "other-mesh"
    spec_type = AddOnSpec
    conflicts = (MeshSpec,)


class TracesSpec(AddOnSpec):
    """Where traces are kept."""

    shared: bool = False


class Traces(AddOn[TracesSpec]):
    """Depends on a store only if it is told to share one."""

    name = "traces"
    spec_type = TracesSpec

    def depends_on(self) -> Collection[SpecType]:
        return (MeshSpec,) if self.spec.shared else ()


def found(*add_ons: AddOn[Any], kind: str = "local", built_in: Collection[BuiltIn] = ()) -> list[Finding]:
    others = [each for each in (Mesh, OtherMesh, Traces) if each not in map(type, add_ons)]
    return list(AddOnPlan(add_ons, others).findings(kind, (), built_in))


def test_what_is_depended_on_and_off_is_named_at_the_one_that_depends_on_it() -> None:
    traces = Traces(TracesSpec(shared=True))
    (finding,) = found(traces)
    assert (finding.code, finding.at, finding.allowed) == (Code.ADD_ONS_APART, ("traces",), "mesh")
    assert found(Mesh(MeshSpec()), traces) == []


def test_a_dependency_may_hang_on_an_option() -> None:
    assert found(Traces(TracesSpec())) == []


def test_two_that_exclude_each_other_are_named_once_at_the_one_that_says_so() -> None:
    (finding,) = found(Mesh(MeshSpec()), OtherMesh(AddOnSpec()))
    assert (finding.code, finding.at, finding.found) == (Code.ADD_ONS_APART, ("otherMesh",), "mesh")
    assert found(OtherMesh(AddOnSpec())) == []


def test_what_is_built_into_the_cluster_is_not_added_to_it() -> None:
    mesh = Mesh(MeshSpec())
    (finding,) = found(mesh, kind="gke", built_in={BuiltIn.METRICS, BuiltIn.SNAPSHOTS})
    assert (finding.code, finding.at) == (Code.BUILT_IN, ("mesh",))
    assert BuiltIn.METRICS in finding.found
    assert found(mesh, kind="eks", built_in={BuiltIn.SNAPSHOTS}) == []
