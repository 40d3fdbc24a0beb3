"""A configuration of Jaeger in which one part names another that is not there, or traces that nobody keeps.

What the OpenTelemetry Collector asks of every configuration is checked here; Jaeger itself takes each of these in
tests/e2e/test_jaeger.py.
"""

from typing import Any

import pytest

from components.addons.logging.spec import LoggingSpec
from components.addons.spec import Selection
from components.addons.tracing import Tracing
from components.addons.tracing.config import both, collecting, elasticsearch, memory, showing
from components.addons.tracing.spec import TracingSpec
from spec.values import Secret

STORE = elasticsearch("https://elasticsearch.logging.svc:9200", "jaeger", "/etc/elastic/tls/ca.crt", copies=1)
EXTERNAL = {"url": "https://traces.example.com", "user": "jaeger", "password": Secret()}
CONFIGS = {
    "memory": both(memory(5), 100),
    "sampled": both(memory(5), 12.5),
    "collecting": collecting(STORE, 100),
    "showing": showing(STORE),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


@EACH
def test_the_pipeline_and_the_service_name_what_is_declared_and_all_of_it(config: dict[str, Any]) -> None:
    (pipeline,) = config["service"]["pipelines"].values()
    for kind, names in pipeline.items():
        assert set(names) == set(config[kind])
    assert set(config["service"]["extensions"]) == set(config["extensions"])


@EACH
def test_collector_and_query_use_the_store_that_there_is(config: dict[str, Any]) -> None:
    (store,) = config["extensions"]["jaeger_storage"]["backends"]
    assert config["exporters"].get("jaeger_storage_exporter", {"trace_storage": store})["trace_storage"] == store
    assert config["extensions"].get("jaeger_query", {"storage": {"traces": store}})["storage"]["traces"] == store


def test_every_port_is_open_to_other_pods() -> None:
    config = CONFIGS["memory"]
    endpoints = [part["endpoint"] for part in config["receivers"]["otlp"]["protocols"].values()]
    endpoints += [part["http"]["endpoint"] for part in config["extensions"].values() if "http" in part]
    assert sorted(endpoints) == ["0.0.0.0:13133", "0.0.0.0:16686", "0.0.0.0:4317", "0.0.0.0:4318"]


def test_a_share_of_the_traces_is_decided_before_spans_are_put_together() -> None:
    assert list(CONFIGS["sampled"]["processors"]) == ["tail_sampling", "batch"]
    (policy,) = CONFIGS["sampled"]["processors"]["tail_sampling"]["policies"]
    assert policy["probabilistic"] == {"sampling_percentage": 12.5}
    assert list(CONFIGS["memory"]["processors"]) == ["batch"]


def test_the_password_is_in_no_configuration() -> None:
    assert STORE["elasticsearch"]["auth"]["basic"] == {"username": "jaeger", "password": "${env:STORE_PASSWORD}"}


def test_traces_that_are_kept_need_a_store_that_there_is() -> None:
    kept = TracingSpec.model_validate({"retentionDays": 7})
    elsewhere = LoggingSpec.model_validate({"external": EXTERNAL})
    external = TracingSpec.model_validate({"retentionDays": 7, "external": EXTERNAL})
    assert Tracing(TracingSpec()).depends_on() == Tracing(external).depends_on() == ()
    assert Tracing(kept).depends_on() == (LoggingSpec,)
    assert list(Tracing(kept).findings(Selection({LoggingSpec: LoggingSpec()}))) == []
    (finding,) = Tracing(kept).findings(Selection({LoggingSpec: elsewhere}))
    assert (finding.at, finding.found) == (("retentionDays",), "logging with an external store")
