"""Add-ons that are installed though they need one that is off, or exclude one that is on."""

from components.addons.base import AddOnBase
from components.addons.order import check
from spec.problems import Code


class Mesh(AddOnBase):
    """Needs nothing."""

    name = "mesh"


class OtherMesh(AddOnBase):
    """Cannot be beside the first."""

    name = "other-mesh"
    conflicts = (Mesh,)


class Gateway(AddOnBase):
    """Is nothing without a mesh."""

    name = "gateway"
    needs = (Mesh,)


def test_what_is_needed_and_off_is_named_at_the_one_that_needs_it() -> None:
    (finding,) = check([Gateway], "local", ())
    assert (finding.code, finding.at, finding.allowed) == (Code.ADD_ONS_APART, ("gateway",), "mesh")
    assert list(check([Gateway, Mesh], "local", ())) == []


def test_two_that_exclude_each_other_are_named_once_at_the_one_that_says_so() -> None:
    (finding,) = check([Mesh, OtherMesh], "local", ())
    assert (finding.code, finding.at, finding.found) == (Code.ADD_ONS_APART, ("otherMesh",), "mesh")
    assert list(check([OtherMesh], "local", ())) == []
