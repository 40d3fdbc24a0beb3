"""An Elasticsearch as its users see it, and what is asked of it once, before anybody uses it (9.5)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_random as random

from components.addons.files import secret_volume
from components.addons.logging.spec import PORT, VERSION, ExternalSpec
from components.addons.secrets import make_secret
from components.addons.workloads import Container, PodTemplate, make_job
from components.platform.place import Place

IMAGE: Final = f"docker.elastic.co/elasticsearch/elasticsearch:{VERSION}"
USER: Final = 1000  # of Elastic's images
CERTIFICATES: Final = "/etc/elastic/tls"
AUTHORITY: Final = "ca.crt"
_PASSWORD: Final = "PASSWORD"  # noqa: S105 - the name of a variable
Request: TypeAlias = tuple[str, str, Mapping[str, Any]]
"""A method, a path and a body, in which `$NAME` stands for a value. Repeating one changes nothing."""


@dataclass(frozen=True)
class LogStore:
    """Where it answers, as whom, and the authority that vouches for it (PEM; None: one that everybody knows).

    `after` are the resources without which it does not answer. `revision` is another one with each password of a store
    elsewhere, which somebody may change; those of the stores here stay.
    """

    url: str
    user: str
    password: pulumi.Input[str]
    authority: pulumi.Input[str] | None
    after: Sequence[pulumi.Resource] = ()
    revision: pulumi.Input[str] | None = None

    def keys(self) -> dict[str, pulumi.Input[str]]:
        """What a Secret of somebody who uses it holds."""
        return {_PASSWORD: self.password} | ({AUTHORITY: self.authority} if self.authority else {})

    def volumes(self, secret: str) -> list[core.VolumeArgs]:
        """What their pods mount for the authority, if it is one of the store's own."""
        return [secret_volume("authority", secret, (AUTHORITY,))] if self.authority else []

    @property
    def mounts(self) -> dict[str, str]:
        """Where they mount it."""
        return {CERTIFICATES: "authority"} if self.authority else {}

    @property
    def annotations(self) -> dict[str, pulumi.Input[str]]:
        """What their pods carry, so that they restart with another password: a variable stays as it was."""
        return {"polykube.dev/store": self.revision} if self.revision else {}

    @property
    def certificate(self) -> str | None:
        """The file that it then is."""
        return f"{CERTIFICATES}/{AUTHORITY}" if self.authority else None


def address(namespace: str) -> str:
    """Where pods of other namespaces find our own store, which is in `namespace`."""
    return f"https://elasticsearch.{namespace}.svc:{PORT}"


def external_store(spec: ExternalSpec, place: Place) -> LogStore:
    """The store of `spec`, which runs elsewhere, for pods in `place`."""
    password = pulumi.Output.secret(spec.password.text or "")
    options = pulumi.ResourceOptions(parent=place.parent)
    # Not a hash of the password: whoever may read a pod could try words against it.
    revision = random.RandomId(place.logical("store"), byte_length=4, keepers={"password": password}, opts=options)
    return LogStore(spec.url, spec.user, password, spec.authority, revision=revision.id)


def secret_value(name: str, secret: str, key: str = _PASSWORD) -> core.EnvVarArgs:
    """The variable `name` from a Secret: none of these programs takes its password from a file in a pod."""
    source = core.EnvVarSourceArgs(secret_key_ref=core.SecretKeySelectorArgs(name=secret, key=key))
    return core.EnvVarArgs(name=name, value_from=source)


def variables(values: Mapping[str, pulumi.Input[str]]) -> list[core.EnvVarArgs]:
    """Variables with values that anybody may read."""
    return [core.EnvVarArgs(name=name, value=value) for name, value in values.items()]


def make_setup(
    name: str, store: LogStore, requests: Iterable[Request], values: Mapping[str, pulumi.Input[str]], place: Place
) -> pulumi.Resource:
    """A Job `name` that asks `requests` of `store`, with `values` (passwords, and a bucket) for the names in them."""
    script = setup_script(requests)
    secret = make_secret(name, {**store.keys(), **values}, place)
    container = Container(
        name="setup",
        image=IMAGE,
        cpu=50,
        memory=128,
        command=("bash", "-c", script),
        environment=[
            *variables({"STORE": store.url, "STORE_USER": store.user}),
            *variables({"CURL_CA_BUNDLE": store.certificate} if store.certificate else {}),
            *(secret_value(key, name, key) for key in (_PASSWORD, *values)),
        ],
        mounts=store.mounts,
    )
    pods = PodTemplate(name=name, containers=[container], volumes=store.volumes(name), user=USER, restart="OnFailure")
    return make_job(pods, place.depends_on(*store.after, secret), hashlib.sha256(script.encode()).hexdigest()[:8])


def setup_script(requests: Iterable[Request]) -> str:
    """Bash that asks `requests` of the store in its variables; passwords are in no process' arguments."""
    asked = "\n".join(f"ask {method} {path} <<EOF\n{json.dumps(body)}\nEOF" for method, path, body in requests)
    return f"""set -euo pipefail
ask() {{
  curl --silent --show-error --fail-with-body --config <(printf 'user = "%s:%s"' "$STORE_USER" "${_PASSWORD}") \\
    --request "$1" --header 'Content-Type: application/json' --data-binary @- "$STORE/$2"
}}
{asked}
"""
