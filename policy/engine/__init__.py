"""What runs rules: the pack on the engine's protocol, the judge, settings, exemptions, remediation."""
