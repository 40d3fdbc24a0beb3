"""What keeps pods from being ready, in words; and the rule for a Pod by itself."""

from collections.abc import Iterable

from rehearsal.providers.kubernetes.awaits.rule import READY, Readiness, Situation, waiting
from rehearsal.providers.kubernetes.objects import Object, at, items_at, name_of, number_at, text_at


def judge(situation: Situation) -> Readiness:
    """A Pod is ready once scheduled, initialised, and either ready or done."""
    missing = _missing(situation.live)
    return READY if missing is None else waiting(missing)


def problems(pods: Iterable[Object]) -> tuple[str, ...]:
    """What is wrong with those of `pods` that are not ready, as far as their status tells."""
    return tuple(problem for pod in pods if (problem := _problem(pod)))


def _missing(pod: Object) -> str | None:
    """What the pod still waits for; None when it is ready."""
    name = name_of(pod)
    if _condition(pod, "PodScheduled").get("status") != "True":
        return f"Pod {name!r} is not scheduled. {text_at(_condition(pod, 'PodScheduled'), 'message')}".strip()
    if _condition(pod, "Initialized").get("status") != "True":
        return _problem(pod) or f"Pod {name!r} is not initialised"
    done = bool(_condition(pod, "Ready")) and at(pod, "status", "phase") == "Succeeded"
    if not done and _condition(pod, "Ready").get("status") != "True":
        return _problem(pod) or f"Pod {name!r} is not ready"
    return None


def _problem(pod: Object) -> str:
    """The first unmet condition of a pod with what its containers say; empty when there is nothing to say."""
    for kind in ("PodScheduled", "Initialized", "Ready"):
        condition = _condition(pod, kind)
        if condition.get("status", "True") == "True" or at(pod, "status", "phase") == "Succeeded":
            continue
        containers = [text for status in items_at(pod, "status", "containerStatuses") for text in _container(status)]
        details = [text_at(condition, "message"), *containers]
        return f"Pod {name_of(pod)!r}: " + "; ".join(detail for detail in details if detail) if any(details) else ""
    return ""


def _container(status: Object) -> Iterable[str]:
    if status.get("ready"):
        return
    name = text_at(status, "name")
    waits = at(status, "state", "waiting")
    if waits and waits.get("reason") != "ContainerCreating":
        yield f"container {name!r} waits: {text_at(waits, 'reason')} {text_at(waits, 'message')}".strip()
    for state, verb in (("state", "ended"), ("lastState", "ended before")):
        end = at(status, state, "terminated")
        if end and end.get("reason"):
            exit_ = f"exit code {number_at(end, 'exitCode')} ({end['reason']})"
            yield f"container {name!r} {verb} with {exit_} {text_at(end, 'message')}".strip()


def _condition(pod: Object, kind: str) -> Object:
    return next((item for item in items_at(pod, "status", "conditions") if item.get("type") == kind), {})
