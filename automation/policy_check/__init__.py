"""`polykube policy check`: the policy pack's rules on plain manifests or on a Pulumi state, without an engine."""
