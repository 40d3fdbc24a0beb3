"""The provider's configuration: what the options mean, and what a change of them does to its resources.

Options arrive as text, `kubernetes:config:<name>`. An option that is given beats its environment variable,
and a flag is on only if it says `true`.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.wire import UNKNOWN, Properties, plain
from rehearsal.providers.base import UPDATE, UPDATE_REPLACE, Diff, Failure, ProviderError
from rehearsal.providers.kubernetes.kubeconfig import Document, KubeconfigError, active_cluster, explicit

_PREFIX: Final = "kubernetes:config:"
_CLUSTER_IDENTIFIER: Final = "clusterIdentifier"
_CONNECTION: Final = ("kubeconfig", "context", "cluster")
_NOT_MODELLED: Final = (
    "alwaysRender",
    "helmReleaseSettings",
    "rejectUnknownResources",
    "renderYamlToDirectory",
    "strictMode",
)
_DEFAULT_BURST: Final = 120
_DEFAULT_QPS: Final = 50.0


@dataclass(frozen=True)
class Settings:
    """The options that the stand-in models, defaults filled in. Times in seconds, `timeout` 0 is none."""

    kubeconfig: str
    context: str
    cluster: str
    namespace: str
    server_side_apply: bool
    upsert_existing: bool
    force_patches: bool
    mutable_config_maps: bool
    mutable_secrets: bool
    delete_unreachable: bool
    skip_update_unreachable: bool
    suppress_deprecation_warnings: bool
    suppress_helm_hook_warnings: bool
    burst: int
    qps: float
    timeout: float


def read(variables: Mapping[str, Any]) -> Settings:
    """The settings that a Configure request's variables make; ProviderError for what cannot be read."""
    options = {name.removeprefix(_PREFIX): str(value) for name, value in variables.items()}
    client = _client_settings(options.get("kubeClientSettings", "{}"))
    return Settings(
        kubeconfig=options.get("kubeconfig", ""),
        context=options.get("context", ""),
        cluster=options.get("cluster", ""),
        namespace=options.get("namespace", ""),
        server_side_apply=_flag(options, "enableServerSideApply", "ENABLE_SERVER_SIDE_APPLY", "true"),
        upsert_existing=_flag(options, "upsertExistingObjects", "UPSERT_EXISTING_OBJECTS"),
        force_patches=_flag(options, "enablePatchForce", "ENABLE_PATCH_FORCE"),
        mutable_config_maps=_flag(options, "enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
        mutable_secrets=_flag(options, "enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
        delete_unreachable=_flag(options, "deleteUnreachable", "DELETE_UNREACHABLE"),
        skip_update_unreachable=_flag(options, "skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
        suppress_deprecation_warnings=_flag(options, "suppressDeprecationWarnings", "SUPPRESS_DEPRECATION_WARNINGS"),
        suppress_helm_hook_warnings=_flag(options, "suppressHelmHookWarnings", "SUPPRESS_HELM_HOOK_WARNINGS"),
        burst=int(_number(client, "burst", _DEFAULT_BURST)),
        qps=_number(client, "qps", _DEFAULT_QPS),
        timeout=_number(client, "timeout", 0),
    )


def problems(options: Properties) -> Iterator[Failure]:
    """Options that the stand-in refuses rather than play them wrongly."""
    for name in _NOT_MODELLED:
        if options.get(name) not in (None, "", False, "false"):
            yield Failure(name, "is not modelled by the stand-in provider; install the official plugin")


def difference(old: Properties, new: Properties) -> Diff:
    """What a change of options means: another cluster replaces every resource, anything else updates.

    A cluster is another one when its `clusterIdentifier` changed, or, where there is none, when the active
    entry of the kubeconfig did or is not known yet.
    """
    before, after = plain(old), plain(new)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    identified = _CLUSTER_IDENTIFIER in before and _CLUSTER_IDENTIFIER in after
    forcing = {_CLUSTER_IDENTIFIER} & changed if identified else set()
    if forcing or not identified:
        unknown = {key for key in _CONNECTION if after.get(key) is UNKNOWN}
        forcing |= unknown or (changed.intersection(_CONNECTION) if _is_other_cluster(before, after) else set())
    return Diff({key: UPDATE_REPLACE if key in forcing else UPDATE for key in changed | forcing})


def _is_other_cluster(before: Properties, after: Properties) -> bool:
    try:
        old, new = (
            active_cluster(_document(options), options.get("context") or "", options.get("cluster") or "")
            for options in (before, after)
        )
    except KubeconfigError as error:
        raise ProviderError(str(error)) from error
    return old is not None and new is not None and old != new


def _document(options: Properties) -> Document:
    value = options.get("kubeconfig")
    if isinstance(value, dict):
        return value
    return explicit(value) if value else {}


def _flag(options: Mapping[str, str], name: str, variable: str, default: str = "false") -> bool:
    return options.get(name, os.environ.get(f"PULUMI_K8S_{variable}", default)) == "true"


def _client_settings(text: str) -> Mapping[str, Any]:
    try:
        settings = json.loads(text)
    except json.JSONDecodeError as error:
        raise ProviderError(f"kubeClientSettings is no JSON: {error}") from error
    if not isinstance(settings, dict):
        raise ProviderError("kubeClientSettings is no JSON object")
    return settings


def _number(settings: Mapping[str, Any], name: str, default: float) -> float:
    value = settings.get(name)
    if value is None:
        value = os.environ.get(f"PULUMI_K8S_CLIENT_{name.upper()}") or default
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ProviderError(f"the client setting {name} is no number: {value!r}") from error
