"""What the API server will say of objects: defaults, limit ranges, quotas, Pod Security (Kubernetes 1.36)."""
