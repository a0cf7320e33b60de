"""``python -m gearspec`` is ``gearspec``."""

import sys

from gearspec.cli import call

sys.exit(call())
