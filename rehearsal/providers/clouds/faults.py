"""Faults of the stand-in clouds: which of them strike is read from `faults.yaml` in the rehearsal's directory.

The file is a list; each item says on what it strikes, and how often:

    - fault: throttled            # see `Fault`
      on: create                  # create, read, update or delete; the default is create
      type: aws:ec2/subnet:*      # a pattern of the shell; the default is any type
      name: "*-b"                 # a pattern for the program's name of the resource; the default is any
      times: 1                    # the default; afterwards all goes well
      zone: eu-central-1b         # of insufficient-capacity: where there are no machines
      seconds: 5                  # of slow: how much longer it takes; of propagation, late-deletion, rate-limit

With more than faults, the list stands below `faults:`, beside what `Conditions` has:

    faults: []
    limits: {vpcs: 1}             # other limits than an account has by default (account.yaml of each cloud)
"""

import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import Problem, RehearsalError
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.store import Store

FILE: Final = "faults.yaml"
_MANY: Final = 1_000_000


class Fault(BaseModel):
    """A fault.

    throttled               refused, too many requests; nothing was done
    quota-exceeded          refused, the account may not have more; nothing was done
    name-taken              refused, somebody else in the world has a bucket of this name; nothing was done
    internal-error          a 500 in the middle: it was done, and the answer says that it failed
    insufficient-capacity   there are no machines in `zone`; what can be had elsewhere was made
    slow                    takes `seconds` longer, and times out when that is more than the program waits
    propagation             made, and for `seconds` not found by what refers to it
    late-deletion           deleted, and for `seconds` its name is taken and what it is in cannot be deleted
    rate-limit              one call each `seconds` gets through, the others wait for their turn
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: Literal[
        "throttled",
        "quota-exceeded",
        "name-taken",
        "internal-error",
        "insufficient-capacity",
        "slow",
        "propagation",
        "late-deletion",
        "rate-limit",
    ]
    on: Literal["create", "read", "update", "delete"] = "create"
    type: str = "*"
    name: str = "*"
    times: int = Field(default=1, ge=1, le=_MANY)
    zone: str = ""
    seconds: float = Field(default=0.0, ge=0)

    def strikes(self, operation: str, request: Request) -> bool:
        """Whether this is the operation and the resource that the fault is meant for."""
        matches = fnmatchcase(request.type, self.type) and fnmatchcase(request.name, self.name)
        return matches and self.on == operation


class Conditions(BaseModel):
    """What else than `faults` is unusual about the account.

    limits      how many it may have, by the names of limits, instead of the defaults
    fresh       whether it is new, and has fewer vCPUs and addresses than others
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    faults: list[Fault] = Field(default_factory=list)
    limits: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    fresh: bool = False


def read_conditions(path: Path) -> Conditions:
    """What the file `path` says, by default nothing unusual; RehearsalError (PK701) says what is wrong with it."""
    if not path.is_file():
        return Conditions()
    content: Any = yaml.safe_load(path.read_text()) or []
    given = content if isinstance(content, dict) else {"faults": content}
    try:
        # YAML 1.1 reads the key `on` as true.
        if isinstance(faults := given.get("faults"), list):
            given = given | {"faults": [_with_on(item) for item in faults]}
        return Conditions.model_validate(given)
    except (ValidationError, TypeError) as error:
        raise RehearsalError(list(_problems(path, error))) from error


def _with_on(item: Any) -> Any:
    return {"on" if key is True else key: value for key, value in item.items()} if isinstance(item, dict) else item


def _problems(path: Path, error: ValidationError | TypeError) -> Iterator[Problem]:
    found = [(detail["loc"], detail["msg"]) for detail in error.errors()] if isinstance(error, ValidationError) else []
    for place, message in found or [((), "no list of faults")]:
        yield Problem(
            code="PK701",
            summary="the faults file cannot be used",
            file=str(path),
            where=".".join(map(str, place)),
            found=message,
            allowed="faults and limits, as docs/rehearsal.md describes them",
            remedy="mend the file and rehearse again",
        )


class Faults:
    """The faults that are still to come in a rehearsal."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.conditions = read_conditions(directory / FILE)
        self._faults = self.conditions.faults
        self._store = store

    def next(self, operation: str, request: Request) -> Fault | None:
        """The fault that strikes this operation, if one does."""
        for number, fault in enumerate(self._faults):
            if fault.strikes(operation, request) and self._store.use_fault(number, fault.times):
                return fault
        return None


def late(fault: Fault | None) -> float:
    """For how many seconds what was just made does not count yet."""
    return fault.seconds if fault and fault.fault == "propagation" else 0.0


def wait(seconds: float, timeout: float) -> bool:
    """Wait as long as a slow operation takes; False when the program's patience (0: no limit) ends before."""
    time.sleep(min(seconds, timeout or seconds))
    return not timeout or seconds < timeout
