"""Add-ons that are installed though they need one that is off, or exclude one that is on."""

from collections.abc import Collection

from components.addons.base import AddOnBase, AddOnSpec
from components.addons.order import check
from components.contract import Brought
from spec.problems import Code


class Mesh(AddOnBase):
    """Needs nothing."""

    name = "mesh"
    unless = (Brought.METRICS,)


class OtherMesh(AddOnBase):
    """Cannot be beside the first."""

    name = "other-mesh"
    conflicts = (Mesh,)


class Storage(AddOnSpec):
    """Where things are kept."""

    shared: bool = False


class Traces(AddOnBase):
    """Needs a store only if it is told to share one."""

    name = "traces"
    after = (Mesh,)

    @classmethod
    def needed(cls, spec: AddOnSpec) -> Collection[type[AddOnBase]]:
        assert isinstance(spec, Storage)
        return (Mesh,) if spec.shared else ()


class Gateway(AddOnBase):
    """Is nothing without a mesh."""

    name = "gateway"
    needs = (Mesh,)


def test_what_is_needed_and_off_is_named_at_the_one_that_needs_it() -> None:
    (finding,) = check({Gateway: AddOnSpec()}, "local", ())
    assert (finding.code, finding.at, finding.allowed) == (Code.ADD_ONS_APART, ("gateway",), "mesh")
    assert list(check({Gateway: AddOnSpec(), Mesh: AddOnSpec()}, "local", ())) == []


def test_what_is_needed_may_hang_on_an_option() -> None:
    (finding,) = check({Traces: Storage(shared=True)}, "local", ())
    assert (finding.at, finding.allowed) == (("traces",), "mesh")
    assert list(check({Traces: Storage()}, "local", ())) == []


def test_two_that_exclude_each_other_are_named_once_at_the_one_that_says_so() -> None:
    (finding,) = check({Mesh: AddOnSpec(), OtherMesh: AddOnSpec()}, "local", ())
    assert (finding.code, finding.at, finding.found) == (Code.ADD_ONS_APART, ("otherMesh",), "mesh")
    assert list(check({OtherMesh: AddOnSpec()}, "local", ())) == []


def test_what_the_cluster_brings_is_not_added_to_it() -> None:
    (finding,) = check({Mesh: AddOnSpec()}, "gke", (), {Brought.METRICS, Brought.SNAPSHOTS})
    assert (finding.code, finding.at) == (Code.BROUGHT_ALREADY, ("mesh",))
    assert Brought.METRICS in finding.found
    assert list(check({Mesh: AddOnSpec()}, "eks", (), {Brought.SNAPSHOTS})) == []
