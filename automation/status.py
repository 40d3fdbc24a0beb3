"""What runs and what stands, without changing any of it."""

from automation.certificates import show_certificates
from automation.health.command import show_summary
from automation.project import Project
from automation.show import out, table
from automation.up import show_cluster
from common.progress import duration
from components.clusters.kubeadm.spec import KubeadmOptions
from rehearsal import toolchain
from rehearsal.control_plane import ControlPlaneState

_MIB = 1024 * 1024


def show_status(project: Project) -> None:
    """The control plane's processes, what stands in it, and its health; of kubeadm's, when certificates end."""
    if not project.is_local:
        out.print(f"{project.stack}: a cluster of kind {project.spec.cluster.kind}, which does not run on this machine")
        if isinstance(project.spec.cluster, KubeadmOptions):
            show_certificates(project.engine(toolchain.ensure(toolchain.ENGINE)))
        show_summary(project)
        return
    status = project.control_plane().status()
    out.print(f"[bold]control plane {project.cluster_name}[/bold]  {status.state}  {status.endpoint}", soft_wrap=True)
    if status.processes:
        rows = [
            (process.name, str(process.pid), f"{process.rss / _MIB:.0f} MiB", duration(process.uptime))
            for process in status.processes
        ]
        out.print(table("Processes", ("name", "pid", "memory", "up for"), rows), "")
    if status.state == ControlPlaneState.RUNNING:
        show_cluster(project)
        show_summary(project)
    else:
        out.print(f"[dim]next[/dim]  make up STACK={project.stack}")
