"""What `polykube health` shows and how it ends, a run that is told to be well while its cluster is not."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from automation.health import api_server, command, report
from automation.health.api import RequestRefused
from automation.health.cluster import Expected, LiveCluster
from automation.health.command import pass_gate, show_health, show_summary
from automation.health.findings import Area, Health, Pool, Severity, Symptom
from automation.project import Project
from common.errors import HealthError
from rehearsal.control_plane import ControlPlane
from stacks.config import HealthSpec
from tests.support.api import Api
from tests.support.cli import Cli, make_cli, one_tenant
from tests.support.objects import pod
from tests.support.stack_files import load_stack

LOST = Symptom(
    Severity.FAILED, Area.NODES, "general", "1 node not ready (general-2)", "kubectl describe node general-2"
)
FULL = Symptom(
    Severity.WARNING, Area.QUOTAS, "lab/ResourceQuota/quota", "at its bound: pods 2 of 2 [all]", "kubectl get quota"
)
AWAY = Symptom(Severity.NOTE, Area.NODES, "general", "1 node cordoned (general-1)", "kubectl describe node general-1")


def health(*findings: Symptom) -> Health:
    pools = [Pool("general", 3, 2, (3, 5), ["MemoryPressure"], ["v1.36.3"]), Pool("–", 1, 1, None, [], ["v1.36.3"])]
    return Health("prod", "eks", "v1.36.3", pools, {area: f"some {area}" for area in Area}, findings, 31, 0.4)


def project(**gate: object) -> Project:
    spec = load_stack("dev").model_copy(update={"health": HealthSpec.model_validate(gate)})
    return Project(Path(), "prod", spec)


def plays(
    monkeypatch: pytest.MonkeyPatch, *healths: Health, sleep: Callable[[float], None] = lambda _: None
) -> list[Health]:
    """Have the cluster's health be each of `healths` in turn, the last one for ever; those that were seen come back."""
    seen: list[Health] = []

    def look() -> Health:
        seen.append(healths[min(len(seen), len(healths) - 1)])
        return seen[-1]

    clock: Iterator[int] = count(0, 7)
    monkeypatch.setattr(command, "examination_of", lambda _: look)
    monkeypatch.setattr(command, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: next(clock)))
    return seen


def test_it_says_what_is_wrong_worst_first_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(health(LOST, FULL, AWAY))
    said = capsys.readouterr().out
    lines = [line.rstrip() for line in said.splitlines() if line]
    assert lines[0] == "prod  eks, Kubernetes v1.36.3"
    assert lines[1:6] == [
        "✓ API server       some API server",
        "✗ nodes            some nodes",
        "✓ workloads        some workloads",
        "✓ volume claims    some volume claims",
        "! quotas           some quotas",
    ]
    assert lines[12:14] == [
        "pool     ready  wanted  versions  trouble",
        "general  2/3    3–5     v1.36.3   MemoryPressure",
    ]
    assert lines[15:] == [
        "✗ general  1 node not ready (general-2)",
        "  see  kubectl describe node general-2",
        "! lab/ResourceQuota/quota  at its bound: pods 2 of 2 [all]",
        "  see  kubectl get quota",
        "· general  1 node cordoned (general-1)",
        "✗ prod is not healthy: 1 failed, 1 warning  31 requests, 0.4 s",
        "next  kubectl describe node general-2",
    ]


def test_each_check_of_the_api_server_that_fails_is_named() -> None:
    """In the words of kube-apiserver 1.36 without its etcd, which come with status 500."""
    said = (
        "[+]ping ok\n[-]etcd failed: reason withheld\n[+]poststarthook/rbac/bootstrap-roles ok\nreadyz check failed\n"
    )

    def read(probe: str, **_: str) -> bytes:
        if probe == "/livez":
            return b"[+]ping ok\nlivez check passed\n"
        raise RequestRefused(500, said)

    cluster = SimpleNamespace(api=SimpleNamespace(read=read), version="v1.36.3")
    looked = api_server.look(cast("LiveCluster", cluster), Expected({}, {}))
    assert looked.at == "v1.36.3, readyz 2 of 3, livez 1 of 1"
    assert [(each.level, each.subject, each.message) for each in looked.findings] == [
        (Severity.FAILED, "/readyz", "the check etcd has failed: reason withheld")
    ]


def test_of_a_great_many_the_first_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(health(*(Symptom(Severity.FAILED, Area.NODES, f"pool-{number}", "lost") for number in range(40))))
    said = capsys.readouterr().out
    assert "pool-29" in said
    assert "pool-30" not in said
    assert "and 10 more; --json has all of them" in said


