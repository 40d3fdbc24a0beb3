"""What filebeat and Elasticsearch are told (9.5)."""

from collections.abc import Mapping
from typing import Any, Final

from components.addons.logging.store import Request

STREAM: Final = "logs-filebeat-default"


def filebeat_config(elasticsearch: str, user: str, authority: str | None) -> dict[str, Any]:
    """filebeat.yml: what each container of the node writes, with the pod's own hints (`co.elastic.logs/…`).

    It goes to the store at a URL, as `user`; `authority` is the file of who vouches for the store.
    A file is known by its first bytes, because names are reused after rotation. A pod whose lines are JSON
    says so: `co.elastic.logs/json.target: ""`.
    """
    read = {
        "type": "filestream",
        "id": "container-${data.kubernetes.container.id}",
        "paths": ["/var/log/containers/*-${data.kubernetes.container.id}.log"],
        "parsers": [{"container": {}}],
        "prospector": {"scanner": {"symlinks": True, "fingerprint": {"enabled": True}}},
        "file_identity": {"fingerprint": None},
    }
    provider = {
        "type": "kubernetes",
        "node": "${NODE_NAME}",
        "hints": {"enabled": True, "default_config": read},
    }
    return {
        "filebeat.autodiscover": {"providers": [provider]},
        "output.elasticsearch": {
            "hosts": [elasticsearch],
            "username": user,
            "password": "${ELASTICSEARCH_PASSWORD}",
            **({"ssl.certificate_authorities": [authority]} if authority else {}),
            "index": STREAM,
        },
        # The stream's template and its retention are the setup's, as filebeat's own user may only add lines.
        "setup.template.enabled": False,
        "setup.ilm.enabled": False,
        "http": {"enabled": True, "host": "0.0.0.0", "port": 5066},  # noqa: S104 - the pod's address
    }


def elasticsearch_settings(members: int) -> dict[str, str]:
    """Settings of each member, as the image takes them from its environment."""
    names = ",".join(f"elasticsearch-{index}" for index in range(members))
    formation = (
        {"discovery.type": "single-node"}
        if members == 1
        else {"discovery.seed_hosts": "elasticsearch", "cluster.initial_master_nodes": names}
    )
    tls: dict[str, str] = {}
    for side in ("http", "transport"):
        prefix = f"xpack.security.{side}.ssl"
        tls |= {
            f"{prefix}.enabled": "true",
            f"{prefix}.certificate": f"{_OWN}/tls.crt",
            f"{prefix}.key": f"{_OWN}/tls.key",
            f"{prefix}.certificate_authorities": f"{_OWN}/ca.crt",
        }
    return {
        "cluster.name": "polykube",
        "network.host": "0.0.0.0",  # noqa: S104 - the pod's address
        "readiness.port": "9399",
        "node.store.allow_mmap": "false",  # it would need a setting of the nodes (vm.max_map_count)
        "xpack.security.transport.ssl.verification_mode": "certificate",  # the members share one
        **formation,
        **tls,
    }


_OWN: Final = "/usr/share/elasticsearch/config/tls"  # where its security manager lets it read


def lines(retention_days: int, replicas: int) -> list[Request]:
    """What a store is asked, so that it keeps lines as they should be kept."""
    lifecycle = {
        "phases": {
            "hot": {"actions": {"rollover": {"max_age": "1d", "max_primary_shard_size": "25gb"}}},
            "delete": {"min_age": f"{retention_days}d", "actions": {"delete": {}}},
        }
    }
    template = {
        "index_patterns": ["logs-filebeat-*"],
        "data_stream": {},
        "priority": 500,  # above Elasticsearch's own for logs-*-*, which is 100
        "template": {
            "settings": {"index.lifecycle.name": "polykube-logs", "index.number_of_replicas": replicas},
            "mappings": {"dynamic_templates": [{"texts": {"match_mapping_type": "string", "mapping": _TEXT}}]},
        },
    }
    return [
        ("PUT", "_ilm/policy/polykube-logs", {"policy": lifecycle}),
        ("PUT", "_index_template/polykube-logs", template),
    ]


def users() -> list[Request]:
    """What a store of our own is asked, so that filebeat may add lines and Kibana show them."""
    indices = [{"names": ["logs-filebeat-*"], "privileges": ["auto_configure", "create_doc"]}]
    return [
        *user("filebeat", {"cluster": ["monitor"], "indices": indices}, "FILEBEAT_PASSWORD"),
        ("PUT", "_security/user/kibana_system/_password", {"password": "$KIBANA_PASSWORD"}),
    ]


def user(name: str, role: Mapping[str, Any], password: str) -> list[Request]:
    """What a store is asked, so that it has a user `name` with a role of that name; `password` is a variable's name."""
    return [
        ("PUT", f"_security/role/{name}", role),
        ("PUT", f"_security/user/{name}", {"roles": [name], "password": f"${password}"}),
    ]


_TEXT: Final = {"type": "keyword", "ignore_above": 1024}
