"""Stand-in clouds: aws, gcp and azure-native, played on a SQLite file, with real API servers for their clusters.

Each cloud is a package with `rules.yaml` (what the stand-in knows of each resource type beyond its SDK),
`schema.json` (names and types of inputs, compiled from the SDK), and the behaviour of its Kubernetes service.
They run only within a rehearsal: they keep everything in the directory that POLYKUBE_REHEARSAL names.
"""
