"""A configuration that Prometheus or Alertmanager refuses, or a dashboard that asks for what nobody records."""

import re
from pathlib import Path

import pytest

from components.addons.monitoring.alerting import alertmanager_config
from components.addons.monitoring.dashboards import dashboards
from components.addons.monitoring.scraping import prometheus_config, rules
from components.addons.monitoring.slo import SloSpec
from tests.unit.addons.tools import amtool, promtool

SLO = SloSpec.model_validate(
    {"name": "shop", "namespace": "shop", "service": "frontend", "objective": 99.9, "latency": {"milliseconds": 100}}
)
QUERIES = [
    (name, panel["title"], target["expr"])
    for name, dashboard in dashboards().items()
    for panel in dashboard["panels"]
    for target in panel["targets"]
]


def test_prometheus_takes_its_configuration_and_its_rules(tmp_path: Path) -> None:
    config = prometheus_config("monitoring", "alertmanager")
    promtool(tmp_path, "check", "config", "--syntax-only", "prometheus.yml", prometheus=config, rules=rules([SLO]))
    promtool(tmp_path, "check", "rules", "rules.yml")


@pytest.mark.parametrize(("dashboard", "panel", "query"), QUERIES, ids=lambda value: value.replace(" ", "-")[:24])
def test_prometheus_understands_each_query_of_the_dashboards(
    dashboard: str, panel: str, query: str, tmp_path: Path
) -> None:
    asked = query.replace("$__rate_interval", "5m").replace("$namespace", "shop").replace("$service", ".*")
    assert "$" not in asked, f"{dashboard}: {panel}"
    record = {"groups": [{"name": "query", "rules": [{"record": "query", "expr": asked}]}]}
    promtool(tmp_path, "check", "rules", "query.yml", query=record)


def test_what_the_objectives_dashboard_shows_is_recorded() -> None:
    recorded = {rule["record"] for group in rules([SLO])["groups"] for rule in group["rules"] if "record" in rule}
    shown = {name for dashboard, _, query in QUERIES for name in re.findall(r"slo:[\w:]+", query)}
    assert shown
    assert shown <= recorded


@pytest.mark.parametrize("severities", [(), ("page",), ("page", "ticket")], ids=str)
def test_alertmanager_takes_its_configuration(severities: tuple[str, ...], tmp_path: Path) -> None:
    config = alertmanager_config(dict.fromkeys(severities, "https://example.test"))
    amtool(tmp_path, "check-config", "alertmanager.yml", alertmanager=config)


def test_every_severity_that_rules_give_has_a_route_and_a_receiver() -> None:
    given = {
        rule["labels"]["severity"] for group in rules([SLO])["groups"] for rule in group["rules"] if "alert" in rule
    }
    config = alertmanager_config(dict.fromkeys(given, "https://example.test"))
    assert {route["receiver"] for route in config["route"]["routes"]} == given == {"page", "ticket"}
    assert given < {receiver["name"] for receiver in config["receivers"]}
    assert "example.test" not in str(config), "addresses are secrets and stand in files"
