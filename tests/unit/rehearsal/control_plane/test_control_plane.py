"""Guards against a name that leads out of the state directory, and against a start without programs."""

import pytest

from common.errors import ControlPlaneError
from rehearsal.control_plane import ControlPlane, ControlPlaneState


@pytest.mark.parametrize("name", ["", "../up", "Dev", "-dev", "a" * 64, "a/b"])
def test_a_name_that_is_no_dns_label_is_refused(name: str) -> None:
    with pytest.raises(ControlPlaneError, match="PK301"):
        ControlPlane(name)


def test_what_was_never_started_is_absent_and_may_be_stopped_and_deleted() -> None:
    plane = ControlPlane("never-started")
    plane.stop()
    plane.delete()
    status = plane.status()
    assert (status.state, status.processes, status.endpoint) == (ControlPlaneState.ABSENT, (), "")
    assert not list(plane.kubeconfig.parent.parent.glob(f"{plane.name}*"))


def test_starting_needs_binaries() -> None:
    with pytest.raises(ValueError, match="binaries"):
        ControlPlane("without").start()
