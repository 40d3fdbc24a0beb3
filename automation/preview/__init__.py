"""What a change of the project would do: the stacks that it touches, and a report on each.

`revisions` asks git; `imports` and `touched` find the stacks. `base` has the base stand on the stand-in cloud: its
`own` code does that by `stand`, as the `contract` says. `against_rehearsal` previews on top of it. From the engine's
`events` come `changes`, `findings` and `bounds`; `edits`, `trace` and `causes` find the lines that they come from. The
`report` is laid out by `document` and shown by `plain`, `markdown`, `html` and `sarif`.
"""
