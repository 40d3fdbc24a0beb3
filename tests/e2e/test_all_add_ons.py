"""The example stack with the add-ons that its file shows: what is in the way of the second time, or the twentieth."""

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.census import Census, until_census_is
from tests.support.stack import dev_spec, make_passing_stack
from tests.support.stack_files import with_add_ons

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("bundles")]

TIMES = 20


def test_it_comes_up_and_goes_many_times_and_leaves_nothing(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census
) -> None:
    stack = make_passing_stack(tmp_path_factory.mktemp("all"))
    stack.write(dev_spec(control_plane.name, with_add_ons("dev")))
    for _ in range(TIMES):
        stack.must_up()
        assert stack.changes() == {}
        assert stack.changes() == {}
        stack.destroy()
        until_census_is(control_plane.kubeconfig, before)
