"""A cluster of somebody else's that is gone, and that a run without a change does not miss."""

import socket

import pulumi
import pytest
import yaml

from components.clusters import existing
from components.clusters.kubeconfig import server_of, unreachable


def kubeconfig(server: str, **cluster: str) -> str:
    contexts = [{"name": "theirs", "context": {"cluster": "far", "user": "me"}}]
    clusters = [{"name": "near", "cluster": {"server": "https://near"}}]
    clusters.append({"name": "far", "cluster": {"server": server, **cluster}})
    return yaml.safe_dump({"clusters": clusters, "contexts": contexts, "current-context": "theirs", "users": []})


def test_a_cluster_that_is_gone_is_told_by_up_and_not_by_a_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = f"https://127.0.0.1:{listening.getsockname()[1]}"
        there = kubeconfig(server)
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
        assert existing._answering(there, None) == there
    with pytest.raises(pulumi.RunError, match=f"PK415.*\n(.*\n)*.*{server}: Connection refused"):
        existing._answering(there, "theirs")
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert existing._answering(there, None) == there


def test_what_is_behind_a_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert server_of(kubeconfig("https://far", **{"proxy-url": "http://proxy"}), None) == ""
    assert unreachable("") == ""
    assert unreachable("https://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert unreachable("https://far.example") == ""
