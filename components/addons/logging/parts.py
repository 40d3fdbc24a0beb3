"""The workloads of logging, with the certificates and passwords between them."""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_random as random
import pulumi_tls as tls
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.files import empty_volume, host_volume, make_files, secret_volume
from components.addons.logging.settings import (
    CERTIFICATES,
    elasticsearch_settings,
    filebeat_config,
    requests,
)
from components.addons.workloads import (
    Claim,
    Container,
    Pods,
    make_daemon_set,
    make_deployment,
    make_job,
    make_service,
    make_service_account,
    make_stateful_set,
)
from components.platform.place import Place

if TYPE_CHECKING:
    from components.addons.logging import LoggingSpec

_ELASTICSEARCH: Final = "docker.elastic.co/elasticsearch/elasticsearch:9.5.3"
_KIBANA: Final = "docker.elastic.co/kibana/kibana:9.5.3"
_FILEBEAT: Final = "docker.elastic.co/beats/filebeat:9.5.3"
_USER: Final = 1000  # of the images
_YEAR: Final = 365 * 24  # hours
_SECRET: Final = "elasticsearch"  # noqa: S105 - a name


def make_parts(spec: "LoggingSpec", members: int, place: Place, agents: Place) -> None:
    """Register all of it: the store in `place`, what reads the nodes in `agents`."""
    keys = _make_keys(place)
    secret = _make_secret(keys.store, place)
    store = _make_elasticsearch(spec, members, place.then(secret))
    script = setup_script(spec.retention_days, replicas=min(1, members - 1))
    done = _make_setup(script, place.then(secret, store))
    _make_kibana(place.then(secret, done))
    reader = _make_secret({"ca.crt": keys.authority, "filebeat": keys.store["filebeat"]}, agents)
    _make_filebeat(f"https://elasticsearch.{place.namespace}.svc:9200", agents.then(reader, done))


@dataclass(frozen=True)
class _Keys:
    """The authority's certificate, and what the store's Secret holds."""

    authority: pulumi.Output[str]
    store: dict[str, pulumi.Input[str]]


