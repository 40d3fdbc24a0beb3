"""The registry of add-ons: a new add-on is one more module here and one more entry of `ADDONS`."""

from typing import Final

from components.contract import AddOn

ADDONS: Final[tuple[type[AddOn], ...]] = ()
