"""Service level objectives: what a person says of a service, and the rules that Prometheus makes of it.

An alert fires when the error budget is spent too fast over a long window and still is over a short one, so
that it is certain and ends soon after the trouble does (The Site Reliability Workbook, chapter 5, "Multiwindow,
Multi-Burn-Rate Alerts"). A burn rate of 1 spends the whole budget in exactly the objective's window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from spec.model import StackModel
from spec.problems import Code, Finding, listed
from spec.text import DnsLabel

Percent = Annotated[float, Field(ge=50, le=99.999)]

# The upper bounds of istio_request_duration_milliseconds_bucket (Istio 1.31).
_BUCKETS: Final = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000)
# With fewer requests in an hour, single errors would page.
_ENOUGH_REQUESTS: Final = 60


class LatencySpec(StackModel):
    """How fast most answers are."""

    milliseconds: float = Field(description="What counts as fast: a bound of the mesh's histogram, such as 100.")
    objective: Percent = Field(default=99.0, description="Percent of requests that are fast; 99 states the p99.")

    def findings(self) -> Iterator[Finding]:
        if self.is_whole and self.milliseconds not in _BUCKETS:
            near = min(_BUCKETS, key=lambda bucket: abs(bucket - self.milliseconds))
            remedy = f"Write {near:g}: between the histogram's bounds nothing is measured."
            allowed = listed([f"{bucket:g}" for bucket in _BUCKETS])
            yield Finding(Code.NOT_ALLOWED, f"{self.milliseconds:g}", allowed, remedy, at=("milliseconds",))


class TrafficSpec(StackModel):
    """How many requests there are, as long as all is well."""

    per_minute: Annotated[int, Field(ge=1)] = Field(description="Requests a minute that are normal at least.")
    drop: Annotated[int, Field(ge=1, le=99)] = Field(
        default=10, description="Percent by which fewer than normal may drop within ten minutes before it is trouble."
    )


class MetricsSpec(StackModel):
    """Counters of the service's own, where the mesh does not see its requests."""

    total: str = Field(min_length=1, description='Selects all requests: http_requests_total{job="shop"}.')
    errors: str = Field(min_length=1, description="Selects those of them that failed.")


class SloSpec(StackModel):
    """What a service promises."""

    name: DnsLabel = Field(description="Unique; what alerts and dashboards call it.")
    namespace: DnsLabel = Field(description="Where the service is.")
    service: DnsLabel = Field(description="The service.")
    objective: Percent = Field(description="Percent of requests that succeed: 99.5.")
    window_days: Annotated[int, Field(ge=7, le=90)] = Field(
        default=30, description="Days over which the objective counts. 30, so that every window has four weekends."
    )
    latency: LatencySpec | None = Field(default=None, description="How fast; measured by the mesh.")
    traffic: TrafficSpec | None = Field(default=None, description="How much.")
    metrics: MetricsSpec | None = Field(
        default=None, description="Where requests are counted. The default is the mesh, at the service's own side."
    )

    def findings(self) -> Iterator[Finding]:
        if self.latency is not None and self.metrics is not None:
            remedy = "Remove latency or metrics: only the mesh's histogram is known."
            yield Finding(Code.EXACTLY_ONE, "both", "latency or metrics", remedy, at=("latency",))


@dataclass(frozen=True)
class Burn:
    """A pace at which the budget is spent, and what somebody does about it.

    `budget` is the percent of the budget that is gone after `long` (hours) at the pace that fires.
    """

    severity: Literal["page", "ticket"]
    long: int
    short: str
    budget: int

    def rate(self, window_days: int) -> float:
        """The burn rate: 14.4 for 2 % of 30 days in an hour; 1 at least, as less never spends the budget."""
        return max(1.0, self.budget / 100 * window_days * 24 / self.long)

    @property
    def long_window(self) -> str:
        """As Prometheus writes it: 1h, 3d."""
        return f"{self.long // 24}d" if self.long % 24 == 0 else f"{self.long}h"


BURNS: Final = (
    Burn("page", long=1, short="5m", budget=2),
    Burn("page", long=6, short="30m", budget=5),
    Burn("ticket", long=24, short="2h", budget=10),
    Burn("ticket", long=72, short="6h", budget=10),
)
_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True)
class _Indicator:
    """One ratio of bad requests to all, as PromQL selectors without a range; `bad` may subtract."""

    kind: str
    objective: float
    total: str
    bad: str  # with {range} where the window goes

    @property
    def budget(self) -> float:
        return round(1 - self.objective / 100, 6)


