"""Machines that are booted on this computer from the documents that a cluster's machines are given.

A machine is Debian with systemd as its first process, in namespaces of its own (docs/adr/0018). A site (`open_site`)
holds them and their network together; with the process that opened it, all of them end.
"""

from rehearsal.machines.machine import BootedMachine, MachineError, Seed
from rehearsal.machines.requirements import obstacle
from rehearsal.machines.site import MachineSite, open_site, sweep

__all__ = ["BootedMachine", "MachineError", "MachineSite", "Seed", "obstacle", "open_site", "sweep"]
