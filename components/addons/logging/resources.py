"""The workloads of logging, with the certificates and passwords between them."""

from typing import Final

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_random as random
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.addon import Created, InstallContext
from components.addons.certificates import certify
from components.addons.files import empty_volume, host_volume, make_files, secret_volume
from components.addons.logging.settings import elasticsearch_settings, filebeat_config, lines, users
from components.addons.logging.snapshots import ACCOUNT, NO_SNAPSHOTS, Snapshots, make_snapshots
from components.addons.logging.spec import VERSION, LoggingSpec
from components.addons.logging.store import (
    AUTHORITY,
    CERTIFICATES,
    IMAGE,
    USER,
    LogStore,
    address,
    external_store,
    make_setup,
    secret_value,
    variables,
)
from components.addons.logging.users import Elasticsearch
from components.addons.secrets import make_secret
from components.addons.workloads import (
    Claim,
    Container,
    PodTemplate,
    make_daemon_set,
    make_deployment,
    make_service,
    make_service_account,
    make_stateful_set,
)
from components.platform.place import Place

_KIBANA: Final = f"docker.elastic.co/kibana/kibana:{VERSION}"
_FILEBEAT: Final = f"docker.elastic.co/beats/filebeat:{VERSION}"
_SECRET: Final = "elasticsearch"  # noqa: S105 - a name
_SETUP: Final = "elasticsearch-setup"
_MEMBERS: Final = 3  # the fewest of which one may be lost


def create_resources(spec: LoggingSpec, context: InstallContext, place: Place, agents: Place) -> Created:
    """The store in `place`, what reads the nodes in `agents`. A store of our own takes users of other add-ons."""
    members = _MEMBERS if context.redundant else 1
    kept = lines(spec.retention_days, replicas=min(1, members - 1))
    if spec.external:
        store = external_store(spec.external, agents)
        _make_filebeat(store, agents.depends_on(make_setup(_SETUP, store, kept, {}, place)))
        return Created()
    passwords = _make_passwords(place)
    snapshots = make_snapshots(spec.snapshots, context.cluster, place.namespace) if spec.snapshots else NO_SNAPSHOTS
    store = _make_store(spec, members, passwords["elastic"], snapshots, place)
    values = {"KIBANA_PASSWORD": passwords["kibana"], "FILEBEAT_PASSWORD": passwords["filebeat"], **snapshots.values}
    done = make_setup(_SETUP, store, [*kept, *users(), *snapshots.requests], values, place)
    _make_kibana(store, passwords, place.depends_on(done))
    as_filebeat = LogStore(address(place.namespace), "filebeat", passwords["filebeat"], store.authority)
    _make_filebeat(as_filebeat, agents.depends_on(done))
    return Created(provides=Elasticsearch(store, place))


def _make_passwords(place: Place) -> dict[str, pulumi.Output[str]]:
    """A password for each user, and a key for Kibana's sessions."""
    options = pulumi.ResourceOptions(parent=place.parent)
    return {
        user: random.RandomPassword(f"logging-{user}", length=32, special=False, opts=options).result
        for user in ("elastic", "kibana", "filebeat", "sessions")
    }


def _make_store(
    spec: LoggingSpec, members: int, password: pulumi.Output[str], snapshots: Snapshots, place: Place
) -> LogStore:
    """Elasticsearch, with a certificate authority of this add-on's own and a certificate that the members share."""
    host = "elasticsearch"
    names = [host, f"{host}.{place.namespace}.svc", f"*.{host}", "localhost"]
    certified = certify("logging", host, names, place.parent)
    files = {
        AUTHORITY: certified.authority,
        "tls.crt": certified.certificate,
        "tls.key": certified.key,
        "elastic": password,
    }
    behind = place.depends_on(make_secret(_SECRET, files, place))
    if snapshots.requests:
        behind = make_service_account(ACCOUNT, (), behind, identity=snapshots.identity)
    members_there = _make_elasticsearch(spec, members, snapshots, behind)
    return LogStore("https://elasticsearch:9200", "elastic", password, certified.authority, (members_there,))


def _field_value(name: str, path: str) -> core.EnvVarArgs:
    source = core.EnvVarSourceArgs(field_ref=core.ObjectFieldSelectorArgs(field_path=path))
    return core.EnvVarArgs(name=name, value_from=source)


