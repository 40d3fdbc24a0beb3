"""Waiting until a cluster lets in whoever runs the program, for clouds take their time with rights.

A right that was given a moment ago is not there yet for an API server, and the first object would fail with 401 or 403
(docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html: eventually consistent, November 2026).
"""

import asyncio
import json
import os
import ssl
import subprocess
import time
import urllib.request
from base64 import b64decode
from collections.abc import Mapping, Sequence
from tempfile import NamedTemporaryFile
from typing import Any, Final
from urllib.error import HTTPError, URLError

import pulumi
import yaml

PATIENCE: Final = 300.0
"""Seconds for rights alone: clouds speak of seconds, and have been seen to take two minutes."""
_POLL: Final = 2.0  # seconds
_TIMEOUT: Final = 20.0  # seconds, of one question
# What a stack does first. A question for everything (`*`) would be simpler, and not every cloud's authorizer knows it.
_FIRST: Final = {"verb": "create", "group": "", "resource": "namespaces"}


def admitted(
    kubeconfig: pulumi.Output[str], rights: Sequence[pulumi.Resource], patience: float = PATIENCE
) -> pulumi.Output[str]:
    """The kubeconfig, once the API server lets its user make namespaces; `rights` have to be there before.

    A preview does not wait. RunError when it takes more than `patience`, in seconds.
    """
    if pulumi.runtime.is_dry_run():
        return kubeconfig
    return pulumi.Output.all(kubeconfig, *(right.urn for right in rights)).apply(
        lambda parts: _wait(parts[0], patience)
    )


async def _wait(kubeconfig: str, patience: float) -> str:
    config, deadline = yaml.safe_load(kubeconfig), time.monotonic() + patience
    while why := await asyncio.to_thread(_refusal, config):
        if time.monotonic() > deadline:
            raise pulumi.RunError(
                f"the API server {_of(config, 'cluster')['server']} has let nobody in for {patience:.0f} s: {why}. "
                "Whoever runs this has to be among the administrators of the stack file, and in a network that is let "
                "in; run the same command again if both are so."
            )
        pulumi.log.info(f"waiting for rights in the cluster: {why}", ephemeral=True)
        await asyncio.sleep(_POLL)
    return kubeconfig


def _refusal(config: Mapping[str, Any]) -> str:
    """Why the user may not make namespaces yet; empty when they may, or when nothing can be asked for a credential."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": _FIRST},
    }
    try:
        answer = ask(config, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    except ProgramMissing:
        return ""  # the provider says what is missing, and where to get it
    except NotAnswered as why:
        return str(why)
    return "" if answer["status"].get("allowed") else "no namespaces may be made yet"


class NotAnswered(Exception):
    """Why the API server has not answered a question."""


class ProgramMissing(NotAnswered):
    """The program that the kubeconfig gets credentials from is not there."""


def ask(config: Mapping[str, Any], path: str, posted: Mapping[str, Any] | None = None) -> Any:
    """What the API server of a kubeconfig answers to its user, who gets a credential from a program; NotAnswered."""
    cluster = _of(config, "cluster")
    try:
        credential = _credential(_of(config, "user")["exec"])
    except FileNotFoundError as error:
        raise ProgramMissing(str(error)) from error
    except (subprocess.SubprocessError, ValueError) as error:
        raise NotAnswered(f"no credential ({' '.join(str(error).split())[:200]})") from error
    request = urllib.request.Request(  # noqa: S310 - the server of our own cluster, by https
        f"{cluster['server']}{path}",
        data=json.dumps(posted).encode() if posted else None,
        headers={"Content-Type": "application/json"},
    )
    if token := credential.get("token"):
        request.add_header("Authorization", f"Bearer {token}")
    try:
        trust = _trust(cluster, credential)
        with urllib.request.urlopen(request, timeout=_TIMEOUT, context=trust) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as error:
        raise NotAnswered(f"it answers {error.code} {error.reason}") from error
    except (URLError, OSError) as error:
        raise NotAnswered(f"it does not answer ({error})") from error


def _credential(command: Mapping[str, Any]) -> Mapping[str, str]:
    """A token, or a certificate with its key, from the program that the kubeconfig names.

    It is told what client-go tells it.
    """
    added = {each["name"]: each["value"] for each in command.get("env") or ()}
    info = {"apiVersion": command["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    done = subprocess.run(
        [command["command"], *command.get("args", ())],
        capture_output=True,
        check=True,
        timeout=_TIMEOUT,
        env={**os.environ, **added, "KUBERNETES_EXEC_INFO": json.dumps(info)},
    )
    status: Mapping[str, str] = json.loads(done.stdout)["status"]
    if not {"token", "clientCertificateData"} & status.keys():
        raise ValueError("neither a token nor a certificate")
    return status


def _trust(cluster: Mapping[str, Any], credential: Mapping[str, str]) -> ssl.SSLContext:
    """Whom to believe, and with the credential's certificate if it has one."""
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(cadata=b64decode(authority).decode() if authority else None)
    if certificate := credential.get("clientCertificateData"):
        with NamedTemporaryFile("w", suffix=".pem") as file:  # which nobody else can read; SSL takes files alone
            file.write(f"{certificate}\n{credential['clientKeyData']}")
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _of(config: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """The one cluster or user of a kubeconfig."""
    found: Mapping[str, Any] = config[f"{part}s"][0][part]
    return found
