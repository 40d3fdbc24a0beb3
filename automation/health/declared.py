"""What add-ons say of themselves: workloads, certificates, backups, targets of Prometheus."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from automation.certificates import SOON
from automation.health.api import RequestRefused
from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Severity, Symptom
from automation.health.objects import BackupObject, CertificateObject
from automation.health.workloads import available_of
from automation.show import first_of, number_of
from components.addons.health import Available, BackedUp, CertificatesHold, Scraped
from spec.cron import longest_pause

_SOON: Final = timedelta(days=7)
_VELERO: Final = "/apis/velero.io/v1/namespaces"
_SCHEDULED: Final = "velero.io/schedule-name"
_MISSED: Final = 2  # runs of a schedule, after which its newest backup is too old
_SHOWN: Final = 5
_NOT_FOUND: Final = 404


def look_at_add_ons(cluster: LiveCluster, expected: Expected) -> Looked:
    """Workloads of add-ons that are not there or are scaled to no pod, and targets that are down."""
    there = {
        (kind, each.metadata.namespace, each.metadata.name): available_of(kind, each)[1]
        for kind, workloads in cluster.workloads.items()
        for each in workloads
    }
    found: list[Symptom] = []
    for add_on, check in expected.of(Available):
        at = f"{check.namespace}/{check.kind}/{check.name}"
        command = f"kubectl --namespace {check.namespace} get {check.kind.lower()} {check.name}"
        wanted = there.get((check.kind, check.namespace, check.name))
        if wanted is None:
            found.append(Symptom(Severity.FAILED, Area.ADD_ONS, add_on, f"{at} is not there", command))
        elif not wanted and check.kind != "DaemonSet":
            found.append(Symptom(Severity.FAILED, Area.ADD_ONS, add_on, f"{at} is scaled to no pod", command))
    for _, scraped in expected.of(Scraped):
        found += [] if cluster.is_simulated else _down(scraped, cluster)
    return Looked(found, number_of(len(expected.checks), "add-on"))


def _down(scraped: Scraped, cluster: LiveCluster) -> Iterator[Symptom]:
    """Targets that are down, as Prometheus has it, if network policies let the API server ask it."""
    service = f"/api/v1/namespaces/{scraped.namespace}/services/{scraped.service}:{scraped.port}/proxy"
    subject = f"{scraped.namespace}/Service/{scraped.service}"
    command = f"kubectl --namespace {scraped.namespace} port-forward service/{scraped.service} {scraped.port}"
    try:
        answer = json.loads(cluster.api.read(f"{service}/api/v1/query", seconds=5, query="up == 0"))
        down = [f"{each['metric'].get('job')} {each['metric'].get('instance')}" for each in answer["data"]["result"]]
    except (RequestRefused, ValueError, KeyError) as refused:
        message = f"it cannot be asked by way of the API server ({refused})"
        yield Symptom(Severity.NOTE, Area.ADD_ONS, subject, message, command)
        return
    if down:
        message = f"{number_of(len(down), 'target')} down: {first_of(down, _SHOWN)}"
        yield Symptom(Severity.WARNING, Area.ADD_ONS, subject, message, command)


def look_at_certificates(cluster: LiveCluster, expected: Expected) -> Looked:
    """Certificates that are not issued, have ended or are about to: cert-manager's, and those of the stack itself."""
    issued = list(_certificates(cluster)) if expected.of(CertificatesHold) else []
    found = [finding for each in issued for finding in _of_cert_manager(each, cluster.now)]
    for each in expected.certificates:
        left = each.until - cluster.now
        by = "an `up` renews it" if each.renewed else "nothing renews it"
        if left < timedelta():
            found.append(Symptom(Severity.FAILED, Area.CERTIFICATES, each.name, f"it has ended; {by}"))
        elif left < (_SOON if each.renewed else SOON):
            found.append(Symptom(Severity.WARNING, Area.CERTIFICATES, each.name, f"{_days(left)}; {by}"))
    return Looked(found, number_of(len(issued) + len(expected.certificates), "certificate"))


def _certificates(cluster: LiveCluster) -> Iterator[CertificateObject]:
    try:
        yield from cluster.api.list("/apis/cert-manager.io/v1/certificates", CertificateObject)
    except RequestRefused as refused:
        if refused.status != _NOT_FOUND:  # of the definitions, the add-on itself says that they are not there
            raise


