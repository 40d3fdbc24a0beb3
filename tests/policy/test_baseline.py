"""A baseline that lets something new pass, or refuses what a team began with."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.errors import PolicyInputError
from tests.policy.test_check import POD, in_json, run


def manifest(*images: str, name: str = "app") -> str:
    containers = [{"name": image.partition(":")[0], "image": image} for image in images]
    body: dict[str, Any] = POD | {"metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": containers}}
    return yaml.safe_dump(body)


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    file = tmp_path / "baseline.json"
    done = run("-", "--only", "image", "--write-baseline", file, stdin=manifest("nginx", "redis"))
    assert done.exit_code == 0
    assert "2 known by the baseline" in done.stdout
    return file


def checked(baseline: Path, text: str, *arguments: str) -> Any:
    return in_json("-", "--only", "image", "--baseline", baseline, *arguments, stdin=text)


def test_it_is_a_line_for_each_finding(baseline: Path) -> None:
    path = "spec.containers[{}].image"
    entries = [
        {"rule": "image", "resource": "shop/Pod/app", "path": path.format(it), "count": 1} for it in ("nginx", "redis")
    ]
    assert json.loads(baseline.read_text()) == entries
    assert len(baseline.read_text().splitlines()) == 4


@pytest.mark.parametrize("text", [manifest("nginx", "redis"), "# moved\n\n" + manifest("redis", "nginx")])
def test_what_is_known_passes_at_other_lines_and_in_another_order(text: str, baseline: Path) -> None:
    report = checked(baseline, text)
    assert (report["findings"], len(report["known"]), report["gone"]) == ([], 2, [])
    assert run("-", "--only", "image", "--baseline", baseline, stdin=text).exit_code == 0


@pytest.mark.parametrize(
    "text",
    [
        manifest("nginx", "redis", "busybox"),
        manifest("nginx", "redis") + "---\n" + manifest("nginx", name="other"),
        manifest("nginx", "redis") + "---\n" + manifest("nginx"),
    ],
    ids=["field", "object", "again"],
)
def test_what_is_new_is_refused(text: str, baseline: Path) -> None:
    report = checked(baseline, text)
    assert (len(report["findings"]), len(report["known"])) == (1, 2)
    assert run("-", "--only", "image", "--baseline", baseline, stdin=text).exit_code == 1


def test_entries_that_no_longer_occur_are_said(baseline: Path) -> None:
    text = manifest("nginx", "redis:8")
    gone = {"rule": "image", "resource": "shop/Pod/app", "path": "spec.containers[redis].image"}
    assert checked(baseline, text)["gone"] == [gone]
    done = run("-", "--only", "image", "--baseline", baseline, stdin=text)
    assert done.exit_code == 0
    assert "gone  image  shop/Pod/app spec.containers[redis].image" in done.stdout
    assert "1 entry of the baseline no longer occurs" in done.stdout
    others = run("-", "--only", "sa-token", "--baseline", baseline, stdin=text)
    assert "baseline" not in others.stdout


@pytest.mark.parametrize("text", ["", "{", "{}x", "[1]", '[{"rule": "image"}]', "7", "[" * 99999])
def test_what_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    for name in (file, tmp_path / "none.json"):
        refused = run("-", "--baseline", name, stdin=manifest("nginx")).exception
        assert isinstance(refused, PolicyInputError)
        assert [problem.code for problem in refused.problems] == ["PK518"]


def test_it_is_read_or_written() -> None:
    assert run("-", "--baseline", "a", "--write-baseline", "b").exit_code == 64


def test_sarif_gives_a_finding_the_same_fingerprint_wherever_it_stands() -> None:
    def fingerprints(text: str) -> list[str]:
        log = json.loads(run("-", "--only", "image", "--format", "sarif", stdin=text).stdout)
        return [result["partialFingerprints"]["polykube/v1"] for result in log["runs"][0]["results"]]

    first, second = fingerprints(manifest("nginx", "redis"))
    assert fingerprints("\n\n" + manifest("redis", "nginx")) == [second, first]
