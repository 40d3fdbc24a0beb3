"""`polykube schema-check`: a stack's resources against the schemas of the official plugins.

The stand-ins' schemas come from the SDKs; this is how whoever has the originals can hold us to them.
"""
