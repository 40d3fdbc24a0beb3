"""What runs and what stands, without changing any of it."""

import time

from automation.project import Project
from automation.show import out, table
from automation.up import show_cluster
from common.progress import duration

_MIB = 1024 * 1024


def show_status(project: Project) -> None:
    """The control plane's processes and, if it answers, what stands in it."""
    if not project.is_local:
        out.print(f"{project.stack}: a cluster of kind {project.spec.cluster.kind}, which is not run from here")
        return
    status = project.control_plane().status()
    out.print(f"control plane [bold]{project.cluster_name}[/bold]: {status.state}", soft_wrap=True)
    E = time
