"""A configuration of Jaeger in which one part names another that is not there.

Jaeger itself is not run: no version of it can be built from a registry. What is checked is what the OpenTelemetry
Collector asks of every configuration: that a pipeline and the service name only what is declared.
"""

from components.addons.tracing.parts import jaeger_config

CONFIG = jaeger_config(traces=5)


def test_the_pipeline_and_the_service_name_what_is_declared_and_all_of_it() -> None:
    (pipeline,) = CONFIG["service"]["pipelines"].values()
    for kind, names in pipeline.items():
        assert set(names) == set(CONFIG[kind])
    assert set(CONFIG["service"]["extensions"]) == set(CONFIG["extensions"])


def test_collector_and_query_use_the_store_that_there_is() -> None:
    (store,) = CONFIG["extensions"]["jaeger_storage"]["backends"]
    assert CONFIG["exporters"]["jaeger_storage_exporter"]["trace_storage"] == store
    assert CONFIG["extensions"]["jaeger_query"]["storage"]["traces"] == store
    assert CONFIG["extensions"]["jaeger_storage"]["backends"][store] == {"memory": {"max_traces": 5}}


def test_every_port_is_open_to_other_pods() -> None:
    endpoints = [part["endpoint"] for part in CONFIG["receivers"]["otlp"]["protocols"].values()]
    endpoints += [part["http"]["endpoint"] for part in CONFIG["extensions"].values() if "http" in part]
    assert sorted(endpoints) == ["0.0.0.0:13133", "0.0.0.0:16686", "0.0.0.0:4317", "0.0.0.0:4318"]
