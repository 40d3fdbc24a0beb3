"""Lines that are lost, lines that nobody may write, or a setup that means something else than what it says."""

import json
import re
import subprocess
from pathlib import Path
from string import Template
from typing import Any

import pytest

from components.addons.logging import Logging
from components.addons.logging.settings import STREAM, elasticsearch_settings, filebeat_config, lines, users
from components.addons.logging.spec import ELASTICSEARCH, LoggingSpec
from components.addons.logging.store import setup_script
from components.platform.flows import ANY_ADDRESS
from spec.values import Secret
from tests.support.stack_files import of_add_on

REQUESTS = [*lines(retention_days=3, replicas=1), *users()]
CONFIG = filebeat_config("https://elasticsearch:9200", "filebeat", "/etc/elastic/tls/ca.crt")
CONTAINER = {"id": "4f5a", "name": "web"}


def hinted_input() -> dict[str, Any]:
    """The input that autodiscover makes for a container, as far as it is a matter of putting its fields in."""
    (provider,) = CONFIG["filebeat.autodiscover"]["providers"]
    text = json.dumps(provider["hints"]["default_config"])
    made = json.loads(re.sub(r"\$\{data\.kubernetes\.container\.(\w+)\}", lambda match: CONTAINER[match[1]], text))
    assert "${" not in json.dumps(made)
    return dict(made)


def test_each_container_gets_an_input_of_its_own_for_its_own_files(tmp_path: Path) -> None:
    made = hinted_input()
    for name in ("web-1_shop_web-4f5a.log", "web-1_shop_web-4f5b.log"):
        (tmp_path / name).touch()
    (pattern,) = made["paths"]
    assert [path.name for path in tmp_path.glob(Path(pattern).name)] == ["web-1_shop_web-4f5a.log"]
    assert CONTAINER["id"] in made["id"]


def test_lines_are_read_by_the_input_that_there_still_is_and_through_links() -> None:
    made = hinted_input()
    assert made["type"] == "filestream", "the input `log` is gone since 9.0"
    assert made["prospector"]["scanner"]["symlinks"], "/var/log/containers holds links only"
    assert {"container": {}} in made["parsers"]


def test_what_filebeat_writes_is_what_its_role_allows_and_what_the_template_keeps() -> None:
    asked = {path: body for _, path, body in REQUESTS}
    (grant,) = asked["_security/role/filebeat"]["indices"]
    template = asked["_index_template/polykube-logs"]
    for pattern in (*grant["names"], *template["index_patterns"]):
        assert Path(STREAM).match(pattern)
    kept = asked[f"_ilm/policy/{template['template']['settings']['index.lifecycle.name']}"]["policy"]["phases"]
    assert kept["delete"]["min_age"] == "3d"
    assert CONFIG["output.elasticsearch"]["index"] == STREAM
    assert CONFIG["output.elasticsearch"]["username"] == "filebeat"
    assert "_security/user/filebeat" in asked


def test_the_setup_asks_for_all_of_it_with_passwords_that_are_in_no_arguments(tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text(
        '#!/bin/bash\nprintf "%s\\n" "$*" >> "$SEEN/arguments"; cat >> "$SEEN/bodies"; echo >> "$SEEN/bodies"\n'
    )
    curl.chmod(0o755)
    passwords = {"PASSWORD": "hunter1", "KIBANA_PASSWORD": "hunter2", "FILEBEAT_PASSWORD": "hunter3"}
    store = {"STORE": "https://elasticsearch:9200", "STORE_USER": "elastic"}
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SEEN": str(tmp_path), **store, **passwords}
    subprocess.run(["/bin/bash", "-c", setup_script(REQUESTS)], env=environment, check=True, timeout=30)
    arguments = (tmp_path / "arguments").read_text()
    assert "hunter" not in arguments
    sent = [json.loads(line) for line in (tmp_path / "bodies").read_text().splitlines() if line]
    wanted = [json.loads(Template(json.dumps(body)).substitute(passwords)) for *_, body in REQUESTS]
    assert sent == wanted
    assert re.findall(r"https://elasticsearch:9200/(\S+)", arguments) == [path for _, path, _ in REQUESTS]


@pytest.mark.parametrize("members", [1, 3])
def test_members_find_each_other_and_speak_tls_everywhere(members: int) -> None:
    settings = elasticsearch_settings(members)
    assert settings["xpack.security.http.ssl.enabled"] == settings["xpack.security.transport.ssl.enabled"] == "true"
    if members == 1:
        assert settings["discovery.type"] == "single-node"
    else:
        assert settings["cluster.initial_master_nodes"].split(",") == [f"elasticsearch-{i}" for i in range(members)]


def test_lines_go_to_a_store_elsewhere_and_nothing_opens_the_way_to_one_here() -> None:
    external = {"url": "https://logs.example.com:9243", "user": "polykube", "password": Secret("hunter4")}
    spec = LoggingSpec.model_validate({"external": external})
    flows = {flow.name: (flow.destination, flow.ports) for flow in Logging(spec).flows()}
    assert flows["filebeat.lines"] == flows["elasticsearch-setup.queries"] == (ANY_ADDRESS, (9243,))
    assert ELASTICSEARCH not in [destination for destination, _ in flows.values()]


@pytest.mark.parametrize(
    ("add_on", "workload", "more"),
    [
        ("logging", "DaemonSet::logging-agents/filebeat", {}),
        ("tracing", "Deployment::tracing/jaeger-query", {"retentionDays": 7}),
    ],
)
def test_another_password_for_a_store_elsewhere_reaches_pods_that_run_already(
    add_on: str, workload: str, more: dict[str, Any]
) -> None:
    external = {"url": "https://store.example.com", "user": "polykube", "password": Secret("hunter4")}
    made = of_add_on("eks-prod", add_on, external=external, **more)
    (revision,) = (each for each in made.values() if each.type == "random:index/randomId:RandomId")
    assert revision.inputs["keepers"] == {"password": "hunter4"}
    assert revision.secret("keepers")
    pods = made[f"kubernetes:apps/v1:{workload}"].inputs["spec"]["template"]
    assert pods["metadata"]["annotations"] == {"polykube.dev/store": f"{revision.name}-id"}
