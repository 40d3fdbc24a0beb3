"""When an object counts as ready, by kind, and waiting until it is."""

from rehearsal.providers.kubernetes.awaits.deletion import until_gone as until_gone
from rehearsal.providers.kubernetes.awaits.readiness import check_ready as check_ready
from rehearsal.providers.kubernetes.awaits.readiness import until_ready as until_ready