def test_in_json_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plays(monkeypatch, health(FULL, AWAY))
    assert show_health(project(), as_json=True, watch=False) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is True
    assert [each["level"] for each in told["findings"]] == ["warning", "note"]
    assert told["looked_at"]["backups"] == "some backups"
    assert told["pools"][0]["wanted"] == [3, 5]


def test_a_watch_looks_again_and_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def end(_: float) -> None:
        if len(seen) == 2:
            raise KeyboardInterrupt

    seen = plays(monkeypatch, health(LOST), health(), sleep=end)
    with pytest.raises(KeyboardInterrupt):
        show_health(project(), as_json=True, watch=True)
    assert [json.loads(line)["healthy"] for line in capsys.readouterr().out.splitlines()] == [False, True]


def test_the_gate_waits_until_nothing_fails_and_tells_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = plays(monkeypatch, health(LOST, FULL), health(LOST), health(FULL, AWAY))
    pass_gate(project(minutes=10))
    assert len(seen) == 3
    written = capsys.readouterr()
    assert "at its bound" in written.out
    assert "cordoned" not in written.out


def test_the_gate_is_an_error_with_all_that_fails_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Symptom(Severity.FAILED, Area.BACKUPS, "everything", "too old")
    seen = plays(monkeypatch, health(LOST, other))
    with pytest.raises(HealthError) as failed:
        pass_gate(project(minutes=1))
    assert 60 / 7 - 3 < len(seen) < 60 / 7 + 3, "a look takes seven seconds"
    assert [(each.code, each.found) for each in failed.value.problems] == [
        ("PK940", "1 node not ready (general-2)"),
        ("PK940", "too old"),
    ]
    assert "kubectl describe node general-2" in failed.value.problems[0].remedy
    assert "polykube health prod" in failed.value.problems[1].remedy
    assert "within 1 minute" in failed.value.problems[0].allowed


def test_a_summary_is_a_line_and_what_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plays(monkeypatch, health(LOST, FULL))
    show_summary(project())
    said = capsys.readouterr().out
    assert said.startswith("✗ prod is not healthy: 1 failed, 1 warning")
    assert "general  1 node not ready (general-2)" in said
    assert "health prod" in said


@pytest.mark.parametrize(
    ("stage", "gate", "waits"), [("prod", None, True), ("prod", False, False), ("dev", None, False), ("qa", True, True)]
)
def test_production_waits_for_health_unless_it_says_otherwise(stage: str, gate: bool | None, waits: bool) -> None:
    asked = HealthSpec() if gate is None else HealthSpec(gate=gate)
    spec = load_stack("dev").model_copy(update={"stage": stage, "health": asked})
    assert spec.waits_for_health is waits


@pytest.mark.needs("engine", "control plane")
def test_a_clusters_health_is_shown_and_is_the_exit_code(stack: Cli, api: Api) -> None:
    said = stack.must("health")
    assert "✓ dev is healthy" in said
    assert re.search(r"only +1/1 +1 ", said)
    assert "✓ dev is healthy" in stack.must("status")
    api.post("/api/v1/namespaces/solo/pods", pod("solo", "stray", nodeSelector={"pool": "nowhere"}))
    try:
        api.until("/api/v1/namespaces/solo/pods/stray", lambda it: it["status"].get("conditions"))
        done = stack.run("health", "--json")
        assert done.returncode == 18
        found = json.loads(done.stdout)["findings"]
        assert [each["subject"] for each in found if each["level"] == "failed"] == ["solo/Pod/stray"]
        assert "✗ dev is not healthy: 1 failed" in stack.must("status")
    finally:
        api.delete("/api/v1/namespaces/solo/pods/stray")


@pytest.mark.needs("engine", "control plane")
def test_a_run_with_a_gate_ends_when_the_cluster_is_healthy(stack: Cli, control_plane: ControlPlane) -> None:
    stack.write(one_tenant(control_plane.name) | {"health": {"gate": True, "minutes": 2}})
    done = stack.run("up")
    stack.write(one_tenant(control_plane.name))
    assert done.returncode == 0, done.stderr
    assert "✓ waiting until the cluster is healthy" in done.stderr


@pytest.mark.needs("engine")
def test_a_cluster_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    cli = make_cli(tmp_path)
    cli.write(one_tenant("never-started"))
    done = cli.run("health")
    assert done.returncode == 18
    assert "✗ PK941 the cluster does not answer" in done.stderr
