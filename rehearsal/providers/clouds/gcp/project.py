"""What a project has before a stack comes, and what Google says to whom comes too early.

An API that is off answers nothing; accounts of Google's own and the pool of identities come with what makes them.
"""

import re
from collections.abc import Mapping
from typing import Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused, refuse
from rehearsal.providers.clouds.gcp.values import wrong_grants, wrong_keys
from rehearsal.providers.clouds.store import HIDDEN, Resource, Store

SERVICE: Final = "gcp:projects/service:Service"
_IDENTITY: Final = "gcp:projects/serviceIdentity:ServiceIdentity"
_CLUSTER: Final = "gcp:container/cluster:Cluster"
_FRESH: Final = {"logging", "monitoring", "servicemanagement", "serviceusage", "storage"}
"""Of the APIs that console and gcloud switch on in a new project, those that matter here
(cloud.google.com/service-usage/docs/enabled-service, September 2025)."""
_APIS: Final = {
    "compute": "compute",
    "container": "container",
    "filestore": "file",
    "kms": "cloudkms",
    "projects": "cloudresourcemanager",  # the policy of the project
    "serviceaccount": "iam",
    "storage": "storage",
}
_APIS_OF_TYPES: Final = {"gcp:projects/iAMCustomRole:IAMCustomRole": "iam", _IDENTITY: "serviceusage"}
_FIRST: Final = "cloudresourcemanager"
_POOL: Final = re.compile(r"serviceAccount:(?P<project>[^.]+)\.svc\.id\.goog\[.*")
_ROBOT: Final = "@container-engine-robot.iam.gserviceaccount.com"
_STAYS_ON: Final = "stays on"  # in the store's events
_STAYS_TAKEN: Final = "stays taken"


def check_api(type_: str, project: str, service: str | None, store: Store) -> None:
    """Refused when the API that makes resources of `type_` is off in `project`; `service` is an API to switch on.

    A Service is read with the project that it is in, so that the first one has to be Resource Manager
    (terraform-provider-google-beta, resource_google_project_service.go; terraform-google-project-factory #715).
    """
    if service and service.partition(".")[0] == _FIRST:
        return
    check_enabled(project, api_of(type_), store)


def check_enabled(project: str, api: str, store: Store) -> None:
    """Refused when an API is off in `project`."""
    if api not in _enabled(project, store):
        raise Refused("api-off", api=f"{api}.googleapis.com", project=project)


def api_of(type_: str) -> str:
    """The API that makes resources of a type, by the first part of its name."""
    return _APIS_OF_TYPES.get(type_) or _APIS[type_.partition(":")[2].partition("/")[0]]


class Service(Behaviour):
    """`projects.Service`: an API stays on when it goes, unless it says otherwise."""

    def deleted(self, resource: Resource, store: Store) -> None:
        if not resource.inputs.get("disableOnDestroy"):
            store.note(_STAYS_ON, SERVICE, resource.id)


class Member(Behaviour):
    """A member of a policy: IAM knows each of them, or refuses the whole policy."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        member = str(new.inputs["member"])
        refuse(wrong_grants(new.inputs))
        if (pool := _POOL.fullmatch(member)) and not _has_pool(pool["project"], store):
            # terraform-google-kubernetes-engine #916
            raise Refused("refused", reason=f"Identity Pool does not exist ({pool['project']}.svc.id.goog)")
        if member.endswith(_ROBOT) and not _seen(_IDENTITY, store):
            # GKE's account is made some time after its API is on (GoogleCloudPlatform/gke-enterprise-mt #2)
            raise Refused("refused", reason=f"Service account {member.partition(':')[2]} does not exist.")


class Undying(Behaviour):
    """A key ring or a key: no API deletes it, so that its name stays taken (terraform-provider-google #1214, #7067)."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        refuse(wrong_keys(new))
        there = (_STAYS_TAKEN, new.type, new.id)
        if not old and there in {(event.operation, event.type, event.id) for event in store.events()}:
            raise Refused("exists")

    def deleted(self, resource: Resource, store: Store) -> None:
        store.note(_STAYS_TAKEN, resource.type, resource.id)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "gcp:kms/keyRing:KeyRing": Undying(),
    "gcp:kms/cryptoKey:CryptoKey": Undying(),
    SERVICE: Service(),
    "gcp:projects/iAMMember:IAMMember": Member(),
    "gcp:serviceaccount/iAMMember:IAMMember": Member(),
    "gcp:storage/bucketIAMMember:BucketIAMMember": Member(),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": Member(),
}


def _enabled(project: str, store: Store) -> set[str]:
    """The APIs that are on, by the first part of their names."""
    switched_on = list(_seen(SERVICE, store))
    switched_on += [event.id for event in store.events() if event.operation == _STAYS_ON]
    ours = (each.partition("/")[2] for each in switched_on if each.partition("/")[0] == project)
    return _FRESH | {each.partition(".")[0] for each in ours}


def _seen(type_: str, store: Store) -> set[str]:
    """The ids of a type that everybody sees by now."""
    return {each.id for each in store.all(type_)} - {each.id for each in store.marked(HIDDEN, type_)}


def _has_pool(project: str, store: Store) -> bool:
    """Whether there has been a cluster with workload identity, and others see it: the pool outlives it."""
    made = {event.id for event in store.events() if event.type == _CLUSTER and event.operation == "complete"}
    made -= {cluster.id for cluster in store.marked(HIDDEN, _CLUSTER)}
    return any(each.startswith(f"projects/{project}/") for each in made)
