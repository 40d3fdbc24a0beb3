"""The stand-in for pulumi-aws."""
