"""Access that is given to nobody of the stack's, or where nobody can sign it."""

from pathlib import Path

import pytest
from lightkube.core.exceptions import ConfigError

from automation import access
from automation.access import give_access
from automation.project import Project
from common.errors import AccessError
from tests.contract.test_hosts import STACK
from tests.support.cli import make_cli, one_tenant


@pytest.mark.parametrize(
    ("tenant", "user", "says"),
    [
        ("nobody", "jane", "no such tenant"),
        ("shop", "system:admin", "begin with system:"),
        ("shop", "j" * 65, "at most 64 characters"),
    ],
)
def test_who_is_not_of_the_stack_gets_none(tenant: str, user: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(AccessError, match=says):
        give_access(Project.open(STACK), tenant, user, 1, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: Project) -> None:
        raise ConfigError("no current context")

    monkeypatch.setattr(access, "kubeconfig_of", gone)
    with pytest.raises(AccessError, match=r"(?s)PK922.*kubeadm-hosts does not answer"):
        give_access(Project.open(STACK), "shop", "jane", 1, tmp_path / "file")


def test_where_a_cloud_or_this_machine_says_who_people_are_it_is_not_for_us(tmp_path: Path) -> None:
    made = make_cli(tmp_path)
    made.write(one_tenant("never-started"))
    done = made.run("access", "--tenant", "shop")
    assert done.returncode == 16
    assert "PK920" in done.stderr
    assert "clusters of kind local sign no certificates" in done.stderr