def rule_file(slos: Sequence[SloSpec]) -> dict[str, Any]:
    """Prometheus' rule file for `slos`: recorded ratios for every window, and the alerts on them."""
    return {"groups": [_group(slo) for slo in slos]}


def _group(slo: SloSpec) -> dict[str, Any]:
    rules = [rule for indicator in _indicators(slo) for rule in _rules(slo, indicator)]
    return {"name": f"slo-{slo.name}", "rules": [*rules, *_traffic_rules(slo)]}


def _mesh(slo: SloSpec, metric: str, **labels: str) -> str:
    selector = {
        "reporter": '="destination"',
        "destination_service_namespace": f'="{slo.namespace}"',
        "destination_service_name": f'="{slo.service}"',
    } | labels
    return f"{metric}{{{','.join(f'{key}{value}' for key, value in selector.items())}}}"


def _total(slo: SloSpec) -> str:
    return slo.metrics.total if slo.metrics else _mesh(slo, "istio_requests_total")


def _indicators(slo: SloSpec) -> Iterator[_Indicator]:
    errors = slo.metrics.errors if slo.metrics else _mesh(slo, "istio_requests_total", response_code='=~"5.."')
    yield _Indicator("errors", slo.objective, _total(slo), f"sum(rate({errors}[{{range}}]))")
    if slo.latency:
        name = "istio_request_duration_milliseconds"
        every = _mesh(slo, f"{name}_count")
        fast = _mesh(slo, f"{name}_bucket", le=f'="{slo.latency.milliseconds:g}"')
        bad = f"sum(rate({every}[{{range}}])) - sum(rate({fast}[{{range}}]))"
        yield _Indicator("latency", slo.latency.objective, every, bad)


def _rules(slo: SloSpec, indicator: _Indicator) -> Iterator[dict[str, Any]]:
    labels = {"slo": slo.name, "indicator": indicator.kind}
    for window in _WINDOWS:
        bad = indicator.bad.replace("{range}", window)
        # No series of errors at all is no error; no request at all is no ratio.
        expression = f"(({bad}) or vector(0)) / (sum(rate({indicator.total}[{window}])) > 0)"
        yield {"record": f"slo:bad:ratio_rate{window}", "expr": expression, "labels": labels}
    yield {
        "record": "slo:requests:increase1h",
        "expr": f"sum(increase({indicator.total}[1h]))",
        "labels": labels,
    }
    chosen = f'{{slo="{slo.name}",indicator="{indicator.kind}"}}'
    for burn in BURNS:
        threshold = round(burn.rate(slo.window_days) * indicator.budget, 6)
        if threshold >= 1:  # not even errors alone spend the budget that fast
            continue
        yield {
            "alert": "ErrorBudgetBurns",
            "expr": f"slo:bad:ratio_rate{burn.long_window}{chosen} > {threshold:g} "
            f"and slo:bad:ratio_rate{burn.short}{chosen} > {threshold:g} "
            f"and slo:requests:increase1h{chosen} >= {_ENOUGH_REQUESTS}",
            "labels": {**labels, "severity": burn.severity, "window": burn.long_window},
            "annotations": {
                "summary": f"{slo.namespace}/{slo.service} spends {burn.budget} % of its budget of {slo.window_days} "
                f"days for {indicator.kind} in {burn.long_window}",
                "description": f"{{{{ $value | humanizePercentage }}}} of requests are bad; "
                f"{indicator.budget:.4%} may be over {slo.window_days} days.",
            },
        }


def _traffic_rules(slo: SloSpec) -> Iterator[dict[str, Any]]:
    if slo.traffic is None:
        return
    left = f"{1 - slo.traffic.drop / 100:g}"
    rate = f"sum(rate({_total(slo)}[5m]))"
    before = f"sum(rate({_total(slo)}[5m] offset 10m))"
    yield {
        "alert": "TrafficDrops",
        "expr": f"({rate} or vector(0)) * 60 < {slo.traffic.per_minute} and ({rate} or vector(0)) < {left} * {before}",
        "for": "2m",
        "labels": {"severity": "page", "slo": slo.name},
        "annotations": {
            "summary": f"{slo.namespace}/{slo.service} gets fewer than {slo.traffic.per_minute} requests a minute, and "
            f"{slo.traffic.drop} % fewer than ten minutes ago",
        },
    }
