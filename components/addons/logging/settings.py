"""What filebeat and Elasticsearch are told (9.5)."""

from typing import Any, Final

STREAM: Final = "logs-filebeat-default"
CERTIFICATES: Final = "/etc/elastic/tls"
USER: Final = "filebeat"


def filebeat_config(elasticsearch: str) -> dict[str, Any]:
    """filebeat.yml: what each container of the node writes, with the pod's own hints (`co.elastic.logs/…`).

    A file is known by its first bytes, because names are used anew after rotation. A pod whose lines are JSON
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
            "username": USER,
            "password": "${ELASTICSEARCH_PASSWORD}",
            "ssl.certificate_authorities": [f"{CERTIFICATES}/ca.crt"],
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


def requests(retention_days: int, replicas: int) -> list[tuple[str, str, dict[str, Any]]]:
    """What the setup asks of Elasticsearch, each a method, a path and a body. Repeating them changes nothing."""
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
    role = {
        "cluster": ["monitor"],
        "indices": [{"names": ["logs-filebeat-*"], "privileges": ["auto_configure", "create_doc"]}],
    }
    return [
        ("PUT", "_ilm/policy/polykube-logs", {"policy": lifecycle}),
        ("PUT", "_index_template/polykube-logs", template),
        ("PUT", "_security/role/filebeat", role),
        ("PUT", f"_security/user/{USER}", {"roles": ["filebeat"], "password": "$FILEBEAT_PASSWORD"}),
        ("PUT", "_security/user/kibana_system/_password", {"password": "$KIBANA_PASSWORD"}),
    ]


_TEXT: Final = {"type": "keyword", "ignore_above": 1024}
