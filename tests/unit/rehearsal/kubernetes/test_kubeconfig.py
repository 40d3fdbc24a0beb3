"""Kubeconfigs lead to the cluster, user and namespace that the official provider would use.

Guards against a provider that talks to another cluster than the one that was meant.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.kubernetes import kubeconfig
from rehearsal.providers.kubernetes.kubeconfig import KubeconfigError


def _document(name: str = "one", user: Any = None, **cluster: Any) -> dict[str, Any]:
    return {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}"} | cluster}],
        "users": [{"name": name, "user": user or {"token": name}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
        "current-context": name,
    }


@pytest.fixture(autouse=True)
def _no_kubeconfig_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def test_an_option_is_contents_or_a_path(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(json.dumps(_document("two")))
    assert kubeconfig.of(json.dumps(_document()), "", "").cluster.server == "https://one"
    assert kubeconfig.of(str(file), "", "").cluster.server == "https://two"
    assert kubeconfig.of("~/config", "", "").namespace == "ns-two"


def test_context_and_cluster_options_beat_the_document() -> None:
    one, two = _document("one"), _document("two")
    both = json.dumps(
        {key: one[key] + two[key] for key in ("clusters", "users", "contexts")} | {"current-context": "one"}
    )
    chosen = kubeconfig.of(both, "two", "")
    assert (chosen.cluster.server, chosen.user and chosen.user.token) == ("https://two", "two")
    mixed = kubeconfig.of(both, "", "two")
    assert (mixed.cluster.server, mixed.user and mixed.user.token) == ("https://two", "one")


def test_files_of_the_environment_are_merged_and_the_first_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(json.dumps(_document("one")))
    second.write_text(json.dumps(_document("two") | {"clusters": _document("one", server="https://no")["clusters"]}))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'missing'}:{second}")
    assert kubeconfig.of("", "", "").cluster.server == "https://one"
    with pytest.raises(KubeconfigError):
        kubeconfig.of("", "two", "")


def test_the_file_of_the_home_directory_is_the_last_resort(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(json.dumps(_document("home")))
    assert kubeconfig.of("", "", "").cluster.server == "https://home"


def test_relative_paths_start_where_the_file_is_and_in_an_option_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.dumps(_document(**{"certificate-authority": "ca.crt"}))
    (tmp_path / "config").write_text(document)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert kubeconfig.of("", "", "").cluster.certificate_auth == str(tmp_path / "ca.crt")
    assert kubeconfig.of(document, "", "").cluster.certificate_auth == str(Path.cwd() / "ca.crt")


@pytest.mark.parametrize("version", ["v1beta1", "v1"])
def test_a_credential_plugin_is_told_which_protocol_is_wanted(version: str) -> None:
    api_version = f"client.authentication.k8s.io/{version}"
    user = {"exec": {"apiVersion": api_version, "command": "get-token", "env": [{"name": "A", "value": "b"}]}}
    chosen = kubeconfig.of(json.dumps(_document(user=user)), "", "").user
    assert chosen is not None
    assert chosen.exec is not None
    environment = {item.name: item.value for item in chosen.exec.env or []}
    assert environment["A"] == "b"
    assert json.loads(environment["KUBERNETES_EXEC_INFO"])["apiVersion"] == api_version


@pytest.mark.parametrize(
    "option", ["hello", "not: [closed", "{}", json.dumps(_document() | {"current-context": "other"}), "[]"]
)
def test_what_leads_to_no_cluster_is_an_error(option: str) -> None:
    with pytest.raises(KubeconfigError):
        kubeconfig.of(option, "", "")


def test_without_any_kubeconfig_outside_of_a_cluster_there_is_none() -> None:
    with pytest.raises(KubeconfigError, match="no kubeconfig"):
        kubeconfig.of("", "", "")


@pytest.mark.parametrize(
    ("server", "reached"),
    [("https://api.example.test:6443", "https://127.0.0.2:6443"), ("https://another.test:6443",) * 2],
)
def test_a_rehearsal_plays_the_api_server_of_hosts_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, reached: str
) -> None:
    document = json.dumps(_document(server=server))
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    assert kubeconfig.of(document, "", "").cluster.server == server
    (tmp_path / "addresses.json").write_text(json.dumps({"api.example.test": "127.0.0.2"}))
    assert kubeconfig.of(document, "", "").cluster.server == reached
    monkeypatch.delenv(REHEARSAL)
    assert kubeconfig.of(document, "", "").cluster.server == server
