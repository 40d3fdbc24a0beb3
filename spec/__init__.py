"""The language of stack files: closed models, value types, findings, and YAML read with its places.

The models themselves stand beside the components that they describe; `stacks` puts them together.
"""
