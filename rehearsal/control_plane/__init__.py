"""The embedded control plane: etcd, the Kubernetes control plane and KWOK as processes of this machine.

It is the API server of `local` clusters, of every rehearsed cloud cluster and of the end-to-end tests. What
an API server does is real: authentication, RBAC, admission, validation, controllers, scheduling. What nodes,
load balancers and storage drivers do is played by KWOK (stages/). No container runs.
"""

from rehearsal.control_plane.components import Binaries
from rehearsal.control_plane.control_plane import (
    ControlPlane,
    ControlPlaneState,
    ProcessStatus,
    Status,
    all_control_planes,
)
from rehearsal.control_plane.identity import Given

__all__ = ["Binaries", "ControlPlane", "ControlPlaneState", "Given", "ProcessStatus", "Status", "all_control_planes"]
