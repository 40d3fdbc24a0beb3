"""The `random` stand-in: passwords, strings, ids and the like, really computed.

Plays pulumi-random 4.21.4 (terraform-provider-random 3.9): same inputs, outputs, ids, secret outputs and
replacements. Differs on purpose where the official one fails late or crashes: `min` above `max`, negative
minimums and lengths below 1 are refused before anything is made. Two things are our own: what a `seed`
leads to, and the words of pet names.
"""
