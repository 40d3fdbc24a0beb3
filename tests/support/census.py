"""Every object in a cluster, so that two moments can be compared."""

from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from tests.support.api import Api, ApiError
from tests.support.polling import eventually

Census: TypeAlias = frozenset[tuple[str, str, str]]

_QUIET_POLLS = 20

# What the control plane itself makes and drops as it goes.
_ITS_OWN = {"events", "leases", "endpointslices", "componentstatuses", "ipaddresses", "controllerrevisions"}


def census(kubeconfig: Path) -> Census:
    """Resource, namespace and name of every object that can be listed."""
    with closing(Api(kubeconfig)) as api:
        return frozenset(entry for path, resource in collections(api) for entry in _entries(api, path, resource))


def settled_census(kubeconfig: Path) -> Census:
    """The objects once they have stayed the same for a while, and earlier tests' namespaces are gone.

    A new control plane makes some of its own first.
    """
    seen: list[Census] = []

    def settled() -> bool:
        seen.append(census(kubeconfig))
        return len(seen) > _QUIET_POLLS and len(set(seen[-_QUIET_POLLS:])) == 1

    with closing(Api(kubeconfig)) as api:
        eventually(
            lambda: all(each["status"]["phase"] == "Active" for each in api.list("/api/v1/namespaces")),
            what="namespaces that earlier tests deleted to be gone",
        )
    eventually(settled, what="a control plane that makes nothing more of its own")
    return seen[-1]


def until_census_is(kubeconfig: Path, expected: Census, timeout: float = 60.0) -> None:
    """Return once the objects are those of `expected`: what is deleted in the background takes a moment."""
    seen: list[Census] = []

    def same() -> bool:
        seen.append(census(kubeconfig))
        return seen[-1] == expected

    try:
        eventually(same, timeout, "the objects that were there before")
    except AssertionError:
        left, lost = sorted(seen[-1] - expected), sorted(expected - seen[-1])
        raise AssertionError(f"left behind: {left}; lost: {lost}") from None


def collections(api: Api) -> list[tuple[str, str]]:
    """Path and name of every collection whose objects last."""
    versions = [("/api/v1", "v1")]
    for group in api.get("/apis")["groups"]:
        preferred = group["preferredVersion"]["groupVersion"]
        versions.append((f"/apis/{preferred}", preferred))
    return [
        (f"{root}/{resource['name']}", f"{version}/{resource['name']}")
        for root, version in versions
        for resource in api.get(root)["resources"]
        if "list" in resource["verbs"] and "/" not in resource["name"] and resource["name"] not in _ITS_OWN
    ]


def _entries(api: Api, path: str, resource: str) -> list[tuple[str, str, str]]:
    try:
        items = api.list(path)
    except ApiError as refused:
        if refused.status in (403, 404, 405):
            return []
        raise
    return [(resource, item["metadata"].get("namespace", ""), item["metadata"]["name"]) for item in items]
