"""The APIs of a project that its cluster needs. A fresh project has few of them on, and some are nobody's default.

They stay on when the stack goes, for others may use them. (cloud.google.com/service-usage/docs/enabled-service)
"""

from __future__ import annotations

from typing import Final

from pulumi_gcp import projects

from components.cloud import CloudPlace

_FIRST: Final = "cloudresourcemanager"
"""The provider asks it about the project whenever it reads another API, or a member of the project
(terraform-provider-google-beta, resource_google_project_service.go, 2026-08-21)."""
_ALWAYS: Final = (
    "cloudkms",
    "compute",
    "container",
    "dns",  # names in the cluster are Cloud DNS'
    "iam",  # accounts
    "iamcredentials",  # from which pods get the credentials of their accounts
    "logging",
    "monitoring",
    "storage",
)


class Apis:
    """The APIs of `project`, which are on before anything else is made."""

    def __init__(self, project: str, place: CloudPlace) -> None:
        self._project, self._place = project, place
        first = self.enable(_FIRST)
        self._place = place.following([first])
        self.always = [first, *(self.enable(api) for api in _ALWAYS)]

    def enable(self, api: str) -> projects.Service:
        """Have one more API on."""
        return projects.Service(
            f"{self._place.cluster}-{api}",
            project=self._project,
            service=f"{api}.googleapis.com",
            disable_on_destroy=False,
            opts=self._place.options(),
        )
