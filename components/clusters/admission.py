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
from typing import Any, Final
from urllib.error import HTTPError, URLError

import pulumi
import yaml

_PATIENCE: Final = 300.0  # seconds; clouds speak of seconds, and have been seen to take two minutes
_POLL: Final = 2.0  # seconds
_TIMEOUT: Final = 20.0  # seconds, of one question
# What a stack does first. A question for everything (`*`) would be simpler, and not every cloud's authorizer knows it.
_FIRST: Final = {"verb": "create", "group": "", "resource": "namespaces"}


def admitted(kubeconfig: pulumi.Output[str], rights: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
    """The kubeconfig, once the API server lets its user make namespaces; `rights` have to be there before.

    A preview does not wait. RunError when it takes too long.
    """
    if pulumi.runtime.is_dry_run():
        return kubeconfig
    return pulumi.Output.all(kubeconfig, *(right.urn for right in rights)).apply(lambda parts: _wait(parts[0]))


async def _wait(kubeconfig: str) -> str:
    config, deadline = yaml.safe_load(kubeconfig), time.monotonic() + _PATIENCE
    while why := await asyncio.to_thread(_refusal, config):
        if time.monotonic() > deadline:
            raise pulumi.RunError(
                f"the API server {_of(config, 'cluster')['server']} has let nobody in for {_PATIENCE:.0f} s: {why}. "
                "Whoever runs this has to be among the administrators of the stack file, and in a network that is let "
                "in; run the same command again if both are so."
            )
        pulumi.log.info(f"waiting for rights in the cluster: {why}", ephemeral=True)
        await asyncio.sleep(_POLL)
    return kubeconfig


def _refusal(config: Mapping[str, Any]) -> str:
    """Why the user may not make namespaces yet; empty when they may, or when nothing can be asked for a credential."""
    try:
        token = _token(_of(config, "user")["exec"])
    except FileNotFoundError:
        return ""  # the provider says what is missing, and where to get it
    except (subprocess.SubprocessError, ValueError) as error:
        return f"no credential ({' '.join(str(error).split())[:200]})"
    cluster = _of(config, "cluster")
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": _FIRST},
    }
    request = urllib.request.Request(  # noqa: S310 - the server of our own cluster, by https
        f"{cluster['server']}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        data=json.dumps(review).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT, context=_trust(cluster)) as answer:  # noqa: S310
            allowed = json.load(answer)["status"].get("allowed")
    except HTTPError as error:
        return f"it answers {error.code} {error.reason}"
    except (URLError, OSError) as error:
        return f"it does not answer ({error})"
    return "" if allowed else "no namespaces may be made yet"


def _token(command: Mapping[str, Any]) -> str:
    """A credential, from the program that the kubeconfig names, which is told what client-go tells it."""
    added = {each["name"]: each["value"] for each in command.get("env") or ()}
    info = {"apiVersion": command["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    done = subprocess.run(
        [command["command"], *command.get("args", ())],
        capture_output=True,
        check=True,
        timeout=_TIMEOUT,
        env={**os.environ, **added, "KUBERNETES_EXEC_INFO": json.dumps(info)},
    )
    return str(json.loads(done.stdout)["status"]["token"])


def _trust(cluster: Mapping[str, Any]) -> ssl.SSLContext:
    authority = cluster.get("certificate-authority-data")
    return ssl.create_default_context(cadata=b64decode(authority).decode() if authority else None)


def _of(config: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """The one cluster or user of a kubeconfig."""
    found: Mapping[str, Any] = config[f"{part}s"][0][part]
    return found
