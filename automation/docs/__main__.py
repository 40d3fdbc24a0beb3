"""What `make docs` runs."""

from automation.docs import REFERENCE, write
from automation.show import out
from common.paths import CHECKOUT

write()
out.print(f"wrote {REFERENCE.relative_to(CHECKOUT)}")