def _make_keys(place: Place) -> _Keys:
    """A certificate authority of this add-on's own, the members' certificate, and a password for each user."""
    options = pulumi.ResourceOptions(parent=place.parent)
    authority_key = tls.PrivateKey("logging-authority", algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    authority = tls.SelfSignedCert(
        "logging-authority",
        private_key_pem=authority_key.private_key_pem,
        is_ca_certificate=True,
        allowed_uses=["cert_signing", "crl_signing"],
        subject=tls.SelfSignedCertSubjectArgs(common_name="polykube logging"),
        validity_period_hours=10 * _YEAR,
        opts=options,
    )
    key = tls.PrivateKey("elasticsearch", algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    host = "elasticsearch"
    request = tls.CertRequest(
        "elasticsearch",
        private_key_pem=key.private_key_pem,
        dns_names=[host, f"{host}.{place.namespace}.svc", f"*.{host}", "localhost"],
        subject=tls.CertRequestSubjectArgs(common_name=host),
        opts=options,
    )
    certificate = tls.LocallySignedCert(
        "elasticsearch",
        ca_private_key_pem=authority_key.private_key_pem,
        ca_cert_pem=authority.cert_pem,
        cert_request_pem=request.cert_request_pem,
        allowed_uses=["digital_signature", "key_encipherment", "server_auth", "client_auth"],
        validity_period_hours=2 * _YEAR,
        early_renewal_hours=_YEAR,  # so that any `up` of the second year renews it
        opts=options,
    )
    passwords = {
        user: random.RandomPassword(f"logging-{user}", length=32, special=False, opts=options).result
        for user in ("elastic", "kibana", "filebeat", "sessions")
    }
    files = {"ca.crt": authority.cert_pem, "tls.crt": certificate.cert_pem, "tls.key": key.private_key_pem_pkcs8}
    return _Keys(authority.cert_pem, {**files, **passwords})


def _make_secret(content: dict[str, pulumi.Input[str]], place: Place) -> pulumi.Resource:
    return core.Secret(
        place.logical(_SECRET), metadata=place.metadata(_SECRET), string_data=content, opts=place.options()
    )


def _secret_value(name: str, key: str) -> core.EnvVarArgs:
    """The variable `name` from the Secret; none of these programs takes its password from a file in a pod."""
    source = core.EnvVarSourceArgs(secret_key_ref=core.SecretKeySelectorArgs(name=_SECRET, key=key))
    return core.EnvVarArgs(name=name, value_from=source)


def _field_value(name: str, path: str) -> core.EnvVarArgs:
    source = core.EnvVarSourceArgs(field_ref=core.ObjectFieldSelectorArgs(field_path=path))
    return core.EnvVarArgs(name=name, value_from=source)


def _make_elasticsearch(spec: "LoggingSpec", members: int, place: Place) -> pulumi.Resource:
    settings = [core.EnvVarArgs(name=name, value=value) for name, value in elasticsearch_settings(members).items()]
    container = Container(
        name="elasticsearch",
        image=_ELASTICSEARCH,
        cpu=500,
        memory=2048,
        ports={"https": 9200, "members": 9300, "ready": 9399},
        answers="ready",
        environment=[
            *settings,
            _field_value("node.name", "metadata.name"),
            _secret_value("ELASTIC_PASSWORD", "elastic"),
        ],
        mounts={"/usr/share/elasticsearch/config/tls": "tls", "/usr/share/elasticsearch/data": "data"},
        writable=("/usr/share/elasticsearch/data",),
        scratch=True,  # it makes a key store beside the image's configuration
    )
    volume = secret_volume("tls", _SECRET, ("ca.crt", "tls.crt", "tls.key"))
    pods = Pods(name="elasticsearch", containers=[container], volumes=[volume], user=_USER)
    return make_stateful_set(pods, members, [Claim("data", spec.storage, spec.storage_class)], place)


def setup_script(retention_days: int, replicas: int) -> str:
    """Bash that asks Elasticsearch for users, template and retention; passwords are in no process' arguments."""
    asked = "\n".join(
        f"ask {method} {path} <<EOF\n{json.dumps(body)}\nEOF"
        for method, path, body in requests(retention_days, replicas)
    )
    return f"""set -euo pipefail
ask() {{
  curl --silent --show-error --fail-with-body --cacert {CERTIFICATES}/ca.crt \\
    --config <(printf 'user = "elastic:%s"' "$ELASTIC_PASSWORD") \\
    --request "$1" --header 'Content-Type: application/json' --data-binary @- "https://elasticsearch:9200/$2"
}}
{asked}
"""


def _make_setup(script: str, place: Place) -> pulumi.Resource:
    container = Container(
        name="setup",
        image=_ELASTICSEARCH,
        cpu=50,
        memory=128,
        command=("bash", "-c", script),
        environment=[
            _secret_value("ELASTIC_PASSWORD", "elastic"),
            _secret_value("KIBANA_PASSWORD", "kibana"),
            _secret_value("FILEBEAT_PASSWORD", "filebeat"),
        ],
        mounts={CERTIFICATES: "tls"},
    )
    volume = secret_volume("tls", _SECRET, ("ca.crt",))
    pods = Pods(name="elasticsearch-setup", containers=[container], volumes=[volume], user=_USER, restart="OnFailure")
    return make_job(pods, place, hashlib.sha256(script.encode()).hexdigest()[:8])


def _make_kibana(place: Place) -> None:
    values = {
        "ELASTICSEARCH_HOSTS": "https://elasticsearch:9200",
        "ELASTICSEARCH_USERNAME": "kibana_system",
        "ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES": f"{CERTIFICATES}/ca.crt",
        "TELEMETRY_OPTIN": "false",
    }
    container = Container(
        name="kibana",
        image=_KIBANA,
        cpu=200,
        memory=1024,
        ports={"http": 5601},
        answers="http",
        environment=[
            *(core.EnvVarArgs(name=name, value=value) for name, value in values.items()),
            _secret_value("ELASTICSEARCH_PASSWORD", "kibana"),
            _secret_value("XPACK_SECURITY_ENCRYPTIONKEY", "sessions"),
        ],
        mounts={CERTIFICATES: "tls", "/usr/share/kibana/data": "data"},
        writable=("/usr/share/kibana/data",),
        scratch=True,  # it rewrites its own configuration when it starts
    )
    volumes = [secret_volume("tls", _SECRET, ("ca.crt",)), empty_volume("data", "1Gi")]
    pods = Pods(name="kibana", containers=[container], volumes=volumes, user=_USER)
    make_service(pods, place)
    make_deployment(pods, 1, place)


def _make_filebeat(elasticsearch: str, place: Place) -> None:
    config = make_files("filebeat", {"filebeat.yml": filebeat_config(elasticsearch)}, place)
    container = Container(
        name="filebeat",
        image=_FILEBEAT,
        cpu=100,
        memory=256,
        args=("-e", "-c", "/etc/filebeat/filebeat.yml"),
        ports={"http": 5066},
        health="/",
        environment=[
            _field_value("NODE_NAME", "spec.nodeName"),
            _secret_value("ELASTICSEARCH_PASSWORD", "filebeat"),
        ],
        mounts={
            "/etc/filebeat": "config",
            CERTIFICATES: "tls",
            "/var/log": "logs",
            "/usr/share/filebeat/data": "positions",
        },
        writable=("/usr/share/filebeat/data",),
    )
    pods = Pods(
        name="filebeat",
        containers=[container],
        volumes=[
            config.volume("config"),
            secret_volume("tls", _SECRET, ("ca.crt",)),
            host_volume("logs", "/var/log"),
            host_volume("positions", "/var/lib/filebeat"),  # outlives the pod, so that no line is sent twice
        ],
        service_account="filebeat",
        agent=True,
    )
    watch = ["get", "list", "watch"]
    rules = (
        PolicyRuleArgs(api_groups=[""], resources=["namespaces", "nodes", "pods"], verbs=watch),
        PolicyRuleArgs(api_groups=["apps"], resources=["replicasets"], verbs=watch),
        PolicyRuleArgs(api_groups=["batch"], resources=["jobs"], verbs=watch),
    )
    make_daemon_set(pods, make_service_account("filebeat", rules, place.then(config.resource)))
