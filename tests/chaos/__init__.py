"""Runs that are killed, disks that fail, files that rot, two at the same time: after one rerun all has to be well.

`make chaos` plays hundreds of cases, each from a seed, and tells by kind how many converged. A case converged when the
first rerun of the same command ends with 0, a preview with refresh then shows no change, the objects in the cluster and
the resources in the state are those of a run that was never disturbed, and nothing is left over: no temporary file, no
lock, no process.
"""
