"""A configuration that Jaeger itself does not take, or a span that is sent and never seen again.

The example's two services send theirs as they would in a cluster, from an environment made of their own lock.
"""

import json
import re
import subprocess
import time
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from common.paths import CHECKOUT
from components.addons.tracing.config import PASSWORD, SILENT, both, collecting, elasticsearch, memory, showing
from components.addons.tracing.spec import OTLP_HTTP
from rehearsal.toolchain import ensure
from tests.support.polling import eventually
from tests.support.processes import answers, free_ports, running

pytestmark = pytest.mark.drill

STORE = elasticsearch("https://elasticsearch.logging.svc:9200", "jaeger", None, copies=1)
TRACES = 5
EXAMPLE = CHECKOUT / "examples" / "tasks"


@pytest.fixture(scope="module")
def jaeger() -> Path:
    return ensure(["jaeger"])["jaeger"].path


@pytest.mark.parametrize(
    "config",
    [both(memory(TRACES), 100), both(memory(TRACES), 12.5), collecting(STORE, 100), showing(STORE)],
    ids=["memory", "sampled", "collecting", "showing"],
)
def test_jaeger_takes_each_configuration_and_not_one_with_a_word_more(
    config: dict[str, Any], jaeger: Path, tmp_path: Path
) -> None:
    assert validated(jaeger, config, tmp_path).returncode == 0
    config = json.loads(json.dumps(config))
    (backend,) = config["extensions"]["jaeger_storage"]["backends"]["store"].values()
    backend["misspelt"] = True
    refused = validated(jaeger, config, tmp_path)
    assert refused.returncode != 0
    assert "misspelt" in refused.stderr


def validated(jaeger: Path, config: dict[str, Any], directory: Path) -> "subprocess.CompletedProcess[str]":
    file = directory / "jaeger.yaml"
    file.write_text(json.dumps(config))
    command: list[str | Path] = [jaeger, "validate", "--config", file]
    return subprocess.run(command, env={PASSWORD: "x"}, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def ports(jaeger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """A Jaeger with traces in its memory, by the ports that its configuration has."""
    directory = tmp_path_factory.mktemp("jaeger")
    *own, grpc = free_ports(5)
    ports = dict(zip(("4317", "4318", "13133", "16686"), own, strict=True))
    text = json.dumps(both(memory(TRACES), 100))
    local = re.sub(r"0\.0\.0\.0:(\d+)", lambda match: f"127.0.0.1:{ports[match[1]]}", text)
    assert "0.0.0.0" not in local  # noqa: S104
    config = json.loads(local)
    # Beside what pods have to themselves: the page of its query that speaks gRPC, and its own metrics.
    config["extensions"]["jaeger_query"]["grpc"] = {"endpoint": f"127.0.0.1:{grpc}"}
    config["service"]["telemetry"] = {"metrics": {"level": "none"}}
    (directory / "jaeger.yaml").write_text(json.dumps(config))

    def healthy() -> bool:
        return answers(f"http://127.0.0.1:{ports['13133']}/status")

    with running([jaeger, "--config", directory / "jaeger.yaml"], directory, healthy, SILENT):
        yield {name: ports[port] for name, port in {"otlp": "4318", "query": "16686"}.items()}


def span(trace: int) -> dict[str, Any]:
    """A span of the service `tasks` as OTLP has it in JSON."""
    now = time.time_ns()
    each = {
        "traceId": f"{trace:032x}",
        "spanId": f"{trace:016x}",
        "name": "GET /tasks",
        "kind": 2,
        "startTimeUnixNano": str(now - 10**6),
        "endTimeUnixNano": str(now),
    }
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "tasks"}}]}
    return {"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": [each]}]}]}


def test_a_span_that_is_sent_by_otlp_is_read_back_and_the_oldest_traces_go(ports: dict[str, int]) -> None:
    for trace in range(1, TRACES + 2):
        sent = httpx2.post(f"http://127.0.0.1:{ports['otlp']}/v1/traces", json=span(trace), trust_env=False)
        assert sent.status_code == httpx2.codes.OK
        eventually(partial(is_found, trace, ports["query"]), what="the span in the query's answer")
    assert sorted(found(ports["query"])) == [f"{trace:x}" for trace in range(2, TRACES + 2)]


def is_found(trace: int, port: int) -> bool:
    return f"{trace:x}" in found(port)


def traces(port: int, service: str) -> list[dict[str, Any]]:
    """The traces with spans of `service`."""
    asked: dict[str, Any] = {"service": service, "limit": TRACES, "lookback": "1h"}
    answer = httpx2.get(f"http://127.0.0.1:{port}/api/traces", params=asked, trust_env=False)
    return list(answer.json().get("data") or ())


def found(port: int) -> set[str]:
    """The traces of the service `tasks`, without the zeros in front."""
    return {trace["traceID"].lstrip("0") for trace in traces(port, "tasks")}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with what the example's image has."""
    directory = tmp_path_factory.mktemp("example")
    venv.create(directory, with_pip=True)
    lock = EXAMPLE / "requirements.lock"
    install: list[str | Path] = [
        directory / "bin" / "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--requirement",
        lock,
    ]
    subprocess.run(install, check=True, timeout=300)
    return directory / "bin"


def environment(service: str, ports: dict[str, int]) -> dict[str, str]:
    """What the manifest of `service` sets, but for Jaeger's address."""
    deployment, _ = yaml.safe_load_all((EXAMPLE / "manifests" / f"{service}.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each["value"] for each in container["env"]}
    assert values["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://jaeger.tracing.svc:{OTLP_HTTP}"
    return values | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ports['otlp']}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }


def test_a_request_through_both_services_of_the_example_is_one_trace(
    ports: dict[str, int], python: Path, tmp_path: Path
) -> None:
    with ExitStack() as running_services:
        addresses = {name: f"127.0.0.1:{port}" for name, port in zip(("tasks", "frontend"), free_ports(2), strict=True)}
        for service, address in addresses.items():
            (tmp_path / service).mkdir()
            serve = [str(python / "waitress-serve"), f"--listen={address}", f"{service}:app"]
            variables = environment(service, ports) | {
                "TASKS": f"http://{addresses['tasks']}",
                "PYTHONPATH": str(EXAMPLE),
            }
            command: list[str | Path] = [python / "opentelemetry-instrument", *serve]
            ready = partial(answers, f"http://{address}{'/tasks' if service == 'tasks' else '/'}")
            running_services.enter_context(running(command, tmp_path / service, ready, variables))
        assert httpx2.get(f"http://{addresses['frontend']}/", trust_env=False).json() == {"url": "/tasks"}
        answer = httpx2.get(f"http://{addresses['frontend']}/tasks", trust_env=False).json()
        assert [task["title"] for task in answer["tasks"]] == ["task 1", "task 2"]

        def services() -> bool:
            return any(
                {process["serviceName"] for process in trace["processes"].values()} == {"frontend", "tasks"}
                for trace in traces(ports["query"], "frontend")
            )

        eventually(services, what="one trace with spans of both services")
