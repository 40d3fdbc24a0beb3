"""A rehearsal that fails because it cannot read what is encrypted in the stack file, or shows it."""

from pathlib import Path

import pytest
import yaml

from automation.project import Project
from automation.rehearsed_project import SECRET, RehearsedProject
from common.paths import CHECKOUT
from rehearsal.site import new_site
from rehearsal.toolchain import ENGINE, ensure


def test_secrets_that_only_the_real_stack_can_read_have_another_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    content = yaml.safe_load((CHECKOUT / "Pulumi.eks-dev.yaml").read_text())
    content["config"]["polykube:addons"] = {"monitoring": {"notify": {"page": {"secure": "v1:b3RoZXI=:b3RoZXI="}}}}
    file = tmp_path / "Pulumi.eks-dev.yaml"
    file.write_text(yaml.safe_dump(content | {"secretsprovider": "awskms://alias/stacks", "encryptedkey": "b3RoZXI="}))
    with new_site("eks-dev") as site:
        rehearsed = RehearsedProject.make(Project.open("eks-dev"), site)
        rehearsed.take(file)
        engine = rehearsed.engine(ensure(ENGINE))
        key = "polykube:addons.monitoring.notify.page"
        assert engine.ask("config", "get", "--path", key, "--stack", "eks-dev").strip() == SECRET
        assert SECRET not in (site.project / file.name).read_text()
