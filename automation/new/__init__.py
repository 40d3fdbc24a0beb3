"""`polykube new`: a project of one's own, with one stack and polykube itself pinned in it.

`questions` says what only the user knows, by kind of cluster; `files` what is in a project; `pinned` how polykube gets
into it; `command` puts it together. `upgrade` is `polykube upgrade`: what another version changes for the project.
"""
