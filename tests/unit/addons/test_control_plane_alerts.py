"""A control plane in trouble that wakes nobody, or a blip that does; and metrics that anybody may read.

Prometheus' own tool runs the rules on made-up series, one value a minute.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from components.addons.monitoring.scraping import prometheus_config, rules
from components.control_plane import PORTS
from policy.model.resource import Resource
from tests.support.registered import Registered
from tests.support.stack_files import planned, registered_with
from tests.unit.addons.tools import promtool

MEMBERS: Final = [f'job="etcd",instance="10.0.{zone}.4:9979",member="etcd",node="cp-{zone}"' for zone in range(3)]
JOB: Final = 'cronjob="etcd-snapshots",namespace="kube-system"'
FINE: Final = {
    **{f"up{{{member}}}": "1x600" for member in MEMBERS},
    **{f"etcd_server_has_leader{{{member}}}": "1x600" for member in MEMBERS},
    'up{job="kube-scheduler",instance="a"}': "1x600",
    'up{job="kube-controller-manager",instance="a"}': "1x600",
}


def check(tmp_path: Path, series: Mapping[str, str], expected: Mapping[str, list[str]]) -> None:
    """Run the rules on `series` beside those of a control plane that is fine, and compare what fires by time (90m)."""
    checks = [
        {
            "expr": 'count by (alertname) (ALERTS{alertstate="firing",alertname!="TargetDown"})',
            "eval_time": time,
            "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names],
        }
        for time, names in expected.items()
    ]
    given = [{"series": name, "values": values} for name, values in (FINE | dict(series)).items()]
    test = {"interval": "1m", "input_series": given, "promql_expr_test": checks}
    unit = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    promtool(tmp_path, "test", "rules", "unit.yml", rules=rules([], control_plane=True), unit=unit)


def test_prometheus_takes_what_it_is_told_and_a_cluster_of_a_cloud_s_has_none_of_it(tmp_path: Path) -> None:
    config = prometheus_config("monitoring", "alertmanager", control_plane=True)
    promtool(tmp_path, "check", "config", "--syntax-only", "prometheus.yml", prometheus=config, rules=rules([]))
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert {"kube-scheduler", "kube-controller-manager", "etcd"} <= jobs
    assert "etcd" not in str(prometheus_config("monitoring", "alertmanager")) + str(rules([]))


def test_a_control_plane_that_is_fine_wakes_nobody(tmp_path: Path) -> None:
    check(tmp_path, {}, {"5m": [], "500m": []})


def test_a_member_that_is_down_is_a_ticket_and_one_that_starts_anew_is_none(tmp_path: Path) -> None:
    down = {f"up{{{MEMBERS[0]}}}": "1x60 0x3 1x60 0x60"}
    check(tmp_path, down, {"63m": [], "100m": [], "135m": ["EtcdMemberDown"]})


def test_without_a_majority_somebody_is_woken(tmp_path: Path) -> None:
    down = {f"up{{{member}}}": "1x60 0x60" for member in MEMBERS[:2]}
    check(tmp_path, down, {"62m": [], "65m": ["EtcdMajorityLost"]})
    alone = {f"up{{{member}}}": "1x60 0x60" for member in MEMBERS}
    check(tmp_path, alone, {"62m": [], "65m": ["EtcdMajorityLost"]})


def test_an_election_wakes_nobody_and_no_leader_does(tmp_path: Path) -> None:
    lost = {f"etcd_server_has_leader{{{MEMBERS[0]}}}": "1x60 0 1x60 0x10"}
    check(tmp_path, lost, {"61m": [], "62m": [], "125m": ["EtcdNoLeader"]})


def test_leaders_that_come_and_go_are_a_ticket_and_one_change_is_none(tmp_path: Path) -> None:
    changes = {f"etcd_server_leader_changes_seen_total{{{MEMBERS[0]}}}": "1x60 2x60 2+1x30"}
    check(tmp_path, changes, {"70m": [], "150m": ["EtcdLeaderChanges"]})


def test_a_database_that_fills_is_a_ticket_and_then_somebody_is_woken(tmp_path: Path) -> None:
    quota = {f"etcd_server_quota_backend_bytes{{{MEMBERS[0]}}}": "100x400"}
    used = {f"etcd_mvcc_db_total_size_in_bytes{{{MEMBERS[0]}}}": "70x60 85x5 70x60 85x60 96x60"}
    expected = {"64m": [], "100m": [], "180m": ["EtcdAlmostFull"], "210m": ["EtcdAlmostFull", "EtcdFull"]}
    check(tmp_path, quota | used, expected)


@pytest.mark.parametrize(("bound", "fires"), [("1", ["EtcdDiskSlow"]), ("0.008", [])])
def test_a_slow_disk_is_a_ticket(bound: str, fires: list[str], tmp_path: Path) -> None:
    name = "etcd_disk_wal_fsync_duration_seconds_bucket"
    bounds = {"0.004": "0x60", bound: "0+60x60", "+Inf": "0+60x60"}
    check(tmp_path, {f'{name}{{{MEMBERS[0]},le="{le}"}}': values for le, values in bounds.items()}, {"30m": fires})


@pytest.mark.parametrize(
    ("last", "good", "next_", "fires"),
    [
        ("3600x60 7200x60 10800x180", "3605x60 7205x60 10805x180", "7200x60 10800x60 99999x180", []),
        ("3600x60 7200x60 10800x180", "3605x300", "7200x60 10800x60 99999x180", ["EtcdSnapshotMissing"]),
        ("3600x300", "_x300", "99999x300", ["EtcdSnapshotMissing"]),  # none has ever been taken
        ("3600x300", "3605x300", "3600x300", ["EtcdSnapshotMissing"]),  # what is due is not begun
    ],
    ids=["taken", "fails", "never", "not begun"],
)
def test_a_snapshot_that_is_not_taken_is_a_ticket(
    last: str, good: str, next_: str, fires: list[str], tmp_path: Path
) -> None:
    series = {"status_last_schedule_time": last, "status_last_successful_time": good, "next_schedule_time": next_}
    told = {f"kube_cronjob_{name}{{{JOB}}}": values for name, values in series.items()}
    check(tmp_path, told, {"58m": [], "280m": fires})


def test_without_scheduler_or_controllers_somebody_is_woken_and_one_of_two_is_enough(tmp_path: Path) -> None:
    for job, name in (("kube-scheduler", "SchedulerDown"), ("kube-controller-manager", "ControllerManagerDown")):
        down = {f'up{{job="{job}",instance="a"}}': "1x60 0x5 1x60 0x100"}
        check(tmp_path, down, {"66m": [], "145m": [name]})
        check(tmp_path, down | {f'up{{job="{job}",instance="b"}}': "1x300"}, {"145m": []})


@pytest.mark.parametrize(
    ("above", "bound", "fires"), [("21600", "43200", ["ClientCertificateEnds"]), ("86400", "172800", [])]
)
def test_a_certificate_that_ends_within_a_day_wakes_somebody(
    above: str, bound: str, fires: list[str], tmp_path: Path
) -> None:
    name = "apiserver_client_certificate_expiration_seconds_bucket"
    bounds = {above: "0x90", bound: "0+60x90", "+Inf": "0+60x90"}
    given = {f'{name}{{job="kubernetes-api",le="{le}"}}': values for le, values in bounds.items()}
    check(tmp_path, given, {"10m": [], "60m": fires})


# How the cluster gives them --------------------------------------------------------------------------


def named(made: Mapping[str, Registered], name: str) -> dict[str, Registered]:
    return {each.type.rpartition(":")[2]: each for each in made.values() if each.name == f"kube-system/{name}"}


def arguments(container: Mapping[str, Any]) -> dict[str, str]:
    return dict(each.removeprefix("--").split("=", 1) for each in container["args"])


def test_etcd_s_metrics_are_for_whom_the_api_server_lets() -> None:
    made = planned("kubeadm-aws")
    pod = named(made, "etcd-metrics")["DaemonSet"].inputs["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    told = arguments(container)
    assert told["upstream"] == "http://127.0.0.1:2381/"
    assert told["allow-paths"] == "/metrics"
    assert "ignore-paths" not in told
    assert pod["securityContext"]["runAsUser"] != 0
    roles = [each for each in made.values() if each.type.endswith(":ClusterRole") and each.name == "etcd-metrics"]
    assert {rule["resources"][0] for rule in roles[0].inputs["rules"]} == {"tokenreviews", "subjectaccessreviews"}


def test_prometheus_may_go_there_by_network_and_right() -> None:
    made = registered_with("kubeadm-aws", monitoring={})
    config = next(
        each for each in made.values() if each.type.endswith(":ConfigMap") and each.name == "monitoring/prometheus"
    )
    assert "etcd-metrics" in config.inputs["data"]["prometheus.yml"]
    assert "EtcdNoLeader" in config.inputs["data"]["rules.yml"]
    opened = {
        port["port"]
        for each in made.values()
        if Resource(each.urn, each.type, each.name, each.inputs).kind == "NetworkPolicy"
        and each.name.startswith("monitoring/prometheus")
        for rule in each.inputs["spec"].get("egress", ())
        for port in rule.get("ports", ())
    }
    assert set(PORTS) <= opened
    let_in = [each.inputs for each in made.values() if each.name.endswith(("planes-metrics", "planes-etcd-metrics"))]
    reached = {port for each in let_in for port in range(int(each["fromPort"]), int(each["toPort"]) + 1)}
    assert set(PORTS) <= reached
