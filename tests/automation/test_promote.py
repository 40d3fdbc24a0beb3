"""`polykube promote`, which would drown what matters in what is only written otherwise, or show a secret."""

import json
import shutil
from pathlib import Path

import pytest

from automation.promote import ConfigDifference, show_promotion
from common.errors import StackFileError
from common.paths import CHECKOUT


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("eks-dev", "eks-prod"):
        shutil.copy(CHECKOUT / f"Pulumi.{name}.yaml", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: polykube\nruntime: python\n")
    shutil.copytree(CHECKOUT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)


def found(capsys: pytest.CaptureFixture[str], source: str, target: str) -> dict[str, ConfigDifference]:
    """What the command tells programs, by place."""
    show_promotion(source, target, as_json=True)
    told = [ConfigDifference(**each) for each in json.loads(capsys.readouterr().out)]
    return {each.where: each for each in told}


def test_what_the_target_has_otherwise_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (tmp_path / "Pulumi.eks-prod.yaml").read_text().splitlines()
    told = found(capsys, "eks-dev", "eks-prod")
    assert told["polykube:stage"] == ConfigDifference("polykube:stage", "dev", "prod", "Pulumi.eks-prod.yaml", 9)
    general = told["polykube:cluster.nodePools[1].machineType"]
    assert (general.source, general.target) == ("t4g.large", "m7i.xlarge"), "the pool of the same name"
    assert "machineType" in lines[general.line - 1]
    gone = [each for each in told.values() if each.target is None]
    assert [each.file for each in gone] == ["Pulumi.eks-dev.yaml"] * len(gone) != []


def test_what_is_only_written_otherwise_is_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = (tmp_path / "Pulumi.eks-dev.yaml").read_text()
    assert "{min: 2, max: 4}" in written
    (tmp_path / "Pulumi.other.yaml").write_text(written.replace("{min: 2, max: 4}", "{max: 4, min: 2} # enough"))
    assert found(capsys, "eks-dev", "other") == {}
    show_promotion("eks-dev", "other", as_json=False)
    assert "no difference between Pulumi.eks-dev.yaml and Pulumi.other.yaml" in capsys.readouterr().out


def test_a_file_that_is_wrong_is_told_instead(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.wrong.yaml").write_text("config: {polykube:stage: nowhere}\n")
    with pytest.raises(StackFileError):
        show_promotion("eks-dev", "wrong", as_json=False)
    with pytest.raises(StackFileError, match="PK100"):
        show_promotion("eks-dev", "none", as_json=False)
