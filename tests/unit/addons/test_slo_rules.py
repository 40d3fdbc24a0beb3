"""An outage that wakes nobody, or a blip that does.

Prometheus' own tool runs the rules on made-up traffic: a service with 600 requests a minute that promises
99.5 % of them to succeed.
"""

from pathlib import Path
from typing import Any

import pytest

from components.addons.monitoring.slo import BURNS, SloSpec, rule_file
from tests.unit.addons.tools import check_pages, promtool

TOTAL, ERRORS = 'requests_total{job="shop"}', 'errors_total{job="shop"}'
SHOP = {"name": "shop", "namespace": "shop", "service": "frontend", "objective": 99.5}
COUNTED = SHOP | {"metrics": {"total": TOTAL, "errors": ERRORS}}


def rules(**more: Any) -> dict[str, Any]:
    return rule_file([SloSpec.model_validate(COUNTED | more)])


def test_an_outage_pages_within_five_minutes_and_stops_soon_after_it_ends(tmp_path: Path) -> None:
    series = {TOTAL: "0+600x240", ERRORS: "0x120 0+600x20 12000+0x99"}
    expected = {
        "120m": [],
        "121m": [],
        "126m": ["page 1h", "page 6h"],
        "140m": ["page 1h", "page 6h"],
        "150m": ["page 6h"],
        "230m": [],
    }
    check_pages(tmp_path, rules(), series, expected)


def test_a_blip_pages_nobody(tmp_path: Path) -> None:
    series = {TOTAL: "0+600x240", ERRORS: "0x120 0+300x2 600+0x116"}
    check_pages(tmp_path, rules(), series, {"121m": [], "123m": [], "130m": [], "180m": []})


def test_a_slow_leak_is_a_ticket(tmp_path: Path) -> None:
    series = {TOTAL: "0+6000x440", ERRORS: "0+60x440"}  # 1 % where 0.5 % may be: a burn rate of 2
    check_pages(tmp_path, rules(), series, {"4330m": ["ticket 3d"]}, severity="ticket")


def test_no_error_series_at_all_is_no_error(tmp_path: Path) -> None:
    check_pages(tmp_path, rules(), {TOTAL: "0+600x240"}, {"60m": [], "240m": []})


def test_with_hardly_any_traffic_a_single_error_pages_nobody(tmp_path: Path) -> None:
    series = {TOTAL: "0x60 1x179", ERRORS: "0x60 1x179"}
    check_pages(tmp_path, rules(), series, {"62m": [], "90m": []})


def test_traffic_that_breaks_off_pages(tmp_path: Path) -> None:
    series = {TOTAL: "0+600x60 36000+0x60"}
    expected: dict[str, list[str]] = {"60m": [], "69m": ["page"]}
    check_pages(tmp_path, rules(traffic={"perMinute": 500}), series, expected)


def test_traffic_that_fades_slowly_pages_nobody(tmp_path: Path) -> None:
    series = {TOTAL: "0+600x60 36000+570x60"}
    check_pages(tmp_path, rules(traffic={"perMinute": 1000}), series, {"60m": [], "75m": []})


def test_slow_answers_page_as_errors_do(tmp_path: Path) -> None:
    labels = 'reporter="destination",destination_service_namespace="shop",destination_service_name="frontend"'
    name = "istio_request_duration_milliseconds"
    series = {
        f"istio_requests_total{{{labels}}}": "0+600x200",
        f"{name}_count{{{labels}}}": "0+600x200",
        f'{name}_bucket{{{labels},le="100"}}': "0+600x120 72000+0x80",
    }
    slow = rule_file([SloSpec.model_validate(SHOP | {"latency": {"milliseconds": 100, "objective": 99}})])
    check_pages(tmp_path, slow, series, {"120m": [], "130m": ["page 1h", "page 6h"]})


def test_the_burn_rates_are_those_of_the_workbook() -> None:
    assert [round(burn.rate(30), 1) for burn in BURNS] == [14.4, 6.0, 3.0, 1.0]


@pytest.mark.parametrize("objective", [90, 99.999])
def test_the_rules_of_strict_and_lax_objectives_are_well_formed(objective: float, tmp_path: Path) -> None:
    slo = SloSpec.model_validate(SHOP | {"objective": objective, "traffic": {"perMinute": 1}})
    promtool(tmp_path, "check", "rules", "rules.yml", rules=rule_file([slo]))
