"""From a stack file to resources: `loading` reads, `config` is the whole spec, `compose` the recipe.

`validation` and `wording` turn pydantic's verdicts into ours; `schema` tells editors about the spec.
"""
