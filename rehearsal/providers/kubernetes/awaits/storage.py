"""Rules for volumes and claims, and for the two kinds that a controller has to fill in: quota and token."""

from rehearsal.providers.kubernetes.awaits.rule import READY, STORAGE_CLASS, Readiness, Situation, waiting
from rehearsal.providers.kubernetes.objects import at, name_of, text_at


def claim(situation: Situation) -> Readiness:
    """Bound; or left pending by a class that binds only when a pod comes to use the claim."""
    phase = text_at(situation.live, "status", "phase")
    if phase == "Bound" and not (situation.created and _binds_late(situation)):
        return READY
    if phase == "Pending" and _binds_late(situation):
        return READY
    return waiting(f"the claim is {phase or 'new'}, not Bound")


def _binds_late(situation: Situation) -> bool:
    wanted = text_at(situation.live, "spec", "storageClassName")
    return any(
        name_of(item) == wanted and at(item, "volumeBindingMode") == "WaitForFirstConsumer"
        for item in situation.related[STORAGE_CLASS]
    )


def volume(situation: Situation) -> Readiness:
    """Available, or bound already."""
    phase = text_at(situation.live, "status", "phase")
    return READY if phase in ("Available", "Bound") else waiting(f"the volume is {phase or 'new'}, not Available")


def quota(situation: Situation) -> Readiness:
    """The controller has taken over the limits."""
    wanted, taken = (at(situation.live, part, "hard") for part in ("spec", "status"))
    return READY if wanted is not None and wanted == taken else waiting("the quota is not in force yet")


def secret(situation: Situation) -> Readiness:
    """A service account's token has to be filled in; any other Secret is ready at once."""
    is_token = situation.live.get("type") == "kubernetes.io/service-account-token"
    return READY if situation.live.get("data") or not is_token else waiting("the token has not been filled in yet")
