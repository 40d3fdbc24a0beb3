"""Every add-on with options that show what it can do, as a stack file has them."""

from typing import Any

OPTIONS: dict[str, Any] = {
    "monitoring": {
        "slos": [
            {
                "name": "shop",
                "namespace": "shop",
                "service": "frontend",
                "objective": 99.5,
                "latency": {"milliseconds": 100},
                "traffic": {"perMinute": 1000},
            }
        ]
    },
    "logging": {"retentionDays": 3, "storage": "10Gi"},
    "tracing": {"traces": 5000},
}
