"""The `random` stand-in: passwords, strings, ids and the like, really computed with `secrets`.

Plays pulumi-random 4.21.4: same inputs, outputs, ids and secret outputs. A resource is computed once, at
create, and lives in the state alone; every change of an input replaces it, except those that only weigh
on the result's shape at the next creation (see `_Kind.kept`).
"""
