"""The policy pack: rules on Kubernetes objects and cloud resources, for any Pulumi program."""
