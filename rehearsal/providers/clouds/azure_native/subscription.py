"""What a subscription has to have before a stack comes: namespaces of resources that it is registered for.

`unregistered` in the rehearsal's directory lists those that it is not registered for, one a line; without the file it
is registered for all. azure-native registers a namespace when Azure asks for it, all but microsoft.insights, whose
answer has another form (pulumi/pulumi-azure-native#3479, August 2024, open).
"""

from typing import Final

from rehearsal.providers.clouds.azure_native.values import wrong_logs
from rehearsal.providers.clouds.behaviour import Behaviour, Refused, refuse
from rehearsal.providers.clouds.store import Resource, Store, rehearsal_directory

FILE: Final = "unregistered"
_INSIGHTS: Final = "microsoft.insights"
DIAGNOSTICS: Final = "azure-native:monitor:DiagnosticSetting"


class DiagnosticSetting(Behaviour):
    """`monitor.DiagnosticSetting`, which a subscription has to be registered for."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        file = rehearsal_directory() / FILE
        if file.is_file() and _INSIGHTS in file.read_text().lower().split():
            raise Refused("unregistered", target=_INSIGHTS)
        refuse(wrong_logs(new))
