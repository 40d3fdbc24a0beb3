"""Kubeconfigs: found where the official provider finds them, and turned into one connection.

An explicit value is a path or the contents themselves. Without one, client-go's rules apply: KUBECONFIG
(several files are merged, the first to name something wins), `~/.kube/config`, the service account of the
pod we run in.
"""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError
from msgspec import MsgspecError

from common.paths import REHEARSAL
from rehearsal.providers.kubernetes.objects import at, items_at

Document: TypeAlias = dict[str, Any]

_SECTIONS: Final = {"clusters": "cluster", "contexts": "context", "users": "user"}
_PATHS: Final = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_LONGEST_PATH: Final = 4096  # bytes; what is longer cannot be a path


PrintsNoToken: Final = KeyError
"""What lightkube 1.0 raises for a credential plugin that prints something else; it knows nothing but tokens."""


class KubeconfigError(Exception):
    """The kubeconfig cannot be read, or does not lead to a cluster."""


def explicit(path_or_contents: str) -> Document:
    """The kubeconfig that a provider option gives. Relative paths in it start at the working directory."""
    path = Path(path_or_contents if len(path_or_contents) < _LONGEST_PATH else "").expanduser()
    try:
        contents = path.read_text() if path.is_file() else path_or_contents
    except OSError as error:
        raise KubeconfigError(f"cannot read {path}: {error}") from error
    return _anchored(_parsed(contents), Path.cwd())


def ambient() -> Document:
    """The kubeconfig of the surroundings; empty when there is none."""
    variable = os.environ.get("KUBECONFIG", "")
    files = [Path(name) for name in variable.split(os.pathsep) if name] or [Path.home() / ".kube" / "config"]
    merged: Document = {}
    for file in files:
        if file.is_file():
            document = _anchored(_parsed(file.read_text()), file.parent.resolve())
            for section in _SECTIONS:
                merged[section] = merged.get(section, []) + items_at(document, section)
            merged["current-context"] = merged.get("current-context") or document.get("current-context")
    return merged


def active_cluster(document: Document, context: str, cluster: str) -> Document | None:
    """The entry of the cluster that a provider with these options (perhaps empty) talks to."""
    chosen = _named(document, "contexts", context or document.get("current-context"))
    return _named(document, "clusters", cluster or chosen.get("cluster")) if chosen else None


def of(option: str, context: str, cluster: str) -> SingleConfig:
    """Cluster, user and namespace to connect with, for the provider options of these names (empty: not set)."""
    document = explicit(option) if option else ambient()
    if option or document:
        return _single(document, context, cluster)
    try:
        return _current(KubeConfig.from_service_account())
    except (ConfigError, KeyError) as error:
        raise KubeconfigError("there is no kubeconfig, and this is not a pod of a cluster") from error


def with_certificate(connection: SingleConfig) -> SingleConfig:
    """The connection with the certificate that its credential plugin prints; ConfigError when that prints none."""
    assert connection.user is not None
    assert connection.user.exec is not None
    plugin = connection.user.exec
    told = {variable.name: variable.value for variable in plugin.env or ()}
    command = [plugin.command, *(plugin.args or ())]
    done = subprocess.run(command, env={**os.environ, **told}, capture_output=True, check=False)
    try:
        status = json.loads(done.stdout)["status"]
        certificate, key = (_base64(status[name]) for name in ("clientCertificateData", "clientKeyData"))
    except (ValueError, LookupError) as error:
        raise ConfigError(f"{plugin.command} prints neither a token nor a certificate") from error
    return connection._replace(user=User(client_cert_data=certificate, client_key_data=key))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _single(document: Document, context: str, cluster: str) -> SingleConfig:
    sections = {section: _first_of_each_name(document, section) for section in _SECTIONS}
    for user in sections["users"]:
        if exec_ := at(user, "user", "exec"):
            _introduce(exec_)
    try:
        config = KubeConfig.from_dict({**sections, "current-context": context or document.get("current-context")})
        single = _current(config)
        return _here(single._replace(cluster=config.clusters[cluster]) if cluster else single)
    except (ConfigError, LookupError, MsgspecError, TypeError) as error:
        raise KubeconfigError(f"the kubeconfig does not lead to a cluster: {error!r}") from error


def _here(single: SingleConfig) -> SingleConfig:
    """The connection, in a rehearsal with where the API server of hosts is played on this machine."""
    file = Path(os.environ.get(REHEARSAL, ""), "addresses.json")
    if not os.environ.get(REHEARSAL) or not file.is_file():
        return single
    server = single.cluster.server
    played = {f"//{given}:": f"//{own}:" for given, own in json.loads(file.read_text()).items()}
    for given, own in played.items():
        server = server.replace(given, own)
    single.cluster.server = server
    return single


def _current(config: KubeConfig) -> SingleConfig:
    single = config.get()
    assert single is not None  # get() raises when it finds nothing and has no default
    return single


def _parsed(contents: str) -> Document:
    try:
        document = yaml.safe_load(contents)
    except yaml.YAMLError as error:
        raise KubeconfigError("the kubeconfig is neither a file that exists nor YAML") from error
    if not isinstance(document, dict):
        raise KubeconfigError("the kubeconfig is neither a file that exists nor a YAML map")
    return document


def _anchored(document: Document, directory: Path) -> Document:
    for section, key in _SECTIONS.items():
        for entry in items_at(document, section):
            for name in _PATHS:
                if path := at(entry, key, name):
                    entry[key][name] = str(directory / path)
    return document


def _named(document: Document, section: str, name: Any) -> Document | None:
    entries = (entry.get(_SECTIONS[section]) for entry in items_at(document, section) if entry.get("name") == name)
    found = next(entries, None)
    return found if isinstance(found, dict) else None


def _first_of_each_name(document: Document, section: str) -> list[Document]:
    entries: dict[Any, Document] = {}
    for entry in items_at(document, section):
        entries.setdefault(entry.get("name"), entry)
    return list(entries.values())


def _introduce(exec_: Document) -> None:
    """Have a credential plugin told what client-go tells it, which lightkube 1.0 does not.

    Version v1 of their protocol answers as v1beta1 does, the newest that lightkube knows.
    """
    version = exec_.setdefault("apiVersion", "client.authentication.k8s.io/v1beta1")
    information = json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}})
    exec_["env"] = [*(exec_.get("env") or []), {"name": "KUBERNETES_EXEC_INFO", "value": information}]
    if version.endswith("/v1"):
        exec_["apiVersion"] = version + "beta1"
