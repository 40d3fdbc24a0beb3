"""One comment on a pull request, updated in place: where it goes (`place`), by which host's API, and again if need be.

`github` and `gitlab` speak with the hosts, `sticky` finds the comment of before, `command` is the command.
"""
