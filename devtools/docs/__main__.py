"""What `make docs` runs."""

from automation.show import out
from common.paths import CHECKOUT
from devtools.docs import REFERENCE, write

write()
out.print(f"wrote {REFERENCE.relative_to(CHECKOUT)}")
