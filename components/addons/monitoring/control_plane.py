"""What is asked of a control plane of our own, and when somebody hears of it.

Alerts on etcd follow those of etcd itself (github.com/etcd-io/etcd, contrib/mixin/alerts, 3.6), with names of ours.
"""

from collections.abc import Callable
from typing import Any, Final

from components.addons.monitoring.alerting import alert
from components.control_plane import CONTROLLER_MANAGER, ETCD_METRICS, NAMESPACE, SCHEDULER, SNAPSHOTS

_META: Final = "__meta_kubernetes_pod"
_LATE: Final = "2h"


def scrapes(secured: Callable[[str, str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Scheduler, controllers and etcd, each found by its pods; `secured` is a job's scrape by TLS and token."""
    component = f"{_META}_label_component"
    static = {"kube-scheduler": SCHEDULER, "kube-controller-manager": CONTROLLER_MANAGER}
    jobs = [
        _scrape(secured(job, "pod"), component, job, [_set("__address__", [f"{_META}_ip"], f"$1:{port}")])
        for job, port in static.items()
    ]
    member = _set("member", [f"{_META}_container_name"], "$1")
    return [*jobs, _scrape(secured("etcd", "pod"), f"{_META}_label_app_kubernetes_io_name", ETCD_METRICS, [member])]


def _scrape(job: dict[str, Any], label: str, value: str, more: list[dict[str, Any]]) -> dict[str, Any]:
    job["kubernetes_sd_configs"] = [{"role": "pod", "namespaces": {"names": [NAMESPACE]}}]
    job["tls_config"] = {"insecure_skip_verify": True}  # certificates that each has made itself
    job["relabel_configs"] = [
        {"source_labels": [label], "action": "keep", "regex": value},
        {"source_labels": [f"{_META}_phase"], "action": "keep", "regex": "Running"},
        _set("node", [f"{_META}_node_name"], "$1"),
        *more,
    ]
    return job


def _set(target: str, sources: list[str], value: str) -> dict[str, Any]:
    return {"source_labels": sources, "regex": "(.+)", "replacement": value, "target_label": target}


_OF_SNAPSHOTS: Final = f'{{cronjob="{SNAPSHOTS}"}}'
_LAST: Final = f"kube_cronjob_status_last_schedule_time{_OF_SNAPSHOTS}"
_GOOD: Final = f"kube_cronjob_status_last_successful_time{_OF_SNAPSHOTS}"
_NEXT: Final = f"kube_cronjob_next_schedule_time{_OF_SNAPSHOTS}"
_USED: Final = "etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes"
_FSYNC: Final = (
    "histogram_quantile(0.99, sum by (instance, member, node, le) "
    "(rate(etcd_disk_wal_fsync_duration_seconds_bucket[5m])))"
)
_ENDS: Final = (
    "histogram_quantile(0.01, sum by (le) "
    '(rate(apiserver_client_certificate_expiration_seconds_bucket{job="kubernetes-api"}[5m])))'
)
_ENDS_SOON: Final = 86400  # seconds; an administrator's of three days is renewed when it has one left
_MEMBER: Final = "etcd's member {{ $labels.member }} ({{ $labels.node }}, {{ $labels.instance }})"

CONTROL_PLANE_RULES: Final = {
    "name": "control-plane",
    "rules": [
        alert("EtcdMemberDown", 'up{job="etcd"} == 0', "5m", "ticket", f"{_MEMBER} does not answer."),
        alert(
            "EtcdMajorityLost",
            'sum(up{job="etcd"}) < floor(count(up{job="etcd"}) / 2) + 1',
            "3m",
            "page",
            "Half of etcd's members or more do not answer: nothing can be written.",
        ),
        alert("EtcdNoLeader", "etcd_server_has_leader == 0", "1m", "page", f"{_MEMBER} has no leader."),
        alert(
            "EtcdLeaderChanges",
            "increase(etcd_server_leader_changes_seen_total[15m]) > 3",
            "5m",
            "ticket",
            f"{_MEMBER} saw {{{{ $value | humanize }}}} changes of the leader in 15 minutes: disk or network is slow.",
        ),
        alert("EtcdAlmostFull", f"{_USED} > 0.8", "10m", "ticket", f"{_MEMBER} has used 80 % of its quota."),
        alert(
            "EtcdFull",
            f"{_USED} > 0.95",
            "5m",
            "page",
            f"{_MEMBER} has used 95 % of its quota: at 100 % it takes no more writes.",
        ),
        alert("EtcdDiskSlow", f"{_FSYNC} > 0.5", "10m", "ticket", f"{_MEMBER} waits half a second for its disk (p99)."),
        alert(
            "EtcdSnapshotMissing",
            f"{_LAST} > {_GOOD} or ({_LAST} unless {_GOOD}) or (time() > {_NEXT})",
            _LATE,
            "ticket",
            f"No snapshot of etcd since the last one was due, {_LATE} ago: kubectl --namespace {NAMESPACE} get jobs.",
        ),
        alert("SchedulerDown", 'absent(up{job="kube-scheduler"} == 1)', "10m", "page", "No scheduler answers."),
        alert(
            "ControllerManagerDown",
            'absent(up{job="kube-controller-manager"} == 1)',
            "10m",
            "page",
            "No controller manager answers: what is lost is not replaced.",
        ),
        alert(
            "ClientCertificateEnds",
            f"{_ENDS} < {_ENDS_SOON}",
            "15m",
            "page",
            "A certificate by which the API server knows a client ends within a day.",
        ),
    ],
}
