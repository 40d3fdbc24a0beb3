"""Options of the provider: what they mean, and what changing them does.

Guards against options that silently do nothing, and against a new token or namespace that replaces everything
in the cluster, or another cluster that replaces nothing.
"""

import json
from typing import Any

import pytest

from common.wire import UNKNOWN, SecretValue
from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes import settings

FLAGS = {
    "enableServerSideApply": ("server_side_apply", "ENABLE_SERVER_SIDE_APPLY", True),
    "upsertExistingObjects": ("upsert_existing", "UPSERT_EXISTING_OBJECTS", False),
    "enablePatchForce": ("force_patches", "ENABLE_PATCH_FORCE", False),
    "enableConfigMapMutable": ("mutable_config_maps", "ENABLE_CONFIGMAP_MUTABLE", False),
    "enableSecretMutable": ("mutable_secrets", "ENABLE_SECRET_MUTABLE", False),
    "deleteUnreachable": ("delete_unreachable", "DELETE_UNREACHABLE", False),
    "skipUpdateUnreachable": ("skip_update_unreachable", "SKIP_UPDATE_UNREACHABLE", False),
    "suppressDeprecationWarnings": ("suppress_deprecation_warnings", "SUPPRESS_DEPRECATION_WARNINGS", False),
    "suppressHelmHookWarnings": ("suppress_helm_hook_warnings", "SUPPRESS_HELM_HOOK_WARNINGS", False),
}


def _kubeconfig(server: str = "https://a", bearer: str = "t", current: str = "c") -> str:
    return json.dumps(
        {
            "clusters": [
                {"name": "c", "cluster": {"server": server}},
                {"name": "d", "cluster": {"server": "https://d"}},
            ],
            "users": [{"name": "u", "user": {"token": bearer}}],
            "contexts": [
                {"name": "c", "context": {"cluster": "c", "user": "u"}},
                {"name": "d", "context": {"cluster": "d", "user": "u"}},
            ],
            "current-context": current,
        }
    )


@pytest.mark.parametrize("option", FLAGS)
def test_a_flag_comes_from_option_environment_or_default_in_this_order(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    field, variable, default = FLAGS[option]
    key = f"kubernetes:config:{option}"
    assert getattr(settings.read({}), field) is default
    monkeypatch.setenv(f"PULUMI_K8S_{variable}", "false" if default else "true")
    assert getattr(settings.read({}), field) is not default
    assert getattr(settings.read({key: "true" if default else "false"}), field) is default
    assert getattr(settings.read({key: "yes"}), field) is False


def test_the_client_is_limited_to_fifty_requests_a_second_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (settings.read({}).qps, settings.read({}).burst, settings.read({}).timeout) == (50, 120, 0)
    monkeypatch.setenv("PULUMI_K8S_CLIENT_QPS", "7.5")
    monkeypatch.setenv("PULUMI_K8S_CLIENT_TIMEOUT", "3")
    told = settings.read({"kubernetes:config:kubeClientSettings": '{"burst": 2000}'})
    assert (told.qps, told.burst, told.timeout) == (7.5, 2000, 3)


@pytest.mark.parametrize("text", ["{", "[]", '{"qps": "fast"}'])
def test_client_settings_that_cannot_be_read_are_an_error(text: str) -> None:
    with pytest.raises(ProviderError):
        settings.read({"kubernetes:config:kubeClientSettings": text})


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"renderYamlToDirectory": "out"}, ["renderYamlToDirectory"]),
        ({"strictMode": "true", "rejectUnknownResources": "true"}, ["rejectUnknownResources", "strictMode"]),
        ({"helmReleaseSettings": '{"driver": "memory"}'}, ["helmReleaseSettings"]),
        ({"alwaysRender": "false", "renderYamlToDirectory": "", "kubeconfig": UNKNOWN}, []),
    ],
)
def test_options_that_are_not_modelled_are_refused_by_name(options: Any, refused: list[str]) -> None:
    assert [failure.property for failure in settings.problems(options)] == refused


KUBECONFIG = {"kubeconfig": _kubeconfig()}
NEW_PROVIDER: dict[str, tuple[Any, Any, set[str]]] = {
    "nothing": (KUBECONFIG, KUBECONFIG, set()),
    "a token": (KUBECONFIG, {"kubeconfig": _kubeconfig(bearer="new")}, set()),
    "a namespace": (KUBECONFIG, KUBECONFIG | {"namespace": "n"}, set()),
    "the server": (KUBECONFIG, {"kubeconfig": _kubeconfig(server="https://b")}, {"kubeconfig"}),
    "the server of a secret kubeconfig": (
        {"kubeconfig": SecretValue(_kubeconfig())},
        {"kubeconfig": SecretValue(_kubeconfig(server="https://b"))},
        {"kubeconfig"},
    ),
    "the current context": (KUBECONFIG, {"kubeconfig": _kubeconfig(current="d")}, {"kubeconfig"}),
    "the context": (KUBECONFIG, KUBECONFIG | {"context": "d"}, {"context"}),
    "the cluster": (KUBECONFIG, KUBECONFIG | {"cluster": "d"}, {"cluster"}),
    "a context for the same cluster": (KUBECONFIG, KUBECONFIG | {"context": "c"}, set()),
    "no active cluster": (KUBECONFIG, KUBECONFIG | {"context": "missing"}, set()),
    "an unknown kubeconfig": (KUBECONFIG, {"kubeconfig": UNKNOWN}, {"kubeconfig"}),
    "the identifier": (
        KUBECONFIG | {"clusterIdentifier": "a"},
        KUBECONFIG | {"clusterIdentifier": "b"},
        {"clusterIdentifier"},
    ),
    "the server of an identified cluster": (
        KUBECONFIG | {"clusterIdentifier": "a"},
        {"kubeconfig": _kubeconfig(server="https://b"), "clusterIdentifier": "a"},
        set(),
    ),
    "an unknown kubeconfig of an identified cluster": (
        KUBECONFIG | {"clusterIdentifier": "a"},
        {"kubeconfig": UNKNOWN, "clusterIdentifier": "a"},
        set(),
    ),
    "an identifier that is new": (KUBECONFIG, KUBECONFIG | {"clusterIdentifier": "a"}, set()),
    "an identifier that goes": (KUBECONFIG | {"clusterIdentifier": "a"}, KUBECONFIG, set()),
}


@pytest.mark.parametrize("change", NEW_PROVIDER)
def test_only_another_cluster_replaces_the_provider(change: str) -> None:
    old, new, replaces = NEW_PROVIDER[change]
    result = settings.difference(old, new)
    assert set(result.replaces) == replaces
    assert bool(result.detailed) is (old != new)


def test_a_kubeconfig_that_cannot_be_read_is_an_error_of_the_comparison() -> None:
    with pytest.raises(ProviderError, match="kubeconfig"):
        settings.difference(KUBECONFIG, {"kubeconfig": "hello"})
