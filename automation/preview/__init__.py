"""What a change of the project would do: the stacks that it touches, and a report on each.

`revisions` asks git, `imports` and `touched` find the stacks.
"""