def _make_elasticsearch(spec: LoggingSpec, members: int, snapshots: Snapshots, place: Place) -> pulumi.Resource:
    container = Container(
        name="elasticsearch",
        image=IMAGE,
        cpu=500,
        memory=2048,
        args=snapshots.args,
        ports={"https": 9200, "members": 9300, "ready": 9399},
        answers="ready",
        environment=[
            *variables({**elasticsearch_settings(members), **snapshots.environment}),
            _field_value("node.name", "metadata.name"),
            secret_value("ELASTIC_PASSWORD", _SECRET, "elastic"),
        ],
        mounts={
            "/usr/share/elasticsearch/config/tls": "tls",
            "/usr/share/elasticsearch/data": "data",
            **snapshots.mounts,
        },
        writable=("/usr/share/elasticsearch/data",),
        scratch=True,  # it makes a key store beside the image's configuration
    )
    volume = secret_volume("tls", _SECRET, (AUTHORITY, "tls.crt", "tls.key"))
    pods = PodTemplate(
        name="elasticsearch",
        containers=[container],
        volumes=[volume, *snapshots.volumes],
        user=USER,
        service_account=ACCOUNT if snapshots.requests else "",
        token=False,
        labels=snapshots.identity.labels,
    )
    return make_stateful_set(pods, members, [Claim("data", spec.storage, spec.storage_class)], place)


def _make_kibana(store: LogStore, passwords: dict[str, pulumi.Output[str]], place: Place) -> None:
    secret = make_secret(
        "kibana", {**store.keys(), "PASSWORD": passwords["kibana"], "sessions": passwords["sessions"]}, place
    )
    container = Container(
        name="kibana",
        image=_KIBANA,
        cpu=200,
        memory=1024,
        ports={"http": 5601},
        answers="http",
        environment=[
            *variables(
                {
                    "ELASTICSEARCH_HOSTS": store.url,
                    "ELASTICSEARCH_USERNAME": "kibana_system",
                    "ELASTICSEARCH_SSL_CERTIFICATEAUTHORITIES": f"{CERTIFICATES}/{AUTHORITY}",
                    "TELEMETRY_OPTIN": "false",
                }
            ),
            secret_value("ELASTICSEARCH_PASSWORD", "kibana"),
            secret_value("XPACK_SECURITY_ENCRYPTIONKEY", "kibana", "sessions"),
        ],
        mounts={**store.mounts, "/usr/share/kibana/data": "data"},
        writable=("/usr/share/kibana/data",),
        scratch=True,  # it rewrites its own configuration when it starts
    )
    volumes = [*store.volumes("kibana"), empty_volume("data", "1Gi")]
    pods = PodTemplate(name="kibana", containers=[container], volumes=volumes, user=USER)
    behind = place.depends_on(secret)
    make_service(pods, behind)
    make_deployment(pods, 1, behind)


def _make_filebeat(store: LogStore, place: Place) -> None:
    secret = make_secret("filebeat", store.keys(), place)
    config = make_files("filebeat", {"filebeat.yml": filebeat_config(store.url, store.user, store.certificate)}, place)
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
            secret_value("ELASTICSEARCH_PASSWORD", "filebeat"),
        ],
        mounts={
            "/etc/filebeat": "config",
            "/var/log": "logs",
            "/usr/share/filebeat/data": "positions",
            **store.mounts,
        },
        writable=("/usr/share/filebeat/data",),
    )
    pods = PodTemplate(
        name="filebeat",
        containers=[container],
        volumes=[
            config.volume("config"),
            *store.volumes("filebeat"),
            host_volume("logs", "/var/log"),
            host_volume("positions", "/var/lib/filebeat"),  # outlives the pod, so that no line is sent twice
        ],
        service_account="filebeat",
        annotations=store.annotations,
        agent=True,
    )
    watch = ["get", "list", "watch"]
    rules = (
        PolicyRuleArgs(api_groups=[""], resources=["namespaces", "nodes", "pods"], verbs=watch),
        PolicyRuleArgs(api_groups=["apps"], resources=["replicasets"], verbs=watch),
        PolicyRuleArgs(api_groups=["batch"], resources=["jobs"], verbs=watch),
    )
    make_daemon_set(pods, make_service_account("filebeat", rules, place.depends_on(secret, config.resource)))
