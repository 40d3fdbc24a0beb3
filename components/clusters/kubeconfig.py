"""Whether a kubeconfig can be used: it can be read, the context is in it, and, for `up`, somebody answers."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse
from urllib.request import getproxies, proxy_bypass

import yaml

from spec.documents import Documents, parse, read
from spec.problems import Code, Finding, listed, quoted

_PATIENCE: Final = 10.0  # seconds; a name that resolves to nothing, or a closed port, is told at once


def check_file(path: Path, context: str | None) -> Iterator[Finding]:
    """What is wrong with the kubeconfig at `path`, whose current-context counts when `context` is None."""
    documents = read(path)
    if documents.findings:
        found = f"{path}: {documents.findings[0].found.splitlines()[0]}"
        remedy = "Name a kubeconfig that is there, or write one with the cloud's or the cluster's own tool."
        yield Finding(Code.BAD_KUBECONFIG, found, "a file that is a kubeconfig", remedy, at=("path",))
    else:
        yield from _check(documents, context, at="path")


def check_contents(text: str, context: str | None) -> Iterator[Finding]:
    """What is wrong with a kubeconfig given as text; nothing of the text is shown."""
    documents = parse(text)
    if documents.findings:
        remedy = "Set it again: `pulumi config set --secret --path '{where}' < FILE`."
        yield Finding(Code.BAD_KUBECONFIG, "text that is not YAML", "a kubeconfig", remedy, at=("contents",))
    else:
        yield from _check(documents, context, at="contents")


def _check(documents: Documents, context: str | None, at: str) -> Iterator[Finding]:
    content = documents.nodes[0].plain() if documents.nodes else None
    entries = content.get("contexts") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(entries, list):
        remedy = "Name a kubeconfig: a mapping with clusters, users and contexts."
        yield Finding(Code.BAD_KUBECONFIG, "no list `contexts`", "a kubeconfig", remedy, at=(at,))
        return
    names = [str(entry.get("name")) for entry in entries if isinstance(entry, dict)]
    wanted = context if context is not None else content.get("current-context")
    if wanted not in names:
        found = (
            quoted(context) if context is not None else f"no context here, and current-context {wanted or 'is empty'}"
        )
        remedy = "Set `context` to one that is there." if names else "Add a context to the kubeconfig."
        where = ("context",) if context is not None else (at,)
        yield Finding(Code.UNKNOWN_CONTEXT, found, listed(names), remedy, at=where)


def server_of(kubeconfig: str, context: str | None) -> str:
    """The API server's address; empty where a proxy of the kubeconfig's own reaches it."""
    config = yaml.safe_load(kubeconfig)
    wanted = _named(config, "context", context or config.get("current-context"))
    cluster = _named(config, "cluster", wanted.get("cluster"))
    return "" if cluster.get("proxy-url") else str(cluster.get("server", ""))


def unreachable(server: str) -> str:
    """Why nothing answers at the address `server`; empty if something does, or if it is behind a proxy."""
    address = urlparse(server)
    host = address.hostname or ""
    if not host or (address.scheme in getproxies() and not proxy_bypass(host)):
        return ""
    return refusal(server, _PATIENCE)


def refusal(server: str, patience: float) -> str:
    """Why nothing takes a connection to the address `server` within `patience` seconds; empty if something does."""
    address = urlparse(server)
    try:
        socket.create_connection((address.hostname or "", address.port or 443), patience).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _named(config: Mapping[str, Any], part: str, name: str | None) -> Mapping[str, Any]:
    """The context or cluster of that name; an empty one if there is none, as the provider will say."""
    return next((each[part] for each in config.get(f"{part}s") or () if each["name"] == name), {})
