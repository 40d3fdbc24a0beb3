"""The `kubernetes` stand-in: what the official provider does, done to a real API server.

Plays pulumi-kubernetes 4.34.2 as its source of July 2026 (after 4.32.0) has it: checks and names inputs,
diffs against the recorded state, applies under a field manager of its own, waits until things are ready,
and reads, imports and deletes them. Refused, because not modelled: Helm releases, the components of
yaml/v2, helm.sh/v4 and kustomize/v2, the functions of Helm and kustomize, rendering to files, strict mode
and `rejectUnknownResources`. Wording of messages, colours of progress and random names are our own.
"""
