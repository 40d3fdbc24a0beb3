"""Users of our Elasticsearch that other add-ons ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random

from components.addons.logging.settings import user
from components.addons.logging.store import LogStore, address, make_setup
from components.platform.place import Place


@dataclass(frozen=True)
class Elasticsearch:
    """The store in this cluster, in `place`, as its administrator sees it."""

    store: LogStore
    place: Place

    def add_user(self, name: str, role: Mapping[str, Any]) -> LogStore:
        """Make a user `name` who may do what `role` says, by a Job; the store comes back as that user sees it.

        The flow from `{name}-setup` to the store is for whoever asks to declare.
        """
        options = pulumi.ResourceOptions(parent=self.place.parent)
        password = random.RandomPassword(f"logging-{name}", length=32, special=False, opts=options).result
        done = make_setup(f"{name}-setup", self.store, user(name, role, "USERS"), {"USERS": password}, self.place)
        return LogStore(address(self.place.namespace), name, password, self.store.authority, (done,))
