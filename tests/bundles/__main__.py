"""`python -m tests.bundles [NAME…]`: make the stand-ins anew, from renderings that are rendered first if need be."""

import sys

from automation.bundles import ensure_bundles
from common.files import write_atomically
from components.addons.bundles import read_bundles
from tests.bundles.stand_ins import STAND_INS, file_of, stand_in_of


def main() -> None:
    """Write the stand-ins for the bundles named, or all."""
    for name in sys.argv[1:] or STAND_INS:
        bundle = read_bundles()[name]
        ensure_bundles([name])
        rendering = bundle.rendering()
        assert rendering, "it was just rendered"
        write_atomically(file_of(name), stand_in_of(bundle, rendering))
        print(file_of(name))


if __name__ == "__main__":
    main()
