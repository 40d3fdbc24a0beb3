"""What Jaeger runs in: one process with traces in its memory, or several around a store (2.20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.addons.addon import InstallContext
from components.addons.files import make_files
from components.addons.logging.store import LogStore, external_store, secret_value, variables
from components.addons.logging.users import Elasticsearch
from components.addons.secrets import make_secret
from components.addons.tracing.config import PASSWORD, SILENT, both, collecting, elasticsearch, memory, showing
from components.addons.tracing.spec import OTLP_GRPC, OTLP_HTTP, VERSION, TracingSpec
from components.addons.workloads import (
    Container,
    PodTemplate,
    make_cron_job,
    make_deployment,
    make_service,
)
from components.platform.place import Place

_JAEGER: Final = f"docker.io/jaegertracing/jaeger:{VERSION}"
_CLEANER: Final = f"docker.io/jaegertracing/jaeger-es-index-cleaner:{VERSION}"
_USER: Final = 10001  # the images'
_SECRET: Final = "store"  # noqa: S105 - a name
_HEALTH: Final = {"health": 13133}
_OTLP: Final = {"otlp-grpc": OTLP_GRPC, "otlp-http": OTLP_HTTP}
_SHOWN: Final = {"http": 16686}
_ROLE: Final = {
    "cluster": ["monitor", "manage_index_templates"],
    "indices": [{"names": ["jaeger-*"], "privileges": ["all"]}],
}


def create_resources(spec: TracingSpec, context: InstallContext, place: Place) -> None:
    """One Jaeger with traces in its memory, or several around a store."""
    if spec.retention_days is None:  # a second pod would have other traces, and each would show half of them
        _make_jaeger(spec, place)
    elif spec.external:
        _make_jaeger_with_store(spec, external_store(spec.external, place), context.replicas, place)
    else:
        store = context.provided(Elasticsearch).add_user("jaeger", _ROLE)
        _make_jaeger_with_store(spec, store, context.replicas, place)


def _make_jaeger(spec: TracingSpec, place: Place) -> None:
    """The one pod with traces in memory, and the Service `jaeger`, to which programs send their spans."""
    config = both(memory(spec.traces), spec.sample_percent)
    _Process("jaeger", config, _OTLP | _SHOWN, memory=256 + spec.traces // 50).make(1, place)


def _make_jaeger_with_store(spec: TracingSpec, store: LogStore, replicas: int, place: Place) -> None:
    """Who collects, who shows, and who deletes what is older than it should be, around the store."""
    secret = make_secret(_SECRET, store.keys(), place)
    behind = place.depends_on(secret, *store.after)
    backend = elasticsearch(store.url, store.user, store.certificate, min(1, replicas - 1))
    _Process("jaeger", collecting(backend, spec.sample_percent), _OTLP, store=store).make(replicas, behind)
    _Process("jaeger-query", showing(backend), _SHOWN, store=store).make(replicas, behind)
    _make_cleaner(store, spec.retention_days, behind)


def _make_cleaner(store: LogStore, days: int | None, place: Place) -> None:
    """Who deletes indices that are older than `days`."""
    settings = {"ES_USERNAME": store.user}
    if store.certificate:
        settings |= {"ES_TLS_ENABLED": "true", "ES_TLS_CA": store.certificate}
    cleaner = Container(
        name="cleaner",
        image=_CLEANER,
        cpu=50,
        memory=64,
        args=(str(days), store.url),
        environment=[*variables(settings), secret_value("ES_PASSWORD", _SECRET)],
        mounts=store.mounts,
    )
    pods = PodTemplate(
        name="jaeger-cleaner",
        containers=[cleaner],
        volumes=store.volumes(_SECRET),
        user=_USER,
        restart="OnFailure",
    )
    make_cron_job(pods, "15 0 * * *", place)  # indices are of days, in UTC


@dataclass(frozen=True)
class _Process:
    """Pods of Jaeger with a configuration, and the Service in front of them; `memory` in MiB."""

    name: str
    config: Mapping[str, Any]
    ports: Mapping[str, int]
    memory: int = 256
    store: LogStore | None = None

    def make(self, replicas: int, place: Place) -> None:
        """Register them."""
        files = make_files(self.name, {"jaeger.yaml": self.config}, place)
        container = Container(
            name="jaeger",
            image=_JAEGER,
            cpu=100,
            memory=self.memory,
            args=("--config", "/etc/jaeger/jaeger.yaml"),
            ports={**_HEALTH, **self.ports},
            health="/status",
            environment=[*variables(SILENT), *([secret_value(PASSWORD, _SECRET)] if self.store else ())],
            mounts={"/etc/jaeger": "config", **(self.store.mounts if self.store else {})},
        )
        authority = self.store.volumes(_SECRET) if self.store else []
        pods = PodTemplate(
            name=self.name,
            containers=[container],
            volumes=[files.volume("config"), *authority],
            user=_USER,
            annotations=self.store.annotations if self.store else {},
        )
        behind = place.depends_on(files.resource)
        make_service(pods, behind)
        make_deployment(pods, replicas, behind)