def _of_cert_manager(certificate: CertificateObject, now: datetime) -> Iterator[Symptom]:
    metadata, status = certificate.metadata, certificate.status
    subject = f"{metadata.namespace}/Certificate/{metadata.name}"
    command = f"kubectl --namespace {metadata.namespace} describe certificate {metadata.name}"
    unready = next((each for each in status.conditions if each.type == "Ready" and each.status != "True"), None)
    if status.not_after and status.not_after <= now:
        yield Symptom(Severity.FAILED, Area.CERTIFICATES, subject, "it has ended", command)
    elif unready:
        level = Severity.WARNING if status.not_after else Severity.FAILED
        yield Symptom(level, Area.CERTIFICATES, subject, f"not issued: {unready.reason}, {unready.message}", command)
    elif status.not_after and status.not_after - now < _SOON:
        yield Symptom(Severity.WARNING, Area.CERTIFICATES, subject, _days(status.not_after - now), command)


def _days(left: timedelta) -> str:
    return f"it ends in {number_of(left.days, 'day')}" if left.days else "it ends today"


def look_at_backups(cluster: LiveCluster, expected: Expected) -> Looked:
    """Schedules whose newest whole backup is older than two of their runs, and stores that do not answer."""
    declared = [check for _, check in expected.of(BackedUp)]
    found: list[Symptom] = []
    count = 0
    for namespace in dict.fromkeys(each.namespace for each in declared):
        made = _of_velero(namespace, "backups", cluster)
        schedules = {each.metadata.name: each for each in _of_velero(namespace, "schedules", cluster)}
        count += len(made)
        for each in declared:
            if each.namespace == namespace:
                found += _stale(each, schedules.get(each.schedule), made, cluster.now)
        for store in _of_velero(namespace, "backupstoragelocations", cluster):
            if store.status.phase == "Unavailable":
                command = f"kubectl --namespace {namespace} describe backupstoragelocation {store.metadata.name}"
                found.append(
                    Symptom(Severity.FAILED, Area.BACKUPS, store.metadata.name, "the store does not answer", command)
                )
    return Looked(found, number_of(count, "backup"))


def _of_velero(namespace: str, plural: str, cluster: LiveCluster) -> list[BackupObject]:
    try:
        return list(cluster.api.list(f"{_VELERO}/{namespace}/{plural}", BackupObject))
    except RequestRefused as refused:
        if refused.status != _NOT_FOUND:
            raise
        return []


def _stale(
    check: BackedUp, schedule: BackupObject | None, made: list[BackupObject], now: datetime
) -> Iterator[Symptom]:
    """What is wrong with the backups of one schedule; one that was made lately may have none yet."""
    command = f"kubectl --namespace {check.namespace} get backups --selector {_SCHEDULED}={check.schedule}"
    if schedule is None:
        yield Symptom(Severity.FAILED, Area.BACKUPS, check.schedule, "there is no such Schedule", command)
        return
    own = [
        each for each in made if each.metadata.labels.get(_SCHEDULED) == check.schedule and each.status.start_timestamp
    ]
    own.sort(key=_began, reverse=True)
    whole = [each for each in own if each.status.phase == "Completed"]
    bound = _MISSED * longest_pause(check.cron)
    since = _began(whole[0]) if whole else schedule.metadata.creation_timestamp or now
    if now - since > bound:
        what = (
            f"the newest whole backup is of {_age(now - since)} ago"
            if whole
            else f"no whole backup in {_age(now - since)}"
        )
        yield Symptom(
            Severity.FAILED, Area.BACKUPS, check.schedule, f"{what}; it should be of {_age(bound)} at most", command
        )
    elif own and own[0].status.phase in {"Failed", "PartiallyFailed", "FailedValidation"}:
        message = f"the newest backup, {own[0].metadata.name}, ended as {own[0].status.phase}"
        yield Symptom(Severity.WARNING, Area.BACKUPS, check.schedule, message, command)


def _began(backup: BackupObject) -> datetime:
    assert backup.status.start_timestamp
    return backup.status.start_timestamp


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return number_of(age.days, "day") if hours >= 48 else number_of(hours, "hour")  # noqa: PLR2004 - two days
