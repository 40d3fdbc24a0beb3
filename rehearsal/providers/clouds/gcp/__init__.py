"""The stand-in for pulumi-gcp."""
