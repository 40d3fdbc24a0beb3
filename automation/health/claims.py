"""Volume claims that wait, and why; quotas that are used up."""

from collections.abc import Iterator, Mapping
from typing import Final

from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Severity, Symptom
from automation.health.objects import ClaimObject, EventObject, QuotaObject, StorageClass
from automation.show import number_of
from common.quantity import parse
from components.platform.shared import DEFAULT_CLASS_ANNOTATION

_CHOSEN: Final = "volume.kubernetes.io/selected-node"
_LATER: Final = "WaitForFirstConsumer"


def look_at_claims(cluster: LiveCluster, _: Expected) -> Looked:
    """A finding for each claim that has no volume, and does not just wait for its first pod."""
    claims = list(cluster.api.list("/api/v1/persistentvolumeclaims", ClaimObject))
    unbound = [each for each in claims if each.status.phase != "Bound" and not each.metadata.deletion_timestamp]
    if not unbound:
        return Looked([], number_of(len(claims), "claim"))
    classes = {
        each.metadata.name: each for each in cluster.api.list("/apis/storage.k8s.io/v1/storageclasses", StorageClass)
    }
    selector = "involvedObject.kind=PersistentVolumeClaim,type=Warning"
    told = {
        _key(each): each.message for each in cluster.api.list("/api/v1/events", EventObject, fieldSelector=selector)
    }
    found = [finding for each in unbound for finding in _unbound(each, classes, told, cluster)]
    return Looked(found, number_of(len(claims), "claim"))


def _key(event: EventObject) -> tuple[str, str]:
    return event.involved_object.namespace, event.involved_object.name


def _unbound(
    claim: ClaimObject,
    classes: Mapping[str, StorageClass],
    told: Mapping[tuple[str, str], str],
    cluster: LiveCluster,
) -> Iterator[Symptom]:
    metadata, named = claim.metadata, claim.spec.storage_class_name
    subject = f"{metadata.namespace}/PersistentVolumeClaim/{metadata.name}"
    command = f"kubectl --namespace {metadata.namespace} describe persistentvolumeclaim {metadata.name}"
    chosen = classes.get(named or "")
    level = Severity.FAILED
    if claim.status.phase == "Lost":
        why = f"its volume {claim.spec.volume_name} is gone"
    elif named is None and not any(
        each.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true" for each in classes.values()
    ):
        why = "it names no class, and the cluster has no default one"
    elif named and not chosen:
        why = f"there is no StorageClass {named}"
    elif chosen and chosen.volume_binding_mode == _LATER and _CHOSEN not in metadata.annotations:
        return
    elif said := told.get((metadata.namespace, metadata.name)):
        why = said
    else:
        maker = chosen.provisioner if chosen else "whoever makes volumes by hand"
        why, level = f"{maker} has not made it yet", Severity.NOTE if cluster.is_new(metadata) else Severity.FAILED
    yield Symptom(level, Area.CLAIMS, subject, f"no volume: {why}", command)


def look_at_quotas(cluster: LiveCluster, _: Expected) -> Looked:
    """A finding for each quota of which something is used up. What it does not allow at all does not count."""
    quotas = list(cluster.api.list("/api/v1/resourcequotas", QuotaObject))
    found = []
    for each in quotas:
        metadata, status = each.metadata, each.status
        if full := [
            f"{key} {status.used.get(key, '0')} of {hard}" for key, hard in status.hard.items() if _is_full(key, each)
        ]:
            subject = f"{metadata.namespace}/ResourceQuota/{metadata.name}"
            command = f"kubectl --namespace {metadata.namespace} describe resourcequota {metadata.name}"
            found.append(Symptom(Severity.WARNING, Area.QUOTAS, subject, f"at its bound: {', '.join(full)}", command))
    return Looked(found, number_of(len(quotas), "quota"))


def _is_full(key: str, quota: QuotaObject) -> bool:
    hard, used = parse(quota.status.hard[key]), parse(quota.status.used.get(key, "0"))
    return used >= hard > parse("0")
