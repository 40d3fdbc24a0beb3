"""Kinds in a tenant's manifests that the API server will not know: misspelt, removed, or of an add-on that is off."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from common.api_versions import STABLE, instead_of_removed, is_unknown, removed
from common.kinds import is_of_kubernetes
from spec.manifests import Manifest, read_manifests
from spec.model import did_you_mean
from spec.problems import Code, Finding, listed

_ALIKE: Final = 0.85  # one letter or two: operators have groups of their own for kinds of the same name


def check_kinds(
    paths: Sequence[Path], minor: int, defined: Mapping[str, str], off: Mapping[str, str]
) -> Iterator[Finding]:
    """What is wrong with the kinds in a tenant's manifests, relative to the tenant.

    `minor` is the cluster's minor version of Kubernetes. `defined` are the kinds that add-ons define, by their group,
    and `off` those groups that are not there, with the key of an add-on that would bring them. Of groups that nobody
    here knows nothing is said, unless one is nearly another's name.
    """
    known = STABLE | {(group, kind) for group, kinds in defined.items() for kind in kinds.split()}
    for manifest in read_manifests(paths)[0]:
        api_version, kind, _ = manifest.identity
        group = api_version.rpartition("/")[0]
        was = removed(api_version, kind)
        if was and minor >= was[0]:
            yield _removed(manifest, *was)
        elif is_unknown(api_version, kind):
            yield _unknown(manifest, known, same_group=[known_kind for of, known_kind in known if of == api_version])
        elif group in off:
            remedy = f"Add `{off[group]}: {{}}` to polykube:addons, or remove the object."
            allowed = "kinds of Kubernetes and of the add-ons that are on"
            yield manifest.finding(Code.UNKNOWN_KIND, f"{api_version} {kind}", allowed, remedy)
        elif group in defined and kind not in defined[group].split():
            yield _unknown(manifest, known, same_group=defined[group].split())
        elif not is_of_kubernetes(group) and group not in defined and (meant := _nearly(api_version, kind, defined)):
            yield _finding(manifest, "an apiVersion that there is", meant)


def _removed(manifest: Manifest, minor: int, instead: str) -> Finding:
    api_version, kind, _ = manifest.identity
    allowed = f"{instead} {kind}" if instead else "nothing: the kind is gone"
    found = f"{api_version} {kind}, which Kubernetes has no more since 1.{minor}"
    return manifest.finding(Code.UNKNOWN_KIND, found, allowed, instead_of_removed(instead))


def _unknown(manifest: Manifest, known: frozenset[tuple[str, str]], same_group: Sequence[str]) -> Finding:
    """The kind under another apiVersion, or the one of this apiVersion that is meant."""
    _, kind, _ = manifest.identity
    elsewhere = sorted((of for of, name in known if name == kind), key=lambda of: ("." in of, of))
    near = did_you_mean(kind, same_group) or did_you_mean(kind, [name for _, name in known])
    meant = f"apiVersion: {elsewhere[0]}" if elsewhere else f"kind: {near}" if near else ""
    return _finding(manifest, listed(sorted(same_group)) or "a kind that there is", meant)


def _finding(manifest: Manifest, allowed: str, meant: str) -> Finding:
    api_version, kind, _ = manifest.identity
    remedy = f"Write {meant}, if that is meant." if meant else "Write a kind that the cluster knows, or remove it."
    return manifest.finding(Code.UNKNOWN_KIND, f"{api_version} {kind}", allowed, remedy)


def _nearly(api_version: str, kind: str, defined: Mapping[str, str]) -> str:
    """The apiVersion that has the kind, where `api_version` is a slip of the pen for it."""
    version = api_version.rpartition("/")[2]
    having = [of for of, name in STABLE if name == kind] + [
        f"{of}/{version}" for of, kinds in defined.items() if kind in kinds.split()
    ]
    meant = get_close_matches(api_version, having, n=1, cutoff=_ALIKE)
    return f"apiVersion: {meant[0]}" if meant else ""
