"""`python -m elmjax.cli`."""

import sys

from elmjax.cli import main

sys.exit(main())
